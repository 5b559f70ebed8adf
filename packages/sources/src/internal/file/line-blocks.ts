/**
 * Cuts what is read of a file into blocks of whole lines. Pure: bytes in, places of lines out.
 *
 * ```
 *   carry of before │ what was read now
 *   ────────────────┼──────────────────────────────
 *   2026 … INFO a b │ c\n2026 … \n2026 … \n2026 … WA
 *   └──────────── one block ────────────┘└ carry ──┘
 * ```
 */

import { type ByteScan, scanBytes } from '@logwisp/core'

/** How the bytes of a file are to be read. */
export type FileEncoding = 'utf8' | 'utf16le' | 'utf16be' | 'latin1'

/** What is done with a line longer than the limit. */
export type LongLinePolicy = 'truncate' | 'split' | 'skip'

export interface LineBlocksOptions {
  readonly encoding: FileEncoding
  readonly maxLineBytes: number
  readonly whenLineTooLong: LongLinePolicy
}

/** Some whole lines, or what is given of a line that is too long. */
export interface LineBlock {
  /** As they stand in the file, line endings included. Shares memory with what was fed. */
  readonly bytes: Buffer
  /** Where in the file they begin. */
  readonly offset: number
  /** Where in the file to go on after them: behind `bytes`, or behind the part of a line that is not given. */
  readonly end: number
  /** What is special: one line that lost its end, one part of a line, a line that is not given at all. */
  readonly flag?: 'truncated' | 'split' | 'skipped' | undefined
  /** What is known of `bytes` from the look for NULs. */
  readonly scan?: ByteScan | undefined
}

interface LongLine {
  readonly bytes: Buffer
  readonly offset: number
}

/**
 * A block of lines is no longer than this, but for a line that is: a stage that keeps a batch keeps no more than it
 * needs, and a batch's text stays well below 128 KiB, from where on V8 gives each string pages of its own (a filter over
 * 224 MB took 815 ms then, and 650 ms just below).
 */
const maxBlockBytes = 65_536

const lineFeed = 10
const wideLineFeed = { utf16le: Buffer.from([10, 0]), utf16be: Buffer.from([0, 10]) } as const
const nothing: Buffer = Buffer.alloc(0)

export class LineBlocks {
  readonly #encoding: FileEncoding
  readonly #max: number
  readonly #policy: LongLinePolicy
  /** Bytes of a character's smallest part. */
  readonly #unit: 1 | 2
  #carry: Buffer = nothing
  #long: LongLine | undefined
  #nuls = 0
  /** Lines that were longer than the limit. */
  linesTooLong = 0
  /** NULs at the start of lines: what a writer that does not append leaves after a truncation, or a crash. */
  nulBytesSkipped = 0

  constructor({ encoding, maxLineBytes, whenLineTooLong }: LineBlocksOptions) {
    this.#encoding = encoding
    this.#unit = encoding === 'utf16le' || encoding === 'utf16be' ? 2 : 1
    // A limit inside a character of two bytes would put every later one out of step.
    this.#max = maxLineBytes - (maxLineBytes % this.#unit)
    this.#policy = whenLineTooLong
  }

  /** The unfinished line's bytes so far: the next feed begins with them. */
  get carry(): Buffer {
    return this.#carry
  }

  /** NULs read last, at the start of a line, that nothing came after yet; their place may still be written to. */
  get openNuls(): number {
    return this.#nuls
  }

  /** How far before the end of what was fed a new reader must begin so that no line is torn. */
  held(end: number): number {
    return this.#long === undefined ? this.#carry.length + this.#nuls : end - this.#long.offset
  }

  /** The open NULs are going to be fed again. */
  rewindNuls(): void {
    this.#nuls = 0
  }

