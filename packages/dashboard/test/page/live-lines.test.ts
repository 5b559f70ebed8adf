/** Lines as they come, seen in Chromium: at the end while the page follows, behind a button while it does not. */

import { type Browser, hasChromium, launchChromium, type Page } from '@logwisp/browser-testing'
import type { LogEntry } from '@logwisp/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DashboardServer, startDashboard, visit } from './dashboard-visit.ts'
import { sees } from './seen-lines.ts'

let browser: Browser
let server: DashboardServer
let stored = 0

const start = Date.now() - 3_600_000

/** Goes on where it was; each line says which it is. */
function nextEntries(count: number): LogEntry[] {
  return Array.from({ length: count }, () => {
    const entry: LogEntry = { time: start + stored, source: 'app.log', level: 'info', message: `line ${stored}` }
    stored++
    return entry
  })
}

beforeAll(async () => {
  if (!hasChromium) return
  browser = await launchChromium()
  server = await startDashboard(nextEntries(1000))
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})

async function wheel(page: Page, px: number): Promise<void> {
  await page.getByRole('feed').hover()
  await page.mouse.wheel(0, px)
}

describe.skipIf(!hasChromium)('a page that follows', () => {
  test('shows the newest line, and each new one as it is stored', async () => {
    const { page, leave } = await visit(browser, server.url)
    await sees(page, `line ${stored - 1}`)
    for (let round = 0; round < 3; round++) {
      await server.store.append(nextEntries(7))
      await sees(page, `line ${stored - 1}`)
    }
    await server.store.append(nextEntries(3000))
    await sees(page, `line ${stored - 1}`)
    expect(await page.getByRole('article').count()).toBeLessThan(100)
    await leave()
  })

  test('goes on when the window becomes higher, and lower', async () => {
    const { page, leave } = await visit(browser, server.url, { height: 500 })
    for (const height of [900, 550, 1000]) {
      await sees(page, `line ${stored - 1}`)
      await page.setViewportSize({ width: 1000, height })
      // The browser tells of its scrolling with the next frame.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
      await server.store.append(nextEntries(50))
      await sees(page, `line ${stored - 1}`)
      expect(await page.getByRole('button', { name: 'Follow' }).getAttribute('aria-pressed')).toBe('true')
    }
    await leave()
  })

  test('counts what comes in its bars when it is elsewhere, too', async () => {
    const { page, leave } = await visit(browser, server.url)
    await sees(page, `line ${stored - 1}`)
    await page.keyboard.press('g')
    await sees(page, 'line 0')
    await page.getByText(`${stored.toLocaleString('en')} fit`).waitFor()
    await server.store.append(nextEntries(5))
    await page.getByText(`${stored.toLocaleString('en')} fit`).waitFor()
    await leave()
  })

  test('shows a line that comes late where it belongs', async () => {
    const { page, lines, leave } = await visit(browser, server.url)
    await sees(page, `line ${stored - 1}`)
    const late = { time: start + stored - 5.5, source: 'late.log', message: 'a late line' }
    await server.store.append([late])
    await sees(page, 'a late line')
    const texts = await lines()
    expect(texts[texts.indexOf('a late line') - 1]).toBe(`line ${stored - 6}`)
    expect(texts.at(-1)).toBe(`line ${stored - 1}`)
    await leave()
  })

  test('counts what comes in its bars, also while it never stops coming', async () => {
    const { page, leave } = await visit(browser, server.url)
    await sees(page, `line ${stored - 1}`)
    const before = stored
    const counted = async (): Promise<number> => {
      const words = await page.getByText(/^[\d,]+ lines · /).textContent()
      return Number(words?.split(' ')[0]?.replaceAll(',', ''))
    }
    while ((await counted()) <= before + 1) {
      await server.store.append(nextEntries(1))
      await sees(page, `line ${stored - 1}`)
    }
    await leave()
  })

  test('stops when one scrolls up, moves nothing then, counts what comes, and goes there with the button', async () => {
    const { page, leave } = await visit(browser, server.url)
    await sees(page, `line ${stored - 1}`)
    await wheel(page, -400)
    const follow = page.getByRole('button', { name: 'Follow' })
    await expect.poll(() => follow.getAttribute('aria-pressed')).toBe('false')
    // The browser scrolls smoothly: until it rests.
    const restsAt = (): Promise<string> =>
      page.evaluate(async () => {
        const topRow = (): string => {
          const box = document.querySelector('[role=feed]') as HTMLElement
          const { left, top } = box.getBoundingClientRect()
          const row = document.elementFromPoint(left + 100, top + 30)?.closest('article')
          return `${row?.textContent} at ${row?.getBoundingClientRect().top}`
        }
        for (let before = '', frames = 0; frames < 12; ) {
          const now = topRow()
          frames = now === before ? frames + 1 : 0
          before = now
          await new Promise(requestAnimationFrame)
        }
        return topRow()
      })
    const before = await restsAt()
    await server.store.append(nextEntries(12))
    const button = page.getByRole('button', { name: '12 new lines' })
    await button.waitFor()
    expect(await restsAt()).toBe(before)
    await server.store.append(nextEntries(1))
    await page.getByRole('button', { name: '13 new lines' }).click()
    await sees(page, `line ${stored - 1}`)
    expect(await follow.getAttribute('aria-pressed')).toBe('true')
    expect(await page.getByRole('button', { name: 'new line' }).count()).toBe(0)
    await leave()
  })

  test('goes on following when one scrolls back to the end', async () => {
    const { page, leave } = await visit(browser, server.url)
    await sees(page, `line ${stored - 1}`)
    const follow = page.getByRole('button', { name: 'Follow' })
    await wheel(page, -600)
    await expect.poll(() => follow.getAttribute('aria-pressed')).toBe('false')
    await wheel(page, 2000)
    await expect.poll(() => follow.getAttribute('aria-pressed')).toBe('true')
    await server.store.append(nextEntries(1))
    await sees(page, `line ${stored - 1}`)
    await leave()
  })
})

