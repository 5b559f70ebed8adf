/** Lines that are not at the end, in Chromium: scrolled to, jumped to, linked to, searched for. */

import { type Browser, hasChromium, launchChromium } from '@logwisp/browser-testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DashboardServer, startDashboard, visit } from './dashboard-visit.ts'
import { scrollThrough, sees } from './seen-lines.ts'

const lines = 2000
const start = Date.UTC(2026, 5, 26, 9, 47)

let browser: Browser
let server: DashboardServer

beforeAll(async () => {
  if (!hasChromium) return
  browser = await launchChromium()
  server = await startDashboard(
    Array.from({ length: lines }, (_, index) => ({
      time: start + index * 100,
      source: 'app.log',
      level: index % 100 === 0 ? 'error' : 'info',
      message: `line ${index}${index % 500 === 0 ? ` ${'long '.repeat(100)}end` : ''}`,
    })),
  )
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})

/** Which lines were seen, as stretches: `0–3999` is all of them. */
function stretches(texts: readonly string[]): string {
  const places = texts.map((text) => Number(text.split(' ')[1]))
  const begins = places.filter((place, index) => index === 0 || place !== (places[index - 1] as number) + 1)
  return begins
    .map((first, index) => `${first}–${places[places.indexOf(begins[index + 1] as number) - 1] ?? places.at(-1)}`)
    .join(' ')
}

const all = `0–${lines - 1}`

describe.skipIf(!hasChromium)('scrolling', () => {
  test('reaches every older line, page after page, and every newer one on the way back', async () => {
    const { page, leave } = await visit(browser, server.url)
    await sees(page, `line ${lines - 1}`)
    const up = await scrollThrough(page, 'up')
    expect(stretches(up.texts)).toBe(all)
    expect(up.mostRows).toBeLessThan(100)
    await sees(page, 'line 0')
    const down = await scrollThrough(page, 'down')
    expect(stretches(down.texts)).toBe(all)
    await sees(page, `line ${lines - 1}`)
    await leave()
  })

  test('reaches every line when long ones are broken, too', async () => {
    const { page, leave } = await visit(browser, server.url)
    await page.getByRole('button', { name: 'Wrap' }).click()
    await sees(page, `line ${lines - 1}`)
    const { texts } = await scrollThrough(page, 'up')
    expect(stretches(texts)).toBe(all)
    const first = page.getByRole('article', { name: 'line 0 long' })
    expect((await first.boundingBox())?.height).toBeGreaterThan(60)
    await leave()
  })
})

describe.skipIf(!hasChromium)('a jump', () => {
  test('to a time shows the lines there, and those around when one scrolls', async () => {
    const { page, leave } = await visit(browser, server.url)
    await sees(page, `line ${lines - 1}`)
    const wanted = await page.evaluate((time) => {
      const offsetMs = new Date(time).getTimezoneOffset() * 60_000
      return new Date(time - offsetMs).toISOString().slice(0, 23)
    }, start + 60_000)
    await page.getByRole('button', { name: 'Jump to time' }).click()
    await page.getByLabel('Local time').fill(wanted)
    await page.getByRole('button', { name: 'Jump', exact: true }).click()
    await sees(page, 'line 600')
    expect(await page.getByRole('button', { name: 'Follow' }).getAttribute('aria-pressed')).toBe('false')
    const { texts } = await scrollThrough(page, 'down')
    expect(stretches(texts)).toMatch(new RegExp(`^[56]\\d\\d–${lines - 1}$`))
    await page.getByRole('button', { name: 'Follow' }).click()
    await sees(page, `line ${lines - 1}`)
    await leave()
  })

  test('to nonsense says so', async () => {
    const { page, leave } = await visit(browser, server.url)
    await page.getByRole('button', { name: 'Jump to time' }).click()
    await page.getByLabel('Local time').fill('')
    await page.getByRole('button', { name: 'Jump', exact: true }).click()
    await page.getByText('A date and a time, please.').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await leave()
  })
})

describe.skipIf(!hasChromium)('the address', () => {
  test('has the search and the line, opens them again, and the way back is that of the browser', async () => {
    const { page, addressHas, leave } = await visit(browser, server.url)
    await sees(page, `line ${lines - 1}`)
    await page.getByRole('combobox').fill('level:error')
    await page.keyboard.press('Enter')
    await addressHas('q=level:error')
    await sees(page, 'line 1900')
    await page.getByRole('article', { name: 'error, line 1700' }).click()
    await addressHas('id=')
    const address = page.url()
    await page.keyboard.press('Escape')
    await page.goBack()
    await sees(page, `line ${lines - 1}`)
    expect(await page.getByRole('combobox').inputValue()).toBe('')
    await page.goForward()
    await sees(page, 'line 1900')
    await leave()

    const second = await visit(browser, address)
    await sees(second.page, 'line 1700')
    expect(await second.page.getByRole('combobox').inputValue()).toBe('level:error')
    await second.page.getByRole('complementary').getByText('line 1700').first().waitFor()
    expect(await second.page.getByRole('article', { name: 'line 1700' }).getAttribute('aria-current')).toBe('true')
    await second.leave()
  })

  test('that says a time by how long ago it was is one step on the way back', async () => {
    const { page, addressHas, leave } = await visit(browser, server.url)
    await sees(page, `line ${lines - 1}`)
    await page.goto(`${server.url}?from=-9999d`)
    await addressHas('from=19')
    await sees(page, `line ${lines - 1}`)
    await page.goBack()
    await sees(page, `line ${lines - 1}`)
    expect(new URL(page.url()).search).toBe('')
    await leave()
  })

  test('of a line in the middle opens in the middle, and of a stretch of time shows only that', async () => {
    const { entries } = await server.store.page({ from: start + 100_000, to: start + 100_001 })
    const linked = await visit(browser, `${server.url}?id=${entries[0]?.id}`)
    await sees(linked.page, 'line 1000')
    await linked.leave()

    const [from, to] = [start + 50_000, start + 60_000].map((time) => new Date(time).toISOString())
    const stretch = await visit(browser, `${server.url}?from=${from}&to=${to}`)
    await sees(stretch.page, 'line 599')
    const { texts } = await scrollThrough(stretch.page, 'up')
    expect(stretches(texts)).toBe('500–599')
    await stretch.leave()
  })
})

test.skipIf(!hasChromium)('what fits nothing says so, and leads back to everything', async () => {
  const { page, leave } = await visit(browser, `${server.url}?q=unheardof`)
  await page.getByText('No line fits what is searched for.').first().waitFor()
  await page.getByRole('status').filter({ hasText: 'No line fits' }).waitFor()
  await page.getByRole('button', { name: 'Show all lines' }).click()
  await sees(page, `line ${lines - 1}`)
  await leave()
})

test.skipIf(!hasChromium)(
  'on a phone nothing stands beyond the edge, and lines are scrolled as elsewhere',
  async () => {
    const { page, leave } = await visit(browser, server.url, { width: 390, height: 844 })
    await sees(page, `line ${lines - 1}`)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    const row = await page.getByRole('article', { name: `line ${lines - 1}` }).boundingBox()
    expect(row?.height).toBe(42)
    const { texts } = await scrollThrough(page, 'up')
    expect(stretches(texts)).toBe(all)
    await leave()
  },
)
