/** The details of a line, and taking lines along, in a browser, on a real store. */

import { readFile } from 'node:fs/promises'
import { type Browser, hasChromium, launchChromium, type Page } from '@logwisp/browser-testing'
import { type LogEntry, parseExact } from '@logwisp/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DashboardServer, startDashboard, type Visit, visit } from './dashboard-visit.ts'

const start = Date.parse('2026-11-21T10:00:00.123Z')

const entries: LogEntry[] = Array.from({ length: 60 }, (_, index) => ({
  time: start + index * 1000,
  source: index % 2 === 0 ? '/var/log/shop.log' : '/var/log/other.log',
  level: index === 30 ? 'error' : 'info',
  message: index === 30 ? 'card was declined\n    at charge (pay.js:41)' : `line ${index}`,
  fields: {
    request: index,
    user: { id: 42, name: 'Ada "the first"', roles: ['admin', 'ops'] },
    big: parseExact('12345678901234567890.125'),
    ok: index % 3 === 0,
  },
}))

describe.skipIf(!hasChromium)('the details of a line', () => {
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

  const clipboard = (page: Page): Promise<string> => page.evaluate(() => navigator.clipboard.readText())

  /** With the details of the one error. */
  async function visitError(): Promise<Visit> {
    const visited = await visit(browser, server.url)
    await visited.page.locator('.row', { hasText: 'card was declined' }).click()
    await visited.page.getByRole('complementary', { name: 'Line' }).getByText('at charge').waitFor()
    return visited
  }

  test('are all of it: text, time, level, source, and the fields as a tree with every digit', async () => {
    const visited = await visitError()
    const { page } = visited
    const pane = page.getByRole('complementary', { name: 'Line' })
    expect(await pane.locator('pre').textContent()).toBe('card was declined\n    at charge (pay.js:41)')
    expect(await pane.locator('time').first().getAttribute('datetime')).toBe('2026-11-21T10:00:30.123Z')
    const rows = pane.getByRole('treegrid', { name: 'Fields' }).getByRole('row')
    expect(
      await rows.evaluateAll((all) =>
        all.map((row) => [
          row.getAttribute('aria-level'),
          ...[...row.querySelectorAll('bdi')].map((cell) => cell.textContent),
        ]),
      ),
    ).toEqual([
      ['1', 'request', '30'],
      ['1', 'user', '{3}'],
      ['2', 'id', '42'],
      ['2', 'name', 'Ada "the first"'],
      ['2', 'roles', '[2]'],
      ['3', '0', 'admin'],
      ['3', '1', 'ops'],
      ['1', 'big', '12345678901234567890.125'],
      ['1', 'ok', 'true'],
    ])
    await page.getByRole('button', { name: 'Close the details' }).click()
    await pane.waitFor({ state: 'detached' })
    expect(new URL(page.url()).search).toBe('')
    await visited.leave()
  })

  test('of several lines are cut in the list with a sign of that only, and its level is one line high', async () => {
    const visited = await visit(browser, server.url)
    const { page } = visited
    const row = page.locator('.row', { hasText: 'card was declined' })
    const heights = (): Promise<[text: number, shown: number, level: number]> =>
      row.evaluate((element) => {
        const text = element.querySelector('.row__text') as HTMLElement
        return [
          text.scrollHeight,
          text.clientHeight,
          (element.querySelector('.row__level') as HTMLElement).clientHeight,
        ]
      })
    const [text, shown, level] = await heights()
    expect(text).toBeLessThanOrEqual(shown)
    await page.getByRole('button', { name: 'Wrap' }).click()
    await expect.poll(async () => (await heights())[1]).toBeGreaterThan(shown)
    expect((await heights())[2]).toBe(level)
    await visited.leave()
  })

  test('are those of the line that was pressed, however many come before it is let go', async () => {
    const other = await startDashboard(entries)
    const visited = await visit(browser, other.url)
    const { page } = visited
    await visited.shows('line 59')
    const row = page.locator('.row', { hasText: 'line 55' })
    const { x, y } = (await row.boundingBox())!
    await page.mouse.move(x + 500, y + 10)
    await page.mouse.down()
    await other.store.append(
      Array.from({ length: 50 }, (_, index) => ({
        time: start + 60_000 + index,
        source: 'new',
        message: `new ${index}`,
      })),
    )
    await page.getByRole('button', { name: '50 new lines' }).waitFor()
    await page.mouse.up()
    await page.getByRole('complementary', { name: 'Line' }).locator('pre', { hasText: 'line 55' }).waitFor()
    await visited.leave()
    await other.close()
  })

  test('fields are gone through with keys alone', async () => {
    const visited = await visitError()
    const { page } = visited
    const rows = page.getByRole('treegrid').getByRole('row')
    const focused = (): Promise<string> =>
      page.evaluate(() => document.activeElement?.closest('tr')?.querySelector('bdi')?.textContent ?? '')
    await rows.first().focus()
    await page.keyboard.press('ArrowDown')
    expect(await focused()).toBe('user')
    await page.keyboard.press('ArrowLeft')
    expect(await rows.nth(1).getAttribute('aria-expanded')).toBe('false')
    expect(await rows.count()).toBe(4)
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    expect(await focused()).toBe('0')
    await page.keyboard.press('ArrowLeft')
    expect(await focused()).toBe('roles')
    await page.keyboard.press('End')
    expect(await focused()).toBe('ok')
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(
      'Only lines with this ok',
    )
    await page.keyboard.press('Enter')
    await visited.addressHas('q=field.ok=true')
    await visited.leave()
  })

  test('values narrow the search, and are left out of it', async () => {
    const visited = await visitError()
    const { page } = visited
    await page.getByRole('button', { name: 'Only lines with this user.name' }).click()
    await visited.addressHas('q=field.user.name="Ada \\"the first\\""')
    await page.getByRole('button', { name: 'Without this level' }).click()
    await visited.addressHas('-level:error')
    await page.getByRole('button', { name: 'Only this source' }).click()
    await visited.addressHas('q=field.user.name="Ada \\"the first\\"" -level:error source:/var/log/shop.log')
    await page.getByRole('button', { name: 'Only lines with this user.roles' }).first().click()
    await visited.addressHas('field.user.roles=admin')
    await page.getByRole('button', { name: 'Only lines with this big' }).click()
    await visited.addressHas('field.big=12345678901234567890.125')
    await visited.shows('line 58')
    expect(await visited.lines()).toHaveLength(29)
    await visited.leave()
  })

  test('a line, its JSON, one field and its address go to the clipboard', async () => {
    const visited = await visitError()
    const { page } = visited
    const copied = page.getByRole('status').filter({ hasText: 'Copied' })
    await page.getByRole('button', { name: 'Copy the line' }).click()
    await copied.waitFor({ state: 'attached' })
    expect(await clipboard(page)).toBe('card was declined\n    at charge (pay.js:41)')
    await page.getByRole('button', { name: 'Copy as JSON' }).click()
    await expect
      .poll(() => clipboard(page))
      .toBe(
        '{"time":"2026-11-21T10:00:30.123Z","source":"/var/log/shop.log","level":"error","message":"card was declined\\n    at charge (pay.js:41)","fields":{"request":30,"user":{"id":42,"name":"Ada \\"the first\\"","roles":["admin","ops"]},"big":12345678901234567890.125,"ok":true}}',
      )
    await page.getByRole('button', { name: 'Copy user.name' }).click()
    await expect.poll(() => clipboard(page)).toBe('Ada "the first"')
    await page.getByRole('button', { name: 'Copy a link to this line' }).click()
    await expect.poll(() => clipboard(page)).toMatch(/^http:.*\/logs\/\?id=/)
    const linked = await visit(browser, await clipboard(page))
    await linked.page.getByRole('complementary', { name: 'Line' }).getByText('at charge').waitFor()
    await linked.page.locator('.row--selected', { hasText: 'card was declined' }).waitFor()
    await linked.leave()
    await visited.leave()
  })

  test('where the browser gives no clipboard, the old way copies', async () => {
    const visited = await visitError()
    const { page } = visited
    await page.evaluate(() => {
      Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })
    })
    const button = page.getByRole('button', { name: 'Copy user.name' })
    await button.click()
    await page.getByRole('status').filter({ hasText: 'Copied' }).waitFor({ state: 'attached' })
    expect(await button.evaluate((element) => element === document.activeElement)).toBe(true)
    const other = await visit(browser, server.url)
    expect(await clipboard(other.page)).toBe('Ada "the first"')
    await other.leave()
    await visited.leave()
  })

  test('around it stands what the same source said, whatever is searched for, and more of it on demand', async () => {
    const visited = await visit(browser, `${server.url}?q=level:error`)
    const { page } = visited
    await page.locator('.row', { hasText: 'card was declined' }).click()
    await page.getByRole('button', { name: 'Around it' }).click()
    const lines = page.locator('.context__line bdi')
    await lines.nth(10).waitFor()
    expect((await lines.allTextContents()).map((text) => text.split('\n')[0])).toEqual([
      ...['line 20', 'line 22', 'line 24', 'line 26', 'line 28', 'card was declined'],
      ...['line 32', 'line 34', 'line 36', 'line 38', 'line 40'],
    ])
    await page.getByRole('button', { name: 'More before' }).click()
    await lines.nth(20).waitFor()
    expect((await lines.allTextContents())[0]).toBe('line 0')
    expect(await page.getByRole('button', { name: 'More before' }).count()).toBe(0)
    await page.getByRole('button', { name: 'line 34' }).click()
    await page
      .getByRole('complementary', { name: 'Line' })
      .locator('pre')
      .filter({ hasText: /^line 34$/ })
      .waitFor()
    // It stays open for the next one.
    await lines.nth(10).waitFor()
    await visited.leave()
  })

  test('an address of a line that is not there says so', async () => {
    const visited = await visit(browser, `${server.url}?id=1-0`, { expected: /404/ })
    const { page } = visited
    await page.getByRole('complementary', { name: 'Line' }).locator('.detail__problem', { hasText: /\w{3}/ }).waitFor()
    expect(await page.locator('.detail__problem').textContent()).not.toMatch(/Loading/)
    await visited.leave()
  })

  test('a line that was linked is shown once its server answers', async () => {
    const { entries: found } = await server.store.page({ from: start + 30_000, to: start + 30_001 })
    const visited = await visit(browser, server.url, { expected: /ERR_FAILED/ })
    const { page } = visited
    await page.route('**/api/**', (route) => route.abort())
    await page.goto(`${server.url}?id=${found[0]?.id}`)
    const pane = page.getByRole('complementary', { name: 'Line' })
    await pane.getByText('The server does not answer.').waitFor()
    await page.locator('.state[data-state=disconnected]').waitFor()
    await page.unroute('**/api/**')
    await pane.getByText('at charge').waitFor()
    await visited.leave()
  })

  test('what is shown is saved in three formats', async () => {
    const visited = await visit(browser, `${server.url}?q=level:error`)
    const { page } = visited
    const saved = async (name: string): Promise<[name: string, text: string]> => {
      await page.getByRole('button', { name: 'Export' }).click()
      const download = page.waitForEvent('download')
      await page.getByRole('link', { name }).click()
      const file = await download
      return [file.suggestedFilename(), await readFile(await file.path(), 'utf8')]
    }
    const [ndjsonName, ndjson] = await saved('NDJSON')
    expect(ndjsonName).toMatch(/\.ndjson$/)
    expect(ndjson.trim().split('\n')).toHaveLength(1)
    expect(ndjson).toContain('12345678901234567890.125')
    const [csvName, csv] = await saved('CSV')
    expect(csvName).toMatch(/\.csv$/)
    expect(csv).toContain('card was declined')
    const [textName, text] = await saved('Text')
    expect(textName).toMatch(/\.(txt|log|text)$/)
    expect(text).toContain('card was declined')
    expect(text).not.toContain('line 31')
    await page.getByRole('button', { name: 'Export' }).click()
    await page.keyboard.press('Escape')
    expect(await page.getByRole('link', { name: 'CSV' }).count()).toBe(0)
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Export')
    await visited.leave()
  })
})
