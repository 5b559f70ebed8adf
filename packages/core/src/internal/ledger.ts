/** The books of a stage while they are written. */

import { type Batch, isBatch } from '../batch.ts'
import type { LogEntry } from '../entry.ts'
import type { StageStats } from '../stats.ts'
import { noteDrop } from './books/note-drop.ts'

/**
 * Counts for a stage. `held` is what the stage itself says it holds, not a difference, so that a test can
 * prove that the books balance.
 */
export class Ledger {
  #in = 0
  #out = 0
  #dropped = 0
  readonly #reasons = new Map<string, number>()

  /** Counts entries taken. */
  took(entries: number): void {
    this.#in += entries
  }

  /** Counts entries given. */
  gave(entries: number): void {
    this.#out += entries
  }

  /** Counts entries dropped for a reason: a word or two in lower case with hyphens, e.g. `rate-limited`. */
  dropped(reason: string, entries: number): void {
    if (entries === 0) return
    this.#dropped += entries
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + entries)
  }

  /** Counts an item as dropped, here and in the books of its source; `branch` is the branch that drops it. */
  droppedItem(reason: string, item: LogEntry | Batch, branch?: string): void {
    const entries = isBatch(item) ? item.count : 1
    this.dropped(reason, entries)
    noteDrop(item, reason, entries, undefined, branch)
  }

  /** The frozen snapshot, with whatever else the stage counts. */
  snapshot<More extends object = object>(held: number, more?: More): StageStats & Readonly<More> {
    return Object.freeze({
      entriesIn: this.#in,
      entriesOut: this.#out,
      entriesDropped: this.#dropped,
      dropped: Object.freeze(Object.fromEntries(this.#reasons)),
      entriesHeld: held,
      ...(more as More),
    })
  }
}
