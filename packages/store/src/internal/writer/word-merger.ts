/** Merges segments of the words index, and clears it of what was removed: each step of indexing makes a segment. */

import type Database from 'better-sqlite3'
import { StepSize, type UpkeepTask } from './upkeep-task.ts'

/** Beyond so many segments a search is slow, so that merging does not wait for a pause. */
const maxSegments = 64

/**
 * How the index is to be kept: it never merges by itself, which could take seconds in the midst of a commit. A segment is
 * written anew once half of it was removed: at a tenth, which is usual, that took three times as long.
 */
const settings: Readonly<Record<string, number>> = { automerge: 0, usermerge: 6, crisismerge: 1_900, deletemerge: 50 }

export class WordMerger implements UpkeepTask {
  readonly #database: Database.Database
  readonly #merge: Database.Statement
  readonly #structure: Database.Statement
  readonly #changes: Database.Statement
  readonly #size = new StepSize(8, 256)
  #mayMerge = true
  #segments: number

  constructor(database: Database.Database) {
    this.#database = database
    this.#merge = database.prepare("INSERT INTO words (words, rank) VALUES ('merge', CAST(? AS INTEGER))")
    this.#structure = database.prepare('SELECT block FROM words_data WHERE id = 10').pluck()
    this.#changes = database.prepare('SELECT total_changes()').pluck()
    this.#configure()
    this.#segments = this.#countSegments()
  }

  /** Entries were put into the index, or taken out. */
  changed(): void {
    this.#mayMerge = true
    this.#segments = this.#countSegments()
  }

  need(): 'now' | 'idle' | undefined {
    if (!this.#mayMerge) return undefined
    return this.#segments > maxSegments ? 'now' : 'idle'
  }

  step(): void {
    const pages = this.#size.size
    const begun = performance.now()
    const before = this.#changes.get() as number
    this.#database.transaction(() => this.#merge.run(pages)).immediate()
    // As SQLite's documentation says: a merge that had nothing to do changes one row at most.
    this.#mayMerge = (this.#changes.get() as number) - before >= 2
    if (this.#mayMerge) this.#size.took(pages, performance.now() - begun)
    this.#segments = this.#countSegments()
  }

  #configure(): void {
    const stored = new Map(this.#database.prepare('SELECT k, v FROM words_config').raw().all() as [string, unknown][])
    const set = this.#database.prepare('INSERT INTO words (words, rank) VALUES (?, CAST(? AS INTEGER))')
    for (const [name, value] of Object.entries(settings)) if (stored.get(name) !== value) set.run(name, value)
  }

  /** FTS5 keeps its structure in one row: a cookie of 4 bytes, a mark of 4, then the numbers of levels and of segments. */
  #countSegments(): number {
    const block = this.#structure.get() as Buffer | undefined
    if (block === undefined) return 0
    let at = block.length >= 8 && block.readUInt32BE(4) === 0xff000001 ? 8 : 4
    const readVarint = (): number => {
      let value = 0
      for (;;) {
        const byte = block[at++] as number
        value = value * 128 + (byte & 127)
        if (byte === undefined || byte < 128) return value
      }
    }
    readVarint()
    return readVarint()
  }
}