describe.skipIf(!hasChromium)('keys', () => {
  test('go through the lines, open and close one, stop and follow', async () => {
    const { page, addressHas, leave } = await visit(browser, server.url)
    await sees(page, `line ${stored - 1}`)
    const focused = (): Promise<string> =>
      page.evaluate(() => document.activeElement?.querySelector('.row__text')?.textContent ?? '')
    await page.keyboard.press('k')
    await expect.poll(focused).toBe(`line ${stored - 1}`)
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('k')
    await expect.poll(focused).toBe(`line ${stored - 3}`)
    await page.keyboard.press('j')
    await expect.poll(focused).toBe(`line ${stored - 2}`)
    expect(await page.getByRole('button', { name: 'Follow' }).getAttribute('aria-pressed')).toBe('false')

    await page.keyboard.press('PageUp')
    await expect.poll(async () => Number((await focused()).slice(5))).toBeLessThan(stored - 15)
    await page.keyboard.press('PageDown')
    await expect.poll(focused).toBe(`line ${stored - 2}`)

    await page.keyboard.press('Enter')
    await addressHas('id=')
    await page
      .getByRole('complementary')
      .getByText(`line ${stored - 2}`)
      .first()
      .waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => page.getByRole('complementary').count()).toBe(0)
    // The focus is where it was.
    await expect.poll(focused).toBe(`line ${stored - 2}`)

    await page.keyboard.press('Home')
    await sees(page, 'line 0')
    await page.keyboard.press('f')
    await sees(page, `line ${stored - 1}`)
    await page.keyboard.press('g')
    await sees(page, 'line 0')
    await page.keyboard.press('End')
    await sees(page, `line ${stored - 1}`)
    await expect.poll(focused).toBe(`line ${stored - 1}`)
    await leave()
  })

  test('lead to the search, the help and the time, and are letters where one writes', async () => {
    const { page, leave } = await visit(browser, server.url)
    await sees(page, `line ${stored - 1}`)
    await page.keyboard.press('/')
    await page.keyboard.type('jfw?')
    expect(await page.getByRole('combobox').inputValue()).toBe('jfw?')
    expect(await page.getByRole('button', { name: 'Wrap' }).getAttribute('aria-pressed')).toBe('false')
    await page.getByRole('combobox').fill('')
    await page.getByRole('feed').focus()
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'How to search' }).waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('t')
    await page.getByRole('dialog', { name: 'Jump to time' }).waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0)
    await page.keyboard.press('w')
    await expect.poll(() => page.getByRole('button', { name: 'Wrap' }).getAttribute('aria-pressed')).toBe('true')
    await leave()
  })
})

test.skipIf(!hasChromium)('rows have names, places and one stop of the Tab key', async () => {
  const { page, leave } = await visit(browser, server.url)
  await sees(page, `line ${stored - 1}`)
  await page.keyboard.press('k')
  const rows = page.getByRole('article')
  const last = page.getByRole('article', {
    name: new RegExp(`^info, line ${stored - 1}, \\d\\d:\\d\\d:\\d\\d\\.\\d{3}, app.log$`),
  })
  await last.waitFor()
  expect(await rows.evaluateAll((all) => all.filter((row) => (row as HTMLElement).tabIndex === 0).length)).toBe(1)
  const places = await rows.evaluateAll((all) => all.map((row) => Number(row.getAttribute('aria-posinset'))))
  expect(places).toEqual(places.map((_, index) => (places[0] as number) + index))
  await leave()
})
