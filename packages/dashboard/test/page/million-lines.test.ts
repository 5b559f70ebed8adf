/** A million lines in the list, in Chromium: few rows, frames in time, both ends to the pixel. */

import { type Browser, hasChromium, launchChromium } from '@logwisp/browser-testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DashboardServer, startDashboard, visit } from './dashboard-visit.ts'
import { sees } from './seen-lines.ts'

const lines = 1_000_000
const perCommit = 20_000

let browser: Browser
let server: DashboardServer

beforeAll(async () => {
  if (!hasChromium) return
  browser = await launchChromium()
  server = await startDashboard()
  const start = Date.now() - 7_200_000
  for (let stored = 0; stored < lines; stored += perCommit) {
    const entries = Array.from({ length: perCommit }, (_, index) => ({
      time: start + (stored + index) * 5,
      source: 'app.log',
      level: 'info' as const,
      message: `line ${stored + index}`,
    }))
    await server.store.append(entries)
  }
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await server?.close()
})

test.skipIf(!hasChromium)(
  'a million lines are held, and scrolled through without jank',
  { timeout: 120_000 },
  async () => {
    const { page, leave } = await visit(browser, server.url)
    await sees(page, `line ${lines - 1}`)
    const begun = performance.now()
    const mostRows = await page.evaluate(async () => {
      const box = document.querySelector('[role=feed]') as HTMLElement
      let most = 0
      while (box.querySelector('article[aria-posinset="1"][aria-setsize="1000000"]') === null) {
        box.scrollTop = 0
        await new Promise(requestAnimationFrame)
        most = Math.max(most, box.querySelectorAll('article').length)
      }
      return most
    })
    const loadSeconds = (performance.now() - begun) / 1000
    await sees(page, 'line 0')
    await page.getByText('1,000,000 lines here').waitFor()

    const frames = await page.evaluate(async () => {
      const box = document.querySelector('[role=feed]') as HTMLElement
      const measured: Record<string, number[]> = {}
      for (const [name, stepPx] of [
        ['by 100 px', 100],
        ['by a screen', box.clientHeight],
        ['by 50,000 px', 50_000],
      ] as const) {
        box.scrollTop = 0
        await new Promise(requestAnimationFrame)
        let before = performance.now()
        const times: number[] = []
        for (let frame = 0; frame < 120; frame++) {
          box.scrollTop += stepPx
          await new Promise(requestAnimationFrame)
          const now = performance.now()
          times.push(now - before)
          before = now
        }
        measured[name] = times.sort((a, b) => a - b)
      }
      return measured
    })
    for (const [name, times] of Object.entries(frames)) {
      const at = (share: number): string => (times[Math.floor((times.length - 1) * share)] as number).toFixed(1)
      console.log(
        `a million lines, scrolled ${name}: frames of ${at(0.5)} ms (p50), ${at(0.99)} ms (p99), ${at(1)} ms (max)`,
      )
    }
    const heap = await page.evaluate(
      () => (performance as { memory?: { usedJSHeapSize: number } }).memory?.usedJSHeapSize ?? 0,
    )
    console.log(`loaded in ${loadSeconds.toFixed(1)} s, the page's heap is ${(heap / 2 ** 20).toFixed(0)} MiB`)
    expect(mostRows).toBeLessThan(100)

    await page.evaluate(() => {
      const box = document.querySelector('[role=feed]') as HTMLElement
      box.scrollTop = box.scrollHeight
    })
    await sees(page, `line ${lines - 1}`)
    await server.store.append([{ time: Date.now(), source: 'app.log', message: 'one more' }])
    await sees(page, 'one more')
    expect(await page.getByRole('article').count()).toBeLessThan(100)
    await leave()
  },
)
