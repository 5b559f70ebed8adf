/**
 * Entries on their way to the writer's thread: a few arrays instead of an object for each, which take a fifth of the time
 * to clone (measured: 0.2 µs an entry instead of 1.2).
 */

import { toUSVString } from 'node:util'
import { entrySize, type LogEntry, type LogLevel, stringifyExact } from '@logwisp/core'
import { storedLevels } from '../stored-levels.ts'
import { splitOriginId } from './origin-places.ts'

/** The same entry in all arrays has the same index. */
export interface EntryColumns {
  readonly entries: number
  /** In ms since the epoch, always one that a `Date` can hold. */
  readonly times: Float64Array
  /** Places in `storedLevels`. */
  readonly levels: Uint8Array
  /** Places in `sourceNames`. */
  readonly sources: Uint32Array
  readonly sourceNames: readonly string[]
  readonly messages: readonly string[]
  /** JSON, or undefined for none. Absent: no entry has any. */
  readonly fields: readonly (string | undefined)[] | undefined
  /** Absent: no entry has an id. */
  readonly ids: OriginIds | undefined
}

/** The ids of origins, cut in two. */
export interface OriginIds {
  /** Places in `streamNames` plus 1; 0: the entry has no id. */
  readonly streams: Uint32Array
  readonly streamNames: readonly string[]
  readonly places: Float64Array
}

/** The furthest time that a `Date` can hold. */
const maxDateMs = 8.64e15

const levelNumbers: ReadonlyMap<LogLevel | undefined, number> = new Map(
  storedLevels.map((level, number) => [level === 'none' ? undefined : level, number]),
)

/** Collects entries into columns. */
export class EntryPacker {
  #entries = 0
  #bytes = 0
  #times = new Float64Array(256)
  #levels = new Uint8Array(256)
  #sources = new Uint32Array(256)
  readonly #sourceNames: string[] = []
  readonly #sourcePlaces = new Map<string, number>()
  #lastSource: string | undefined
  #lastSourcePlace = 0
  readonly #messages: string[] = []
  #fields: (string | undefined)[] | undefined
  #streams: Uint32Array | undefined
  #places: Float64Array | undefined
  readonly #streamNames: string[] = []
  readonly #streamPlaces = new Map<string, number>()

  get entries(): number {
    return this.#entries
  }

  /** What the entries keep in memory, estimated. */
  get bytes(): number {
    return this.#bytes
  }

  /** Entries without a time that a `Date` can hold get `now`. */
  add(entry: LogEntry, now: number): void {
    const at = this.#entries++
    if (at === this.#times.length) this.#grow()
    const { time, source, message, fields, origin } = entry
    this.#times[at] = time >= -maxDateMs && time <= maxDateMs ? time : now
    this.#levels[at] = levelNumbers.get(entry.level) ?? 0
    this.#sources[at] = source === this.#lastSource ? this.#lastSourcePlace : this.#placeOf(source)
    // Half of a surrogate pair is no text: it would come back as three characters.
    this.#messages.push(toUSVString(message))
    if (fields !== undefined) this.#setFields(at, stringifyExact(fields))
    if (origin !== undefined) this.#setId(at, origin.id)
    this.#bytes += entrySize(entry)
  }

  /** The columns; the packer is not to be used any more. */
  finish(): EntryColumns {
    const entries = this.#entries
    return {
      entries,
      times: this.#times.slice(0, entries),
      levels: this.#levels.slice(0, entries),
      sources: this.#sources.slice(0, entries),
      sourceNames: this.#sourceNames,
      messages: this.#messages,
      fields: this.#fields,
      ids:
        this.#streams === undefined || this.#places === undefined
          ? undefined
          : {
              streams: this.#streams.slice(0, entries),
              streamNames: this.#streamNames,
              places: this.#places.slice(0, entries),
            },
    }
  }

  #placeOf(source: string): number {
    let place = this.#sourcePlaces.get(source)
    if (place === undefined) {
      place = this.#sourceNames.push(toUSVString(source)) - 1
      this.#sourcePlaces.set(source, place)
    }
    this.#lastSource = source
    this.#lastSourcePlace = place
    return place
  }

  #setFields(at: number, json: string): void {
    if (json === '{}') return
    this.#fields ??= []
    // Without holes: an array with holes is cloned as an object, property by property.
    while (this.#fields.length < at) this.#fields.push(undefined)
    this.#fields.push(json)
  }

  #setId(at: number, id: string): void {
    this.#streams ??= new Uint32Array(this.#times.length)
    this.#places ??= new Float64Array(this.#times.length)
    const { stream, place } = splitOriginId(id)
    let streamPlace = this.#streamPlaces.get(stream)
    if (streamPlace === undefined) {
      streamPlace = this.#streamNames.push(stream)
      this.#streamPlaces.set(stream, streamPlace)
    }
    this.#streams[at] = streamPlace
    this.#places[at] = place
  }

  #grow(): void {
    const length = this.#times.length * 2
    this.#times = grown(this.#times, new Float64Array(length))
    this.#levels = grown(this.#levels, new Uint8Array(length))
    this.#sources = grown(this.#sources, new Uint32Array(length))
    if (this.#streams !== undefined) this.#streams = grown(this.#streams, new Uint32Array(length))
    if (this.#places !== undefined) this.#places = grown(this.#places, new Float64Array(length))
  }
}

function grown<Values extends Float64Array | Uint32Array | Uint8Array>(from: Values, to: Values): Values {
  to.set(from)
  return to
}
