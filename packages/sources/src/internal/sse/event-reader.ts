/**
 * Reads `text/event-stream` from bytes, however they are cut, as the HTML standard has it:
 * https://html.spec.whatwg.org/#event-stream-interpretation
 *
 * The bytes are cut into blocks at blank lines here, and each block is parsed by eventsource-parser. So one block that is
 * too large can be passed over, where the parser could only give up; and the id of a block without data is seen, which
 * the standard keeps and the parser (3.1.1) drops: servers send it to those whose filter lets little pass.
 */

import { createParser, type EventSourceMessage } from 'eventsource-parser'

/** Told what was read, in order. */
export interface EventReaderEvents {
  /** An event with data, even empty. */
  event(event: EventSourceMessage): void
  /** An id came without an event. */
  id(id: string): void
  /** The server's wish how long to wait before connecting again. */
  retry(delayMs: number): void
  /** An event was longer than `maxEventBytes` and was passed over. */
  tooLarge(): void
}

const lineFeed = 10
const carriageReturn = 13

/** The reader of one connection. Holds at most one unfinished event, of at most `maxEventBytes`. */
export class EventReader {
  readonly #maxEventBytes: number
  readonly #events: EventReaderEvents
  readonly #parser: ReturnType<typeof createParser>
  /** The unfinished block: the first `#length` bytes of it. Grows by doubling. */
  #carry = Buffer.alloc(0)
  #length = 0
  #skipping = false
  #dispatched = false
  #first = true

  constructor(maxEventBytes: number, events: EventReaderEvents) {
    this.#maxEventBytes = maxEventBytes
    this.#events = events
    this.#parser = createParser({
      onEvent: (event) => {
        this.#dispatched = true
        events.event(event)
      },
      onRetry: (delayMs) => events.retry(delayMs),
    })
  }

  /** Takes the next bytes, and tells what they complete. Keeps none of them. */
  feed(chunk: Buffer): void {
    const searched = Math.max(0, this.#length - 1)
    const joins = this.#length > 0
    const bytes = joins ? this.#joined(chunk) : chunk
    const ends = new BlankLines(bytes, searched)
    let start = 0
    for (let end = ends.after(searched); end !== -1; end = ends.after(start)) {
      this.#block(bytes, start, end)
      start = end
    }
    this.#keep(bytes, start, joins)
  }

  #block(bytes: Buffer, start: number, end: number): void {
    if (this.#skipping) {
      this.#skipping = false
      return
    }
    if (end - start > this.#maxEventBytes) return this.#events.tooLarge()
    let text = bytes.toString('utf8', start, end)
    if (this.#first) {
      this.#first = false
      if (text.startsWith('\ufeff')) text = text.slice(1)
    }
    // The parser waits for what follows a carriage return; here it is known that the block is whole.
    if (text.includes('\r')) text = text.replace(/\r\n?/g, '\n')
    this.#dispatched = false
    this.#parser.feed(text)
    if (this.#dispatched || !text.includes('id')) return
    const id = lastId(text)
    if (id !== undefined) this.#events.id(id)
  }

  /** The carry with the chunk behind it. */
  #joined(chunk: Buffer): Buffer {
    this.#reserve(this.#length + chunk.length)
    chunk.copy(this.#carry, this.#length)
    return this.#carry.subarray(0, this.#length + chunk.length)
  }

  /** Keeps what is unfinished; `isCarry`: it lies in the carry already. */
  #keep(bytes: Buffer, start: number, isCarry: boolean): void {
    let from = start
    if (!this.#skipping && bytes.length - start > this.#maxEventBytes) {
      this.#skipping = true
      this.#events.tooLarge()
    }
    // A blank line is found by its last byte and the one before it.
    if (this.#skipping) from = Math.max(start, bytes.length - 1)
    const length = bytes.length - from
    if (!isCarry) this.#reserve(length)
    // Perhaps within itself, which `copy` knows how to do.
    bytes.copy(this.#carry, 0, from)
    this.#length = length
    if (this.#carry.length > maxIdleBytes && length < maxIdleBytes / 2) {
      const carry = this.#carry
      this.#carry = Buffer.alloc(0)
      this.#reserve(length)
      carry.copy(this.#carry, 0, 0, length)
    }
  }

  #reserve(length: number): void {
    if (this.#carry.length >= length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#carry.length))
    this.#carry.copy(larger, 0, 0, this.#length)
    this.#carry = larger
  }
}

/** The id that a block of lines ending in `\n` leaves behind, if it has one. */
function lastId(block: string): string | undefined {
  let id: string | undefined
  for (const line of block.split('\n')) {
    if (line !== 'id' && !line.startsWith('id:')) continue
    const value = line.slice(line[3] === ' ' ? 4 : 3)
    if (!value.includes('\0')) id = value
  }
  return id
}

/** A larger carry is given back once it holds little. */
const maxIdleBytes = 262_144

/**
 * Finds where blocks end: after two line endings in a row, of whatever kind. Of `\r\n\r\n` the last `\n` is left to the
 * next block, where an empty line at the beginning says nothing.
 */
class BlankLines {
  readonly #bytes: Buffer
  readonly #pairs: Pair[]

  constructor(bytes: Buffer, from: number) {
    this.#bytes = bytes
    this.#pairs = bytes.includes(carriageReturn, from)
      ? [feedFeed, feedReturn, returnReturn].map((pair) => ({ pair, at: -2 }))
      : [{ pair: feedFeed, at: -2 }]
  }

  /** The place after the first blank line that ends behind `from`; -1 when there is none. */
  after(from: number): number {
    let first = -1
    for (const known of this.#pairs) {
      // What was found further on is still the next one; each pair is looked for once over all the bytes.
      if (known.at !== -1 && known.at < from) known.at = this.#bytes.indexOf(known.pair, from)
      if (known.at !== -1 && (first === -1 || known.at < first)) first = known.at
    }
    return first === -1 ? -1 : first + 2
  }
}

interface Pair {
  readonly pair: Buffer
  /** Where it was found; -1 nowhere, -2 not looked for yet. */
  at: number
}

const feedFeed = Buffer.from([lineFeed, lineFeed])
const feedReturn = Buffer.from([lineFeed, carriageReturn])
const returnReturn = Buffer.from([carriageReturn, carriageReturn])
