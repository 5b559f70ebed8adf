/** The way back of what is read from a segment: to the place of the queue's reader. */

import type { BatchOrigins, LineIds } from '../../batch.ts'
import type { Origin, OriginTracker } from '../../origin.ts'
import type { StoredIds } from './payload-format.ts'
import { placeBehind, type QueuePlace, type RecordHead } from './record-format.ts'

/** How far the reader has come, and at which position the record begins that it stands in, or behind. */
export interface ReaderPlace extends QueuePlace {
  readonly record: number
}

/** An origin that knows the reader's place once it is acknowledged. */
export interface PlacedOrigin extends Origin {
  readonly place: ReaderPlace
}

/** Where a record stands, and who hears of it. */
export interface RecordOf {
  readonly tracker: OriginTracker
  readonly segmentId: string
  readonly head: RecordHead
}

/** The origin of an entry that was kept as JSON. */
export class EntryOrigin implements PlacedOrigin {
  readonly tracker: OriginTracker
  readonly sequence: number
  readonly id: string
  readonly place: ReaderPlace

  constructor({ tracker, segmentId, head }: RecordOf, place: QueuePlace, start: number, id: string | undefined) {
    this.tracker = tracker
    this.sequence = place.position
    this.id = id ?? ownId(segmentId, start)
    this.place = { ...place, record: head.position }
  }
}

/** The origins of the lines of a batch: ordered by where in the queue they end. */
export class RecordOrigins implements BatchOrigins {
  readonly ids: LineIds | undefined
  readonly #of: RecordOf
  readonly #lines: Buffer
  /** The position of the first line. */
  readonly #from: number
  readonly #stored: StoredIds | undefined
  /** Where the line begins whose listed id was asked for last, and which one it is. */
  #listedAt = 0
  #listedLine = 0

  constructor(of: RecordOf, lines: Buffer, stored: StoredIds | undefined) {
    this.#of = of
    this.#lines = lines
    this.#from = placeBehind(of.head).position - lines.length
    this.#stored = stored
    this.ids = this.#lineIds()
  }

  at(start: number, end: number): PlacedOrigin {
    return new LineOrigin(this, start, end)
  }

  get tracker(): OriginTracker {
    return this.#of.tracker
  }

  /** The position of a place in the lines. */
  positionAt(offset: number): number {
    return this.#from + offset
  }

  /** What the reader's place is once the lines before `end` are acknowledged. */
  placeAt(end: number): ReaderPlace {
    const { head } = this.#of
    const ordinal = end === this.#lines.length ? placeBehind(head).ordinal : head.ordinal + this.#linesBefore(end)
    return { position: this.#from + end, ordinal, record: head.position }
  }

  idAt(start: number): string {
    const stored = this.#stored
    if (stored === undefined) return ownId(this.#of.segmentId, this.#from + start)
    if ('list' in stored) return this.#listed(stored.list, start) || ownId(this.#of.segmentId, this.#from + start)
    const { prefix, pieces } = stored
    const piece = pieceAt(pieces, start)
    return `${prefix}${(pieces[piece + 1] as number) + start - (pieces[piece] as number)}`
  }

  #lineIds(): LineIds | undefined {
    const stored = this.#stored
    if (stored === undefined) return { prefix: ownId(this.#of.segmentId, ''), base: this.#from }
    if ('list' in stored || stored.pieces.length !== 2) return undefined
    return { prefix: stored.prefix, base: stored.pieces[1] as number }
  }

  /** Lines are asked for in order, mostly: so the search goes on from where the last one was. */
  #listed(list: readonly string[], start: number): string | undefined {
    if (start < this.#listedAt) this.#listedAt = this.#listedLine = 0
    while (this.#listedAt < start) {
      this.#listedAt = this.#lines.indexOf(10, this.#listedAt) + 1
      this.#listedLine++
    }
    return list[this.#listedLine]
  }

  #linesBefore(end: number): number {
    let lines = 0
    for (let at = this.#lines.indexOf(10); at !== -1 && at < end; at = this.#lines.indexOf(10, at + 1)) lines++
    return lines
  }
}

/** The origin of a line, whose id and place are made when they are asked for. */
class LineOrigin implements PlacedOrigin {
  readonly tracker: OriginTracker
  readonly sequence: number
  readonly #of: RecordOrigins
  readonly #start: number
  readonly #end: number

  constructor(of: RecordOrigins, start: number, end: number) {
    this.tracker = of.tracker
    this.sequence = of.positionAt(end)
    this.#of = of
    this.#start = start
    this.#end = end
  }

  get id(): string {
    return this.#of.idAt(this.#start)
  }

  get place(): ReaderPlace {
    return this.#of.placeAt(this.#end)
  }
}

/** The id of an entry that came without one. */
function ownId(segmentId: string, position: number | ''): string {
  return `disk-${segmentId}:${position}`
}

/** The index of the pair that says where the piece begins that a place is in. */
function pieceAt(pieces: readonly number[], place: number): number {
  let low = 0
  let high = pieces.length / 2 - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((pieces[2 * middle] as number) <= place) low = middle
    else high = middle - 1
  }
  return 2 * low
}
