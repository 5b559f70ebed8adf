/**
 * A queue of entries and batches that never holds more than it may, in entries and in bytes. A pure machine: what
 * becomes of what does not fit is its user's business.
 *
 * ```
 *   take() ← [ oldest … newest ] ← put()
 *              |                     'block', 'drop-newest': what does not fit stays outside
 *              'drop-oldest': goes, until the new one fits
 * ```
 */

import { type Batch, isBatch } from '../batch.ts'
import type { BudgetShare } from '../byte-budget.ts'
import type { LogEntry } from '../entry.ts'
import { entrySize } from '../entry-size.ts'
import { option } from '../options.ts'
import { compacted } from './compacted.ts'

/** What to do with entries that come while a queue is full: make them wait, drop them, or drop the oldest. */
export type WhenFull = 'block' | 'drop-newest' | 'drop-oldest'

/** How much a queue may hold. */
export interface QueueBounds {
  /** The most entries held; exact, since a batch that fits in part is split. */
  readonly maxEntries: number
  /** The most bytes held, counted by {@link entrySize}; an item larger than that is let in alone, into an empty queue. */
  readonly maxBytes: number
  /** What `put` does when the new item does not fit. */
  readonly whenFull: WhenFull
}

/** How much a queue holds unless it is told otherwise. */
export const queueDefaults = { maxEntries: 10_000, maxBytes: 16 * 1024 * 1024 } as const

/** What a stage's options for a queue of its own accept. */
export const queueRules = {
  whenFull: option.oneOf('block', 'drop-newest', 'drop-oldest'),
  maxEntries: option.integer({ min: 1, orInfinity: true }),
  maxBytes: option.integer({ min: 1 }),
} as const

/** What became of an item that did not fit as it was. */
export interface Overflow {
  /** What of it is in the queue now; undefined when nothing is. */
  readonly kept: LogEntry | Batch | undefined
  /**
   * What is not: with `block` and `drop-newest` the one item that is left of the new one, with `drop-oldest` the
   * items that went to make room, oldest first.
   */
  readonly out: readonly (LogEntry | Batch)[]
  /** Whether the queue itself had room, and only its share of a budget had none. */
  readonly byBudget?: true
}

/** A slot is taken off the array's front only after this many: moving all others each time costs too much. */
const emptySlotsKept = 1024

/** A first-in, first-out queue within {@link QueueBounds}. */
export class BoundedQueue {
  readonly #bounds: QueueBounds
  readonly #share: BudgetShare | undefined
  readonly #items: (LogEntry | Batch | undefined)[] = []
  /** What taking the item of the same place sets free. */
  readonly #sizes: number[] = []
  #head = 0
  #entries = 0
  #bytes = 0

  /** `share`: what else bounds its bytes; whoever made it lets it leave. */
  constructor(bounds: QueueBounds, share?: BudgetShare | undefined) {
    this.#bounds = bounds
    this.#share = share
  }

  /** Entries held. */
  get entries(): number {
    return this.#entries
  }

  /** Bytes held, by {@link entrySize}; parts of one batch that lie side by side count their block once. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether nothing is held, not even a batch without lines. */
  get isEmpty(): boolean {
    return this.#head === this.#items.length
  }

