/** From the store's histogram to what is drawn and read: every bucket, also the empty ones, its counts stacked. */

import type { Histogram, LevelWord } from '../data/shown-entry.ts'
import { levelWords } from '../levels/level-query.ts'

/** More are drawn as one pixel each anyway; a histogram that claims a billion of them must not fill the memory. */
export const maxBars = 2_000

/** One bucket. */
export interface Bar {
  /** In ms since the epoch; `to` is the next bar's `from`. */
  readonly from: number
  readonly to: number
  readonly entries: number
  readonly counts: Readonly<Partial<Record<LevelWord, number>>>
}

/** A stretch of a bar, in the plot's own units from its ground. */
export interface BarPiece {
  readonly level: LevelWord
  readonly bottom: number
  readonly top: number
}

/** All bars from the histogram's first bucket to its last, without holes; buckets outside of it or between two are left out. */
export function barsOf({ from, to, bucketMs, buckets }: Histogram): readonly Bar[] {
  const length = Math.min(maxBars, Math.ceil((to - from) / bucketMs))
  if (!(length > 0)) return []
  const bars: Bar[] = Array.from({ length }, (_, index) => ({
    from: from + index * bucketMs,
    to: from + (index + 1) * bucketMs,
    entries: 0,
    counts: {},
  }))
  for (const { time, counts } of buckets) {
    const index = (time - from) / bucketMs
    if (bars[index] !== undefined) bars[index] = { ...bars[index], entries: totalOf(counts), counts }
  }
  return bars
}

/** How many entries, of all levels together. */
function totalOf(counts: Bar['counts']): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

/**
 * The pieces of a bar, the most urgent level at the ground. Every level that occurs is at least `leastPx` high: one error
 * among a million lines is what people look for, and must be seen. What that takes is taken from the highest piece.
 *
 * @param heightPx How high the bar is.
 */
export function piecesOf(bar: Bar, heightPx: number, leastPx: number): readonly BarPiece[] {
  const present = levelWords.filter((level) => (bar.counts[level] ?? 0) > 0)
  if (present.length === 0) return []
  const height = Math.max(heightPx, present.length * leastPx)
  const heights = present.map((level) => Math.max(leastPx, (height * bar.counts[level]!) / bar.entries))
  const highest = heights.indexOf(Math.max(...heights))
  heights[highest]! -= heights.reduce((sum, each) => sum + each, 0) - height
  let bottom = 0
  return present.map((level, index) => {
    const piece = { level, bottom, top: bottom + heights[index]! }
    bottom = piece.top
    return piece
  })
}
