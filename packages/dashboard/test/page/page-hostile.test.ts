/** What stands in logs, and in addresses that people are sent, is text: in a browser nothing of it becomes anything else. */

import { type Browser, hasChromium, launchChromium, type Page } from '@logwisp/browser-testing'
import type { LogEntry } from '@logwisp/core'
import { parseQuery } from '@logwisp/store/query-language'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DashboardServer, startDashboard, type Visit, visit } from './dashboard-visit.ts'

/** Each would mark the page as caught, if anything of it were run or made. */
const attacks = [
  '<script>globalThis.caught = 1</script>',
  '<img src=x onerror="globalThis.caught = 2" class="caught">',
  '"><svg class=caught onload=globalThis.caught=3>',
  '</pre></title></textarea></style><iframe class="caught" srcdoc="<script>parent.caught = 4</script>">',
  'javascript:globalThis.caught=5//',
  '<a class="caught" href="javascript:globalThis.caught=6">here</a>',
  '{{constructor.constructor("globalThis.caught=7")()}} ${globalThis.caught=7}',
  '<style class="caught">body { display: none }</style><base class="caught" href="//evil.example/">',
  '\u202e<b class="caught">gnp.exe\u0000\u0007\u001b[31m red \ud800 \ufdd0',
  '<template class="caught"><form class="caught" action="//evil.example"><input name=innerHTML>',
]

const start = Date.parse('2026-11-21T10:00:00Z')

const entries: LogEntry[] = [
  ...attacks.map(
    (attack, index): LogEntry => ({
      time: start + index * 1000,
      source: attack,
      level: 'error',
      message: attack,
      fields: {
        [attack]: attack,
        ['__proto__']: { caught: attack },
        innerHTML: attack,
        dangerouslySetInnerHTML: { __html: attack },
        list: [attack, { [attack]: [attack] }],
      },
    }),
  ),
  { time: start + 20_000, source: 'app.log', message: 'harmless' },
]

