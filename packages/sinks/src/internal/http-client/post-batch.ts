/**
 * A batch on its way to an endpoint: its entries, their bytes, and who is told once they are safe.
 *
 * ```
 *   texts   {"time":…}\n{"time":…}\n{"time":…}\n     one buffer; any run of entries is a part of it
 *   ends              ^           ^           ^
 *   items   [ batch of two lines    ][ entry ]       what is acknowledged, in order
 * ```
 */

import { createHash, randomUUID } from 'node:crypto'
import { Batch, isBatch, type LogEntry, type Origin, type OriginTracker } from '@logwisp/core'

/** How the entries of a body are put together: each ended by a line feed, or as one JSON array. */
export type BodyShape = 'lines' | 'array'

const comma = 44
const openBracket = 91
const closeBracket = 93

/** What a {@link PostBatch} is made of. */
export interface PostBatchParts {
  /** The entries' texts, each ended by a line feed. */
  readonly texts: Buffer
  /** Where in `texts` each entry ends. */
  readonly ends: readonly number[]
  /** Entries, and batches with lines, in order. */
  readonly items: readonly (LogEntry | Batch)[]
  /** The id of each entry, when all have one. */
  readonly ids: readonly string[] | undefined
  /** The memory that all this keeps, estimated. */
  readonly heldBytes: number
}

export class PostBatch {
  /** The same at each try, and for the same entries with ids after a restart too. */
  readonly key: string
  /** Whether nothing of it is left to send, so that it may be acknowledged once those before it are. */
  isSettled = false
  /** The memory that it keeps, estimated. */
  readonly heldBytes: number
  readonly #texts: Buffer
  readonly #ends: readonly number[]
  readonly #items: readonly (LogEntry | Batch)[]
  readonly #marks = new Map<OriginTracker, Batch>()
  readonly #rejected = new Set<number>()
  #opened: { readonly batch: Batch; readonly entries: readonly LogEntry[] } | undefined

  constructor({ texts, ends, items, ids, heldBytes }: PostBatchParts) {
    this.heldBytes = heldBytes
    this.#texts = texts
    this.#ends = ends
    this.#items = items
    // Of all ids: two batches may begin and end alike and yet differ between.
    this.key = ids === undefined ? randomUUID() : createHash('sha256').update(ids.join('\n')).digest('hex').slice(0, 32)
  }

  /** How many entries it has; 0 when there is nothing to send. */
  get entries(): number {
    return this.#ends.length
  }

  /** How many of them were rejected. */
  get rejected(): number {
    return this.#rejected.size
  }

  /** The body of a request with the entries `from` to `to`. */
  body(shape: BodyShape, from: number, to: number): Buffer {
    const start = this.#start(from)
    const texts = this.#texts.subarray(start, this.#start(to))
    if (shape === 'lines') return texts
    const array = Buffer.allocUnsafe(texts.length + 1)
    array[0] = openBracket
    texts.copy(array, 1)
    // Each entry ends with a line feed, in whose place the comma goes.
    for (let index = from; index < to; index++) array[this.#start(index + 1) - start] = comma
    array[texts.length] = closeBracket
    return array
  }

  #start(index: number): number {
    return index === 0 ? 0 : (this.#ends[index - 1] as number)
  }

  /** One of its entries. */
  entryAt(index: number): LogEntry {
    let first = 0
    for (const item of this.#items) {
      const count = isBatch(item) ? item.count : 1
      if (index < first + count) return isBatch(item) ? (this.#entriesOf(item)[index - first] as LogEntry) : item
      first += count
    }
    throw new RangeError(`the batch has ${first} entries, asked for the one at ${index}`)
  }

  /** The entries of the batch that was last asked for are kept: who asks for one asks for the next, mostly. */
  #entriesOf(batch: Batch): readonly LogEntry[] {
    if (this.#opened?.batch !== batch) this.#opened = { batch, entries: [...batch] }
    return this.#opened.entries
  }

  /** Those that were rejected, in order. */
  rejectedEntries(): LogEntry[] {
    return Array.from(this.#rejected)
      .toSorted((a, b) => a - b)
      .map((index) => this.entryAt(index))
  }

  /** Notes that an entry was rejected. */
  reject(index: number): void {
    this.#rejected.add(index)
  }

  /**
   * Takes a batch without lines, which says how far its source has come, to be acknowledged after the entries. One for
   * each source is kept: so a filter that drops everything fills no memory while an endpoint is down.
   */
  addMark(mark: Batch): void {
    const { origin } = mark
    if (origin !== undefined) this.#marks.set(origin.tracker, mark)
  }

  /** What to acknowledge, in order: the items, without the lines that were rejected, and how far the sources have come. */
  *settled(): Generator<LogEntry | Batch> {
    let first = 0
    for (const item of this.#items) {
      const count = isBatch(item) ? item.count : 1
      yield* this.#rejected.size === 0 ? [item] : this.#withoutRejected(item, first)
      first += count
    }
    yield* this.#marks.values()
  }

  *#withoutRejected(item: LogEntry | Batch, first: number): Generator<LogEntry | Batch> {
    let index = first
    if (isBatch(item)) yield item.select(() => !this.#rejected.has(index++))
    else if (!this.#rejected.has(first)) yield item
    else if (item.origin !== undefined) yield markOf(item.origin)
  }
}

/** A batch without lines that stands for what comes up to an origin. */
function markOf(origin: Origin): Batch {
  return Batch.of({ bytes: noBytes, source: '', time: 0, origins: { at: () => origin } })
}

const noBytes = Buffer.alloc(0)
