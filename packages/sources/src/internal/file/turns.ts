/**
 * Who is looked at next: fairly, one after the other, and the longer nothing came of one the more seldom.
 *
 * ```
 *   due      a b c ──▶ next            a ring of lists, one per tick of the clock
 *   resting  [d] [] [e f] [] … [g]     what comes to rest is put 1, 2, 4 … ticks ahead
 * ```
 */

/** The longest rest, in ticks: with it the ring comes round. */
export const maxRestTicks = 8

interface Turn {
  /** Ticks of the last rest. */
  rest: number
  /** The list that it rests in. */
  slot: Set<unknown> | undefined
  /** Something happened to it while it was out. */
  poked: boolean
}

export class Turns<Item> {
  readonly #turns = new Map<Item, Turn>()
  readonly #slots: Set<Item>[] = Array.from({ length: maxRestTicks + 1 }, () => new Set())
  #due = new Set<Item>()
  #now = 0

  /** Those that take turns, in the order they came. */
  items(): IterableIterator<Item> {
    return this.#turns.keys()
  }

  get size(): number {
    return this.#turns.size
  }

  /** Whether somebody is due. */
  get isDue(): boolean {
    return this.#due.size > 0
  }

  /** A new one; due at once. */
  add(item: Item): void {
    this.#turns.set(item, { rest: 0, slot: undefined, poked: false })
    this.#due.add(item)
  }

  delete(item: Item): void {
    this.#turns.get(item)?.slot?.delete(item)
    this.#turns.delete(item)
    this.#due.delete(item)
  }

  /** Takes the one that has waited longest out of those due. It has to come back by {@link again} or {@link rest}. */
  next(): Item | undefined {
    const { value: item, done } = this.#due.values().next()
    if (done) return undefined
    this.#due.delete(item)
    ;(this.#turns.get(item) as Turn).poked = false
    return item
  }

  /** It gave something and may give more: due, behind all others. */
  again(item: Item): void {
    const turn = this.#turns.get(item)
    if (turn === undefined) return
    turn.rest = 0
    this.#due.add(item)
  }

  /** Nothing came of it: it rests for one tick when `restless`, or twice as long as the last time. */
  rest(item: Item, restless: boolean): void {
    const turn = this.#turns.get(item)
    if (turn === undefined) return
    if (turn.poked) return this.again(item)
    turn.rest = restless || turn.rest === 0 ? 1 : Math.min(turn.rest * 2, maxRestTicks)
    const slot = this.#slots[(this.#now + turn.rest) % this.#slots.length] as Set<Item>
    slot.add(item)
    turn.slot = slot
  }

  /** Something may have happened to it: due now, or right after its turn if that is under way. */
  wake(item: Item): void {
    const turn = this.#turns.get(item)
    if (turn === undefined) return
    if (turn.slot === undefined) {
      turn.poked = true
      return
    }
    turn.slot.delete(item)
    turn.slot = undefined
    turn.rest = 0
    this.#due.add(item)
  }

  /** The clock went on: those whose rest is over are due. */
  tick(): void {
    this.#now = (this.#now + 1) % this.#slots.length
    const slot = this.#slots[this.#now] as Set<Item>
    for (const item of slot) {
      const turn = this.#turns.get(item)
      if (turn !== undefined) turn.slot = undefined
      this.#due.add(item)
    }
    slot.clear()
  }
}