describe.skipIf(!hasChromium)('what is hostile is shown as text', () => {
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

  /** Fails when anything was run or made. Everything that was violated is in the console, and fails `leave()`. */
  async function isUnharmed(page: Page): Promise<void> {
    const harm = await page.evaluate(() => ({
      caught: (globalThis as { caught?: unknown }).caught,
      polluted: ({} as { caught?: unknown }).caught,
      elements: document.querySelectorAll(
        '.caught, script:not([src^="./assets/"]), iframe, object, embed, base, style, form:not(.jump), img',
      ).length,
      handlers: [...document.querySelectorAll('*')].flatMap(({ attributes }) =>
        [...attributes].filter(({ name }) => name.startsWith('on')),
      ).length,
      links: [...document.querySelectorAll('a')]
        .map(({ protocol, host }) => `${protocol}//${host}`)
        .filter((link) => link !== location.origin),
    }))
    expect(harm).toEqual({ caught: undefined, polluted: undefined, elements: 0, handlers: 0, links: [] })
  }

  async function visitLines(search = ''): Promise<Visit> {
    const visited = await visit(browser, `${server.url}${search}`)
    await visited.page.locator('.histogram__told', { hasText: /lines?/i }).waitFor()
    return visited
  }

  test('the check itself sees what it is there to see', async () => {
    const visited = await visitLines()
    await visited.page.evaluate(() =>
      document.body.append(Object.assign(document.createElement('b'), { className: 'caught' })),
    )
    await expect(isUnharmed(visited.page)).rejects.toThrow()
    await visited.leave()
  })

  test('in messages, sources and fields: in the list, in the details, and around them', async () => {
    const visited = await visitLines()
    const { page } = visited
    await visited.shows('harmless')
    const lines = await visited.lines()
    expect(lines.slice(0, 8)).toEqual(attacks.slice(0, 8))
    for (const [index, attack] of attacks.entries()) {
      await page.locator('.row').nth(index).click()
      const pane = page.getByRole('complementary', { name: 'Line' })
      await pane
        .locator('pre')
        .filter({ hasText: attack.slice(0, 20) })
        .waitFor()
      await pane.locator('.fields tr').nth(6).waitFor()
      if (index === 0) await pane.getByRole('button', { name: 'Around it' }).click()
      await page.locator('.context__line').first().waitFor()
      if (index < 8) {
        expect(await pane.locator('pre').textContent()).toBe(attack)
        expect(await pane.locator('.field__name bdi').first().textContent()).toBe(attack)
        expect(await pane.locator('.field__value bdi').first().textContent()).toBe(attack)
      }
      await isUnharmed(page)
    }
    await visited.leave()
  })

  test('in the query, its problems, its history and its completion', async () => {
    const visited = await visitLines()
    const { page } = visited
    const box = page.getByRole('combobox', { name: 'Search' })
    for (const attack of attacks.slice(0, 8)) {
      for (const text of [attack, `level:${attack}`, `"${attack}`, `/(${attack}/`]) {
        await box.fill(text)
        await box.press('Enter')
        if (parseQuery(text).problems.length > 0) await page.locator('.search__problems p').first().waitFor()
        else await visited.addressHas(text.trim())
        expect(await page.locator('.search__colours').textContent()).toBe(text)
      }
      await isUnharmed(page)
    }
    await box.fill('')
    await page.locator('.suggestion--search').first().waitFor()
    await isUnharmed(page)
    await box.fill('source:')
    await page.getByRole('option').first().waitFor()
    await isUnharmed(page)
    await visited.leave()
  })

  test('completions put hostile sources, fields and values into the search as text', async () => {
    const visited = await visitLines()
    const { page } = visited
    const box = page.getByRole('combobox', { name: 'Search' })
    await box.click()
    await page.keyboard.type('source:')
    await page
      .getByRole('option')
      .filter({ hasText: /^<script>/ })
      .click()
    await page.keyboard.press('Enter')
    await visited.shows('globalThis.caught = 1')
    expect(await visited.lines()).toEqual([attacks[0]])
    await page.locator('.row').first().click()
    await page.locator('.field__buttons').first().getByRole('button').first().click()
    await visited.addressHas('field.')
    await visited.shows('globalThis.caught = 1')
    await isUnharmed(page)
    await visited.leave()
  })

  test('in the parameters of the address', async () => {
    // A query that is wrong is answered with 400, and browsers tell of that.
    const visited = await visit(browser, server.url, { expected: /status of 400/ })
    const { page } = visited
    for (const name of ['q', 'from', 'to', 'id', 'theme', '__proto__[caught]', 'constructor']) {
      await page.goto(`${server.url}?${new URLSearchParams(attacks.map((attack) => [name, attack]))}`)
      await page.getByRole('heading', { name: 'LogWisp' }).waitFor()
      await page.locator('.state:not([data-state=connecting])').waitFor()
      await isUnharmed(page)
    }
    await visited.leave()
  })

  test('in what the browser was made to keep', async () => {
    const visited = await visitLines()
    const { page } = visited
    await page.evaluate((all) => {
      localStorage.setItem('logwisp.searches', JSON.stringify([...all, { toString: 1 }, null]))
      localStorage.setItem('logwisp-view', JSON.stringify({ theme: all[1], wrap: all[0] }))
    }, attacks)
    await page.reload()
    await page.getByRole('combobox', { name: 'Search' }).click()
    await page.locator('.suggestion--search').first().waitFor()
    await isUnharmed(page)
    await visited.leave()
  })

  test('a line of 10 MB is cut where it is shown and copied whole', async () => {
    const message = `${attacks[0]} ${'x'.repeat(10_000_000)} the end`
    await server.store.append([{ time: start + 60_000, source: 'app.log', message }])
    const visited = await visitLines()
    const { page } = visited
    await page.locator('.row').last().click()
    await page.getByRole('button', { name: 'Show all 10,000,047 characters' }).waitFor()
    expect(((await page.locator('.message pre').textContent()) as string).length).toBe(20_000)
    await page.getByRole('button', { name: 'Copy the line' }).click()
    await page.getByRole('status').filter({ hasText: 'Copied' }).waitFor({ state: 'attached' })
    expect(await page.evaluate(async () => (await navigator.clipboard.readText()).length)).toBe(message.length)
    await isUnharmed(page)
    await visited.leave()
  })
})
