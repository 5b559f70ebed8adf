/** The search box and the level chips, in a browser, on a real store. */

import { type Browser, hasChromium, launchChromium } from '@logwisp/browser-testing'
import type { LogEntry } from '@logwisp/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DashboardServer, startDashboard, visit } from './dashboard-visit.ts'

const start = Date.parse('2026-11-21T10:00:00Z')

const entries: LogEntry[] = Array.from({ length: 200 }, (_, index) => ({
  time: start + index * 1000,
  source: index % 4 === 0 ? '/var/log/api log' : '/var/log/web.log',
  level: index % 10 === 0 ? 'error' : index % 10 === 1 ? 'warn' : 'info',
  message: `line ${index} ${index % 10 === 0 ? 'connection refused' : 'served'}`,
  fields: { user: { id: 40 + (index % 3), name: index % 2 === 0 ? 'Ada Lovelace' : 'Grace' }, 'a b': index },
}))

describe.skipIf(!hasChromium)('the search box', () => {
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

  test('finds the lines that are asked for, and says so in the address', async () => {
    const visited = await visit(browser, server.url)
    const { page } = visited
    await visited.shows('line 199 served')
    const box = page.getByRole('combobox', { name: 'Search' })
    await box.fill('level:error "connection refused" field.user.id=41 -source:web.log')
    await box.press('Enter')
    await visited.shows('line 160')
    expect(await visited.lines()).toEqual([
      'line 40 connection refused',
      'line 100 connection refused',
      'line 160 connection refused',
    ])
    await visited.addressHas('?q=level:error "connection refused" field.user.id=41 -source:web.log')
    await page.goBack()
    await visited.shows('line 199 served')
    expect(await box.inputValue()).toBe('')
    await visited.leave()
  })

  test('completes levels, sources, fields and values from what is there, by keys', async () => {
    const visited = await visit(browser, server.url)
    const { page } = visited
    const box = page.getByRole('combobox', { name: 'Search' })
    const chosen = page.locator('[role=option][aria-selected=true]')
    await box.click()
    await page.keyboard.type('level:er')
    await page.getByRole('option', { name: 'error' }).waitFor()
    expect(await box.getAttribute('aria-expanded')).toBe('true')
    await page.keyboard.press('ArrowDown')
    expect(await box.getAttribute('aria-activedescendant')).toBe(await chosen.getAttribute('id'))
    expect(
      await page.locator(`#${escaped((await box.getAttribute('aria-controls')) as string)}`).getAttribute('role'),
    ).toBe('listbox')
    await page.keyboard.press('Enter')
    expect(await box.inputValue()).toBe('level:error ')

    await page.keyboard.type('source:api')
    await page.getByRole('option', { name: '/var/log/api log' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Tab')
    expect(await box.inputValue()).toBe('level:error source:"/var/log/api log" ')

    await page.keyboard.type('field.us')
    await page.getByRole('option', { name: 'user.name' }).waitFor()
    await page.keyboard.press('ArrowUp')
    await chosen.filter({ hasText: 'user.name' }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('option', { name: 'Ada Lovelace' }).click()
    expect(await box.inputValue()).toBe('level:error source:"/var/log/api log" field.user.name="Ada Lovelace" ')
    expect(await box.evaluate((element) => element === document.activeElement)).toBe(true)
    await page.keyboard.press('Enter')
    await visited.shows('line 180')
    expect(await visited.lines()).toHaveLength(10)
    await visited.leave()
  })

  test('Escape closes the list, then takes back what was written', async () => {
    const visited = await visit(browser, `${server.url}?q=level:error`)
    const { page } = visited
    const box = page.getByRole('combobox', { name: 'Search' })
    await box.click()
    await page.keyboard.press('End')
    await page.keyboard.type(' le')
    await page.getByRole('option', { name: 'level:' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('listbox').waitFor({ state: 'hidden' })
    expect(await box.inputValue()).toBe('level:error le')
    await page.keyboard.press('Escape')
    expect(await box.inputValue()).toBe('level:error')
    await visited.leave()
  })

  test('tells below what is wrong, once it is written, and does not ask for it', async () => {
    const visited = await visit(browser, server.url)
    const { page } = visited
    const box = page.getByRole('combobox', { name: 'Search' })
    await box.click()
    await page.keyboard.type('level:wrong')
    expect(await box.getAttribute('aria-invalid')).toBe('false')
    await page.keyboard.press('Enter')
    await page.locator('.search__problems', { hasText: /"wrong" is no level: write one of trace, debug/ }).waitFor()
    expect(await box.getAttribute('aria-invalid')).toBe('true')
    expect(
      await page.locator(`#${escaped((await box.getAttribute('aria-describedby')) as string)}`).textContent(),
    ).toContain('is no level')
    expect(new URL(page.url()).search).toBe('')
    await page.getByRole('button', { name: 'Clear the search' }).click()
    await page.locator('.search__problems', { hasText: /^$/ }).waitFor({ state: 'attached' })
    await visited.shows('line 199')
    await visited.leave()
  })

  test('the colours lie exactly behind the text, also of one that is longer than the box', async () => {
    const visited = await visit(browser, server.url, { width: 600 })
    const { page } = visited
    const box = page.getByRole('combobox', { name: 'Search' })
    await box.fill(
      `level:error -healthz "exact words" /re[g]ex/i source:api.log field.user.id=42 ${'long '.repeat(20)}end`,
    )
    await box.press('End')
    const kinds = await page
      .locator('.search__colours .part')
      .evaluateAll((parts) => parts.map(({ className }) => className))
    expect(kinds.slice(0, 6)).toEqual([
      'part part--level',
      'part part--word part--not',
      'part part--phrase',
      'part part--pattern',
      'part part--source',
      'part part--field',
    ])
    const [input, colours] = await page.evaluate(() =>
      ['.search__input', '.search__colours'].map((selector) => {
        const element = document.querySelector(selector) as HTMLElement
        const { font, letterSpacing } = getComputedStyle(element)
        const text = (element as HTMLInputElement).value ?? element.textContent
        return {
          text,
          font,
          letterSpacing,
          scrollLeft: element.scrollLeft,
          ...element.getBoundingClientRect().toJSON(),
        }
      }),
    )
    expect(input).toEqual(colours)
    expect(input.scrollLeft).toBeGreaterThan(100)
    await visited.leave()
  })

  test('offers what was searched before, and forgets it when asked to', async () => {
    const visited = await visit(browser, server.url)
    const { page } = visited
    const box = page.getByRole('combobox', { name: 'Search' })
    for (const text of ['refused', 'level:warn']) {
      await box.fill(text)
      await box.press('Enter')
      await visited.addressHas(`q=${text}`)
    }
    await page.reload()
    await page.getByRole('button', { name: 'Clear the search' }).click()
    await box.click()
    expect(await page.locator('.suggestion--search').allTextContents()).toEqual(['level:warnearlier', 'refusedearlier'])
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await visited.addressHas('q=refused')
    await box.fill('')
    await page.getByRole('option', { name: 'Forget these searches' }).click()
    await page.reload()
    await box.fill('')
    await box.click()
    await page.getByRole('option', { name: 'source:' }).waitFor()
    expect(await page.locator('.suggestion--search').count()).toBe(0)
    await visited.leave()
  })

  test('chips count each level and ask for it', async () => {
    const visited = await visit(browser, server.url)
    const { page } = visited
    const chips = page.getByRole('group', { name: 'Levels' })
    await chips.getByRole('button', { name: 'error 20' }).waitFor()
    expect(await chips.getByRole('button').allTextContents()).toEqual(['error20', 'warn20', 'info160', 'debug0'])
    await chips.getByRole('button', { name: 'error' }).click()
    await visited.addressHas('q=level:error')
    await visited.shows('line 190')
    expect(await visited.lines()).toHaveLength(20)
    await chips.getByRole('button', { name: 'warn' }).click()
    await visited.addressHas('q=level:error,warn')
    await visited.shows('line 191')
    expect(await chips.getByRole('button', { pressed: true }).allTextContents()).toEqual(['error20', 'warn20'])
    await chips.getByRole('button', { name: 'error' }).click()
    await chips.getByRole('button', { name: 'warn' }).click()
    await visited.shows('line 199')
    expect(await page.getByRole('combobox', { name: 'Search' }).inputValue()).toBe('')
    await visited.leave()
  })
})

/** React's ids need no more. */
function escaped(id: string): string {
  return id.replace(/[^\w-]/g, '\\$&')
}
