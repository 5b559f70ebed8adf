/** Collects entries until they are enough for a request. */

import { type Batch, isBatch, type LogEntry, type OriginTracker, ownedEntry } from '@logwisp/core'
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

/** A batch with less than this share of its block selected is copied out, so that a few lines keep no whole block. */
const denseShare = 1 / 2

export class BatchBuilder {
  readonly #limits: BatchLimits
  #items: (LogEntry | Batch)[] = []
  #texts: (string | Buffer)[] = []
  #ends: number[] = []
  #bytes = 0
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
      this.#addMark(item)
      return undefined
    }
    return this.#limits.encode === undefined ? this.#addBytes(item) : this.#addLines(item, this.#limits.encode)
  }

  /** Takes what was collected, and begins anew. */
  take(): PostBatch {
    const batch = new PostBatch({ texts: this.#joined(), ends: this.#ends, items: this.#items, ids: this.#ids })
    for (const mark of this.#marks.values()) batch.addMark(mark)
    this.#marks.clear()
    this.#items = []
    this.#texts = []
    this.#ends = []
    this.#ids = []
    this.#bytes = 0
    this.#heldBytes = 0
    return batch
  }

  #fits(bytes: number): boolean {
    return this.#ends.length === 0 || (!this.isFull && this.#bytes + bytes <= this.#limits.maxBatchBytes)
  }

  #addEntry(entry: LogEntry): LogEntry | undefined {
    const text = `${this.#limits.encode?.(entry) ?? entry.message}\n`
    const bytes = Buffer.byteLength(text)
    if (!this.#fits(bytes)) return entry
    this.#addText(text, bytes, entry)
    // What was cut out of a block's text would keep the whole block.
    const owned = ownedEntry(entry)
    this.#addItem(owned.entry, owned.bytes)
    return undefined
  }

  #addLines(batch: Batch, encode: (entry: LogEntry) => string): Batch | undefined {
    let added = 0
    for (const entry of batch) {
      const text = `${encode(entry)}\n`
      const bytes = Buffer.byteLength(text)
      if (!this.#fits(bytes)) return this.#cut(batch, added)
      this.#addText(text, bytes, entry)
      added++
    }
    this.#addBatch(batch)
    return undefined
  }

  #addText(text: string, bytes: number, { origin }: LogEntry): void {
    this.#texts.push(text)
    this.#bytes += bytes
    this.#ends.push(this.#bytes)
    if (origin === undefined) this.#ids = undefined
    else this.#ids?.push(origin.id)
  }

  /** The batch's own bytes; no entry is made. */
  #addBytes(batch: Batch): Batch | undefined {
    let added = 0
    let isCut = false
    // The ids are not asked for: that would make an origin for each line.
    this.#ids = undefined
    batch.forEachLine((start, end) => {
      isCut ||= !this.#fits(end - start + 1)
      if (isCut) return
      this.#bytes += end - start + 1
      this.#ends.push(this.#bytes)
      added++
    })
    const [head, rest] = isCut ? batch.split(added) : [batch, undefined]
    if (added === 0) return rest
    this.#texts.push(head.toBytes())
    this.#addBatch(head)
    return rest
  }

  #cut(batch: Batch, added: number): Batch {
    if (added === 0) return batch
    const [head, rest] = batch.split(added)
    this.#addBatch(head)
    return rest
  }

  #addBatch(batch: Batch): void {
    const kept = batch.byteLength < batch.bytes.length * denseShare ? batch.compact() : batch
    this.#addItem(kept, kept.bytes.length)
  }

  #addItem(item: LogEntry | Batch, bytes: number): void {
    this.#items.push(item)
    this.#heldBytes += bytes
    // Acknowledging it covers the mark, which would come after it and go back.
    if (item.origin !== undefined) this.#marks.delete(item.origin.tracker)
  }

  #addMark(mark: Batch): void {
    if (mark.origin !== undefined) this.#marks.set(mark.origin.tracker, mark)
  }

  #joined(): Buffer {
    const { encode } = this.#limits
    if (encode !== undefined) return Buffer.from(this.#texts.join(''))
    return Buffer.concat(this.#texts.map((text) => (typeof text === 'string' ? Buffer.from(text) : text)))
  }
}
