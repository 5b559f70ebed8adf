/** From whole lines that came over a connection to entries and batches. Pure but for what it counts. */

import { isAscii } from 'node:buffer'
import {
  Batch,
  type BlockOptions,
  type EntryDefaults,
  entryFrom,
  type LogEntry,
  LogwispError,
  parseExact,
  wireIdFrom,
} from '@logwisp/core'
import type { ReceivedOrigins } from '../receive/received-origins.ts'
import type { Frame } from './line-frames.ts'
import type { SeenIds } from './seen-ids.ts'

/** How lines are read. */
export interface DecodeSettings {
  readonly format: 'auto' | 'json' | 'text'
  readonly whenInvalid: 'text' | 'drop'
  readonly zone: BlockOptions['zone']
}

/** Whose lines they are. */
export interface LineSender {
  /** The `source` of entries that do not say theirs. */
  readonly source: string
  /** Put before ids, which are only unique among those of one sender. */
  readonly scope: string | undefined
  /** Whether it wants to hear what is delivered, so that all of its entries need a way back. */
  readonly isTold: boolean
}

/** What becomes of lines: the order of `items` is theirs. */
export interface Decoded {
  readonly items: (LogEntry | Batch)[]
  /** Lines that came: also blank ones, and those that were dropped. */
  lines: number
  /** Entries among the items. */
  given: number
  /** Entries that are not among them, by reason. */
  readonly dropped: { 'line-too-long': number; invalid: number; duplicate: number }
  /** Lines that are no JSON and should be, given as text or dropped, and what is wrong with the first. */
  invalid: number
  fault: LogwispError | undefined
}

interface Received {
  readonly entry: LogEntry
  readonly id: string | undefined
}

const lineFeed = 10
const carriageReturn = 13
const space = 32
const tab = 9
const brace = 123
/** The first byte of a byte order mark. */
const mark = 0xef

export class LineDecoder {
  readonly #settings: DecodeSettings
  readonly #origins: ReceivedOrigins
  readonly #seen: SeenIds

  constructor(settings: DecodeSettings, origins: ReceivedOrigins, seen: SeenIds) {
    this.#settings = settings
    this.#origins = origins
    this.#seen = seen
  }

  /** Decodes frames; with `areTexts` each is one entry, whatever line feeds it has. */
  decode(frames: readonly Frame[], areTexts: boolean, sender: LineSender): Decoded {
    const decoded: Decoded = {
      items: [],
      lines: 0,
      given: 0,
      dropped: { 'line-too-long': 0, invalid: 0, duplicate: 0 },
      invalid: 0,
      fault: undefined,
    }
    const defaults = { time: Date.now(), source: sender.source }
    for (const { bytes, flag } of frames) {
      if (flag === 'skipped') {
        decoded.lines++
        decoded.dropped['line-too-long']++
      } else if (areTexts || flag === 'truncated') this.#single(bytes, flag, sender, defaults, decoded)
      else this.#lines(bytes, sender, defaults, decoded)
    }
    this.#origins.read()
    return decoded
  }

