/** A source of exactly the items that a test says. */

import { type Batch, isBatch } from '../batch.ts'
import type { LogEntry } from '../entry.ts'
import { EntryReadable, type EntrySource } from '../entry-readable.ts'

type Item = LogEntry | Batch

class GivingSource extends EntryReadable {
  readonly #items: Iterator<Item> | AsyncIterator<Item>
  #stopped = false

  constructor(items: Iterable<Item> | AsyncIterable<Item>) {
    super()
    this.#items = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
  }

  protected override pull(): void | Promise<void> {
    for (;;) {
      const next = this.#items.next()
      if (next instanceof Promise) return next.then((result) => void this.#pass(result))
      if (!this.#pass(next as IteratorResult<Item>)) return
    }
  }

  #pass(next: IteratorResult<Item>): boolean {
    if (this.#stopped) return false
    if (next.done) {
      this.stop()
      return false
    }
    this.took(isBatch(next.value) ? next.value.count : 1)
    return this.give(next.value)
  }

  override stop(): void {
    this.#stopped = true
    this.finish()
  }
}

/**
 * A source that gives these entries and batches, one after another as they are asked for, and ends. Given an endless
 * iterable, such as a generator, it is endless until it is stopped or destroyed.
 */
export function givingSource(items: Iterable<Item> | AsyncIterable<Item>): EntrySource {
  return new GivingSource(items)
}
