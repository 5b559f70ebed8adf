/** Collects entries until they are enough for a request. */

import { type Batch, isBatch, type LogEntry, type Origin, type OriginTracker, ownedEntry } from '@logwisp/core'
import { PostBatch } from './post-batch.ts'

/** How entries become text, and how much of it goes into one batch. */
export interface BatchLimits {
  /** An entry's text; undefined: its message, so that a batch's bytes can be taken as they are. */
  readonly encode: ((entry: LogEntry) => string) | undefined
  /** Unit: entries. */
  readonly maxBatchEntries: number
  /** Of the body before compression. An entry that is longer goes alone. Unit: bytes. */
  readonly maxBatchBytes: number
}

/** A batch whose entries keep this many times its body in memory is full: their fields need not be in the body. */
const maxHeldShare = 8

/** A batch with less than this share of the memory that was read into is copied out, so that it does not keep all of that. */
const denseShare = 1 / 2

/** What an entry keeps beside its text and itself: its end, its id, its origin. */
const entryOverheadBytes = 100

/** A body begins with this much memory, and doubles. */
const firstBytes = 16_384

/** What a character, as JavaScript counts them, takes in UTF-8 at most. */
const maxBytesPerCharacter = 3

const lineFeed = 10

export class BatchBuilder {
  readonly #limits: BatchLimits
  #items: (LogEntry | Batch)[] = []
  /** Texts are written into place: joining them first and encoding them then takes half as long again. */
  #texts: Buffer = noBytes
  #bytes = 0
  #ends: number[] = []
  #heldBytes = 0
  /** Undefined once an entry had none. */
  #ids: string[] | undefined = []
  readonly #marks = new Map<OriginTracker, Batch>()

  constructor(limits: BatchLimits) {
    this.#limits = limits
  }

  /** Entries collected. */
  get entries(): number {
    return this.#ends.length
  }

  /** The memory that they keep, with the body that they are written to, estimated. */
  get heldBytes(): number {
    return this.#heldBytes + this.#texts.length + this.#ends.length * entryOverheadBytes
  }

  /** Whether there is no room for anything more. */
  get isFull(): boolean {
    const { maxBatchEntries, maxBatchBytes } = this.#limits
    return (
      this.#ends.length >= maxBatchEntries ||
      this.#bytes >= maxBatchBytes ||
      this.#heldBytes >= maxBatchBytes * maxHeldShare
    )
  }

  /** Adds as much of an item as there is room for; returns what is left of it, to be added after {@link take}. */
  add(item: LogEntry | Batch): LogEntry | Batch | undefined {
    if (!isBatch(item)) return this.#addEntry(item)
    if (item.count === 0) {
      if (item.origin !== undefined) this.#marks.set(item.origin.tracker, item)
      return undefined
    }
    return this.#limits.encode === undefined ? this.#addBytes(item) : this.#addLines(item, this.#limits.encode)
  }

  /** Takes what was collected, and begins anew. */
  take(): PostBatch {
    const texts = this.#texts.subarray(0, this.#bytes)
    const { heldBytes } = this
    const batch = new PostBatch({ texts, ends: this.#ends, items: this.#items, ids: this.#ids, heldBytes })
    for (const mark of this.#marks.values()) batch.addMark(mark)
    this.#marks.clear()
    this.#items = []
    this.#texts = noBytes
    this.#bytes = 0
    this.#ends = []
    this.#heldBytes = 0
    this.#ids = []
    return batch
  }

  #addEntry(entry: LogEntry): LogEntry | undefined {
    if (!this.#write(this.#limits.encode?.(entry) ?? entry.message)) return entry
    this.#noteId(entry.origin)
    // What was cut out of a block's text would keep the whole block.
    const owned = ownedEntry(entry)
    this.#addItem(owned.entry, owned.bytes)
    return undefined
  }

  #addLines(batch: Batch, encode: (entry: LogEntry) => string): Batch | undefined {
    let added = 0
    for (const entry of batch) {
      if (!this.#write(encode(entry))) return this.#cut(batch, added)
      this.#noteId(entry.origin)
      added++
    }
    this.#addBatch(batch)
    return undefined
  }

  /** The batch's own bytes; no entry is made. */
  #addBytes(batch: Batch): Batch | undefined {
    let added = 0
    let isCut = false
    let at = this.#bytes
    batch.forEachLine((start, end) => {
      const next = at + end - start + 1
      isCut ||= !this.#fits(next)
      if (isCut) return
      at = next
      this.#ends.push(at)
      added++
    })
    const [head, rest] = isCut ? batch.split(added) : [batch, undefined]
    if (added === 0) return rest
    this.#reserve(at)
    head.toBytes().copy(this.#texts, this.#bytes)
    this.#bytes = at
    // The ids are not asked for: that would make an origin for each line.
    this.#ids = undefined
    this.#addBatch(head)
    return rest
  }

  /** Writes a text and a line feed; false when there is no room for them. */
  #write(text: string): boolean {
    const at = this.#bytes
    // Only near the end of the memory is it worth counting exactly.
    if (at + text.length * maxBytesPerCharacter + 1 > this.#texts.length) {
      const end = at + Buffer.byteLength(text) + 1
      if (!this.#fits(end)) return false
      this.#reserve(end)
    }
    const end = at + this.#texts.write(text, at) + 1
    if (!this.#fits(end)) return false
    this.#texts[end - 1] = lineFeed
    this.#bytes = end
    this.#ends.push(end)
    return true
  }

  /** Whether another entry may be added that ends here. */
  #fits(end: number): boolean {
    return this.#ends.length === 0 || (!this.isFull && end <= this.#limits.maxBatchBytes)
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#texts.length) return
    const doubled = Math.min(Math.max(firstBytes, 2 * this.#texts.length), this.#limits.maxBatchBytes)
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, doubled))
    this.#texts.copy(larger, 0, 0, this.#bytes)
    this.#texts = larger
  }

  #noteId(origin: Origin | undefined): void {
    if (origin === undefined) this.#ids = undefined
    else this.#ids?.push(origin.id)
  }

  #cut(batch: Batch, added: number): Batch {
    if (added === 0) return batch
    const [head, rest] = batch.split(added)
    this.#addBatch(head)
    return rest
  }

  #addBatch(batch: Batch): void {
    const kept = batch.byteLength < batch.bytes.buffer.byteLength * denseShare ? batch.compact() : batch
    this.#addItem(kept, kept.bytes.length)
  }

  #addItem(item: LogEntry | Batch, bytes: number): void {
    this.#items.push(item)
    this.#heldBytes += bytes
    // Acknowledging it covers the mark, which would come after it and go back.
    if (item.origin !== undefined) this.#marks.delete(item.origin.tracker)
  }
}

const noBytes = Buffer.alloc(0)
