/** What has come to one sink, beside what is owed there. */

import { markOf } from '../fuzz/marks.ts'
import { fates, type Stream, type StreamKind } from './debts.ts'

/** How many texts that should not be there are kept, for whoever looks into it. */
const keptExamples = 20
const keptChars = 200

/** What became of the debts of one sink. */
export interface Tally {
  /** Ids that have to be there. */
  readonly owed: number
  /** Of them, those that are not. */
  readonly lost: number
  /** Whole texts whose id nobody drew. */
  readonly unknown: number
  /** Texts that are no whole line of anybody's. */
  readonly torn: number
  /** Beginnings of lines whose connection was cut, where the protocol has no word for that: TCP without acknowledgement. */
  readonly brokenOff: number
  /** Ids that nobody promised, and came: allowed. */
  readonly unpromised: number
  /** How often an id came once more. */
  readonly repeats: number
  /** The same, of those whose entry had another id than before; what a receiver that knows ids cannot drop. */
  readonly repeatsAfterDedupe: number
  /** Different lines that had the same id; such a receiver would lose one of them. */
  readonly sharedIds: number
  readonly examples: readonly string[]
}

/** The arrivals of one stream. */
interface Page {
  counts: Uint8Array
  ids: Float64Array
}

export class Arrivals {
  readonly #streams: ReadonlyMap<number, Stream>
  readonly #pages = new Map<number, Page>()
  readonly #examples: string[] = []
  #entries = 0
  #unknown = 0
  #torn = 0
  #brokenOff = 0
  #repeats = 0
  #otherIds = 0

  constructor(streams: readonly Stream[]) {
    this.#streams = new Map(streams.map((stream) => [stream.number, stream]))
  }

  /** Entries that came, of whatever kind. */
  get entries(): number {
    return this.#entries
  }

  /** An entry has come, with the id by which a receiver knows it again, where it has one. */
  note(text: string, id: string | undefined): void {
    this.#entries++
    const mark = markOf(text)
    if (mark === undefined) {
      if (this.#isBrokenOff(text)) this.#brokenOff++
      else {
        this.#torn++
        this.#keep('torn', text)
      }
      return
    }
    const stream = this.#streams.get(mark.session)
    if (stream === undefined || stream.fateOf(mark.entry) === fates.unknown) {
      this.#unknown++
      this.#keep('unknown', text)
      return
    }
    const page = this.#page(mark.session, mark.entry)
    const hash = id === undefined ? 0 : hashOf(id)
    const count = page.counts[mark.entry] as number
    if (count > 0) {
      this.#repeats++
      if (hash !== page.ids[mark.entry]) {
        this.#otherIds++
        this.#keep(`with another id, ${id},`, text)
      }
    } else page.ids[mark.entry] = hash
    page.counts[mark.entry] = Math.min(255, count + 1)
  }

  /** Something came that is no entry at all. */
  noteTorn(text: string): void {
    this.#entries++
    this.#torn++
    this.#keep('torn', text)
  }

  has(stream: Stream, id: number): boolean {
    return (this.#pages.get(stream.number)?.counts[id] ?? 0) > 0
  }

  /** What has to come yet, of these streams. */
  missing(streams: Iterable<Stream>): number {
    let missing = 0
    for (const stream of streams) for (const _ of this.#missing(stream)) missing++
    return missing
  }

  /** Ids of a stream that have to come yet. */
  *#missing(stream: Stream): Generator<number> {
    const counts = this.#pages.get(stream.number)?.counts ?? new Uint8Array()
    for (let id = 0; id < stream.drawn; id++) {
      if (stream.fateOf(id) === fates.owed && (counts[id] ?? 0) === 0) yield id
    }
  }

  /** The verdict; without `owes` nothing has to be there, and what is there has to be right all the same. */
  tally(owes = true): Tally {
    let owed = 0
    let lost = 0
    let unpromised = 0
    const examples = [...this.#examples]
    for (const stream of this.#streams.values()) {
      if (owes) owed += stream.owed
      for (const id of owes ? this.#missing(stream) : []) {
        if (lost++ < keptExamples) {
          examples.push(`lost: ${stream.name} ${id}, drawn at ${Math.round(stream.drawnAtMs(id) / 1000)} s`)
        }
      }
      for (let id = 0; id < stream.drawn; id++) {
        if (stream.fateOf(id) !== fates.owed && this.has(stream, id)) unpromised++
      }
    }
    return {
      owed,
      lost,
      unknown: this.#unknown,
      torn: this.#torn,
      brokenOff: this.#brokenOff,
      unpromised,
      repeats: this.#repeats,
      repeatsAfterDedupe: this.#otherIds,
      sharedIds: this.#sharedIds(),
      examples,
    }
  }

  #page(stream: number, id: number): Page {
    let page = this.#pages.get(stream)
    if (page === undefined || id >= page.counts.length) {
      const counts = new Uint8Array(Math.max(65_536, id * 2))
      const ids = new Float64Array(counts.length)
      counts.set(page?.counts ?? [])
      ids.set(page?.ids ?? [])
      page = { counts, ids }
      this.#pages.set(stream, page)
    }
    return page
  }

  /** Whether it is the beginning of a line that was sent where nobody can know that it was cut. */
  #isBrokenOff(text: string): boolean {
    // The cut may be within a character.
    const beginning = text.replace(/\ufffd+$/, '')
    if (beginning === '') return false
    for (const stream of this.#streams.values()) {
      if (!breaksOff.has(stream.kind)) continue
      const head = `fuzz ${stream.number} `
      if (head.startsWith(beginning)) return true
      const id = new RegExp(`^${head}(\\d+)( ?)`).exec(beginning)
      if (id === null) continue
      if (id[2] === '') return true
      if (Number(id[1]) < stream.drawn && stream.textOf(Number(id[1])).startsWith(beginning)) return true
    }
    return false
  }

  #sharedIds(): number {
    const all: number[] = []
    for (const { counts, ids } of this.#pages.values()) {
      for (let id = 0; id < counts.length; id++)
        if ((counts[id] as number) > 0 && ids[id] !== 0) all.push(ids[id] as number)
    }
    const sorted = Float64Array.from(all).sort()
    return sorted.reduce((count, hash, at) => count + (at > 0 && hash === sorted[at - 1] ? 1 : 0), 0)
  }

  #keep(what: string, text: string): void {
    if (this.#examples.length < keptExamples) {
      this.#examples.push(`${what}: ${JSON.stringify(text.slice(0, keptChars))} (${text.length} characters)`)
    }
  }
}

/**
 * A connection is cut within a line, and a file is taken away between a line's beginning and the rest, which its writer
 * sends after it.
 */
const breaksOff: ReadonlySet<StreamKind> = new Set(['TCP without acknowledgement', 'file that is cut'])

/** 53 bits of an id: two of ten million that are the same by chance are one case in a hundred. */
function hashOf(id: string): number {
  let high = 0xdead_beef
  let low = 0x41c6_ce57
  for (let at = 0; at < id.length; at++) {
    const unit = id.charCodeAt(at)
    high = Math.imul(high ^ unit, 2_654_435_761)
    low = Math.imul(low ^ unit, 1_597_334_677)
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0)
}
