import { describe, expect, test } from 'vitest'
import { moved, rangeOf } from '../../page/histogram/bar-selection.ts'
import { barsOf, maxBars, piecesOf } from '../../page/histogram/histogram-bars.ts'

const histogram = {
  from: 60_000,
  to: 300_000,
  bucketMs: 60_000,
  buckets: [
    { time: 120_000, counts: { error: 1, info: 9 } },
    { time: 240_000, counts: { none: 3 } },
  ],
  counts: { error: 1, info: 9, none: 3 },
  isComplete: true,
}

describe('bars', () => {
  test('stand side by side from the first to the last, the empty ones too', () => {
    expect(barsOf(histogram).map(({ from, to, entries }) => [from, to, entries])).toEqual([
      [60_000, 120_000, 0],
      [120_000, 180_000, 10],
      [180_000, 240_000, 0],
      [240_000, 300_000, 3],
    ])
  })

  test('hold every line that the histogram has', () => {
    const all = barsOf(histogram).reduce((sum, { entries }) => sum + entries, 0)
    expect(all).toBe(13)
  })

  test.each([
    { ...histogram, to: Number.NaN },
    { ...histogram, bucketMs: 0, to: 60_000 },
    { ...histogram, to: 0 },
  ])('are none when there is no time', (none) => {
    expect(barsOf(none)).toEqual([])
  })

  test('are bounded, whatever the histogram claims', () => {
    expect(barsOf({ ...histogram, to: 1e18, bucketMs: 1 })).toHaveLength(maxBars)
    expect(barsOf({ ...histogram, buckets: [{ time: 61_001, counts: { info: 1 } }] })).toHaveLength(4)
  })
})

describe('the pieces of a bar', () => {
  const bar = { from: 0, to: 1, entries: 1_000_001, counts: { info: 1_000_000, error: 1 } }

  test('stand on each other, the most urgent at the ground, as high as the bar together', () => {
    const even = { from: 0, to: 1, entries: 4, counts: { info: 2, error: 1, none: 1 } }
    expect(piecesOf(even, 80, 2)).toEqual([
      { level: 'error', bottom: 0, top: 20 },
      { level: 'info', bottom: 20, top: 60 },
      { level: 'none', bottom: 60, top: 80 },
    ])
  })

  test('are seen, however few lines they stand for: one error among a million', () => {
    const pieces = piecesOf(bar, 80, 2)
    expect(pieces.map(({ level }) => level)).toEqual(['error', 'info'])
    expect(pieces[0]!.top).toBe(2)
    expect(pieces[1]!.top).toBeCloseTo(80)
  })

  test('make a low bar higher rather than vanish', () => {
    expect(piecesOf({ ...bar, counts: { info: 1, warn: 1, error: 1 }, entries: 3 }, 0.1, 2).at(-1)!.top).toBe(6)
  })

  test('are none of an empty bar', () => {
    expect(piecesOf({ from: 0, to: 1, entries: 0, counts: { info: 0 } }, 0, 2)).toEqual([])
  })
})

describe('choosing bars with keys', () => {
  const bars = barsOf(histogram)

  test('begins at the newest, goes to both sides, and stays within', () => {
    const first = moved(undefined, 'previous', 4, false)
    expect(first).toEqual({ at: 3, anchor: 3 })
    expect(moved(first, 'next', 4, false)).toEqual({ at: 3, anchor: 3 })
    expect(moved(first, 'previous', 4, false)).toEqual({ at: 2, anchor: 2 })
    expect(moved(first, 'back', 4, false)).toEqual({ at: 0, anchor: 0 })
    expect(moved(undefined, 'first', 4, false)).toEqual({ at: 0, anchor: 0 })
    expect(moved(undefined, 'next', 0, false)).toBe(undefined)
  })

  test('with Shift holds the other end', () => {
    const stretch = moved(moved({ at: 3, anchor: 3 }, 'previous', 4, true), 'previous', 4, true)!
    expect(stretch).toEqual({ at: 1, anchor: 3 })
    expect(rangeOf(stretch, bars)).toEqual({ from: 120_000, to: 300_000 })
    expect(rangeOf({ at: 0, anchor: 0 }, bars)).toEqual({ from: 60_000, to: 120_000 })
  })

  test('finds its place again when there are fewer bars than before', () => {
    expect(moved({ at: 90, anchor: 95 }, 'previous', 4, true)).toEqual({ at: 2, anchor: 3 })
    expect(rangeOf({ at: 90, anchor: 95 }, bars)).toBe(undefined)
  })
})
