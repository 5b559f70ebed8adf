/**
 * The newest entries of a live sink, kept so that a viewer can go on where it was.
 *
 * Each entry has a sequence, counted from 0 by the ring, and an id, which a viewer remembers. Viewers hold no entries:
 * each is a place in the ring, so a thousand slow ones cost no more memory than one.
 *
 * ```
 *   sequence   0 … 811 | 812 …        … 1410 | 1411 … 1412 | 1413
 *              evicted | chunk: a batch      | two entries | next
 *                      first                                ^ a viewer that has everything
 * ```
 */

import { type Batch, isBatch, type LogEntry } from '@logwisp/core'
import { ownedEntry } from '@logwisp/core/owned-entry'
import { forEachEntry, forEachOrigin, type RingChunk } from './ring-chunk.ts'
import type { ViewerFilter } from './viewer-filter.ts'

/** What a chunk costs beside its text: the objects around it. */
const chunkBytes = 512

/** How large the ring may get. */
export interface RingLimits {
  /** Older entries are not served any more. */
  readonly maxEntries: number
  /** Bytes of all that the ring keeps alive. The newest chunk stays even when it alone is larger. */
  readonly maxBytes: number
}

/** The ring. Plain memory: no timers, no streams. */
export class ReplayRing {
  readonly limits: RingLimits
  /** Called before so many bytes are added. */
  makeRoom: (bytes: number) => void = () => {}
  /** Names this run of the sink: an id made here is `<instance>-<sequence + 1>`. */
  readonly #instance: string
  readonly #writeId: (id: string) => string
  #chunks: RingChunk[] = []
  /** Chunks before this index are evicted; they are cut off now and then, since cutting each one off is slow. */
  #head = 0
  #next = 0
  #bytes = 0

  /** `writeId` is how the protocol writes the ids of origins; no two may become one. */
  constructor(limits: RingLimits, instance: string, writeId: (id: string) => string = headerSafe) {
    this.limits = limits
    this.#instance = instance
    this.#writeId = writeId
  }

  /** The sequence of the oldest entry that is served; equal to {@link next} when there is none. */
  get first(): number {
    const oldest = this.#chunks[this.#head]
    return Math.max(oldest === undefined ? this.#next : oldest.first, this.#next - this.limits.maxEntries)
  }

  /** The sequence that the next entry gets: how many there were so far. */
  get next(): number {
    return this.#next
  }

  /** Bytes that the ring keeps alive. */
  get bytes(): number {
    return this.#bytes
  }

  /** Takes what came, in order, and lets go of the oldest. */
  append(items: readonly (LogEntry | Batch)[]): void {
    let entries: LogEntry[] = []
    let bytes = chunkBytes
    const close = (): void => {
      if (entries.length > 0) this.#push(entries, entries.length, bytes)
      entries = []
      bytes = chunkBytes
    }
    for (const item of items) {
      if (isBatch(item)) {
        close()
        this.#pushBatch(item)
      } else {
        const owned = ownedEntry(item)
        entries.push(owned.entry)
        bytes += owned.bytes
      }
    }
    close()
  }

  #pushBatch(batch: Batch): void {
    if (batch.count === 0) return
    const sparse = batch.byteLength < batch.bytes.buffer.byteLength / 2
    const kept = sparse ? batch.compact() : batch
    // The block, and its text once somebody has asked for it: two bytes for a character as soon as one is beyond Latin-1.
    const bytes = kept.bytes.buffer.byteLength + kept.bytes.length * (kept.ascii ? 1 : 2)
    this.#push(kept, kept.count, chunkBytes + bytes)
  }