  /**
   * Takes bytes `from` to `to`: the {@link carry} and what comes after it. `offset` is where in the file `from` is.
   * The blocks keep a view on `bytes`; the carry is copied out.
   */
  feed(bytes: Buffer, from: number, to: number, offset: number): LineBlock[] {
    const blocks: LineBlock[] = []
    const shift = offset - from
    const fresh = from + this.#carry.length
    let at = from
    if (this.#long !== undefined) {
      const next = this.#nextLine(bytes, at, to, shift)
      if (next === -1) {
        this.#keepHalf(bytes, to, shift)
        return blocks
      }
      this.#carry = nothing
      blocks.push(this.#endLong(next + shift))
      at = next
    }
    if (this.#carry.length === 0) at = this.#skipNuls(bytes, at, to)
    const last = this.#lastLineEnd(bytes, Math.max(at, fresh), to, shift)
    if (last !== -1) {
      this.#cutLines(bytes, at, last, shift, blocks)
      at = this.#skipNuls(bytes, last, to)
    }
    this.#keep(bytes, at, to, shift, blocks)
    return blocks
  }

  /** The unfinished line as it is: nothing more will be fed. */
  flush(end: number): LineBlock | undefined {
    const carry = this.#carry
    this.#carry = nothing
    if (this.#long !== undefined) return this.#endLong(end)
    return carry.length === 0 ? undefined : { bytes: carry, offset: end - carry.length, end }
  }

  /** What follows the last line feed becomes the carry; one that is too long is cut by the policy. */
  #keep(bytes: Buffer, from: number, to: number, shift: number, blocks: LineBlock[]): void {
    let at = from
    // Half a character may be the line's end.
    const whole = to - ((to + shift) % this.#unit)
    while (whole - at > this.#max) {
      if (at === from) this.linesTooLong++
      const end = this.#wholeCharacters(bytes, at, at + this.#max)
      const offset = at + shift
      if (this.#policy !== 'split') {
        const kept = this.#policy === 'skip' ? nothing : Buffer.from(bytes.subarray(at, end))
        this.#long = { bytes: kept, offset }
        return this.#keepHalf(bytes, to, shift)
      }
      blocks.push({ bytes: bytes.subarray(at, end), offset, end: end + shift, flag: 'split' })
      at = end
    }
    // A copy, so that an idle file keeps a line's part alive and not a whole block.
    this.#carry = at === to ? nothing : Buffer.from(bytes.subarray(at, to))
  }

  /** Of a line that is not kept only the half of a character that its line feed may begin with. */
  #keepHalf(bytes: Buffer, to: number, shift: number): void {
    this.#carry = Buffer.from(bytes.subarray(to - ((to + shift) % this.#unit), to))
  }

  #endLong(end: number): LineBlock {
    const { bytes, offset } = this.#long as LongLine
    this.#long = undefined
    return { bytes, offset, end, flag: this.#policy === 'skip' ? 'skipped' : 'truncated' }
  }

  /** Whole lines: blocks as they are, but for those that have NULs or lines too long among them. */
  #cutLines(bytes: Buffer, from: number, to: number, shift: number, blocks: LineBlock[]): void {
    for (let at = from; at < to; ) {
      const next = to - at <= maxBlockBytes ? to : this.#blockEnd(bytes, at, to, shift)
      const block = bytes.subarray(at, next)
      const scan = this.#unit === 1 ? scanBytes(block) : undefined
      const hasNuls = scan?.hasNuls === true
      if (hasNuls || next - at > this.#max) this.#cutEachLine(bytes, at, next, shift, blocks, hasNuls)
      else blocks.push({ bytes: block, offset: at + shift, end: next + shift, scan })
      at = next
    }
  }

  /** Whole lines with perhaps NULs before some of them, and perhaps lines too long. */
  #cutEachLine(bytes: Buffer, from: number, to: number, shift: number, blocks: LineBlock[], hasNuls: boolean): void {
    let run = from
    const endRun = (end: number): void => {
      if (run < end) blocks.push({ bytes: bytes.subarray(run, end), offset: run + shift, end: end + shift })
    }
    let at = from
    while (at < to) {
      if (hasNuls && bytes[at] === 0) {
        endRun(at)
        at = this.#skipNuls(bytes, at, to)
        run = at
        continue
      }
      // From one line end straight to the last that is within reach: no look at each line.
      const reach = hasNuls ? -1 : this.#lastLineEnd(bytes, at, Math.min(at + this.#max + this.#unit, to), shift)
      if (reach !== -1) {
        at = reach
        continue
      }
      const next = this.#nextLine(bytes, at, to, shift)
      if (next - this.#unit - at > this.#max) {
        endRun(at)
        run = this.#cutLong(bytes, at, next, shift, blocks)
      }
      at = next
    }
    endRun(to)
  }

  /** Where a block that begins at `from` ends, so that it is not too long: behind its last whole line, or its only one. */
  #blockEnd(bytes: Buffer, from: number, to: number, shift: number): number {
    const end = this.#lastLineEnd(bytes, from, from + maxBlockBytes, shift)
    return end === -1 ? this.#nextLine(bytes, from, to, shift) : end
  }

