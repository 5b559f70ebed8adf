/** Takes octet-counted texts apart (RFC 6587, 3.4.1): `5 hello11 hello\nworld`. Pure: chunks in, texts out. */

import { GrowingBytes } from '../receive/growing-bytes.ts'
import type { Frame, FrameLimits, Framing, LongFramePolicy } from './line-frames.ts'
import { wholeCharacters } from './whole-characters.ts'

const space = 32
const zero = 48
const nine = 57
/** A text of a gigabyte and more is none. */
const maxDigits = 9
const nothing: Buffer = Buffer.alloc(0)

/** Each frame is one text, which may have line feeds of its own. */
export class OctetFrames implements Framing {
  readonly #max: number
  readonly #policy: LongFramePolicy
  readonly #text = new GrowingBytes()
  #digits = 0
  #count = 0
  /** Bytes of the text that have not come yet; undefined while its length is read. */
  #missing: number | undefined
  linesTooLong = 0
  fault: string | undefined

  constructor({ maxLineBytes, whenLineTooLong }: FrameLimits) {
    this.#max = maxLineBytes
    this.#policy = whenLineTooLong
  }

  get unfinishedBytes(): number {
    return this.#text.capacity
  }

  feed(chunk: Buffer): Frame[] {
    const frames: Frame[] = []
    for (let at = 0; at < chunk.length && this.fault === undefined; ) {
      if (this.#missing === undefined) at = this.#readCount(chunk, at)
      else at = this.#readText(chunk, at, this.#missing, frames)
    }
    return frames
  }

  end(): Frame | undefined {
    const isTorn = this.#missing !== undefined
    this.#missing = undefined
    // What came of it is given: there is no line ending that could tell a whole text from a torn one.
    if (!isTorn || this.#text.length === 0) return undefined
    const bytes = this.#text.take()
    return { bytes: bytes.subarray(0, wholeCharacters(bytes, Math.min(bytes.length, this.#max))), flag: 'truncated' }
  }

  #readCount(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] as number
      if (byte === space && this.#digits > 0) {
        this.#missing = this.#count
        this.#digits = 0
        if (this.#count > this.#max) this.#tooLong()
        return at + 1
      }
      const isDigit = byte >= zero && byte <= nine
      if (!isDigit || (byte === zero && this.#digits === 0) || this.#digits === maxDigits) {
        this.fault = 'a text does not begin with its length: a number of bytes and a space'
        return chunk.length
      }
      this.#count = (this.#digits === 0 ? 0 : this.#count * 10) + byte - zero
      this.#digits++
    }
    return chunk.length
  }

  #readText(chunk: Buffer, from: number, missing: number, frames: Frame[]): number {
    const to = Math.min(chunk.length, from + missing)
    const isComplete = to - from === missing
    if (isComplete && this.#text.length === 0 && this.#count <= this.#max) {
      frames.push({ bytes: chunk.subarray(from, to) })
    } else {
      // One more than is kept, by which is seen whether the cut tears a character.
      const room = this.#count > this.#max && this.#policy === 'skip' ? 0 : this.#max + 1 - this.#text.length
      if (room > 0) this.#text.add(chunk, from, Math.min(to, from + room))
      if (isComplete) frames.push(this.#complete())
    }
    this.#missing = isComplete ? undefined : missing - (to - from)
    return to
  }

  #complete(): Frame {
    const bytes = this.#text.take()
    if (this.#count <= this.#max) return { bytes }
    if (this.#policy === 'skip') return { bytes: nothing, flag: 'skipped' }
    return { bytes: bytes.subarray(0, wholeCharacters(bytes, this.#max)), flag: 'truncated' }
  }

  #tooLong(): void {
    this.linesTooLong++
    if (this.#policy === 'close') this.fault = `a text is longer than ${this.#max} bytes`
  }
}
