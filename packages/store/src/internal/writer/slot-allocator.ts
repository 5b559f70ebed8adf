/** Where new entries stand: each in its ms, after those that are there. */

import { slotTurns } from '../entry-id.ts'
import { maxOwnSlotMs, maxSlotMs } from '../schema.ts'

/** What is stored around a ms. */
export interface SlotLookup {
  /** The first turn of this ms that is free: after the last one that is taken. */
  nextTurn(ms: number): number
  /** The first ms after this one that has an entry; Infinity when there is none. */
  nextTakenMs(ms: number): number
}

/** So many ms are known between two transactions; then all are forgotten, and looked up again. */
const maxKnown = 65_536

/** Gives out slots. What it gave out counts as taken, stored or not yet. */
export class SlotAllocator {
  readonly #lookup: SlotLookup
  /** The next free turn of a ms, or, when that is full, minus the number of ms to go on by. */
  readonly #known = new Map<number, number>()
  /** From the first to before the second nothing was stored when it was looked up. */
  #emptyFrom = 0
  #emptyTo = 0
  #ms = 0
  #turn = 0
  #maxSpillMs = 0

  constructor(lookup: SlotLookup) {
    this.#lookup = lookup
  }

  /** The slot that {@link take} gave last; two numbers, not an object for each entry. */
  get ms(): number {
    return this.#ms
  }

  get turn(): number {
    return this.#turn
  }

  /** How much later than its time an entry was put at most; those at the ends do not count. */
  get maxSpillMs(): number {
    return this.#maxSpillMs
  }

  /** Takes the slot for an entry of this time, which must be a number. */
  take(time: number): void {
    const wanted = wantedMs(time)
    let ms = wanted
    let turn = this.#turnAt(ms)
    while (turn < 0 || turn >= slotTurns) {
      ms += turn < 0 ? -turn : 1
      turn = this.#turnAt(ms)
    }
    this.#known.set(ms, turn + 1)
    this.#ms = ms
    this.#turn = turn
    if (ms === wanted) return
    // So that the next entry of this time need not walk all the way.
    this.#known.set(wanted, wanted - ms)
    if (wanted >= -maxOwnSlotMs && wanted <= maxOwnSlotMs) this.#maxSpillMs = Math.max(this.#maxSpillMs, ms - wanted)
  }

  /** Between two transactions: bounds what is known. */
  forgetSome(): void {
    if (this.#known.size > maxKnown) this.forget()
  }

  /** After a rollback: nothing is known any more but what the lookup says. */
  forget(): void {
    this.#known.clear()
    this.#emptyFrom = 0
    this.#emptyTo = 0
  }

  #turnAt(ms: number): number {
    const known = this.#known.get(ms)
    if (known !== undefined) return known
    if (ms >= this.#emptyFrom && ms < this.#emptyTo) return 0
    const turn = this.#lookup.nextTurn(ms)
    this.#known.set(ms, turn)
    // Entries in the order of their time need one look for all that fall into the same gap, and live ones none.
    this.#emptyFrom = ms + 1
    this.#emptyTo = this.#lookup.nextTakenMs(ms)
    return turn
  }
}

/** The first ms that an entry of this time may stand in: its own, but at the ends of what a slot can say. */
export function wantedMs(time: number): number {
  if (time > maxOwnSlotMs) return maxOwnSlotMs + 1
  if (time < -maxOwnSlotMs) return -maxSlotMs
  return Math.floor(time)
}
