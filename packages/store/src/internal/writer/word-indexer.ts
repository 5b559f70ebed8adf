/** Brings the words index after what was stored: in small steps, so that entries need not wait for it. */

import { isLogLevel, type LogEntry, parseExact } from '@logwisp/core'
import type Database from 'better-sqlite3'
import { compareSlots, type Slot, slotIdSql } from '../entry-id.ts'
import { unpackSlots } from '../packed-slots.ts'
import { storedLevels } from '../stored-levels.ts'
import { indexText } from '../words/index-text.ts'
import { StepSize, type UpkeepTask } from './upkeep-task.ts'

/** Beyond so many the index does not wait for a pause: queries look at each entry that it does not have. */
const maxUnindexedEntries = 100_000

/** Fewer wait a little for more, since each step makes a segment that has to be merged. */
const minStepEntries = 1_000
const waitMs = 250

interface CommitRow {
  readonly seq: number
  readonly entries: number
  readonly ids: Buffer
}

interface EntryRow {
  readonly level: number
  readonly source: number
  readonly message: string
  readonly fields: string | null
}

export class WordIndexer implements UpkeepTask {
  readonly #database: Database.Database
  readonly #commits: Database.Statement
  readonly #entry: Database.Statement
  readonly #insert: Database.Statement
  readonly #replace: Database.Statement
  readonly #setIndexed: Database.Statement
  readonly #size = new StepSize(500, 20_000)
  #indexedSeq: number
  #unindexed: number
  #waitsSince: number | undefined
  #waiters: { readonly seq: number; readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  /** An id may be in the index already: of an entry that was removed before it was indexed. */
  #mayRepeat = true

  constructor(database: Database.Database) {
    this.#database = database
    this.#commits = database.prepare('SELECT seq, entries, ids FROM commits WHERE seq > ? ORDER BY seq')
    this.#entry = database.prepare(`SELECT level, source, message, fields FROM entries WHERE id = ${slotIdSql}`)
    this.#insert = database.prepare(`INSERT INTO words (rowid, text) VALUES (${slotIdSql}, ?)`)
    this.#replace = database.prepare(`INSERT OR REPLACE INTO words (rowid, text) VALUES (${slotIdSql}, ?)`)
    this.#setIndexed = database.prepare("INSERT OR REPLACE INTO facts VALUES ('indexedSeq', ?)")
    this.#indexedSeq = database.prepare("SELECT value FROM facts WHERE name = 'indexedSeq'").pluck().get() as number
    const unindexed = database.prepare('SELECT total(entries) FROM commits WHERE seq > ?').pluck()
    this.#unindexed = unindexed.get(this.#indexedSeq) as number
    this.#mayRepeat = this.#unindexed > 0
  }

  get indexedSeq(): number {
    return this.#indexedSeq
  }

  /** Entries that the index does not have. */
  get unindexed(): number {
    return this.#unindexed
  }

  /** So many entries were stored. */
  stored(entries: number, now: number): void {
    if (this.#unindexed === 0) this.#waitsSince = now
    this.#unindexed += entries
  }

  /** Entries were removed: an id of one that is not in the index yet may be given to another one. */
  removed(): void {
    if (this.#unindexed > 0) this.#mayRepeat = true
  }

  /** Resolves once the index has everything up to this row of commits. */
  async indexed(seq: number): Promise<void> {
    if (seq <= this.#indexedSeq) return
    await new Promise<void>((resolve, reject) => this.#waiters.push({ seq, resolve, reject }))
  }

  /** It will come no further. */
  failed(error: Error): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error)
  }

  need(now: number): 'now' | 'idle' | number | undefined {
    if (this.#unindexed === 0) return undefined
    if (this.#unindexed > maxUnindexedEntries) return 'now'
    if (this.#waiters.length > 0 || this.#unindexed >= minStepEntries) return 'idle'
    const waited = now - (this.#waitsSince ?? 0)
    return waited >= waitMs || waited < 0 ? 'idle' : waitMs - waited
  }

  step(): void {
    const begun = performance.now()
    const { slots, seq } = this.#next()
    // The index takes ids in ascending order; each one that goes back would begin a new segment.
    slots.sort(compareSlots)
    const statement = this.#mayRepeat ? this.#replace : this.#insert
    this.#database
      .transaction(() => {
        for (const { ms, turn } of slots) {
          const row = this.#entry.get(ms, turn) as EntryRow | undefined
          if (row !== undefined) statement.run(ms, turn, textOf(row))
        }
        this.#setIndexed.run(seq)
      })
      .immediate()
    this.#indexedSeq = seq
    this.#unindexed = Math.max(0, this.#unindexed - slots.length)
    if (this.#unindexed === 0) this.#mayRepeat = false
    this.#size.took(slots.length, performance.now() - begun)
    this.#tell()
  }

  #next(): { slots: Slot[]; seq: number } {
    const slots: Slot[] = []
    let seq = this.#indexedSeq
    for (const row of this.#commits.iterate(seq) as Iterable<CommitRow>) {
      if (slots.length > 0 && slots.length + row.entries > this.#size.size) break
      for (const slot of unpackSlots(row.ids)) slots.push(slot)
      seq = row.seq
    }
    return { slots, seq }
  }

  #tell(): void {
    const waiters = this.#waiters
    this.#waiters = waiters.filter(({ seq }) => seq > this.#indexedSeq)
    for (const { seq, resolve } of waiters) if (seq <= this.#indexedSeq) resolve()
  }
}

function textOf({ level, source, message, fields }: EntryRow): string {
  const word = storedLevels[level]
  const entry = {
    message,
    level: isLogLevel(word) ? word : undefined,
    fields: fields === null ? undefined : (parseExact(fields) as LogEntry['fields']),
  }
  return indexText(entry, source)
}
