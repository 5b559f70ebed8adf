/** What waits to be written, in the form in which it will be: parcels, of which each becomes one record. */

import { crc32 } from 'node:zlib'
import { type Batch, isBatch } from '../../batch.ts'
import type { LogEntry } from '../../entry.ts'
import type { Origin, OriginTracker } from '../../origin.ts'
import { encodeBatch, encodeStoredEntry, payloadKind } from './payload-format.ts'
import { recordHeadBytes } from './record-format.ts'

/** Entries of one source that were taken. */
export interface Taken {
  /** Of the first of them; undefined when there are none. */
  readonly first: Origin | undefined
  /** Its acknowledgement covers all of them. */
  readonly origin: Origin
  readonly entries: number
}

/** Adds what was taken next. Nothing grows with the number of entries of one source. */
export function addTaken(to: Map<OriginTracker, Taken>, { first, origin, entries }: Taken): void {
  const before = to.get(origin.tracker)
  to.set(origin.tracker, { first: before?.first ?? first, origin, entries: entries + (before?.entries ?? 0) })
}

/** What one record is made of. */
export interface Parcel {
  /** In parts. Empty for one that stands for batches without lines, which only say how far their sources have come. */
  readonly payload: readonly Buffer[]
  /** The length of the payload, and its CRC-32: found out at once, while others are written. */
  readonly length: number
  readonly checksum: number
  readonly entries: number
  /** What is acknowledged once it is safe. */
  readonly taken: readonly Taken[]
}

/** Single entries are put together up to this many bytes: as large as a read block. */
const maxTogetherBytes = 64 * 1024

const entriesKind = Buffer.from([payloadKind.entries])

/** How many bytes of a segment a parcel will take. */
export function recordBytes({ length }: Parcel): number {
  return length === 0 ? 0 : recordHeadBytes + length
}

/** A queue of parcels, in order. */
export class Parcels {
  readonly #parcels: Parcel[] = []
  #bytes = 0
  #entries = 0
  /** Entries that were taken and are no parcel yet. */
  #texts: Buffer[] = []
  #taken = new Map<OriginTracker, Taken>()
  #textBytes = 0

  /** How much memory they take, about. */
  get bytes(): number {
    return this.#bytes + this.#textBytes
  }

  /** How many entries wait. */
  get entries(): number {
    return this.#entries + this.#texts.length
  }

  get isEmpty(): boolean {
    return this.#parcels.length === 0 && this.#texts.length === 0
  }

  /** Adds an item behind all others. It is encoded now, so nothing of an entry is kept but its way back. */
  add(item: LogEntry | Batch): void {
    if (!isBatch(item)) return this.#addEntry(item)
    this.#close()
    const { origin, count } = item
    const taken = origin === undefined ? [] : [{ first: item.endsWithout()?.first, origin, entries: count }]
    if (count > 0) this.#push({ payload: encodeBatch(item), entries: count, taken })
    else if (origin !== undefined) this.#push({ payload: [], entries: 0, taken })
  }

  #addEntry(entry: LogEntry): void {
    const text = Buffer.from(encodeStoredEntry(entry))
    if (this.#textBytes + text.length > maxTogetherBytes) this.#close()
    this.#texts.push(text)
    this.#textBytes += text.length
    const { origin } = entry
    if (origin !== undefined) addTaken(this.#taken, { first: origin, origin, entries: 1 })
  }

  /** The oldest, which stays. */
  first(): Parcel | undefined {
    if (this.#parcels.length === 0) this.#close()
    return this.#parcels[0]
  }

  /** Takes the oldest off. */
  shift(): Parcel | undefined {
    const parcel = this.first()
    if (parcel === undefined) return undefined
    this.#parcels.shift()
    this.#bytes -= parcel.length
    this.#entries -= parcel.entries
    return parcel
  }

  /** Puts parcels back that were taken off, in front of all others. */
  unshift(parcels: readonly Parcel[]): void {
    this.#parcels.unshift(...parcels)
    for (const { length, entries } of parcels) {
      this.#bytes += length
      this.#entries += entries
    }
  }

  /** The entries taken so far become a parcel. */
  #close(): void {
    if (this.#texts.length === 0) return
    const payload = [entriesKind, ...this.#texts]
    const entries = this.#texts.length
    const taken = [...this.#taken.values()]
    this.#texts = []
    this.#taken = new Map()
    this.#textBytes = 0
    this.#push({ payload: [Buffer.concat(payload)], entries, taken })
  }

  #push(parcel: Omit<Parcel, 'length' | 'checksum'>): void {
    let length = 0
    let checksum = 0
    for (const part of parcel.payload) {
      length += part.length
      checksum = crc32(part, checksum)
    }
    this.#parcels.push({ ...parcel, length, checksum })
    this.#bytes += length
    this.#entries += parcel.entries
  }
}
