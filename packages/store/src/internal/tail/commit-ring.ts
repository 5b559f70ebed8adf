/** The entries that were stored last, for all who follow: read once, kept for a while. */

import type { StoredEntry } from '../../stored-entry.ts'
import { type CommitPlace, comparePlaces } from './live-position.ts'

export interface RingItem {
  readonly place: CommitPlace
  readonly entry: StoredEntry
  /** About. Unit: bytes. */
  readonly bytes: number
}

export interface RingLimits {
  readonly maxEntries: number
  readonly maxBytes: number
}

/** A stretch of the order of storing, from `start` to `end`: grows at its end, and is cut at its start when it is full. */
export class CommitRing {
  readonly #limits: RingLimits
  #items: RingItem[] = []
  /** Items before this index are gone; the array is cut now and then, not for each. */
  #first = 0
  #bytes = 0
  #start: CommitPlace
  #end: CommitPlace

  constructor(at: CommitPlace, limits: RingLimits) {
    this.#start = at
    this.#end = at
    this.#limits = limits
  }

  get end(): CommitPlace {
    return this.#end
  }

  /** Whether what follows the place is here, as far as the end. */
  covers(place: CommitPlace): boolean {
    return comparePlaces(place, this.#start) >= 0
  }

  /** What was stored up to `end`, which comes after the end that it had. */
  push(items: readonly RingItem[], end: CommitPlace): void {
    for (const item of items) {
      this.#items.push(item)
      this.#bytes += item.bytes
    }
    this.#end = end
    while (this.#items.length - this.#first > this.#limits.maxEntries || this.#bytes > this.#limits.maxBytes) {
      const { place, bytes } = this.#items[this.#first++] as RingItem
      this.#bytes -= bytes
      this.#start = { seq: place.seq, index: place.index + 1 }
    }
    if (this.#first > this.#items.length / 2) {
      this.#items = this.#items.slice(this.#first)
      this.#first = 0
    }
  }

  /** Forgets all, and goes on from another place. */
  reset(at: CommitPlace): void {
    this.#items = []
    this.#first = 0
    this.#bytes = 0
    this.#start = at
    this.#end = at
  }

  /** How many are behind the place. */
  countAfter(place: CommitPlace): number {
    return this.#items.length - this.#indexOf(place)
  }

  /** Those behind the place, at most so many. */
  after(place: CommitPlace, maxEntries: number): readonly RingItem[] {
    const index = this.#indexOf(place)
    return this.#items.slice(index, index + maxEntries)
  }

  /** The first item at the place or behind it. */
  #indexOf(place: CommitPlace): number {
    let low = this.#first
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (comparePlaces((this.#items[middle] as RingItem).place, place) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
