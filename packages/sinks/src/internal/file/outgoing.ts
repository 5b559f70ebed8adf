/**
 * What waits to be written to a file, as bytes that are only ever cut between two entries.
 *
 * ```
 *   pieces   [ batch's bytes ] [ texts of entries ] [ batch without lines ] [ batch's bytes ] [ texts, still growing ]
 *             ^ written so far   one buffer once it is asked for
 * ```
 */

import { type Batch, isBatch, type LogEntry } from '@logwisp/core'
import { entrySize } from '@logwisp/core/entry-size'

const lineFeed = 10

/** How many characters of entries are one piece, acknowledged together: as much as a batch has. */
const maxPieceCharacters = 65_536

/** Bytes to write, and the entries and batches that are safe once all of them are written. */
class Piece {
  readonly items: (LogEntry | Batch)[] = []
  /** What the items keep in memory. */
  heldBytes = 0
  #bytes: Buffer | undefined
  /** The texts of the entries; kept after encoding, since a text may have line feeds of its own. */
  readonly #texts: string[] | undefined
  #ends: number[] | undefined
  #written = 0
  #characters = 0

  constructor(bytes?: Buffer) {
    this.#bytes = bytes
    this.#texts = bytes === undefined ? [] : undefined
  }

  /** Whether texts can still be added. */
  get isOpen(): boolean {
    return this.#bytes === undefined && this.#characters < maxPieceCharacters
  }

  addItem(item: LogEntry | Batch): number {
    const bytes = entrySize(item)
    this.heldBytes += bytes
    this.items.push(item)
    return bytes
  }

  addText(text: string): void {
    this.#texts?.push(text)
    this.#characters += text.length + 1
  }

  /** What is left to write. */
  get rest(): Buffer {
    this.#bytes ??= Buffer.from(this.#texts?.length ? `${this.#texts.join('\n')}\n` : '')
    return this.#written === 0 ? this.#bytes : this.#bytes.subarray(this.#written)
  }

  written(bytes: number): void {
    this.#written += bytes
  }

  /** The last end of an entry within the first `bytes` of the rest; 0 when not even one entry is. */
  lastEnd(bytes: number): number {
    const { rest } = this
    if (bytes >= rest.length) return rest.length
    if (bytes <= 0) return 0
    if (this.#texts === undefined) return rest.lastIndexOf(lineFeed, bytes - 1) + 1
    const limit = this.#written + bytes
    const end = this.#entryEnds().findLast((end) => end <= limit) ?? 0
    return Math.max(0, end - this.#written)
  }

  /** Where the first entry of the rest ends. */
  firstEnd(): number {
    if (this.#texts === undefined) {
      const { rest } = this
      const feed = rest.indexOf(lineFeed)
      return feed === -1 ? rest.length : feed + 1
    }
    return (this.#entryEnds().find((end) => end > this.#written) ?? this.#written) - this.#written
  }

  #entryEnds(): number[] {
    let end = 0
    this.#ends ??= (this.#texts ?? []).map((text) => (end += Buffer.byteLength(text) + 1))
    return this.#ends
  }
}

/** Bytes ready for one write. */
export interface Load {
  readonly buffers: Buffer[]
  readonly bytes: number
}

/** Entries and batches on their way into a file, in order. */
export class Outgoing {
  readonly #format: ((entry: LogEntry) => string) | undefined
  #pieces: Piece[] = []
  #heldBytes = 0

  /** Without a format an entry's text is its message, and a batch's bytes go out as they are. */
  constructor(format?: (entry: LogEntry) => string) {
    this.#format = format
  }

  /** How much memory is kept by what waits, or is being written. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Whether nothing waits, not even a batch without lines. */
  get isEmpty(): boolean {
    return this.#pieces.length === 0
  }

  /** Puts an item at the end. */
  add(item: LogEntry | Batch): void {
    const format = this.#format
    let piece: Piece
    // Texts first: a format that throws leaves nothing half added.
    if (!isBatch(item)) {
      const text = format === undefined ? item.message : format(item)
      piece = this.#openPiece()
      piece.addText(text)
    } else if (format === undefined || item.count === 0) {
      piece = new Piece(item.toBytes())
      this.#pieces.push(piece)
    } else {
      const texts = Array.from(item, format)
      piece = this.#openPiece()
      for (const text of texts) piece.addText(text)
    }
    this.#heldBytes += piece.addItem(item)
  }

  /** The last piece, or a new one when nothing can be added to that. */
  #openPiece(): Piece {
    const last = this.#pieces.at(-1)
    if (last?.isOpen === true) return last
    const piece = new Piece()
    this.#pieces.push(piece)
    return piece
  }

  /** The entries from the front that fit into `room` bytes; with room for all, everything. */
  load(room: number): Load {
    const buffers: Buffer[] = []
    let bytes = 0
    for (const piece of this.#pieces) {
      const { rest } = piece
      const end = piece.lastEnd(room - bytes)
      if (end > 0) buffers.push(end === rest.length ? rest : rest.subarray(0, end))
      bytes += end
      if (end < rest.length) break
    }
    return { buffers, bytes }
  }

  /** The first entry alone, however long. */
  first(): Load {
    for (const piece of this.#pieces) {
      const end = piece.firstEnd()
      if (end > 0) return { buffers: [piece.rest.subarray(0, end)], bytes: end }
    }
    return { buffers: [], bytes: 0 }
  }

  /** How many of the first `bytes`, of which a write got no further, are whole entries. */
  wholeEntries(bytes: number): number {
    return this.load(bytes).bytes
  }

  /** Takes the first `bytes`, which end where an entry ends, off the queue; returns the items that are now written. */
  advance(bytes: number): (LogEntry | Batch)[] {
    const done: (LogEntry | Batch)[] = []
    let left = bytes
    let wholly = 0
    for (const piece of this.#pieces) {
      const { length } = piece.rest
      if (length > left) {
        piece.written(left)
        break
      }
      left -= length
      wholly++
      this.#heldBytes -= piece.heldBytes
      for (const item of piece.items) done.push(item)
    }
    this.#pieces = this.#pieces.slice(wholly)
    return done
  }
}
