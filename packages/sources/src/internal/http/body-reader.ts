/** Reads a request's body, in whatever pieces it comes, into entries. */

import { GrowingBytes } from '../receive/growing-bytes.ts'
import { type BodyFormat, FormatSniffer } from './body-format.ts'
import { JsonElements } from './json-elements.ts'
import { BodyProblem, type ReceivedEntries } from './received-entries.ts'
import { WholeLines } from './whole-lines.ts'

/** Takes a body's pieces. Both methods throw {@link BodyProblem} for one that can not be read on. */
export interface BodyReader {
  /** Whether a body without entries is one without content; an empty array is not. */
  readonly isEmpty: boolean
  /** About how much memory is taken by what is unfinished. */
  readonly heldBytes: number
  feed(bytes: Buffer): void
  /** The body is over, and whole. Without it nothing unfinished becomes an entry. */
  end(): void
}

/** A reader of a body of this format, into `received`. */
export function bodyReader(
  format: BodyFormat | 'unknown',
  received: ReceivedEntries,
  maxEntryBytes: number,
): BodyReader {
  switch (format) {
    case 'json':
      return jsonReader(received, maxEntryBytes)
    case 'ndjson':
      return ndjsonReader(received, maxEntryBytes)
    case 'text':
      return textReader(received, maxEntryBytes)
    default:
      return new SniffingReader(received, maxEntryBytes)
  }
}

function jsonReader(received: ReceivedEntries, maxEntryBytes: number): BodyReader {
  return new JsonElements({
    maxElementBytes: maxEntryBytes,
    // Where an element is no JSON the next one may begin anywhere.
    onElement: (bytes) => received.json(bytes.toString(), received.total, true),
    onTooLong: () => received.tooLong(received.total),
    onBroken(message) {
      throw new BodyProblem(400, message, { entry: received.total })
    },
  })
}

function ndjsonReader(received: ReceivedEntries, maxLineBytes: number): BodyReader {
  let line = 0
  received.unit = 'line'
  return new WholeLines({
    maxLineBytes,
    onLines(bytes) {
      const text = bytes.toString()
      for (let at = 0; at < text.length; ) {
        const feed = text.indexOf('\n', at)
        const end = feed === -1 ? text.length : feed
        line++
        if (!isBlank(text, at, end)) received.json(text.slice(at, end), line, false)
        at = end + 1
      }
    },
    onTooLong: () => received.tooLong(++line),
  })
}

function textReader(received: ReceivedEntries, maxLineBytes: number): BodyReader {
  received.unit = 'line'
  return new WholeLines({
    maxLineBytes,
    onLines: (bytes) => received.lines(bytes),
    onTooLong: () => received.tooLong(received.total + 1),
  })
}

function isBlank(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at)
    if (code !== 32 && code !== 13 && code !== 9) return false
  }
  return true
}

/** Holds a body's beginning until it tells what it is. */
class SniffingReader implements BodyReader {
  readonly #received: ReceivedEntries
  readonly #maxEntryBytes: number
  readonly #sniffer: FormatSniffer
  readonly #head = new GrowingBytes()
  #reader: BodyReader | undefined

  constructor(received: ReceivedEntries, maxEntryBytes: number) {
    this.#received = received
    this.#maxEntryBytes = maxEntryBytes
    this.#sniffer = new FormatSniffer(maxEntryBytes)
  }

  get isEmpty(): boolean {
    return this.#reader?.isEmpty ?? true
  }

  get heldBytes(): number {
    return this.#reader?.heldBytes ?? this.#head.capacity
  }

  feed(bytes: Buffer): void {
    if (this.#reader !== undefined) return this.#reader.feed(bytes)
    const format = this.#sniffer.feed(bytes)
    if (format === undefined) this.#head.add(bytes, 0, bytes.length)
    else this.#begin(format).feed(bytes)
  }

  end(): void {
    const reader = this.#reader ?? this.#begin(this.#sniffer.end())
    reader.end()
  }

  #begin(format: BodyFormat): BodyReader {
    const reader = bodyReader(format, this.#received, this.#maxEntryBytes)
    this.#reader = reader
    if (this.#head.length > 0) reader.feed(this.#head.take())
    return reader
  }
}
