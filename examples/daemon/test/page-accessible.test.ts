/** The live page for those who use it without a mouse, without sight, on a small screen, or in the dark. */

import { type Browser, hasChromium, launchChromium } from '@logwisp/browser-testing'
import { violations } from '@logwisp/browser-testing/violations'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PageServer, startPageServer } from './page-server.ts'
import { type Visit, visit } from './page-visit.ts'

describe.skipIf(!hasChromium)('the live page for everybody', () => {
  let browser: Browser
  let server: PageServer
  beforeAll(async () => {
    browser = await launchChromium()
    server = await startPageServer({ pipelines: { app: {}, nginx: {} } })
    Object.assign(server.pipelines.get('nginx')!.status, {
      state: 'restarting',
      last_error: 'connect ECONNREFUSED',
      dropped: { rate_limit: 12 },
    })
    const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', undefined] as const
    await server.pipelines
      .get('app')!
      .write(Array.from({ length: 500 }, (_, i) => ({ level: levels[i % 7], message: `line ${i}`, fields: { ms: i } })))
  })
  afterAll(async () => {
    await server.close()
    await browser.close()
  })

  async function visitWith(options: Parameters<typeof visit>[2]): Promise<Visit> {
    const visited = await visit(browser, server.url, options)
    await visited.counts('500 lines')
    await visited.page.locator('.pipeline .error-text', { hasText: 'ECONNREFUSED' }).waitFor({ state: 'attached' })
    return visited
  }

  test.each([
    ['dark', 1200],
    ['light', 1200],
    ['light', 320],
  ] as const)('has nothing that axe objects to: %s, %i px', async (colorScheme, width) => {
    const visited = await visitWith({ colorScheme, width })
    const { page } = visited
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('k')
    await page.keyboard.press('Enter')
    await page.locator('#details').waitFor()
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.keyboard.press('s')
    await page.locator('#stages table:visible').first().waitFor()
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('s')
    // What has no size while it is hidden is there again.
    await visited.shows('line 499')
    await page.keyboard.press('?')
    await page.locator('#help[open]').waitFor()
    expect(await violations(page)).toEqual([])
    await visited.leave()
  })

  test('can be used with the keyboard alone', async () => {
    const visited = await visitWith({})
    const { page } = visited
    const active = page.locator('.row[aria-selected=true] .message')
    const activeId = () => page.locator('#log').getAttribute('aria-activedescendant')
    await page.keyboard.press('k')
    await active.filter({ hasText: /^line 499$/ }).waitFor()
    expect(await page.evaluate('document.activeElement.id')).toBe('log')
    await page.keyboard.press('k')
    await page.keyboard.press('ArrowUp')
    await active.filter({ hasText: /^line 497$/ }).waitFor()
    expect(await activeId()).toBe('line-497')
    await page.keyboard.press('PageUp')
    await page.keyboard.press('g')
    await active.filter({ hasText: /^line 0$/ }).waitFor()
    expect(await page.locator('#follow').isVisible()).toBe(true)
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.id')).toBe('details')
    expect(await page.locator('#details dd').allTextContents()).toContain('line 1')
    await page.keyboard.press('j')
    await page.locator('#details dd', { hasText: /^line 2$/ }).waitFor()
    await page.keyboard.press('Escape')
    expect(await page.locator('#details').isHidden()).toBe(true)
    expect(await page.evaluate('document.activeElement.id')).toBe('log')
    await page.keyboard.press('/')
    await page.keyboard.type('line 77')
    await visited.counts('1 of 500 lines')
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.id')).toBe('log')
    await page.keyboard.press('/')
    await page.keyboard.press('Escape')
    await visited.counts('500 lines')
    await page.keyboard.press('Escape')
    expect(await page.evaluate('document.activeElement.id')).toBe('log')
    await page.keyboard.press('G')
    await active.filter({ hasText: /^line 499$/ }).waitFor()
    expect(await page.locator('#follow').isHidden()).toBe(true)
    await page.keyboard.press(' ')
    await page.locator('#state[data-state=paused]').waitFor()
    await page.keyboard.press(' ')
    await page.locator('#state[data-state=live]').waitFor()
    await page.keyboard.press('w')
    expect(await page.locator('#wrap').getAttribute('aria-pressed')).toBe('false')
    await page.keyboard.press('Escape')
    expect(await activeId()).toBe(null)
    await page.keyboard.press('?')
    await page.locator('#help[open]').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('#help[open]').waitFor({ state: 'detached' })
    await visited.leave()
  })

  test('lets keys that write a character be switched off', async () => {
    const visited = await visitWith({})
    const { page } = visited
    await page.keyboard.press('?')
    await page.uncheck('#keys-on')
    await page.keyboard.press('Escape')
    await page.keyboard.press('w')
    await page.keyboard.press('?')
    expect(await page.locator('#wrap').getAttribute('aria-pressed')).toBe('true')
    expect(await page.locator('#help[open]').count()).toBe(0)
    await page.evaluate('localStorage.clear()')
    await visited.leave()
  })

  test('shows where the keyboard is', async () => {
    const visited = await visitWith({})
    const { page } = visited
    const seen = new Set<string>()
    for (let i = 0; i < 15; i++) {
      await page.keyboard.press('Tab')
      const [name, outline] = (await page.evaluate(
        `{ const e = document.activeElement; [e.id || e.className || e.tagName, getComputedStyle(e).outlineStyle] }`,
      )) as [string, string]
      if (name === 'BODY') continue
      seen.add(name)
      expect(outline, name).toBe('solid')
    }
    for (const id of [
      'home',
      'help-button',
      'level',
      'match',
      'at-server',
      'pause',
      'wrap',
      'clear',
      'stages-button',
      'log',
    ])
      expect([...seen]).toContain(id)
    await visited.leave()
  })

  test('sums up what came for those who hear it', async () => {
    const visited = await visitWith({ ownClock: true })
    const { page } = visited
    const sum = page.locator('#spoken', { hasText: /^500 new lines, 14\d of them errors\.$/ })
    await page.clock.fastForward(10_000)
    await sum.waitFor({ state: 'attached' })
    await visited.leave()
  })

  test('fits on 320 px, without scrolling to the side', async () => {
    const visited = await visitWith({ width: 320, height: 640 })
    const { page } = visited
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320)
    expect(
      await page.evaluate(`{ const log = document.getElementById('log'); log.scrollWidth <= log.clientWidth }`),
    ).toBe(true)
    expect((await page.locator('#log').boundingBox())?.height).toBeGreaterThan(300)
    await page.click('#pipelines summary')
    await page.locator('.pipeline .name', { hasText: 'nginx' }).waitFor()
    await visited.leave()
  })

  test('moves nothing for those who want it so', async () => {
    const visited = await visitWith({})
    const { page } = visited
    const moving = `document.getAnimations().length`
    await page.evaluate(`document.getElementById('state').dataset.state = 'connecting'`)
    expect(await page.evaluate(moving)).toBe(1)
    await page.emulateMedia({ reducedMotion: 'reduce' })
    expect(await page.evaluate(moving)).toBe(0)
    await visited.leave()
  })

  test('moves nothing that is read when figures and lines come', async () => {
    const visited = await visitWith({})
    const { page } = visited
    await page.evaluate(`{
      globalThis.shifts = []
      new PerformanceObserver((list) => shifts.push(...list.getEntries().map(({ value, sources }) =>
        [value, ...sources.map(({ node }) => node?.id || node?.className || node?.textContent)].join(' ')))).observe({ type: 'layout-shift' })
    }`)
    const app = server.pipelines.get('app')!
    for (let i = 0; i < 20; i++) {
      await app.write([{ level: 'info', message: `more ${i}` }])
      await page.waitForTimeout(100)
    }
    await visited.shows('more 19')
    expect(await page.evaluate('shifts')).toEqual([])
    await visited.leave()
  })

  test('runs and loads nothing of others: its policy is strict, and it keeps to it', async () => {
    const answer = await fetch(server.url)
    expect(answer.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    )
    const document = await answer.text()
    expect(document).not.toMatch(/ style=| on\w+=|<style|<script(?! type="module" src)/)
  })
})
