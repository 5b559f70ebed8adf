/**
 * Cuts a body of JSON into its elements while it comes: those of an array, or objects that stand one after another.
 * Pure: bytes in, one element's bytes out. Finds only where an element ends; whether it is JSON is for a parser to say.
 */

import { GrowingBytes } from '../receive/growing-bytes.ts'

export interface JsonElementsOptions {
  /** Of one element, in bytes. */
  readonly maxElementBytes: number
  /** Takes the bytes of one element. */
  readonly onElement: (bytes: Buffer) => void
  /** An element was larger than that; it is passed over. */
  readonly onTooLong: () => void
  /** The body is no array and no object, or an element is followed by something else than a comma. It must throw. */
  readonly onBroken: (message: string) => never
}

const start = 0
/** Behind `[`: an element or the end. */
const first = 1
/** Behind a comma. */
const next = 2
/** Within an object, an array or a string that is an element. */
const inside = 3
/** Within a number or a word that is an element. */
const scalar = 4
/** Behind an element of an array. */
const after = 5
/** Behind an object that stands by itself. */
const between = 6
/** Behind `]`. */
const done = 7

const quote = 34
const backslash = 92
const comma = 44
const openArray = 91
const closeArray = 93
const openObject = 123
const closeObject = 125

const byteOrderMark = [0xef, 0xbb, 0xbf]

export class JsonElements {
  readonly #options: JsonElementsOptions
  readonly #carry = new GrowingBytes()
  #state = start
  #position = 0
  #isArray = false
  #depth = 0
  #isInString = false
  #isEscaped = false
  #isTooLong = false

  constructor(options: JsonElementsOptions) {
    this.#options = options
  }

  /** Whether nothing came yet: no element, and no array that could have some. */
  get isEmpty(): boolean {
    return this.#state === start
  }

  /** The memory that the unfinished element takes. */
  get heldBytes(): number {
    return this.#carry.capacity
  }

  feed(bytes: Buffer): void {
    // Where the element under way begins within these bytes.
    let from = 0
    let at = 0
    while (at < bytes.length) {
      if (this.#state === inside) {
        at = this.#scanInside(bytes, at)
        if (this.#depth > 0 || this.#isInString) break
        this.#finishElement(bytes, from, at)
        continue
      }
      const code = bytes[at] as number
      if (this.#state === scalar) {
        if (code === comma || code === closeArray || isBlank(code)) this.#finishElement(bytes, from, at)
        else at++
        continue
      }
      if (!isBlank(code) && !this.#isByteOrderMark(code, at)) {
        const state = this.#enter(code)
        if (state === inside || state === scalar) from = at
        this.#state = state
      }
      at++
    }
    this.#position += bytes.length
    if (this.#state === inside || this.#state === scalar) this.#keep(bytes, from, bytes.length)
  }

  /** The body is over. */
  end(): void {
    const { onBroken } = this.#options
    if (this.#state === inside || this.#state === scalar) onBroken('expected JSON: the body ends within this element')
    if (this.#state !== done && this.#isArray) onBroken("expected JSON: the body ends without the array's ]")
  }

  /** What begins, or goes on, with a character outside of an element. */
  #enter(code: number): number {
    const { onBroken } = this.#options
    switch (this.#state) {
      case start:
        if (code === openArray) {
          this.#isArray = true
          return first
        }
        if (code === openObject) return this.#begin(code)
        return onBroken('expected an entry as a JSON object such as {"message":"text"}, or an array of these')
      case between:
        if (code === openObject) return this.#begin(code)
        return onBroken('expected nothing, or another JSON object, after the one before')
      case first:
        return code === closeArray ? done : this.#begin(code)
      case next:
        return this.#begin(code)
      case after:
        if (code === comma) return next
        if (code === closeArray) return done
        return onBroken('expected JSON: after the element before there is neither , nor ]')
      default:
        return onBroken('expected JSON: something follows after the end of the array')
    }
  }

  #begin(code: number): number {
    if (code === comma || code === closeArray || code === closeObject) {
      return this.#options.onBroken(`expected JSON: an element instead of ${String.fromCharCode(code)}`)
    }
    this.#isInString = code === quote
    this.#depth = code === openObject || code === openArray ? 1 : 0
    return this.#isInString || this.#depth > 0 ? inside : scalar
  }

  /**
   * Passes over the inside of an element; returns where it ends, or the end of the bytes. The element's first character
   * is in the state already.
   */
  #scanInside(bytes: Buffer, from: number): number {
    const { length } = bytes
    let at = from
    let depth = this.#depth
    let isInString = this.#isInString
    if (this.#isEscaped && at < length) {
      this.#isEscaped = false
      at++
    }
    while (at < length) {
      const code = bytes[at++] as number
      if (isInString) {
        if (code === quote) {
          isInString = false
          if (depth === 0) break
        } else if (code === backslash) {
          if (at === length) this.#isEscaped = true
          at++
        }
      } else if (code === quote) isInString = true
      else if (code === openObject || code === openArray) depth++
      else if ((code === closeObject || code === closeArray) && --depth === 0) break
    }
    this.#depth = depth
    this.#isInString = isInString
    return Math.min(at, length)
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    if (this.#isTooLong) return
    if (this.#carry.length + to - from > this.#options.maxElementBytes) {
      this.#carry.clear()
      this.#isTooLong = true
    } else {
      this.#carry.add(bytes, from, to)
    }
  }

  #finishElement(bytes: Buffer, from: number, to: number): void {
    const { maxElementBytes, onElement, onTooLong } = this.#options
    this.#state = this.#isArray ? after : between
    let element = bytes
    if (this.#carry.length > 0 || this.#isTooLong) {
      this.#keep(bytes, from, to)
      element = this.#carry.take()
    } else if (to - from > maxElementBytes) {
      this.#isTooLong = true
    } else {
      element = bytes.subarray(from, to)
    }
    const isTooLong = this.#isTooLong
    this.#isTooLong = false
    if (isTooLong) onTooLong()
    else onElement(element)
  }

  #isByteOrderMark(code: number, at: number): boolean {
    return this.#state === start && byteOrderMark[this.#position + at] === code
  }
}

function isBlank(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9
}
