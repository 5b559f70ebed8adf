/** The time histogram, in a browser, on a real store. */

import { type Browser, hasChromium, launchChromium, type Page } from '@logwisp/browser-testing'
import type { LogEntry } from '@logwisp/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DashboardServer, startDashboard, visit } from './dashboard-visit.ts'

const start = Date.parse('2026-11-21T10:00:00Z')

/** Ten minutes, ten lines in each; one error among them. */
const entries: LogEntry[] = Array.from({ length: 100 }, (_, index) => ({
  time: start + index * 6000,
  source: 'app.log',
  level: index === 42 ? 'error' : 'info',
  message: `line ${index}`,
}))

describe.skipIf(!hasChromium)('the histogram', () => {
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

  const counted = (page: Page, text: RegExp): Promise<void> =>
    page.locator('.histogram__told', { hasText: text }).waitFor()

  test('a stretch that is brushed is looked at closer, and there are two ways back', async () => {
    const visited = await visit(browser, server.url)
    const { page } = visited
    await counted(page, /^100 lines · /)
    const plot = (await page.locator('.u-over').boundingBox())!
    await page.mouse.move(plot.x + plot.width * 0.25, plot.y + 30)
    await page.mouse.down()
    await page.mouse.move(plot.x + plot.width * 0.5, plot.y + 40, { steps: 4 })
    await page.mouse.up()
    await page.mouse.move(0, 0)
    await page.getByRole('button', { name: 'Zoom out' }).waitFor()
    await counted(page, /^(2[3-9]|3[01]) lines · /)
    const { searchParams } = new URL(page.url())
    const from = Date.parse(searchParams.get('from') as string)
    const to = Date.parse(searchParams.get('to') as string)
    const expected = entries.filter(({ time }) => time >= from && time < to).map(({ message }) => message)
    await visited.shows(new RegExp(`^${expected.at(-1)}$`))
    expect(await visited.lines()).toEqual(expected)
    await page.getByRole('button', { name: 'Zoom out' }).click()
    await counted(page, /^[4-9]\d lines · /)
    await page.goBack()
    await counted(page, /^(2[3-9]|3[01]) lines · /)
    await page.getByRole('button', { name: 'All of the time' }).click()
    await counted(page, /^100 lines · /)
    await visited.leave()
  })

  test('a click is no brush', async () => {
    const visited = await visit(browser, server.url)
    const { page } = visited
    await counted(page, /^100 lines · /)
    const plot = (await page.locator('.u-over').boundingBox())!
    await page.mouse.click(plot.x + 100, plot.y + 30)
    await page.mouse.dblclick(plot.x + 200, plot.y + 30)
    expect(new URL(page.url()).search).toBe('')
    await visited.leave()
  })

  test('says what a bar holds, when the pointer is over it', async () => {
    const visited = await visit(browser, server.url)
    const { page } = visited
    await counted(page, /^100 lines · /)
    const plot = (await page.locator('.u-over').boundingBox())!
    const at = (42.5 / 100) * plot.width
    await page.mouse.move(plot.x + at, plot.y + 30)
    await counted(page, /\d lines?: 1 error/)
    await page.mouse.move(plot.x, plot.y - 60)
    await counted(page, /^100 lines · /)
    await visited.leave()
  })

  test('does the same with keys, and says what is chosen', async () => {
    const visited = await visit(browser, server.url)
    const { page } = visited
    await counted(page, /^100 lines · /)
    const slider = page.getByRole('slider', { name: 'Stretch of time' })
    expect(await slider.getAttribute('aria-valuetext')).toMatch(/^100 lines · 2026-11-21 /)
    await slider.focus()
    await page.keyboard.press('End')
    const newest = await slider.getAttribute('aria-valuenow')
    await page.keyboard.press('ArrowLeft')
    expect(Number(await slider.getAttribute('aria-valuenow'))).toBe(Number(newest) - 1)
    for (let i = 0; i < 9; i++) await page.keyboard.press('Shift+ArrowLeft')
    const told = (await slider.getAttribute('aria-valuetext')) as string
    const lines = Number(/· (\d+) lines?/.exec(told)?.[1])
    expect(lines).toBeGreaterThan(3)
    await page.keyboard.press('Escape')
    expect(await slider.getAttribute('aria-valuetext')).toMatch(/^100 lines/)
    await page.keyboard.press('End')
    await page.keyboard.press('ArrowLeft')
    for (let i = 0; i < 9; i++) await page.keyboard.press('Shift+ArrowLeft')
    await page.keyboard.press('Enter')
    await counted(page, new RegExp(`^${lines} lines? · `))
    expect(await visited.lines()).toHaveLength(lines)
    await page.keyboard.press('Backspace')
    await counted(page, /^100 lines · /)
    await visited.leave()
  })

  test('is a table for whoever wants figures, each row of which looks closer', async () => {
    const visited = await visit(browser, server.url)
    const { page } = visited
    await counted(page, /^100 lines · /)
    await page.getByRole('button', { name: 'Table' }).click()
    const rows = page.getByRole('region', { name: 'Lines over time, in figures' }).getByRole('row')
    expect(await rows.first().getByRole('columnheader').allTextContents()).toEqual(['Time', 'Lines', 'error', 'info'])
    const cells = await rows.evaluateAll((all) =>
      all.slice(1).map((row) => [...row.children].slice(1).map((cell) => Number(cell.textContent))),
    )
    expect(cells.reduce((sum, [lines]) => sum + lines!, 0)).toBe(100)
    expect(cells.filter(([, errors]) => errors === 1)).toHaveLength(1)
    for (const [lines, errors, infos] of cells) expect(lines).toBe(errors! + infos!)
    await rows.nth(1).getByRole('button').click()
    await counted(page, new RegExp(`^${cells[0]![0]} lines? · `))
    await visited.leave()
  })

  test('draws every level, the urgent one at the ground, in the colours of the theme', async () => {
    const visited = await visit(browser, server.url)
    const { page } = visited
    await counted(page, /^100 lines · /)
    const seen = (): Promise<{ error: boolean; info: boolean }> =>
      page.evaluate(() => {
        const canvas = document.querySelector('.plot canvas') as HTMLCanvasElement
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
        const has = (name: string): boolean => {
          const wanted = getComputedStyle(canvas).getPropertyValue(name).match(/\d+/g)!.map(Number)
          for (let at = 0; at < data.length; at += 4)
            if (wanted.every((part, index) => data[at + index] === part) && data[at + 3] === 255) return true
          return false
        }
        return { error: has('--bar-error'), info: has('--bar-info') }
      })
    expect(await seen()).toEqual({ error: true, info: true })
    const dark = await page.locator('.plot').evaluate((plot) => getComputedStyle(plot).getPropertyValue('--bar-info'))
    await page.getByRole('radio', { name: 'Light' }).check({ force: true })
    await page.waitForFunction(
      (before) => getComputedStyle(document.querySelector('.plot')!).getPropertyValue('--bar-info') !== before,
      dark,
    )
    await page.evaluate(() => new Promise(requestAnimationFrame))
    expect(await seen()).toEqual({ error: true, info: true })
    await visited.leave()
  })

  test('follows what comes', async () => {
    const visited = await visit(browser, server.url)
    const { page } = visited
    await counted(page, /^100 lines · /)
    await server.store.append([{ time: start + 600_000, source: 'app.log', level: 'fatal', message: 'the end' }])
    await counted(page, /^101 lines · /)
    await page.getByRole('button', { name: 'fatal 1' }).waitFor()
    await visited.leave()
  })
})