  #lines(bytes: Buffer, sender: LineSender, defaults: EntryDefaults, decoded: Decoded): void {
    const { format, whenInvalid } = this.#settings
    if (format === 'text' || (format === 'auto' && !bytes.includes(brace))) {
      const batch = this.#batch(bytes, sender, defaults)
      decoded.lines += batch.count
      decoded.given += batch.count
      decoded.items.push(batch)
      return
    }
    // One decoding for all lines where a place in the text is the same place in the bytes.
    const text = isAscii(bytes) ? bytes.toString('latin1') : undefined
    const { length } = bytes
    // Where the run of lines begins that are given as text.
    let run = 0
    const endRun = (end: number, next: number): void => {
      if (end > run) {
        const batch = this.#batch(bytes.subarray(run, end), sender, defaults)
        decoded.given += batch.count
        decoded.items.push(batch)
      }
      run = next
    }
    for (let at = 0; at < length; ) {
      const found = bytes.indexOf(lineFeed, at)
      const next = found === -1 ? length : found + 1
      const end = found === -1 ? length : found
      decoded.lines++
      const first = firstByte(bytes, at, end)
      if (first === brace || (first === mark && format === 'json')) {
        const line = text === undefined ? bytes.toString('utf8', at, end) : text.slice(at, end)
        const received = this.#parse(line, defaults, decoded)
        if (received !== undefined) {
          endRun(at, next)
          this.#give(received, sender, decoded)
        } else if (whenInvalid === 'drop') {
          endRun(at, next)
          decoded.dropped.invalid++
        }
      } else if (format === 'json') {
        if (first === -1) endRun(at, next)
        else {
          this.#notJson(decoded)
          if (whenInvalid === 'drop') {
            endRun(at, next)
            decoded.dropped.invalid++
          }
        }
      }
      at = next
    }
    endRun(length, length)
  }

  /** One text that is one entry. */
  #single(
    content: Buffer,
    flag: 'truncated' | undefined,
    sender: LineSender,
    defaults: EntryDefaults,
    decoded: Decoded,
  ): void {
    const { format, whenInvalid } = this.#settings
    const bytes = content.subarray(0, contentEnd(content))
    decoded.lines++
    const first = firstByte(bytes, 0, bytes.length)
    if (format !== 'text' && (first === brace || (first === mark && format === 'json')) && flag === undefined) {
      const received = this.#parse(bytes.toString(), defaults, decoded)
      if (received !== undefined) return this.#give(received, sender, decoded)
      if (whenInvalid === 'drop') return void decoded.dropped.invalid++
    } else if (format === 'json') {
      if (first === -1) return
      this.#notJson(decoded)
      if (whenInvalid === 'drop') return void decoded.dropped.invalid++
    }
    const { time, source, level, message, fields, origin } = this.#batch(bytes, sender, defaults).entry(
      0,
      bytes.length,
      bytes.length,
    )
    const marked = flag === undefined ? fields : { truncated: true }
    decoded.given++
    decoded.items.push({ time, source, level, message, fields: marked, origin })
  }

  #batch(bytes: Buffer, { isTold }: LineSender, { time, source }: EntryDefaults): Batch {
    const batch = Batch.of({ bytes, source, time, zone: this.#settings.zone })
    return isTold ? batch.withNewOrigins(this.#origins.nextBatch(bytes.length, batch.count)) : batch
  }

  #parse(line: string, defaults: EntryDefaults, decoded: Decoded): Received | undefined {
    try {
      const value = parseExact(line)
      return { entry: entryFrom(value, defaults), id: wireIdFrom(value) }
    } catch (error) {
      decoded.invalid++
      decoded.fault ??= error as LogwispError
      return undefined
    }
  }

  /** Gives an entry, unless it came before. */
  #give({ entry, id }: Received, { scope, isTold }: LineSender, decoded: Decoded): void {
    if (id !== undefined && !this.#seen.add(id, scope)) {
      decoded.dropped.duplicate++
      return
    }
    const { time, source, level, message, fields } = entry
    const origin = id === undefined && !isTold ? undefined : this.#origins.next(id)
    decoded.given++
    // Entries of one shape are quicker everywhere after this.
    decoded.items.push({ time, source, level, message, fields, origin })
  }

  #notJson(decoded: Decoded): void {
    decoded.invalid++
    decoded.fault ??= new LogwispError('BAD_ENTRY', 'expected a JSON object such as {"message":"text"}')
  }
}

/** The first byte that is no blank; -1 when all are. */
function firstByte(bytes: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    const byte = bytes[at] as number
    if (byte !== space && byte !== tab && byte !== carriageReturn) return byte
  }
  return -1
}

/** Senders of octet-counted texts often count a line ending too. */
function contentEnd(bytes: Buffer): number {
  let end = bytes.length
  if (end > 0 && bytes[end - 1] === lineFeed) end--
  if (end > 0 && bytes[end - 1] === carriageReturn) end--
  return end
}
