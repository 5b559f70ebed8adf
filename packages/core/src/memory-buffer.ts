/** `memoryBuffer`: lets what comes before it run ahead of what comes after it, within bounds. */

import { Duplex } from 'node:stream'
import { type Batch, isBatch } from './batch.ts'
import type { BudgetShare, ByteBudget } from './byte-budget.ts'
import { isLogEntry, type LogEntry } from './entry.ts'
import {
  BoundedQueue,
  entriesOf,
  type QueueBounds,
  queueDefaults,
  queueRules,
  type WhenFull,
} from './internal/bounded-queue.ts'
import { budgetRule } from './internal/budget/budget-rule.ts'
import { Ledger } from './internal/ledger.ts'
import { takeBatches } from './internal/negotiation.ts'
import { notAnEntry } from './internal/not-an-entry.ts'
import { Outlet } from './internal/outlet.ts'
import { readThroughOutlet } from './internal/read-through-outlet.ts'
import { checkOptions } from './options.ts'
import type { StageStats } from './stats.ts'

/** The options of {@link memoryBuffer}. */
export interface MemoryBufferOptions {
  /**
   * The most entries it holds; at least 1. Exact: a batch that fits in part is split. `Infinity` leaves the bound to
   * `maxBytes`. The batch that is just being read entry by entry comes on top, and so do the up to 16 chunks that Node
   * keeps at a stage's entrance.
   * @default 10_000
   */
  readonly maxEntries?: number | undefined
  /**
   * The most bytes it holds; at least 1. An entry counts with its text, its fields and 64 bytes, a batch with the block
   * that it keeps in memory. An item that is larger than the bound is let in alone.
   * @default 16_777_216
   */
  readonly maxBytes?: number | undefined
  /**
   * When it is full: `block` makes what comes before it wait, `drop-newest` drops the entries that come, `drop-oldest`
   * those that have waited longest. Dropped entries are counted under `buffer-full`.
   * @default 'block'
   */
  readonly whenFull?: WhenFull | undefined
  /**
   * A bound in bytes that it shares with other stages, made by `byteBudget`. What that makes it drop is counted under
   * `budget-full`.
   */
  readonly budget?: ByteBudget | undefined
}

/** What {@link memoryBuffer} returns. */
export interface MemoryBuffer extends Duplex {
  /** The books at this moment, and `bytesHeld`, which `maxBytes` bounds. */
  readonly stats: StageStats & { readonly bytesHeld: number }
}

const name = 'memoryBuffer'

const defaults = { whenFull: 'block', ...queueDefaults } as const satisfies MemoryBufferOptions

class MemoryBufferStream extends Duplex implements MemoryBuffer {
  readonly #ledger = new Ledger()
  readonly #outlet: Outlet
  readonly #queue: BoundedQueue
  readonly #share: BudgetShare | undefined
  readonly #blocks: boolean
  /** What did not fit yet of the item being written, and what says that it is taken. */
  #waiting: LogEntry | Batch | undefined
  #release: () => void = () => {}
  #wanted = false
  #giving = false
  #ended = false

  static {
    readThroughOutlet(MemoryBufferStream, (stage) => stage.#outlet)
  }

  constructor(bounds: QueueBounds, budget: ByteBudget | undefined) {
    // One chunk ahead of the reader: more would be held outside of the bounds.
    super({ objectMode: true, readableHighWaterMark: 1 })
    this.#outlet = new Outlet(this, this.#ledger)
    this.#blocks = bounds.whenFull === 'block'
    this.#share = budget?.join({
      name,
      ...(this.#blocks && { onRoom: () => this.#putWaiting() }),
      ...(bounds.whenFull === 'drop-oldest' && { giveBack: (bytes) => this.#giveBack(bytes) }),
    })
    this.#queue = new BoundedQueue(bounds, this.#share)
    takeBatches(this)
  }

  get stats(): MemoryBuffer['stats'] {
    const waiting = this.#waiting === undefined ? 0 : entriesOf(this.#waiting)
    const held = this.#queue.entries + this.#outlet.held + waiting
    return this.#ledger.snapshot(held, { bytesHeld: this.#queue.bytes })
  }

  override _write(chunk: unknown, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (!isBatch(chunk) && !isLogEntry(chunk)) return callback(notAnEntry(chunk))
    this.#ledger.took(entriesOf(chunk))
    this.#release = callback
    // Past the queue when it is empty and a reader waits: a batch that is larger than the bounds is no loss then.
    if (this.#wanted && this.#queue.isEmpty && !this.#giving) {
      this.#wanted = false
      if (this.#outlet.give(chunk)) this.#wanted = true
      return callback()
    }
    this.#put(chunk)
    this.#giveOn()
  }

  #put(item: LogEntry | Batch): void {
    const overflow = this.#queue.put(item)
    this.#waiting = this.#blocks ? overflow?.out[0] : undefined
    if (this.#waiting !== undefined) return
    const reason = overflow?.byBudget === true ? 'budget-full' : 'buffer-full'
    for (const dropped of overflow?.out ?? []) this.#ledger.droppedItem(reason, dropped)
    this.#release()
  }

  /** The budget has room for what waits. */
  #putWaiting(): void {
    if (this.#waiting === undefined) return
    this.#put(this.#waiting)
    this.#giveOn()
  }

  /** The budget wants some of it for another stage. */
  #giveBack(bytes: number): void {
    for (const dropped of this.#queue.giveBack(bytes)) this.#ledger.droppedItem('budget-full', dropped)
  }

  /** Gives from the queue for as long as it is wanted. */
  #giveOn(): void {
    // What is let in while this runs, because there is room again, is given by the loop that made the room.
    if (this.#giving) return
    this.#giving = true
    while (this.#wanted) {
      const item = this.#queue.take()
      if (item === undefined) break
      this.#wanted = false
      if (this.#outlet.give(item)) this.#wanted = true
      if (this.#waiting !== undefined) this.#put(this.#waiting)
    }
    this.#giving = false
    if (this.#ended && this.#queue.isEmpty) this.#outlet.end()
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#ended = true
    this.#giveOn()
    callback()
  }

  override _read(): void {
    this.#wanted = this.#outlet.resume()
    this.#giveOn()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#share?.leave()
    callback(error)
  }
}

/**
 * A buffer between two stages: what comes before it runs ahead of what comes after it, until the buffer is full.
 *
 * Order is kept. Ends once what it holds was read. What it holds is not acknowledged, so after a crash a source that can
 * read again gives it once more; what it dropped counts as done with the next entry that gets through.
 *
 * @throws OptionError `BAD_OPTION`
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { memoryBuffer } from '@logwisp/core'
 * import { stdinSource } from '@logwisp/sources'
 * import { fileSink } from '@logwisp/sinks'
 *
 * // A burst never stops the program that writes to us; if the disk is too slow for it, the oldest lines go.
 * const buffer = memoryBuffer({ maxBytes: 64 * 1024 * 1024, whenFull: 'drop-oldest' })
 * await pipeline(stdinSource(), buffer, fileSink('./logs', { name: 'app' }))
 * ```
 */
export function memoryBuffer(options: MemoryBufferOptions = {}): MemoryBuffer {
  checkOptions(name, options, { ...queueRules, budget: budgetRule })
  const bounds = {
    maxEntries: options.maxEntries ?? defaults.maxEntries,
    maxBytes: options.maxBytes ?? defaults.maxBytes,
    whenFull: options.whenFull ?? defaults.whenFull,
  }
  return new MemoryBufferStream(bounds, options.budget)
}
