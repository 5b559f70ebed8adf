/** The dashboard for those who use it without a mouse, without sight, on a small screen, in the dark or on paper. */

import { type Browser, hasChromium, launchChromium } from '@logwisp/browser-testing'
import { violations } from '@logwisp/browser-testing/violations'
import type { LogEntry } from '@logwisp/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DashboardServer, startDashboard, visit } from './dashboard-visit.ts'

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', undefined] as const

const entries: LogEntry[] = Array.from({ length: 300 }, (_, index) => ({
  time: Date.parse('2026-11-21T10:00:00Z') + index * 1000,
  source: `/var/log/${index % 3 === 0 ? 'a-rather-long-name-of-a-source' : 'web'}.log`,
  level: levels[index % levels.length],
  message: `line ${index} ${'and so on '.repeat(index % 9)}`,
  fields: { index, user: { name: 'Ada', roles: ['admin'] }, ok: true, none: null },
}))

describe.skipIf(!hasChromium)('the dashboard for everybody', () => {
  let browser: Browser
  let server: DashboardServer
  beforeAll(async () => {
    browser = await launchChromium()
    server = await startDashboard(entries)
  })
  afterAll(async () => {
    await server?.close()
    await browser?.close()
  })

  test.each([
    ['dark', 1200],
    ['light', 1200],
    ['dark', 320],
  ] as const)('has nothing that axe objects to: %s, %i px', async (theme, width) => {
    const visited = await visit(browser, server.url, { theme, width, height: 720 })
    const { page } = visited
    await visited.shows('line 299')
    await page.locator('.histogram__told', { hasText: /^300 lines/ }).waitFor()
    expect(await violations(page)).toEqual([])

    const box = page.getByRole('combobox', { name: 'Search' })
    await box.fill('level:wrong')
    await box.press('Enter')
    await page.locator('.search__problems', { hasText: 'is no level' }).waitFor()
    await box.fill('level:')
    await page.getByRole('option', { name: 'fatal' }).waitFor()
    await page.keyboard.press('ArrowDown')
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Escape')
    await box.fill('')
    await box.press('Enter')

    await visited.shows('line 299')
    await page.locator('.row--error').last().click()
    await page.getByRole('button', { name: 'Around it' }).click()
    await page.locator('.context__line').nth(6).waitFor()
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Escape')

    await page.getByRole('button', { name: 'Table' }).click()
    await page.getByRole('button', { name: 'Export' }).click()
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Escape')

    await page.getByRole('button', { name: 'Help' }).click()
    await page.getByRole('dialog', { name: 'How to search' }).waitFor()
    expect(await violations(page)).toEqual([])
    await visited.leave()
  })

  test('fits on 320 px: nothing scrolls to the side, and the lines have room', async () => {
    const visited = await visit(browser, server.url, { width: 320, height: 640 })
    const { page } = visited
    await visited.shows('line 299')
    const widths = (): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth)
    expect(await widths()).toBe(320)
    expect((await page.getByRole('feed').boundingBox())!.height).toBeGreaterThan(200)
    const outside = await page.evaluate(() =>
      [...document.querySelectorAll('button, input, [role=slider], .row')]
        .filter((element) => element.closest('.chips') === null)
        .map((element) => [element.textContent, element.getBoundingClientRect()] as const)
        .filter(([, { left, right, width }]) => width > 1 && (left < 0 || right > 320))
        .map(([text]) => text),
    )
    expect(outside).toEqual([])
    await page.locator('.row').last().click()
    const pane = (await page.getByRole('complementary', { name: 'Line' }).boundingBox())!
    expect([pane.x, pane.width]).toEqual([0, 320])
    expect(await widths()).toBe(320)
    await visited.leave()
  })

  test('has room for the lines on a screen that is low: the page scrolls', async () => {
    const visited = await visit(browser, server.url, { width: 480, height: 270 })
    const { page } = visited
    await visited.shows('line 299')
    const seen = (): Promise<number> =>
      page.getByRole('feed').evaluate((feed) => {
        const { top, bottom } = feed.getBoundingClientRect()
        return Math.min(innerHeight, bottom) - Math.max(0, top)
      })
    await page.keyboard.press('k')
    await expect.poll(seen).toBeGreaterThan(150)
    await page.keyboard.press('Enter')
    await page.getByRole('complementary', { name: 'Line' }).getByText('line 299').first().waitFor()
    await page.getByRole('button', { name: 'Help' }).scrollIntoViewIfNeeded()
    await page.getByRole('button', { name: 'Help' }).click()
    await page.getByRole('dialog').waitFor()
    await visited.leave()
  })

  test('shows where the keyboard is, at every stop', async () => {
    const visited = await visit(browser, server.url)
    const { page } = visited
    await visited.shows('line 299')
    await page.locator('.row--error').last().click()
    await page.locator('body').focus()
    const plain: string[] = []
    const seen = new Set<string>()
    for (let stop = 0; stop < 40; stop++) {
      await page.keyboard.press('Tab')
      const { name, isShown } = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement
        // The switch's radio buttons and the search's input show it on what stands around them.
        const shown = element.closest('.switch__choice, .search__field') ?? element
        const { outlineStyle, boxShadow } = getComputedStyle(shown)
        return {
          name: element.getAttribute('aria-label') ?? (element.textContent?.slice(0, 30) || element.tagName),
          isShown: element === document.body || outlineStyle !== 'none' || boxShadow !== 'none',
        }
      })
      seen.add(name)
      if (!isShown) plain.push(name)
    }
    expect(plain).toEqual([])
    expect([...seen]).toEqual(
      expect.arrayContaining(['Help', 'Search', 'Export', 'Table', 'Stretch of time', 'Copy as JSON']),
    )
    await visited.leave()
  })

  test('lets keys that write a character be switched off', async () => {
    const visited = await visit(browser, server.url)
    const { page } = visited
    await visited.shows('line 299')
    const wrap = page.getByRole('button', { name: 'Wrap' })
    await page.keyboard.press('w')
    expect(await wrap.getAttribute('aria-pressed')).toBe('true')
    await page.keyboard.press('?')
    await page.getByRole('checkbox', { name: 'Letters and signs are keys' }).uncheck()
    await page.keyboard.press('Escape')
    await page.keyboard.press('w')
    await page.keyboard.press('?')
    expect(await wrap.getAttribute('aria-pressed')).toBe('true')
    expect(await page.getByRole('dialog').count()).toBe(0)
    await page.reload()
    await visited.shows('line 299')
    await page.keyboard.press('?')
    expect(await page.getByRole('dialog').count()).toBe(0)
    await visited.leave()
  })

  test('critical lines shine, but not for those who asked for less motion', async () => {
    const visited = await visit(browser, server.url)
    const { page } = visited
    await visited.shows('line 299')
    const shine = (): Promise<string[]> =>
      page.evaluate(() =>
        ['error', 'fatal', 'info'].map((level) =>
          getComputedStyle(document.querySelector(`.row--${level}:not(.row--focused)`)!).boxShadow.replace(
            /^none$/,
            '',
          ),
        ),
      )
    const [error, fatal, info] = await shine()
    expect([error !== '', fatal !== '', info !== '']).toEqual([true, true, false])
    await page.emulateMedia({ reducedMotion: 'reduce' })
    expect(await shine()).toEqual(['', '', ''])
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0)
    const edge = await page
      .locator('.row--error')
      .first()
      .evaluate((row) => getComputedStyle(row).borderLeftColor)
    expect(edge).not.toMatch(/rgba\(.*, 0\)|transparent/)
    await visited.leave()
  })

  test('the theme is chosen, kept, or the system’s', async () => {
    const visited = await visit(browser, server.url)
    const { page } = visited
    const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    expect(await ground()).toBe('rgb(10, 13, 16)')
    await page.getByRole('radio', { name: 'Light' }).check({ force: true })
    expect(await ground()).toBe('rgb(255, 255, 255)')
    await page.reload()
    await visited.shows('line 299')
    expect(await ground()).toBe('rgb(255, 255, 255)')
    await page.getByRole('radio', { name: 'As the system' }).check({ force: true })
    expect(await ground()).toBe('rgb(10, 13, 16)')
    await page.emulateMedia({ colorScheme: 'light' })
    expect(await ground()).toBe('rgb(255, 255, 255)')
    await visited.leave()
  })

  test('in forced colours the search is read as the input’s own text, and what is chosen is seen', async () => {
    const visited = await visit(browser, `${server.url}?q=level:error`)
    const { page } = visited
    await page.emulateMedia({ forcedColors: 'active' })
    expect(await page.locator('.search__colours').isVisible()).toBe(false)
    const colour = await page
      .getByRole('combobox', { name: 'Search' })
      .evaluate((input) => getComputedStyle(input).color)
    expect(colour).not.toBe('rgba(0, 0, 0, 0)')
    await page.locator('.row').last().click()
    const [selected, other] = await page.evaluate(() =>
      ['.row--selected', '.row:not(.row--selected)'].map(
        (row) => getComputedStyle(document.querySelector(row)!).backgroundColor,
      ),
    )
    expect(selected).not.toBe(other)
    await visited.leave()
  })

  test('on paper are the lines and the open one, dark on white, and no buttons', async () => {
    const visited = await visit(browser, server.url)
    const { page } = visited
    await visited.shows('line 299')
    await page.locator('.row').last().click()
    await page.emulateMedia({ media: 'print' })
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(255, 255, 255)')
    expect(await page.getByRole('button').filter({ visible: true }).allTextContents()).toEqual([])
    expect(await page.locator('.row').first().isVisible()).toBe(true)
    expect(await page.getByRole('treegrid').isVisible()).toBe(true)
    const rows = await page.locator('.row').evaluateAll((all) => all.map((row) => row.getBoundingClientRect().top))
    expect(new Set(rows).size).toBe(rows.length)
    await visited.leave()
  })
})
