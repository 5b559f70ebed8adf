/**
 * Which ids came lately, so that what a sender repeats after a broken connection is taken once. For every source that
 * receives entries with ids: tcpSource, httpSource.
 *
 * Two generations instead of a queue: a new id goes into the younger, and when that is full the older is forgotten as a
 * whole. So between half of the bounds and all of them is remembered, at the cost of one look-up for a new id in each.
 */

export interface SeenIdsOptions {
  /** At most so many ids are remembered, and at least half as many. */
  readonly maxIds: number
  /** At most so much memory is kept by them, in bytes; estimated on the safe side. */
  readonly maxBytes: number
}

/** What an id costs beside its text: the string's head, and its place in the set. */
const idOverheadBytes = 64

export class SeenIds {
  readonly #maxIds: number
  readonly #maxBytes: number
  #younger = new Set<string>()
  #older = new Set<string>()
  #youngerBytes = 0
  #olderBytes = 0

  constructor({ maxIds, maxBytes }: SeenIdsOptions) {
    this.#maxIds = maxIds
    this.#maxBytes = maxBytes
  }

  /** How many ids are remembered. */
  get size(): number {
    return this.#younger.size + this.#older.size
  }

  /** The memory that they keep, in bytes, estimated. */
  get bytes(): number {
    return this.#youngerBytes + this.#olderBytes
  }

  /** Whether the id came lately. */
  has(id: string): boolean {
    return this.#younger.has(id) || this.#older.has(id)
  }

  /** Remembers an id. False: it is remembered already, so what came with it is a repetition. */
  add(id: string): boolean {
    if (this.has(id)) return false
    // Two bytes a character, though most are stored as one.
    const cost = idOverheadBytes + 2 * id.length
    if (2 * (this.#younger.size + 1) > this.#maxIds || 2 * (this.#youngerBytes + cost) > this.#maxBytes) this.#age()
    this.#younger.add(id)
    this.#youngerBytes += cost
    return true
  }

  #age(): void {
    this.#older = this.#younger
    this.#olderBytes = this.#youngerBytes
    this.#younger = new Set()
    this.#youngerBytes = 0
  }
}
