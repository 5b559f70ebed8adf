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

/** Spans kept for the viewers that come by next, in bytes: some 60 of them, which is a few ms at full speed. */
const cacheBytes = 2 * 1024 * 1024

/** A run of entries as bytes. */
export interface EncodedSpan {
  /** The sequence after the last entry that was looked at. */
  readonly next: number
  /** How many entries are in `bytes`. */
  readonly entries: number
  readonly bytes: Buffer
}

/** How one entry is written, with everything that ends it. */
export type EncodeEntry = (entry: LogEntry, id: string) => string

/** Writes spans of one ring. */
export class SpanEncoder {
  readonly #ring: ReplayRing
  readonly #encode: EncodeEntry
  /** By the sequence of their first entry; the oldest first. */
  readonly #spans = new Map<number, EncodedSpan>()
  #bytes = 0

  constructor(ring: ReplayRing, encode: EncodeEntry) {
    this.#ring = ring
    this.#encode = encode
  }

  /** The span from a sequence on, which the ring must have. Without a filter it is kept for the next one who asks. */
  at(sequence: number, filter: ViewerFilter | undefined): EncodedSpan {
    if (filter !== undefined) return this.#write(sequence, filter)
    const known = this.#spans.get(sequence)
    if (known !== undefined) return known
    const span = this.#write(sequence, undefined)
    this.#spans.set(sequence, span)
    this.#bytes += span.bytes.length
    for (const [first, oldest] of this.#spans) {
      if (this.#bytes <= cacheBytes) break
      this.#spans.delete(first)
      this.#bytes -= oldest.bytes.length
    }
    return span
  }

  #write(sequence: number, filter: ViewerFilter | undefined): EncodedSpan {
    let text = ''
    let entries = 0
    const visit = (entry: LogEntry, at: number): boolean => {
      text += this.#encode(entry, this.#ring.idOf(entry, at))
      entries++
      return text.length < spanChars
    }
    const next = forEachEntry(this.#ring.chunkAt(sequence), sequence, visit, filter)
    return { next, entries, bytes: Buffer.from(text) }
  }
}
