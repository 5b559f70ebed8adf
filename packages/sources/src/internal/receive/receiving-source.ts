/** What sources that receive entries in blocks are: what came at once and is not wanted yet waits here, in order. */

import { type Batch, EntryReadable, isBatch, type LogEntry } from '@logwisp/core'

/**
 * A source whose input does not come one by one: a read gives many entries, and the next stage may want the first only.
 * What waits is bounded by what one read brings, as long as the subclass stops reading while {@link isWanted} is false.
 */
export abstract class ReceivingSource extends EntryReadable {
  #waiting: (LogEntry | Batch)[] = []
  #next = 0
  #entriesWaiting = 0
  #wanted = false
  #ended = false

  /** Whether more should be read. */
  protected get isWanted(): boolean {
    return this.#wanted
  }

  /** Entries that were received and are not given yet: for `books`. */
  protected get entriesWaiting(): number {
    return this.#entriesWaiting
  }

  /** Read on: all that was received is given, and more is wanted. */
  protected abstract readOn(): void

  /** Gives an entry or a batch, as soon as it is wanted. */
  protected receive(item: LogEntry | Batch): void {
    if (this.#wanted) {
      this.#wanted = this.give(item)
      return
    }
    this.#waiting.push(item)
    this.#entriesWaiting += entriesIn(item)
  }

  /** Nothing more will be received: the stream ends after what waits. */
  protected end(): void {
    this.#ended = true
    if (this.#waiting.length === 0) this.finish()
  }

  protected override pull(): void {
    this.#wanted = true
    while (this.#wanted && this.#next < this.#waiting.length) {
      const item = this.#waiting[this.#next++] as LogEntry | Batch
      this.#entriesWaiting -= entriesIn(item)
      this.#wanted = this.give(item)
    }
    if (this.#next === this.#waiting.length) {
      this.#waiting = []
      this.#next = 0
      if (this.#ended) return this.finish()
    }
    if (this.#wanted) this.readOn()
  }
}

function entriesIn(item: LogEntry | Batch): number {
  return isBatch(item) ? item.count : 1
}
