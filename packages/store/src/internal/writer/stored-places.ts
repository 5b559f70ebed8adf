/** Which ids of origins are stored: those of earlier transactions, and of the one that is under way. */

import type Database from 'better-sqlite3'
import { packPlaces, unpackPlaces } from './origin-places.ts'

/** So many streams are known at a time; then all are forgotten, and looked up again. */
const maxKnownStreams = 4_096

/** A span has no wider gap and no more places, so that few of them overlap whatever is looked for. */
const maxGap = 1_048_576
const maxSpanPlaces = 8_192

/** Of one stream: what is known of it and what this transaction adds. */
interface Stream {
  /** No stored place is beyond it: what comes next in a stream is new without a look. */
  highest: number
  /** In order of storing. */
  added: number[]
  /** The same, once somebody has asked for a place that is not beyond all. */
  addedSet: Set<number> | undefined
  newest: number
}

interface Span {
  readonly first: number
  readonly last: number
  readonly places: Uint8Array
}

export class StoredPlaces {
  readonly #highest: Database.Statement
  readonly #spans: Database.Statement
  readonly #insert: Database.Statement
  readonly #setFact: Database.Statement
  readonly #readFact: Database.Statement
  readonly #streams = new Map<string, Stream>()
  /** Streams that this transaction adds to. */
  #touched: [string, Stream][] = []
  #lastName: string | undefined
  #lastStream: Stream | undefined
  /** The span that was looked into last: repeats come in rows. */
  #opened:
    | { readonly stream: Stream; readonly first: number; readonly last: number; readonly places: Set<number> }
    | undefined
  #widest: number

  constructor(database: Database.Database) {
    this.#highest = database.prepare('SELECT max(last) FROM spans WHERE stream = ?').pluck()
    this.#spans = database.prepare(
      'SELECT first, last, places FROM spans WHERE stream = ? AND last BETWEEN ? AND ? AND first <= ? ORDER BY last',
    )
    this.#insert = database.prepare('INSERT INTO spans (stream, last, first, newest, places) VALUES (?, ?, ?, ?, ?)')
    this.#setFact = database.prepare('INSERT OR REPLACE INTO facts VALUES (?, ?)')
    this.#readFact = database.prepare('SELECT value FROM facts WHERE name = ?').pluck()
    this.#widest = this.#readWidest()
  }

  /** Adds the place of an entry; false when it is stored already. */
  add(name: string, place: number): boolean {
    const stream = name === this.#lastName ? (this.#lastStream as Stream) : this.#streamOf(name)
    if (place > stream.highest) stream.highest = place
    else if (this.#has(name, stream, place)) return false
    if (stream.added.length === 0) this.#touched.push([name, stream])
    stream.added.push(place)
    stream.addedSet?.add(place)
    return true
  }

  /** The entry whose place was added last stands in this ms. */
  standsAt(ms: number): void {
    const stream = this.#lastStream
    if (stream !== undefined && ms > stream.newest) stream.newest = ms
  }

  /** Within the transaction. */
  write(): void {
    const widest = this.#widest
    for (const [name, stream] of this.#touched) {
      this.#writeSpans(name, stream)
      stream.added = []
      stream.addedSet = undefined
      stream.newest = -Infinity
    }
    this.#touched = []
    if (this.#widest > widest) this.#setFact.run('widestSpan', this.#widest)
  }

  committed(): void {
    if (this.#streams.size > maxKnownStreams) this.#forgetStreams()
  }

  forget(): void {
    this.#forgetStreams()
    this.#widest = this.#readWidest()
  }

  #forgetStreams(): void {
    this.#streams.clear()
    this.#touched = []
    this.#lastName = undefined
    this.#lastStream = undefined
    this.#opened = undefined
  }

  #readWidest(): number {
    return (this.#readFact.get('widestSpan') as number | undefined) ?? 0
  }

  #streamOf(name: string): Stream {
    let stream = this.#streams.get(name)
    if (stream === undefined) {
      const highest = (this.#highest.get(name) as number | null) ?? -Infinity
      stream = { highest, added: [], addedSet: undefined, newest: -Infinity }
      this.#streams.set(name, stream)
    }
    this.#lastName = name
    this.#lastStream = stream
    return stream
  }

  #has(name: string, stream: Stream, place: number): boolean {
    if (stream.added.length > 0) {
      stream.addedSet ??= new Set(stream.added)
      if (stream.addedSet.has(place)) return true
    }
    const opened = this.#opened
    if (opened?.stream === stream && place >= opened.first && place <= opened.last && opened.places.has(place))
      return true
    for (const { first, last, places } of this.#spans.iterate(
      name,
      place,
      place + this.#widest,
      place,
    ) as Iterable<Span>) {
      const found = new Set(unpackPlaces(first, places))
      if (!found.has(place)) continue
      this.#opened = { stream, first, last, places: found }
      return true
    }
    return false
  }

  #writeSpans(name: string, { added, newest }: Stream): void {
    const places = isAscending(added) ? added : added.toSorted((a, b) => a - b)
    for (let from = 0; from < places.length; ) {
      let to = from + 1
      while (to < places.length && to - from < maxSpanPlaces && gapBefore(places, to) <= maxGap) to++
      const first = places[from] as number
      const last = places[to - 1] as number
      this.#insert.run(name, last, first, newest, packPlaces(places.slice(from, to)))
      this.#widest = Math.max(this.#widest, last - first)
      from = to
    }
  }
}

function gapBefore(places: readonly number[], at: number): number {
  return (places[at] as number) - (places[at - 1] as number)
}

function isAscending(places: readonly number[]): boolean {
  for (let at = 1; at < places.length; at++) if ((places[at] as number) < (places[at - 1] as number)) return false
  return true
}