  /** A whole line that is too long; returns where the rest begins that goes on as an ordinary line. */
  #cutLong(bytes: Buffer, from: number, next: number, shift: number, blocks: LineBlock[]): number {
    this.linesTooLong++
    if (this.#policy === 'split') {
      let at = from
      while (next - this.#unit - at > this.#max) {
        const end = this.#wholeCharacters(bytes, at, at + this.#max)
        blocks.push({ bytes: bytes.subarray(at, end), offset: at + shift, end: end + shift, flag: 'split' })
        at = end
      }
      return at
    }
    const end = this.#policy === 'skip' ? from : this.#wholeCharacters(bytes, from, from + this.#max)
    const flag = this.#policy === 'skip' ? 'skipped' : 'truncated'
    blocks.push({ bytes: bytes.subarray(from, end), offset: from + shift, end: next + shift, flag })
    return next
  }

  /** Passes over NULs where a line begins. Those that nothing follows stay open: see {@link openNuls}. */
  #skipNuls(bytes: Buffer, from: number, to: number): number {
    let at = from
    while (at < to && bytes[at] === 0) at++
    // The first half of a big-endian character is a NUL too.
    at -= (at - from) % this.#unit
    if (at === from && this.#nuls === 0) return at
    this.#nuls += at - from
    if (at < to) {
      this.nulBytesSkipped += this.#nuls
      this.#nuls = 0
    }
    return at
  }

  /** Where the line after the one at `from` begins; -1 when it does not end before `to`. */
  #nextLine(bytes: Buffer, from: number, to: number, shift: number): number {
    if (this.#unit === 1) {
      const found = bytes.indexOf(lineFeed, from)
      return found === -1 || found >= to ? -1 : found + 1
    }
    const feed = wideLineFeed[this.#encoding as 'utf16le' | 'utf16be']
    let found = bytes.indexOf(feed, from)
    // Two bytes that look like a line feed, but are the halves of two characters.
    while (found !== -1 && (found + shift) % 2 !== 0) found = bytes.indexOf(feed, found + 1)
    return found === -1 || found + 2 > to ? -1 : found + 2
  }

  #lastLineEnd(bytes: Buffer, from: number, to: number, shift: number): number {
    return lastLineEnd(bytes, this.#encoding, from, to, shift)
  }

  /** The greatest end, at most `end`, that tears no character. */
  #wholeCharacters(bytes: Buffer, from: number, end: number): number {
    let at = end
    if (this.#encoding === 'utf8') {
      while (at > from && end - at < 4 && ((bytes[at] as number) & 0xc0) === 0x80) at--
      // More than three of them in a row are no UTF-8.
      return at === from || end - at === 4 ? end : at
    }
    if (this.#unit === 2 && end - from > 2) {
      const high = bytes[this.#encoding === 'utf16be' ? end : end + 1] as number
      if (high >= 0xdc && high <= 0xdf) at -= 2
    }
    return at
  }
}

/** Blocks of which none has lines both before and behind a place in the file: the one that has them becomes two. */
export function cutBlocks(blocks: readonly LineBlock[], place: number, encoding: FileEncoding): readonly LineBlock[] {
  const cut = blocks.findIndex(({ offset, end, flag }) => offset < place && place < end && flag === undefined)
  if (cut === -1) return blocks
  const { bytes, offset, end } = blocks[cut] as LineBlock
  const unit = encoding === 'utf16le' || encoding === 'utf16be' ? 2 : 1
  let at = place - offset
  // Mostly the very place: lines were read up to there once. The last one may have grown since.
  while (at < bytes.length && lastLineEnd(bytes, encoding, at - unit, at, offset) !== at) at += unit
  if (at >= bytes.length) return blocks
  const head = { bytes: bytes.subarray(0, at), offset, end: offset + at }
  return blocks.toSpliced(cut, 1, head, { bytes: bytes.subarray(at), offset: offset + at, end })
}

/**
 * Behind the last line feed of bytes `from` to `to`; -1 when there is none. `shift`: how much greater places in the
 * file are than in `bytes`.
 */
export function lastLineEnd(bytes: Buffer, encoding: FileEncoding, from: number, to: number, shift: number): number {
  if (from >= to) return -1
  const window = bytes.subarray(from, to)
  if (encoding !== 'utf16le' && encoding !== 'utf16be') {
    const found = window.lastIndexOf(lineFeed)
    return found === -1 ? -1 : from + found + 1
  }
  const feed = wideLineFeed[encoding]
  let found = window.lastIndexOf(feed)
  // Two bytes that look like a line feed, but are the halves of two characters.
  while (found !== -1 && (from + found + shift) % 2 !== 0)
    found = found === 0 ? -1 : window.lastIndexOf(feed, found - 1)
  return found === -1 ? -1 : from + found + 2
}
