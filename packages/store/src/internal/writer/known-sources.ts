/** Ids of sources by their names, and when each was seen last. */

import type Database from 'better-sqlite3'

/** So many sources are known at a time; then all are forgotten, and looked up again. */
const maxKnown = 16_384

/** `sources.newest` is written this far ahead, so that it need not be written with each transaction. Unit: ms. */
const aheadMs = 3_600_000

interface KnownSource {
  readonly id: number
  /** What the database says. */
  stored: number
  newest: number
}

export class KnownSources {
  readonly #find: Database.Statement
  readonly #insert: Database.Statement
  readonly #setNewest: Database.Statement
  readonly #byName = new Map<string, KnownSource>()
  readonly #byId = new Map<number, KnownSource>()
  /** Those that were seen later than the database says. */
  readonly #later = new Set<KnownSource>()

  constructor(database: Database.Database) {
    this.#find = database.prepare('SELECT id, newest FROM sources WHERE name = ?')
    // An id is never given twice, since the highest one is never removed.
    this.#insert = database.prepare('INSERT INTO sources (name, newest) VALUES (?, ?)')
    this.#setNewest = database.prepare('UPDATE sources SET newest = ? WHERE id = ?')
  }

  /** The id of a source; a name that is new gets one. */
  idOf(name: string): number {
    let source = this.#byName.get(name)
    if (source === undefined) {
      const found = this.#find.get(name) as { id: number; newest: number } | undefined
      source =
        found === undefined
          ? {
              id: Number(this.#insert.run(name, -Number.MAX_SAFE_INTEGER).lastInsertRowid),
              stored: -Infinity,
              newest: -Infinity,
            }
          : { id: found.id, stored: found.newest, newest: found.newest }
      this.#byName.set(name, source)
      this.#byId.set(source.id, source)
    }
    return source.id
  }

  /** An entry of this source stands in this ms. Between `idOf` and the end of the transaction. */
  see(id: number, ms: number): void {
    const source = this.#byId.get(id) as KnownSource
    if (ms <= source.newest) return
    source.newest = ms
    if (ms > source.stored) this.#later.add(source)
  }

  /** Within the transaction. */
  write(): void {
    for (const source of this.#later) {
      source.stored = source.newest + aheadMs
      this.#setNewest.run(source.stored, source.id)
    }
    this.#later.clear()
  }

  committed(): void {
    if (this.#byName.size > maxKnown) this.forget()
  }

  forget(): void {
    this.#byName.clear()
    this.#byId.clear()
    this.#later.clear()
  }
}
