/**
 * Cuts what comes over a connection into blocks of whole lines. Pure: chunks in, blocks out.
 *
 * ```
 *   chunk 1  … INFO a\n… INFO b\n… WA      block of two lines, seen where they stand; `… WA` is copied
 *   chunk 2  RN c\n… INFO d\n              the joined line, then a block of one
 * ```
 */

import { GrowingBytes } from '../receive/growing-bytes.ts'
import { wholeCharacters } from './whole-characters.ts'

/** What becomes of a line, or of an octet-counted text, longer than the limit. */
export type LongFramePolicy = 'truncate' | 'skip' | 'close'

/** How long one may be, in bytes without its line ending, and what becomes of a longer one. */
export interface FrameLimits {
  readonly maxLineBytes: number
  readonly whenLineTooLong: LongFramePolicy
}

/** Whole lines with their endings, or one that lost its end (and has no ending), or nothing of one that is skipped. */
export interface Frame {
  readonly bytes: Buffer
  readonly flag?: 'truncated' | 'skipped' | undefined
}

/** Takes a connection's chunks apart. */
export interface Framing {
  /** The memory that is kept for what is not complete yet, in bytes. */
  readonly unfinishedBytes: number
  /** Set once the connection cannot be understood any more, and why. */
  readonly fault: string | undefined
  /** Lines that were too long. */
  readonly linesTooLong: number
  /** Takes a chunk, which must never be written to again; the frames see it where it stands. */
  feed(chunk: Buffer): Frame[]
  /** What is left of an unfinished line when nothing more comes. */
  end(): Frame | undefined
}

const lineFeed = 10
const carriageReturn = 13
const nothing: Buffer = Buffer.alloc(0)

export class LineFrames implements Framing {
  readonly #max: number
  readonly #policy: LongFramePolicy
  readonly #carry = new GrowingBytes()
  /** The unfinished line is too long: what is kept of it is in the carry, the rest is passed over. */
  #isCut = false
  linesTooLong = 0
  fault: string | undefined

  constructor({ maxLineBytes, whenLineTooLong }: FrameLimits) {
    this.#max = maxLineBytes
    this.#policy = whenLineTooLong
  }

  get unfinishedBytes(): number {
    return this.#carry.capacity
  }

  feed(chunk: Buffer): Frame[] {
    const frames: Frame[] = []
    let at = 0
    if (this.#carry.length > 0 || this.#isCut) {
      const found = chunk.indexOf(lineFeed)
      at = found === -1 ? chunk.length : found + 1
      this.#extend(chunk, 0, at)
      if (found !== -1) this.#endLine(frames)
    }
    const last = chunk.lastIndexOf(lineFeed) + 1
    if (last > at && this.fault === undefined) {
      // Within a block that is no longer than a line may be, no line is.
      if (last - at - 1 <= this.#max) frames.push({ bytes: chunk.subarray(at, last) })
      else this.#cutLines(chunk, at, last, frames)
      at = last
    }
    if (at < chunk.length && this.fault === undefined) this.#extend(chunk, at, chunk.length)
    return frames
  }

  end(): Frame | undefined {
    if (this.#carry.length === 0 && !this.#isCut) return undefined
    const frames: Frame[] = []
    this.#endLine(frames)
    return frames[0]
  }

  /** Adds to the unfinished line, as far as it may grow. */
  #extend(chunk: Buffer, from: number, to: number): void {
    if (this.#isCut) return
    // One more for a carriage return, and one for the line feed, which count for nothing.
    const room = this.#max + 2 - this.#carry.length
    this.#carry.add(chunk, from, Math.min(to, from + room))
    const { length } = this.#carry
    if (length <= this.#max) return
    const bytes = this.#carry.peek()
    const ending = bytes[length - 1] === lineFeed ? 1 : 0
    const returned = bytes[length - 1 - ending] === carriageReturn ? 1 : 0
    if (length - ending - returned <= this.#max && to - from <= room) return
    this.#tooLong()
    this.#isCut = true
    const line = this.#carry.take()
    if (this.#policy === 'truncate') this.#carry.add(line, 0, wholeCharacters(line, this.#max))
  }

  #endLine(frames: Frame[]): void {
    const bytes = this.#carry.take()
    if (!this.#isCut) frames.push({ bytes })
    else if (this.#policy === 'truncate') frames.push({ bytes, flag: 'truncated' })
    else if (this.#policy === 'skip') frames.push({ bytes: nothing, flag: 'skipped' })
    this.#isCut = false
  }

  /** Whole lines, some of which may be too long. */
  #cutLines(chunk: Buffer, from: number, to: number, frames: Frame[]): void {
    let run = from
    const endRun = (end: number): void => {
      if (end > run) frames.push({ bytes: chunk.subarray(run, end) })
    }
    for (let at = from; at < to; ) {
      const next = chunk.indexOf(lineFeed, at) + 1
      const returned = next - at > 1 && chunk[next - 2] === carriageReturn ? 1 : 0
      if (next - 1 - returned - at > this.#max) {
        endRun(at)
        run = next
        this.#tooLong()
        if (this.#policy === 'close') return
        if (this.#policy === 'skip') frames.push({ bytes: nothing, flag: 'skipped' })
        else {
          const line = chunk.subarray(at, next)
          frames.push({ bytes: line.subarray(0, wholeCharacters(line, this.#max)), flag: 'truncated' })
        }
      }
      at = next
    }
    endRun(to)
  }

  #tooLong(): void {
    this.linesTooLong++
    if (this.#policy === 'close') this.fault = `a line is longer than ${this.#max} bytes`
  }
}
