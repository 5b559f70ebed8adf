/** Puts entries into the database, within a transaction that somebody else begins and ends. */

import type Database from 'better-sqlite3'
import { slotIdSql, slotMsSql, slotTurnSql, slotTurns } from '../entry-id.ts'
import type { EntryColumns } from './entry-columns.ts'
import { KnownSources } from './known-sources.ts'
import { LevelCounts } from './level-counts.ts'
import { SlotAllocator } from './slot-allocator.ts'
import { StoredPlaces } from './stored-places.ts'

/** Rows of one statement: 20 are as quick as any number (measured). */
const rowsAtOnce = 20

/** Entries of one row of `commits`: what a slice of indexing takes, at least. */
const maxCommitEntries = 500

/** The text of one row's entries, for the same reason. Unit: UTF-16 code units. */
const maxCommitText = 131_072

/** A ms as Float64LE, a turn as Uint32LE. */
const packedSlotBytes = 12

/** What became of one call's entries. */
export interface Written {
  readonly inserted: number
  readonly repeated: number
}

/** The numbers of the rows of `commits` that a transaction added. */
export interface CommitRow {
  readonly seq: number
  readonly entries: number
}

export class EntryWriter {
  /** Most entries have no fields, and stand in their own ms: two values less to bind took a tenth of the time. */
  readonly #plainRows: RowInserter
  readonly #rows: RowInserter
  readonly #insertCommit: Database.Statement
  readonly #setFact: Database.Statement
  readonly #slots: SlotAllocator
  readonly #sources: KnownSources
  readonly #counts: LevelCounts
  readonly #places: StoredPlaces
  #packed = Buffer.allocUnsafe(maxCommitEntries * packedSlotBytes)
  #packedEntries = 0
  #packedText = 0
  #lastSeq: number
  #added: CommitRow[] = []
  #storedSpillMs: number

