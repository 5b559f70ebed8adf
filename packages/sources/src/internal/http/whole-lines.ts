/** Cuts a body into runs of whole lines, wherever its pieces end. Pure: bytes in, bytes out. */

import { GrowingBytes } from '../receive/growing-bytes.ts'

export interface WholeLinesOptions {
  /** Without its line ending, in bytes. */
  readonly maxLineBytes: number
  /** Takes one or several whole lines, each with its line feed; only the body's last line may lack it. Not empty. */
  readonly onLines: (bytes: Buffer) => void
  /** A line was longer than that; it is passed over. */
  readonly onTooLong: () => void
}

const lineFeed = 10
const carriageReturn = 13

/**
 * Give pieces to {@link feed} and then {@link end}. Holds at most one unfinished line. A byte order mark before the
 * first line is not part of it.
 */
export class WholeLines {
  readonly #options: WholeLinesOptions
  readonly #carry = new GrowingBytes()
  #isFirst = true
  #isSkipping = false

  constructor(options: WholeLinesOptions) {
    this.#options = options
  }

  /** Lines that are blank are no reason to call a body anything but empty. */
  readonly isEmpty: boolean = true

  /** The memory that the unfinished line takes. */
  get heldBytes(): number {
    return this.#carry.capacity
  }

  feed(bytes: Buffer): void {
    let at = 0
    if (this.#carry.length > 0 || this.#isSkipping) {
      const feed = bytes.indexOf(lineFeed)
      this.#continue(bytes, feed === -1 ? bytes.length : feed + 1)
      if (feed === -1) return
      at = feed + 1
      this.#finishLine()
    }
    const last = bytes.lastIndexOf(lineFeed)
    if (last >= at) {
      this.#give(bytes, at, last + 1)
      at = last + 1
    }
    if (at < bytes.length) this.#continue(bytes.subarray(at), bytes.length - at)
  }

  /** The body is over, and whole: what it ends with is a line too. */
  end(): void {
    this.#finishLine()
  }

  /** Keeps a piece of a line, unless the line gets too long by it. */
  #continue(bytes: Buffer, end: number): void {
    if (this.#isSkipping) return
    // Two for the line's ending, which may be in this piece, and three for a byte order mark.
    if (this.#carry.length + end > this.#options.maxLineBytes + 5) {
      this.#carry.clear()
      this.#isSkipping = true
    } else {
      this.#carry.add(bytes, 0, end)
    }
  }

  #finishLine(): void {
    if (this.#isSkipping) {
      this.#isSkipping = false
      this.#isFirst = false
      this.#options.onTooLong()
    } else if (this.#carry.length > 0) {
      const line = this.#carry.take()
      this.#give(line, 0, line.length)
    }
  }

  #give(bytes: Buffer, from: number, to: number): void {
    const { maxLineBytes, onLines } = this.#options
    let at = this.#isFirst ? afterByteOrderMark(bytes, from) : from
    this.#isFirst = false
    if (to - at > maxLineBytes) at = this.#passLongLines(bytes, at, to)
    if (at < to) onLines(bytes.subarray(at, to))
  }

  /** Looks at each line; gives those before one that is too long. Returns where what is left begins. */
  #passLongLines(bytes: Buffer, from: number, to: number): number {
    const { maxLineBytes, onLines, onTooLong } = this.#options
    let run = from
    for (let at = from; at < to; ) {
      const feed = bytes.indexOf(lineFeed, at)
      const next = feed === -1 || feed >= to ? to : feed + 1
      if (contentEnd(bytes, at, next) - at > maxLineBytes) {
        if (run < at) onLines(bytes.subarray(run, at))
        onTooLong()
        run = next
      }
      at = next
    }
    return run
  }
}

function contentEnd(bytes: Buffer, start: number, next: number): number {
  let end = next
  if (end > start && bytes[end - 1] === lineFeed) end--
  if (end > start && end < next && bytes[end - 1] === carriageReturn) end--
  return end
}

function afterByteOrderMark(bytes: Buffer, from: number): number {
  return bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf ? from + 3 : from
}
