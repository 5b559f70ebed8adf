/** What is owed: ids that producers drew, and which of them somebody has promised to bring to the sinks. */

import { markedText } from '../fuzz/marks.ts'

/** How a stream's lines are written, which says what is promised for them. */
export type StreamKind =
  | 'file'
  | 'file that is cut'
  | 'HTTP'
  | 'TCP with acknowledgement'
  | 'TCP without acknowledgement'

/** What is to become of an id: it may arrive, has to, or need not any more since nobody could have read it. */
export const fates = { unknown: 0, drawn: 1, owed: 2, excused: 3 } as const

export type Fate = (typeof fates)[keyof typeof fates]

/** How many ids a stream has room for at first. */
const firstRoom = 65_536

/** The ids of one producer: numbers from 0 on. */
export class Stream {
  readonly number: number
  readonly name: string
  readonly kind: StreamKind
  #fates = new Uint8Array(firstRoom)
  #drawn = 0
  /** When ids were drawn, for whoever looks for one: the first of each second. */
  readonly #times: { readonly ms: number; readonly from: number }[] = []

  constructor(number: number, name: string, kind: StreamKind) {
    this.number = number
    this.name = name
    this.kind = kind
  }

  get drawn(): number {
    return this.#drawn
  }

  get owed(): number {
    return this.#count(fates.owed)
  }

  get excused(): number {
    return this.#count(fates.excused)
  }

  /** Draws the next id. */
  draw(): number {
    if (this.#drawn === this.#fates.length) {
      const larger = new Uint8Array(this.#fates.length * 2)
      larger.set(this.#fates)
      this.#fates = larger
    }
    const now = performance.now()
    if (now - (this.#times.at(-1)?.ms ?? Number.NEGATIVE_INFINITY) >= 1000)
      this.#times.push({ ms: now, from: this.#drawn })
    this.#fates[this.#drawn] = fates.drawn
    return this.#drawn++
  }

  /** Somebody has promised that these arrive. */
  owe(ids: Iterable<number>): void {
    for (const id of ids) this.#fates[id] = fates.owed
  }

  /** What was owed up to here need not arrive: it was taken away before anybody had to have read it. */
  excuseAll(): void {
    for (let id = 0; id < this.#drawn; id++) if (this.#fates[id] === fates.owed) this.#fates[id] = fates.excused
  }

  fateOf(id: number): Fate {
    return (this.#fates[id] ?? fates.unknown) as Fate
  }

  /** When an id was drawn, to a second; as `performance.now()` says it. */
  drawnAtMs(id: number): number {
    return this.#times.findLast(({ from }) => from <= id)?.ms ?? 0
  }

  /** The text of an id: always the same, with a checksum over all of it. */
  textOf(id: number): string {
    return markedText({ session: this.number, entry: id }, payloadOf(this.number, id))
  }

  #count(fate: Fate): number {
    let count = 0
    for (let id = 0; id < this.#drawn; id++) if (this.#fates[id] === fate) count++
    return count
  }
}

/** Texts of all kinds that a line can hold: cut anywhere, no character of two units is halved. */
const pool =
  'GET /api/orders/1234?page=2 200 17ms "quoted" \\back\\slash\\ {"a":[1,2]} café Жук ✓ €5 <b>&amp; 50 % \t '.repeat(
    600,
  )

/** Most lines are short; one in so many is longer than most blocks that are read or written. */
const longEvery = 997
const longChars = 40_000

function payloadOf(stream: number, id: number): string {
  const mixed = Math.imul(id + 1, 0x9e37_79b1) ^ Math.imul(stream + 1, 0x85eb_ca6b)
  const chars = id % longEvery === longEvery - 1 ? longChars : 20 + ((mixed >>> 8) % 140)
  const from = (mixed >>> 0) % 997
  return pool.slice(from, from + chars)
}
