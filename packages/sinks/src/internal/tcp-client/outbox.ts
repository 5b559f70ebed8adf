/**
 * What a connection is to carry, until the other side has it. Pure: items in, bytes out, items back when they are safe.
 *
 * ```
 *   parcels   [ safe ] [ sent ] [ sent, half of it safe ] │ [ to be sent ] [ open: texts are still added ]
 *                      first                              next
 *   rewind()                    [ the other half        ] │ a new connection begins with what is not safe
 * ```
 */

import { type Batch, isBatch, type LogEntry } from '@logwisp/core'

/** From this many characters or bytes on a parcel is closed: a write costs little beside so much. */
const parcelSize = 65_536

/** What an entry that waits keeps beside its text and its bytes: the object, its origin, its places in arrays. */
const entryOverheadBytes = 200

const lineFeed = 10

type Item = LogEntry | Batch

/** Bytes that are written together, and whose they are. */
export class Parcel {
  readonly items: Item[] = []
  entries = 0
  heldBytes = 0
  #parts: (string | Buffer)[] = []
  #size = 0
  #bytes: Buffer | undefined
  /** Items that are safe, and entries of the next one, and of all. */
  #safeItems = 0
  #safeOfItem = 0
  #safeEntries = 0

  get isFull(): boolean {
    return this.#size >= parcelSize
  }

  add(item: Item, content: string | Buffer): void {
    const entries = isBatch(item) ? item.count : 1
    const kept = isBatch(item) ? item.bytes.length : content.length
    this.items.push(item)
    this.#parts.push(content)
    this.#size += content.length
    this.entries += entries
    this.heldBytes += content.length + kept + (isBatch(item) ? entryOverheadBytes : entries * entryOverheadBytes)
  }

  /** What is to be sent: what is safe is left out. Nothing is added any more. */
  get bytes(): Buffer {
    this.#bytes ??= joined(this.#parts)
    this.#parts = []
    return this.#bytes
  }

  /** Entries that are not safe. */
  get entriesLeft(): number {
    return this.entries - this.#safeEntries
  }

  /** Leaves out of the bytes what is safe; every entry is one line then. */
  trim(): void {
    let at = 0
    const bytes = this.bytes
    for (; this.#safeEntries > 0; this.#safeEntries--, this.entries--) at = bytes.indexOf(lineFeed, at) + 1
    this.#bytes = bytes.subarray(at)
  }

  /** The next so many entries are safe, at most all; puts the items that are safe as a whole into `done`. Returns how many are over. */
  settle(entries: number, done: Item[]): number {
    let left = entries
    for (; this.#safeItems < this.items.length; this.#safeItems++) {
      const item = this.items[this.#safeItems] as Item
      const open = (isBatch(item) ? item.count : 1) - this.#safeOfItem
      if (open > left) {
        this.#safeOfItem += left
        this.#safeEntries += left
        return 0
      }
      left -= open
      this.#safeEntries += open
      this.#safeOfItem = 0
      done.push(item)
    }
    return left
  }

  get isSafe(): boolean {
    return this.#safeItems === this.items.length
  }
}

export class Outbox {
  #parcels: Parcel[] = []
  #first = 0
  #next = 0
  #open: Parcel | undefined
  #entries = 0
  #heldBytes = 0

  /** Entries that are not safe yet. */
  get entries(): number {
    return this.#entries
  }

  /** The memory that they keep, estimated. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Whether a whole parcel waits to be sent. */
  get hasParcel(): boolean {
    return this.#next < this.#parcels.length
  }

  /** Adds an item, and how it is written: each of its entries with its line ending. */
  add(item: Item, content: string | Buffer): void {
    this.#open ??= new Parcel()
    const { heldBytes, entries } = this.#open
    this.#open.add(item, content)
    this.#heldBytes += this.#open.heldBytes - heldBytes
    this.#entries += this.#open.entries - entries
    if (this.#open.isFull) this.#seal()
  }

  #seal(): void {
    if (this.#open === undefined) return
    this.#parcels.push(this.#open)
    this.#open = undefined
  }

  /** The next parcel to send, if there is one. */
  next(): Parcel | undefined {
    if (this.#next === this.#parcels.length) this.#seal()
    const parcel = this.#parcels[this.#next]
    if (parcel !== undefined) this.#next++
    return parcel
  }

  /** The oldest so many entries are safe: the items that are so as a whole. */
  settle(entries: number): Item[] {
    const done: Item[] = []
    let left = entries
    while (this.#first < this.#parcels.length) {
      const parcel = this.#parcels[this.#first] as Parcel
      left = parcel.settle(left, done)
      if (!parcel.isSafe) break
      this.#heldBytes -= parcel.heldBytes
      this.#first++
    }
    this.#entries -= entries - left
    this.#next = Math.max(this.#next, this.#first)
    this.#compact()
    // Only batches without lines are left.
    if (this.#entries === 0 && this.#open !== undefined) {
      this.#open.settle(0, done)
      this.#heldBytes -= this.#open.heldBytes
      this.#open = undefined
    }
    return done
  }

  #compact(): void {
    if (this.#first < 1024 && this.#first < this.#parcels.length) return
    this.#parcels = this.#parcels.slice(this.#first)
    this.#next -= this.#first
    this.#first = 0
  }

  /** A new connection begins: all that is not safe is sent on it. How many entries that were sent before go again. */
  rewind(): number {
    let again = 0
    for (let i = this.#first; i < this.#next; i++) again += (this.#parcels[i] as Parcel).entriesLeft
    this.#parcels[this.#first]?.trim()
    this.#next = this.#first
    return again
  }
}

function joined(parts: readonly (string | Buffer)[]): Buffer {
  if (parts.length === 1 && Buffer.isBuffer(parts[0])) return parts[0]
  const buffers: Buffer[] = []
  let texts: string[] = []
  const endTexts = (): void => {
    if (texts.length > 0) buffers.push(Buffer.from(texts.join('')))
    texts = []
  }
  for (const part of parts) {
    if (typeof part === 'string') texts.push(part)
    else {
      endTexts()
      buffers.push(part)
    }
  }
  endTexts()
  return buffers.length === 1 ? (buffers[0] as Buffer) : Buffer.concat(buffers)
}
