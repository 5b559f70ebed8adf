/** What one sees of the list, as functions that run in the page. */

import type { Page } from '@logwisp/browser-testing'

/** Waits until a row with this text is not only drawn, but in the part of the list that one sees. */
export async function sees(page: Page, text: string): Promise<void> {
  await page.waitForFunction((wanted) => {
    const box = document.querySelector('[role=feed]') as HTMLElement
    const { top, bottom } = box.getBoundingClientRect()
    return [...document.querySelectorAll('article')].some((row) => {
      const place = row.getBoundingClientRect()
      const isSeen = place.top >= top - 1 && place.bottom <= bottom + 1
      return isSeen && row.querySelector('.row__text, .row__gap')?.textContent?.startsWith(wanted) === true
    })
  }, text)
}

/** What scrolling through the list gave. */
export interface Scrolled {
  /** Texts of all rows that were drawn on the way, each once, in the order of their places. */
  readonly texts: readonly string[]
  /** The most rows that were drawn at a time. */
  readonly mostRows: number
  /** How long each frame took. Unit: ms. */
  readonly frameMs: readonly number[]
}

/** Scrolls, most of a screen each frame, until the list has nothing more in that direction. */
export function scrollThrough(page: Page, way: 'up' | 'down'): Promise<Scrolled> {
  return page.evaluate(async (direction) => {
    const box = document.querySelector('[role=feed]') as HTMLElement
    const step = box.clientHeight * (direction === 'up' ? -0.9 : 0.9)
    const frame = (): Promise<number> => new Promise(requestAnimationFrame)
    const texts = new Map<string, string>()
    const frameMs: number[] = []
    let mostRows = 0
    let resting = 0
    let before = await frame()
    while (resting < 20) {
      const scrollTop = box.scrollTop
      box.scrollTop += step
      const now = await frame()
      frameMs.push(now - before)
      before = now
      const rows = box.querySelectorAll('article')
      mostRows = Math.max(mostRows, rows.length)
      for (const row of rows) {
        texts.set(row.dataset['key'] ?? '', row.querySelector('.row__text > bdi')?.textContent ?? 'a gap')
      }
      const isBusy = box.getAttribute('aria-busy') === 'true'
      resting = box.scrollTop === scrollTop && !isBusy ? resting + 1 : 0
    }
    const order = [...texts].sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))
    return { texts: order.map(([, text]) => text), mostRows, frameMs }
  }, way)
}