  #push(item: RingChunk['item'], count: number, bytes: number): void {
    this.makeRoom(bytes)
    this.#chunks.push({ first: this.#next, count, bytes, item })
    this.#next += count
    this.#bytes += bytes
    this.#evict()
  }

  /** Lets go of the oldest chunk, as long as so many are left; whether it did. */
  dropOldest(chunksLeft: number): boolean {
    const oldest = this.#chunks[this.#head]
    if (oldest === undefined || this.#chunks.length - this.#head <= chunksLeft) return false
    this.#bytes -= oldest.bytes
    this.#chunks[this.#head++] = evicted
    return true
  }

  #evict(): void {
    const { maxBytes, maxEntries } = this.limits
    for (;;) {
      const oldest = this.#chunks[this.#head] as RingChunk
      if (this.#bytes <= maxBytes && oldest.first + oldest.count > this.#next - maxEntries) break
      if (!this.dropOldest(1)) break
    }
    if (this.#head > 64 && this.#head > this.#chunks.length / 2) {
      this.#chunks = this.#chunks.slice(this.#head)
      this.#head = 0
    }
  }

  /** The chunk that holds the entry of this sequence, which must be from {@link first} to before {@link next}. */
  chunkAt(sequence: number): RingChunk {
    let low = this.#head
    let high = this.#chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#chunks[middle] as RingChunk).first <= sequence) low = middle
      else high = middle - 1
    }
    return this.#chunks[low] as RingChunk
  }

  /** The id of an entry: its own, which is the same after a restart, or one of this run of the sink. */
  idOf(entry: LogEntry, sequence: number): string {
    return entry.origin === undefined ? `${this.#instance}-${sequence + 1}` : this.#writeId(entry.origin.id)
  }

  /** The id of the entry before this sequence: who has it has everything before `sequence`. */
  idBefore(sequence: number): string {
    let id: string | undefined
    if (sequence > this.first) {
      forEachOrigin(this.chunkAt(sequence - 1), sequence - 1, (origin, at) => {
        if (at === sequence - 1 && origin !== undefined) id = this.#writeId(origin.id)
      })
    }
    return id ?? `${this.#instance}-${sequence}`
  }

  /**
   * Where a viewer goes on that has everything up to the entry with this id; undefined when the ring does not know the
   * id (any more). The newest first: who reconnects was here a moment ago.
   */
  after(id: string): number | undefined {
    const own = `${this.#instance}-`
    if (id.startsWith(own) && /^\d{1,15}$/.test(id.slice(own.length))) {
      const sequence = Number(id.slice(own.length))
      if (sequence <= this.#next) return sequence
    }
    const { first } = this
    for (let i = this.#chunks.length - 1; i >= this.#head; i--) {
      const chunk = this.#chunks[i] as RingChunk
      let found: number | undefined
      forEachOrigin(chunk, first, (origin, sequence) => {
        // Lengths first: writing changes an id's text, if at all, to a longer one.
        if (origin !== undefined && origin.id.length <= id.length && this.#writeId(origin.id) === id)
          found = sequence + 1
      })
      if (found !== undefined) return found
    }
    return undefined
  }

  /**
   * Whether an id that the ring does not know is certainly from before the sink was started: made by another run of it, or
   * of a source while everything that came since the start is still here.
   */
  isFromEarlierRun(id: string): boolean {
    const [, instance] = ownId.exec(id) ?? []
    if (instance !== undefined) return instance !== this.#instance
    return this.first === 0
  }

  /** The sequence from which on the last `entries` entries that pass the filter are sent. */
  backlogStart(entries: number, filter: ViewerFilter | undefined): number {
    const { first } = this
    if (filter === undefined) return Math.max(first, this.#next - entries)
    let missing = entries
    for (let i = this.#chunks.length - 1; i >= this.#head && missing > 0; i--) {
      const chunk = this.#chunks[i] as RingChunk
      const found: number[] = []
      forEachEntry(chunk, Math.max(first, chunk.first), (_entry, sequence) => found.push(sequence) > 0, { filter })
      if (found.length >= missing) return found[found.length - missing] as number
      missing -= found.length
    }
    return entries > 0 ? first : this.#next
  }
}

/** What the random name of a run looks like in an id. */
const ownId = /^([0-9a-f]{12})-\d{1,15}$/

const evicted: RingChunk = { first: 0, count: 0, bytes: 0, item: [] }

/**
 * An id as it comes back from a viewer: browsers send it as a header, where line breaks and NUL cannot be and spaces
 * at the edges and letters beyond ASCII do not survive. Two ids never become one: `%` is written as `%25`.
 */
export function headerSafe(id: string): string {
  return /^[\x21-\x24\x26-\x7e]+$/.test(id) ? id : encodeURIComponent(Buffer.from(id).toString())
}
