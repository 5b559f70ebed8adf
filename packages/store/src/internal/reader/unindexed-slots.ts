/** Places of entries that the words index does not have yet: a query looks at them one by one. */

import type { Database } from 'better-sqlite3'
import { compareSlots, type Slot } from '../entry-id.ts'
import { unpackSlots } from '../packed-slots.ts'
import type { SlotRange } from './slot-range.ts'

/** Each takes about 100 bytes of memory, in each thread that reads; and so many are looked up no sooner than all are looked at. */
export const maxUnindexedSlots = 500_000

/** In the order of their places. Those of a commit mostly come in it, and commits after each other too. */
export class UnindexedSlots {
  readonly #slots: readonly Slot[]

  constructor(slots: readonly Slot[]) {
    this.#slots = slots
  }

  /** Those from one place to another, both included. */
  between(first: Slot, last: Slot): readonly Slot[] {
    if (this.#slots.length === 0) return this.#slots
    const from = this.#countBefore(first)
    return this.#slots.slice(from, Math.max(from, this.#countBefore({ ms: last.ms, turn: last.turn + 1 })))
  }

  #countBefore(slot: Slot): number {
    let low = 0
    let high = this.#slots.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareSlots(this.#slots[middle] as Slot, slot) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

/**
 * Those of commits after `indexedSeq`, in a range of places. What is committed later may be among them or not. Undefined
 * when they are too many, as after the index was turned on: then it is of no use yet.
 */
export function unindexedSlots(
  db: Database,
  indexedSeq: number,
  { first, last }: SlotRange,
): UnindexedSlots | undefined {
  const slots: Slot[] = []
  let isSorted = true
  let previous = first
  const commits = db.prepare<[number], Buffer>('SELECT ids FROM commits WHERE seq > ? ORDER BY seq').pluck(true)
  for (const ids of commits.iterate(indexedSeq)) {
    for (const slot of unpackSlots(ids)) {
      if (compareSlots(slot, first) < 0 || compareSlots(slot, last) > 0) continue
      if (compareSlots(slot, previous) < 0) isSorted = false
      slots.push(slot)
      previous = slot
    }
    if (slots.length > maxUnindexedSlots) return undefined
  }
  if (!isSorted) slots.sort(compareSlots)
  return new UnindexedSlots(slots)
}
