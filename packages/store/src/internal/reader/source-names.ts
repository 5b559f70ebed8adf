/** The names of sources, by their numbers and the other way round. There may be a million. */

import type { Database, Statement } from 'better-sqlite3'
import type { Budget } from './budget.ts'

/** Names kept in memory; then all are forgotten, and read again. */
const maxKnown = 10_000

/** Searches whose results are kept. */
const maxSearches = 16

/** More sources than this narrow nothing: the entries are looked at instead. */
const maxFound = 100

/** Names looked at between two looks at the clock. */
const step = 1_000

interface Search {
  /** Undefined when there are too many. */
  ids: number[] | undefined
  /** The last source that was looked at. */
  upTo: number
}

/** Ids of sources are never given to another name, so what was read once stays true. */
export class SourceNames {
  readonly #name: Statement<[number], string>
  readonly #next: Statement<[number, number], [id: number, name: string]>
  readonly #known = new Map<number, string>()
  readonly #searches = new Map<string, Search>()

  constructor(db: Database) {
    this.#name = db.prepare<[number], string>('SELECT name FROM sources WHERE id = ?').pluck(true)
    this.#next = db
      .prepare<[number, number], [number, string]>('SELECT id, name FROM sources WHERE id > ? ORDER BY id LIMIT ?')
      .raw(true)
  }

  /** Undefined when the source has gone with its last entry. */
  nameOf(id: number): string | undefined {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const name = this.#name.get(id)
    if (name === undefined) return undefined
    if (this.#known.size >= maxKnown) this.#known.clear()
    this.#known.set(id, name)
    return name
  }

  /**
   * The ids of all sources that fit; undefined when there are too many to name, or so many sources that the time is up: the
   * next call goes on from there.
   *
   * @param key What tells this search from others.
   */
  idsOf(key: string, fits: (name: string) => boolean, budget: Budget): readonly number[] | undefined {
    const search = this.#searches.get(key) ?? { ids: [], upTo: 0 }
    // The one that was asked for last is forgotten last.
    this.#searches.delete(key)
    this.#searches.set(key, search)
    if (this.#searches.size > maxSearches) this.#searches.delete(this.#searches.keys().next().value as string)
    while (search.ids !== undefined) {
      const names = this.#next.all(search.upTo, step)
      for (const [id, name] of names) {
        if (fits(name)) search.ids.push(id)
        search.upTo = id
      }
      if (search.ids.length > maxFound) search.ids = undefined
      else if (names.length < step) return search.ids
      else if (budget.isSpent()) return undefined
    }
    return undefined
  }
}