  constructor(database: Database.Database) {
    this.#plainRows = new RowInserter(database, 'id, level, source, message', 3)
    this.#rows = new RowInserter(database, 'id, level, source, message, fields, time', 5)
    this.#insertCommit = database.prepare('INSERT INTO commits VALUES (?, ?, ?)')
    this.#setFact = database.prepare(
      'INSERT INTO facts VALUES (?, ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)',
    )
    const nextTurn = database
      .prepare(`SELECT ${slotTurnSql('max(id)')} + 1 FROM entries WHERE id BETWEEN ${slotIdSql} AND ${slotIdSql}`)
      .pluck()
    const nextTakenMs = database
      .prepare(`SELECT ${slotMsSql('id')} FROM entries WHERE id > ${slotIdSql} ORDER BY id LIMIT 1`)
      .pluck()
    this.#slots = new SlotAllocator({
      nextTurn: (ms) => (nextTurn.get(ms, 0, ms, slotTurns - 1) as number | null) ?? 0,
      nextTakenMs: (ms) => (nextTakenMs.get(ms, slotTurns - 1) as number | undefined) ?? Infinity,
    })
    this.#sources = new KnownSources(database)
    this.#counts = new LevelCounts(database)
    this.#places = new StoredPlaces(database)
    const fact = database.prepare('SELECT value FROM facts WHERE name = ?').pluck()
    this.#storedSpillMs = (fact.get('maxSpillMs') as number | undefined) ?? 0
    this.#lastSeq = (database.prepare('SELECT max(seq) FROM commits').pluck().get() as number | null) ?? 0
  }

  /** The last row of `commits`. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  /** The entries of one call, but those that are stored already. */
  write(columns: EntryColumns): Written {
    const { entries, times, levels, sources, sourceNames, messages, fields, ids } = columns
    const sourceIds = sourceNames.map(() => 0)
    const slots = this.#slots
    let inserted = 0
    for (let at = 0; at < entries; at++) {
      const time = times[at] as number
      const stream = ids?.streams[at] ?? 0
      if (ids !== undefined && stream > 0) {
        const isNew = this.#places.add(ids.streamNames[stream - 1] as string, ids.places[at] as number)
        if (!isNew) continue
      }
      const source = sources[at] as number
      let sourceId = sourceIds[source] as number
      if (sourceId === 0) {
        sourceId = this.#sources.idOf(sourceNames[source] as string)
        sourceIds[source] = sourceId
      }
      slots.take(time)
      const { ms, turn } = slots
      this.#sources.see(sourceId, ms)
      if (stream > 0) this.#places.standsAt(ms)
      const level = levels[at] as number
      const message = messages[at] as string
      const json = fields?.[at]
      if (json === undefined && ms === time) this.#plainRows.add(ms, turn, level, sourceId, message)
      else this.#rows.add(ms, turn, level, sourceId, message, json ?? null, ms === time ? null : time)
      this.#counts.add(time, level)
      this.#pack(ms, turn, message.length + (json?.length ?? 0))
      inserted++
    }
    return { inserted, repeated: entries - inserted }
  }

  /** Before the transaction commits: what was held back. Returns the rows of `commits` that it has added. */
  finish(): readonly CommitRow[] {
    this.#plainRows.finish()
    this.#rows.finish()
    this.#addCommit()
    this.#counts.write()
    this.#places.write()
    this.#sources.write()
    if (this.#slots.maxSpillMs > this.#storedSpillMs) {
      this.#storedSpillMs = this.#slots.maxSpillMs
      this.#setFact.run('maxSpillMs', this.#storedSpillMs)
    }
    return this.#added
  }

  /** Between two transactions: bounds what is kept in memory. */
  committed(): void {
    this.#added = []
    this.#slots.forgetSome()
    this.#places.committed()
    this.#sources.committed()
  }

  /** Sources went that no entry had any more. */
  sourcesRemoved(): void {
    this.#sources.forget()
  }

  /** After a rollback: what is known of the database is read anew. */
  rolledBack(): void {
    this.#plainRows.forget()
    this.#rows.forget()
    this.#packedEntries = 0
    this.#packedText = 0
    this.#lastSeq -= this.#added.length
    this.#added = []
    this.#slots.forget()
    this.#counts.forget()
    this.#sources.forget()
    this.#storedSpillMs = 0
    // Last, since it asks the database, which may fail again.
    this.#places.forget()
  }

  #pack(ms: number, turn: number, text: number): void {
    if (this.#packedText > 0 && this.#packedText + text > maxCommitText) this.#addCommit()
    const at = this.#packedEntries++ * packedSlotBytes
    this.#packed.writeDoubleLE(ms, at)
    this.#packed.writeUInt32LE(turn, at + 8)
    this.#packedText += text
    if (this.#packedEntries === maxCommitEntries) this.#addCommit()
  }

  #addCommit(): void {
    const entries = this.#packedEntries
    if (entries === 0) return
    this.#lastSeq++
    this.#insertCommit.run(this.#lastSeq, entries, this.#packed.subarray(0, entries * packedSlotBytes))
    this.#added.push({ seq: this.#lastSeq, entries })
    this.#packedEntries = 0
    this.#packedText = 0
  }
}

/** Puts rows of `entries` into the database, many with one statement. */
class RowInserter {
  readonly #insertMany: Database.Statement
  readonly #insertOne: Database.Statement
  readonly #rowValues: number
  #values: unknown[] = []

  /** @param others the columns beside the id, which takes two values. */
  constructor(database: Database.Database, columns: string, others: number) {
    const row = `(${slotIdSql}${', ?'.repeat(others)})`
    const insert = `INSERT INTO entries (${columns}) VALUES`
    this.#insertMany = database.prepare(`${insert} ${Array(rowsAtOnce).fill(row).join(', ')}`)
    this.#insertOne = database.prepare(`${insert} ${row}`)
    this.#rowValues = others + 2
  }

  add(...values: readonly unknown[]): void {
    this.#values.push(...values)
    if (this.#values.length < rowsAtOnce * this.#rowValues) return
    this.#insertMany.run(this.#values)
    this.#values = []
  }

  finish(): void {
    const step = this.#rowValues
    for (let at = 0; at < this.#values.length; at += step) this.#insertOne.run(this.#values.slice(at, at + step))
    this.#values = []
  }

  forget(): void {
    this.#values = []
  }
}
