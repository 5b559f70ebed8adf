/** What a request brought so far: entries on their way, and what was wrong with others. */

import {
  Batch,
  type EntryDefaults,
  entryFrom,
  type LogEntry,
  type LogwispError,
  parseExact,
  wireIdFrom,
} from '@logwisp/core'
import { LineOrigins, ReceivedOrigin, type RequestOrigin } from './received-origin.ts'

/** Where in a body an entry stands. */
export type Place = { readonly entry: number } | { readonly line: number }

/** What is wrong with an entry. */
export type Problem = Place & { readonly message: string }

/** The body can not be read on: what comes after this is not understood. */
export class BodyProblem extends Error {
  readonly status: 400 | 413
  readonly problem: Problem | undefined

  constructor(status: 400 | 413, message: string, place?: Place) {
    super(message)
    this.status = status
    this.problem = place === undefined ? undefined : { ...place, message }
  }
}

/** A block of plain lines, and its origins when it has some. */
export interface ReceivedLines {
  readonly batch: Batch
  readonly origins: LineOrigins | undefined
}

export type ReceivedItem = LogEntry | ReceivedLines

export interface ReceivedEntriesOptions {
  readonly defaults: EntryDefaults
  readonly maxEntryBytes: number
  /** Whether one bad entry is the end of the request. */
  readonly rejectsAll: boolean
  /** Gives every entry an origin, by its place; otherwise only those that came with an id have one. */
  readonly isTracked: boolean
  readonly request: RequestOrigin
  /** Put into the entries' fields as `peer`. */
  readonly peer: string | undefined
}

/** More of them are only counted. */
const maxProblems = 10

/** What an entry takes in memory beside its text: object, origin, place in a queue; an estimate. */
const entryOverheadBytes = 128

export class ReceivedEntries {
  readonly #options: ReceivedEntriesOptions
  #items: ReceivedItem[] = []
  #pendingBytes = 0
  #offset = 0
  #total = 0
  #invalid = 0
  readonly problems: Problem[] = []
  /** What places are counted in; set by whoever reads the body. */
  unit: 'entry' | 'line' = 'entry'
  #hasLongEntry = false

  constructor(options: ReceivedEntriesOptions) {
    this.#options = options
  }

  /** Entries that the body had so far, good and bad. */
  get total(): number {
    return this.#total
  }

  get invalid(): number {
    return this.#invalid
  }

  /** Whether an entry was longer than may be. */
  get hasLongEntry(): boolean {
    return this.#hasLongEntry
  }

  /** About how much memory is taken by what was not taken away yet. */
  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /** Takes what came since the last time. */
  take(): ReceivedItem[] {
    const items = this.#items
    this.#items = []
    this.#pendingBytes = 0
    return items
  }

  /** Reads an entry from its JSON. `isVital`: where this is no JSON, what comes after it is not understood. */
  json(text: string, place: number, isVital: boolean): void {
    let value: unknown
    try {
      value = parseExact(text)
    } catch (error) {
      const { message } = error as LogwispError
      if (isVital) throw new BodyProblem(400, message, this.#placeOf(place))
      return this.refuse(place, message)
    }
    this.#pendingBytes += 2 * text.length
    this.value(value, place)
  }

  /** Reads an entry from its object. */
  value(value: unknown, place: number): void {
    const { defaults, isTracked, request, peer } = this.#options
    const ownId = wireIdFrom(value)
    const origin = isTracked || ownId !== undefined ? new ReceivedOrigin(request, place, ownId) : undefined
    let entry: LogEntry
    try {
      entry = entryFrom(value, defaults, origin)
    } catch (error) {
      return this.refuse(place, (error as LogwispError).message)
    }
    this.#total++
    this.#pendingBytes += entryOverheadBytes
    this.#items.push(peer === undefined ? entry : withPeer(entry, peer))
  }

  /** Whole plain lines, each of them an entry. */
  lines(bytes: Buffer): void {
    const { defaults, isTracked, request, peer } = this.#options
    const origins = isTracked ? new LineOrigins(request, this.#offset) : undefined
    const batch = Batch.of({ bytes, source: defaults.source, time: defaults.time, origins })
    this.#offset += bytes.length
    this.#total += batch.count
    this.#pendingBytes += bytes.length + entryOverheadBytes
    if (peer === undefined) this.#items.push({ batch, origins })
    else for (const entry of batch) this.#items.push(withPeer(entry, peer))
  }

  /** An entry that is longer than may be. */
  tooLong(place: number): void {
    this.#hasLongEntry = true
    this.refuse(place, `longer than ${this.#options.maxEntryBytes} bytes, which is the most that is taken`)
  }

  /** Something that is no entry. */
  refuse(place: number, message: string): void {
    if (this.#options.rejectsAll) throw new BodyProblem(this.#hasLongEntry ? 413 : 400, message, this.#placeOf(place))
    this.#total++
    this.#invalid++
    if (this.problems.length < maxProblems) this.problems.push({ ...this.#placeOf(place), message })
  }

  #placeOf(place: number): Place {
    return this.unit === 'line' ? { line: place } : { entry: place }
  }
}

/** Ours counts, whatever the sender says: what it had under that name goes beside it. */
function withPeer(entry: LogEntry, peer: string): LogEntry {
  const { fields } = entry
  if (fields === undefined || !Object.hasOwn(fields, 'peer')) return { ...entry, fields: { ...fields, peer } }
  let free = 'peer_'
  while (Object.hasOwn(fields, free)) free += '_'
  return { ...entry, fields: { ...fields, [free]: fields['peer'], peer } }
}