  /** Adds an item at the end. Undefined when all of it fitted and nothing went. */
  put(added: LogEntry | Batch): Overflow | undefined {
    const count = entriesOf(added)
    if (count === 0 && this.#mergeMark(added as Batch)) return undefined
    const item = this.#sharesBlock(added) ? added : compacted(added)
    const size = entrySize(item)
    const { maxEntries, whenFull } = this.#bounds
    if (whenFull === 'drop-oldest') return this.#putDroppingOldest(item, count, size)
    const room = maxEntries - this.#entries
    const fits = count <= room || (isBatch(item) && room > 0)
    if (!fits || !this.#fitsBytes(item, size)) return { kept: undefined, out: [item] }
    if (!this.#isGranted(item, size)) return { kept: undefined, out: [item], byBudget: true }
    if (count <= room) {
      this.#append(item, count, size)
      return undefined
    }
    const [kept, rest] = (item as Batch).split(room)
    this.#append(kept, kept.count, size)
    return { kept, out: [rest] }
  }

  /** Removes and returns the oldest item. */
  take(): LogEntry | Batch | undefined {
    const item = this.#items[this.#head]
    if (item === undefined) return undefined
    this.#entries -= entriesOf(item)
    const size = this.#sizes[this.#head] as number
    this.#bytes -= size
    if (size > 0) this.#share?.setHeld(this.#bytes)
    this.#items[this.#head] = undefined
    this.#head++
    if (this.isEmpty) this.#items.length = this.#sizes.length = this.#head = 0
    else if (this.#head >= emptySlotsKept) {
      this.#items.splice(0, this.#head)
      this.#sizes.splice(0, this.#head)
      this.#head = 0
    }
    return item
  }

  /** Takes the oldest items, of at least so many bytes or all, and returns them. */
  giveBack(bytes: number): (LogEntry | Batch)[] {
    const out: (LogEntry | Batch)[] = []
    const target = this.#bytes - bytes
    while (!this.isEmpty && this.#bytes > target) out.push(this.take() as LogEntry | Batch)
    return out
  }

  #putDroppingOldest(item: LogEntry | Batch, count: number, size: number): Overflow | undefined {
    const { maxEntries } = this.#bounds
    const out: (LogEntry | Batch)[] = []
    let kept = item
    while (!this.isEmpty && this.#entries + count > maxEntries)
      out.push(this.#dropHead(this.#entries + count - maxEntries))
    while (!this.#fitsBytes(item, size)) out.push(this.take() as LogEntry | Batch)
    if (isBatch(item) && count > maxEntries) {
      const [old, rest] = item.split(count - maxEntries)
      out.push(old)
      kept = rest
    }
    const hadRoom = out.length === 0
    // Granted at the latest when nothing else is held.
    while (!this.#isGranted(kept, size)) out.push(this.take() as LogEntry | Batch)
    this.#append(kept, entriesOf(kept), size)
    if (out.length === 0) return undefined
    return hadRoom ? { kept, out, byBudget: true } : { kept, out }
  }

  /** Takes at most `excess` entries off the oldest item. */
  #dropHead(excess: number): LogEntry | Batch {
    const oldest = this.#items[this.#head] as LogEntry | Batch
    if (!isBatch(oldest) || oldest.count <= excess) return this.take() as LogEntry | Batch
    const [gone, rest] = oldest.split(excess)
    this.#items[this.#head] = rest
    this.#entries -= excess
    return gone
  }

  #fitsBytes(item: LogEntry | Batch, size: number): boolean {
    return this.isEmpty || this.#sharesBlock(item) || this.#bytes + size <= this.#bounds.maxBytes
  }

  /** Whether the share of a budget takes it too; it has it then. */
  #isGranted(item: LogEntry | Batch, size: number): boolean {
    return this.#share === undefined || this.#sharesBlock(item) || this.#share.take(size)
  }

  #sharesBlock(item: LogEntry | Batch): boolean {
    const newest = this.#items[this.#items.length - 1]
    return isBatch(item) && isBatch(newest) && item.bytes === newest.bytes
  }

  #append(item: LogEntry | Batch, count: number, size: number): void {
    let freed = size
    if (this.#sharesBlock(item)) {
      // The block is set free with the last of its parts.
      freed = this.#sizes[this.#sizes.length - 1] as number
      this.#sizes[this.#sizes.length - 1] = 0
    } else this.#bytes += size
    this.#items.push(item)
    this.#sizes.push(freed)
    this.#entries += count
  }

  /**
   * A batch without lines only says how far its source has come. Without an origin it says nothing; right behind
   * another of the same source it replaces that one: so a filter that drops everything fills no queue.
   */
  #mergeMark(mark: Batch): boolean {
    const { origin } = mark
    if (origin === undefined) return true
    const newest = this.#items[this.#items.length - 1]
    if (!isBatch(newest) || newest.count > 0 || newest.origin?.tracker !== origin.tracker) return false
    this.#items[this.#items.length - 1] = mark
    return true
  }
}

/** How many entries an item is. */
export function entriesOf(item: LogEntry | Batch): number {
  return isBatch(item) ? item.count : 1
}
