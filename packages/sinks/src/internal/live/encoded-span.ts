/** What viewers are sent: a run of entries, written once for all who want the same. */

import type { LogEntry } from '@logwisp/core'
import type { ReplayRing } from './replay-ring.ts'
import { forEachEntry } from './ring-chunk.ts'
import type { ViewerFilter } from './viewer-filter.ts'

/**
 * A span ends after the entry that takes it past this many characters. Large enough that a write costs little beside
 * its bytes, small enough that a viewer who does not read holds little: one span, whose bytes it shares with others.
 */
const spanChars = 32 * 1024

/**
 * A span ends, too, where the sequence is a multiple of this. So viewers that began at different places soon ask for the
 * same spans, and one with a filter that lets little pass is no long turn.
 */
const spanEntries = 512

/** Spans kept for the viewers that come by next, in bytes: some 60 of them, which is a few ms at full speed. */
const cacheBytes = 2 * 1024 * 1024

/** What a span costs beside its bytes; those that nothing passed into have none. */
const spanOverheadBytes = 512

/** A run of entries as bytes. */
export interface EncodedSpan {
  /** The sequence after the last entry that was looked at. */
  readonly next: number
  /** How many entries are in `bytes`. */
  readonly entries: number
  readonly bytes: Buffer
}

/** A span, and why its bytes are still in memory. */
interface HeldSpan extends EncodedSpan {
  /** Whether it is kept for who comes by next. */
  isKept: boolean
  /** How many connections have it and did not take it yet. */
  waits: number
}

/** How one entry is written. */
export type EncodeEntry = (entry: LogEntry, id: string) => string

/** How the texts of a span, at least one, become what is sent. */
export type PackSpan = (texts: readonly string[]) => Buffer

/**
 * Texts that bring everything that ends them. In memory of their own: a slice of Node's pool would keep 8 KiB for a span of
 * one line, and thousands of such spans are kept.
 */
export const packText: PackSpan = (texts) => {
  const text = texts.join('')
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  bytes.write(text)
  return bytes
}

/** Writes spans of one ring. */
export class SpanEncoder {
  readonly #ring: ReplayRing
  readonly #encode: EncodeEntry
  readonly #pack: PackSpan
  /** Whether so many bytes more may be kept. */
  makeRoom: (bytes: number) => boolean = () => true
  /** By their filter and the sequence of their first entry; the oldest first. */
  readonly #spans = new Map<string | number, HeldSpan>()
  #keptBytes = 0
  /** Of those that wait in connections only. */
  #waitingBytes = 0

  constructor(ring: ReplayRing, encode: EncodeEntry, pack: PackSpan = packText) {
    this.#ring = ring
    this.#encode = encode
    this.#pack = pack
  }

  /** Bytes of spans that are kept for who comes by next. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  /** Bytes of all spans, those that only wait in connections too; each is counted once. */
  get bytes(): number {
    return this.#keptBytes + this.#waitingBytes
  }

  /** The span from a sequence on, which the ring must have. It is kept for the next one who asks, with the same filter. */
  at(sequence: number, filter: ViewerFilter | undefined): EncodedSpan {
    const key = filter === undefined ? sequence : `${sequence} ${filter.key}`
    const known = this.#spans.get(key)
    // A span that ended where the ring did is no longer the best one, but right: who got it goes on behind it.
    if (known !== undefined) return known
    const span = this.#write(sequence, filter)
    if (!this.makeRoom(sizeOf(span))) return span
    span.isKept = true
    this.#spans.set(key, span)
    this.#keptBytes += sizeOf(span)
    while (this.#keptBytes > cacheBytes) this.dropOldest()
    return span
  }

  /** Keeps a span no longer that was kept for longest; whether there was one. */
  dropOldest(): boolean {
    for (const [oldest, span] of this.#spans) {
      this.#spans.delete(oldest)
      span.isKept = false
      this.#keptBytes -= sizeOf(span)
      if (span.waits > 0) this.#waitingBytes += sizeOf(span)
      return true
    }
    return false
  }

  /** A connection has a span, and does not take it for now. */
  waits(given: EncodedSpan): void {
    // Spans come from here.
    const span = given as HeldSpan
    if (span.waits++ === 0 && !span.isKept) this.#waitingBytes += sizeOf(span)
  }

  /** It has taken it, or is closed. */
  waitsNoMore(given: EncodedSpan): void {
    const span = given as HeldSpan
    if (--span.waits === 0 && !span.isKept) this.#waitingBytes -= sizeOf(span)
  }

  #write(sequence: number, filter: ViewerFilter | undefined): HeldSpan {
    const texts: string[] = []
    let chars = 0
    const visit = (entry: LogEntry, at: number): boolean => {
      const text = this.#encode(entry, this.#ring.idOf(entry, at))
      texts.push(text)
      chars += text.length
      return chars < spanChars
    }
    const end = Math.min((Math.floor(sequence / spanEntries) + 1) * spanEntries, this.#ring.next)
    let next = sequence
    while (next < end && chars < spanChars) {
      next = forEachEntry(this.#ring.chunkAt(next), next, visit, { filter, to: end })
    }
    const bytes = texts.length === 0 ? nothing : this.#pack(texts)
    return { next, entries: texts.length, bytes, isKept: false, waits: 0 }
  }
}

function sizeOf({ bytes }: EncodedSpan): number {
  return bytes.length + spanOverheadBytes
}

const nothing = Buffer.alloc(0)
