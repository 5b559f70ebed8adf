/** The live page with as many lines as it holds, and as they come in thousands a second. */

import { type Browser, hasChromium, launchChromium, type Page } from '@logwisp/browser-testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type PageServer, startPageServer } from './page-server.ts'
import { type Visit, visit } from './page-visit.ts'

/** A test on two busy cores must not fail for them: half of what the page does on a quiet machine. */
const leastFramesPerSecond = 25

/** Runs in the page: the times between frames, in ms, while `during` runs. */
async function framesDuring(page: Page, during: () => Promise<void>): Promise<number[]> {
  await page.evaluate(`{
    globalThis.frames = []
    let last = performance.now()
    const frame = (now) => { frames.push(now - last); last = now; globalThis.counting = requestAnimationFrame(frame) }
    globalThis.counting = requestAnimationFrame(frame)
  }`)
  await during()
  return page.evaluate('{ cancelAnimationFrame(counting); frames }')
}

function report(name: string, frames: readonly number[]): number {
  const total = frames.reduce((sum, each) => sum + each, 0)
  const sorted = [...frames].sort((a, b) => a - b)
  const perSecond = (frames.length * 1000) / total
  const at = (part: number): string => (sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(1)
  console.log(
    `${name}: ${perSecond.toFixed(1)} frames/s, median ${at(0.5)} ms, 99 % ${at(0.99)} ms, longest ${at(1)} ms`,
  )
  return perSecond
}

const levels = ['info', 'info', 'debug', 'warn', 'info', 'error'] as const
const lines = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => {
    const n = from + i
    const tail = n % 7 === 0 ? ` ${'with a long explanation '.repeat(n % 15)}` : ''
    return {
      level: levels[n % levels.length],
      message: `request ${n} answered${tail}`,
      fields: { ms: n % 900, user: 'ann' },
    }
  })

describe.skipIf(!hasChromium)('the live page with 100,000 lines', () => {
  let browser: Browser
  let server: PageServer
  let visited: Visit
  beforeAll(async () => {
    browser = await launchChromium()
    server = await startPageServer()
    visited = await visit(browser, server.url)
    const pipeline = server.pipelines.get('default')!
    for (let n = 0; n < 120_000; n += 4000) {
      await pipeline.write(lines(n, 4000))
      // Faster than the page could take them, lines would be missing: that is another test.
      await vi.waitUntil(() => pipeline.sink.viewers()[0]?.lag === 0, { timeout: 20_000 })
    }
    await visited.shows('request 119999 answered')
  })
  afterAll(async () => {
    await visited.leave()
    await server.close()
    await browser.close()
  })

  test('keeps the newest 100,000, of which only those in sight are in the page', async () => {
    await visited.counts('100,000 lines')
    expect(await visited.page.locator('.row').count()).toBeLessThan(200)
    await visited.page.keyboard.press('g')
    await visited.shows('request 20000 answered')
  })

  test('scrolls smoothly, and shows at each place what belongs there', async () => {
    const { page } = visited
    const frames = await framesDuring(page, async () => {
      await page.mouse.move(700, 500)
      for (let i = 0; i < 60; i++) await page.mouse.wheel(0, 400)
      for (let i = 0; i < 60; i++) await page.mouse.wheel(0, -300)
    })
    expect(report('scrolling 100,000 lines', frames)).toBeGreaterThan(leastFramesPerSecond)
    for (const part of [0.25, 0.5, 0.75]) {
      await page.evaluate(`{ const log = document.getElementById('log'); log.scrollTop = log.scrollHeight * ${part} }`)
      await expect
        .poll(() =>
          page.evaluate(`{
            const box = document.getElementById('log').getBoundingClientRect()
            const at = (y) => document.elementFromPoint(box.left + 200, y)?.closest('.row')
            Boolean(at(box.top + 5) && at(box.bottom - 5) && at((box.top + box.bottom) / 2))
          }`),
        )
        .toBe(true)
      const shown = await visited.messages()
      const numbers = shown.map((message) => Number(/request (\d+)/.exec(message)?.[1]))
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => (numbers[0] as number) + i))
    }
    await page.keyboard.press('G')
    await visited.shows('request 119999 answered')
  })

  test('keeps what is read in sight while older lines go and newer ones come', async () => {
    const { page } = visited
    await page.evaluate(`{ const log = document.getElementById('log'); log.scrollTop = log.scrollHeight / 2 }`)
    await page.locator('#follow').waitFor()
    const middle = `{
      const box = document.getElementById('log').getBoundingClientRect()
      const row = document.elementFromPoint(box.left + 200, box.top + 300).closest('.row')
      ;[row.querySelector('.message').textContent, Math.round(row.getBoundingClientRect().top)].join(' @')
    }`
    await page.waitForTimeout(100)
    const before = await page.evaluate(middle)
    await server.pipelines.get('default')!.write(lines(120_000, 3000))
    await page.locator('#follow', { hasText: '3,000 newer' }).waitFor()
    expect(await page.evaluate(middle)).toBe(before)
    await page.click('#follow')
    await visited.shows('request 122999 answered')
  })

  test('filters them without a stop, and takes no more memory than it may', async () => {
    const { page } = visited
    const frames = await framesDuring(page, async () => {
      await page.fill('#match', '/request \\d*777 /')
      await visited.counts('100 of 100,000 lines')
    })
    report('filtering 100,000 lines', frames)
    expect(Math.max(...frames)).toBeLessThan(1000)
    await page.fill('#match', '')
    await visited.counts('100,000 lines')
    const session = await page.context().newCDPSession(page)
    await session.send('HeapProfiler.collectGarbage')
    const { usedSize } = (await session.send('Runtime.getHeapUsage')) as { usedSize: number }
    console.log(`heap with 100,000 lines: ${(usedSize / 1e6).toFixed(1)} MB`)
    expect(usedSize).toBeLessThan(150e6)
  })

  test('takes 5,000 lines a second: every one arrives, and nothing freezes', async () => {
    const { page } = visited
    await page.click('#clear')
    const pipeline = server.pipelines.get('default')!
    const frames = await framesDuring(page, async () => {
      let next = performance.now()
      for (let n = 0; n < 20_000; n += 100) {
        await pipeline.write(lines(n, 100))
        next += 20
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())))
      }
    })
    await visited.counts('20,000 lines')
    await visited.shows('request 19999 answered')
    expect(await page.locator('.gap').count()).toBe(0)
    expect(report('5,000 lines/s', frames)).toBeGreaterThan(leastFramesPerSecond)
    expect(Math.max(...frames)).toBeLessThan(500)
  })
})
