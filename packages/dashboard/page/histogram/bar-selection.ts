/** Choosing a stretch of bars with the keyboard: one bar, or all between two. Without a page, so that it can be tested. */

import type { Bar } from './histogram-bars.ts'

/** Bars by their place in the list. */
export interface BarSelection {
  /** The bar that the keys move. */
  readonly at: number
  /** Where the stretch began; the same as `at` when it is one bar. */
  readonly anchor: number
}

/** What a key does to the selection. */
export type SelectionStep = 'previous' | 'next' | 'back' | 'forward' | 'first' | 'last'

/** `back` and `forward` go so many bars. */
const bigStep = 10

/** The selection after a step. Without one before, it begins at the newest bar. */
export function moved(
  selection: BarSelection | undefined,
  step: SelectionStep,
  bars: number,
  extends_: boolean,
): BarSelection | undefined {
  if (bars === 0) return undefined
  const last = bars - 1
  if (selection === undefined) {
    const at = step === 'first' ? 0 : last
    return { at, anchor: at }
  }
  const from = Math.min(selection.at, last)
  const to = { previous: from - 1, next: from + 1, back: from - bigStep, forward: from + bigStep, first: 0, last }[step]
  const at = Math.max(0, Math.min(last, to))
  return { at, anchor: extends_ ? Math.min(selection.anchor, last) : at }
}

/** From the beginning of its first bar to the end of its last, in ms since the epoch. */
export function rangeOf({ at, anchor }: BarSelection, bars: readonly Bar[]): { from: number; to: number } | undefined {
  const first = bars[Math.min(at, anchor)]
  const last = bars[Math.max(at, anchor)]
  return first && last && { from: first.from, to: last.to }
}
