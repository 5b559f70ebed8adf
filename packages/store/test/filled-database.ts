/** A database with entries in it, made without the writer: by the rules of `schema.ts`, and lagging where a test wants it. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LogEntry, stringifyExact } from '@logwisp/core'
import Database from 'better-sqlite3'
import { compareSlots, encodeEntryId, type Slot, slotIdSql } from '../src/internal/entry-id.ts'
import { packSlots } from '../src/internal/packed-slots.ts'
import { follow } from '../src/internal/reader/follow.ts'
import { newestSeq } from '../src/internal/reader/look.ts'
import { type Reader, readerOf } from '../src/internal/reader/reader.ts'
import { applicationId, maxOwnSlotMs, maxSlotMs, schema, schemaVersion } from '../src/internal/schema.ts'
import { storedLevels } from '../src/internal/stored-levels.ts'
import type { CommitReader } from '../src/internal/tail/tail-hub.ts'
import { indexText } from '../src/internal/words/index-text.ts'
import type { StoredEntry } from '../src/stored-entry.ts'

export class FilledDatabase {
  readonly db: Database.Database
  readonly path: string
  readonly reader: Reader
  /** What is stored, as the store should give it, in no order. */
  readonly entries: StoredEntry[] = []
  readonly #folder: string | undefined
  readonly #nextTurn = new Map<number, number>()
  readonly #sources = new Map<string, number>()
  #indexedSeq = 0
  #seq = 0

  private constructor(folder: string | undefined, isIndexed: boolean) {
    this.#folder = folder
    this.path = folder === undefined ? ':memory:' : join(folder, 'store.db')
    this.db = new Database(this.path)
    this.db.pragma('journal_mode = WAL')
    this.db.pragma('synchronous = OFF')
    this.db.exec(schema)
    this.db.pragma(`application_id = ${applicationId}`)
    this.db.pragma(`user_version = ${schemaVersion}`)
    this.reader = readerOf(this.db)
    if (isIndexed) this.db.exec("INSERT INTO facts VALUES ('indexedSeq', 0)")
  }

  static async open({ isIndexed = true }: { isIndexed?: boolean } = {}): Promise<FilledDatabase> {
    return new FilledDatabase(await mkdtemp(join(tmpdir(), 'logwisp-reader-')), isIndexed)
  }

  async close(): Promise<void> {
    this.db.close()
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true })
  }

  get newestSlot(): Slot | undefined {
    return this.entries.map(slotOf).sort(compareSlots).at(-1)
  }

  /** Without a file, for who needs no second connection. */
  static inMemory({ isIndexed = true }: { isIndexed?: boolean } = {}): FilledDatabase {
    return new FilledDatabase(undefined, isIndexed)
  }

  /** One commit. `spillMs` puts its entries that much later than their time. Returns them as the store should give them. */
  commit(entries: readonly LogEntry[], { spillMs = 0 }: { spillMs?: number } = {}): StoredEntry[] {
    const added: StoredEntry[] = []
    this.db.transaction(() => {
      const slots = entries.map((entry) => {
        const slot = this.#slotFor(entry.time, spillMs)
        added.push(this.#insert(entry, slot))
        return slot
      })
      this.db.prepare('INSERT INTO commits VALUES (?, ?, ?)').run(++this.#seq, slots.length, packSlots(slots))
      if (spillMs > 0) this.db.prepare("INSERT OR REPLACE INTO facts VALUES ('maxSpillMs', ?)").run(spillMs)
    })()
    this.entries.push(...added)
    return added
  }

  /** Follows its commits without a thread. */
  commitReader(): CommitReader {
    const { reader } = this
    return {
      openedSeq: newestSeq(this.db),
      newest: async () => ({ seq: newestSeq(this.db) }),
      follow: async (request) => follow(reader, request),
    }
  }

  /** Brings the index up to so many commits from the newest; told late, it has more than the database says. */
  index({ lag = 0, isToldLate = false }: { lag?: number; isToldLate?: boolean } = {}): void {
    this.db.transaction(() => {
      const word = this.db.prepare(`INSERT INTO words(rowid, text) VALUES (${slotIdSql}, ?)`)
      const byId = new Map(this.entries.map((entry) => [entry.id, entry]))
      const commits = this.db.prepare<[number, number], [number, Buffer]>(
        'SELECT seq, ids FROM commits WHERE seq > ? AND seq <= ? ORDER BY seq',
      )
      for (const [seq, ids] of commits.raw(true).all(this.#indexedSeq, this.#seq - lag)) {
        for (let at = 0; at < ids.length; at += 12) {
          const slot = { ms: ids.readDoubleLE(at), turn: ids.readUInt32LE(at + 8) }
          const entry = byId.get(encodeEntryId(slot.ms, slot.turn))
          if (entry) word.run(slot.ms, slot.turn, indexText(entry, this.#sources.get(entry.source) as number))
        }
        this.#indexedSeq = seq
      }
      if (isToldLate) return
      this.db.prepare("UPDATE facts SET value = ? WHERE name = 'indexedSeq'").run(this.#indexedSeq)
    })()
  }

  /** As retention does: the oldest go; what the index has of them may stay. */
  removeOldest(entries: number): void {
    const oldest = [...this.entries].sort((a, b) => compareSlots(slotOf(a), slotOf(b))).slice(0, entries)
    this.db.transaction(() => {
      for (const entry of oldest) {
        const { ms, turn } = slotOf(entry)
        this.db.prepare(`DELETE FROM entries WHERE id = ${slotIdSql}`).run(ms, turn)
        this.#count(entry, -1)
        this.entries.splice(this.entries.indexOf(entry), 1)
      }
    })()
  }

  #slotFor(time: number, spillMs: number): Slot {
    const own = Math.floor(time) + spillMs
    const ms = time > maxOwnSlotMs ? maxOwnSlotMs + 1 : time < -maxOwnSlotMs ? -maxSlotMs : own
    const turn = this.#nextTurn.get(ms) ?? 0
    this.#nextTurn.set(ms, turn + 1)
    return { ms, turn }
  }

  #insert({ time, source, level, message, fields }: LogEntry, { ms, turn }: Slot): StoredEntry {
    const insert = this.db.prepare(`INSERT INTO entries VALUES (${slotIdSql}, ?, ?, ?, ?, ?)`)
    const text = fields === undefined ? null : stringifyExact(fields)
    const levelNumber = storedLevels.indexOf(level ?? 'none')
    insert.run(ms, turn, levelNumber, this.#sourceId(source), message, text, time === ms ? null : time)
    const entry: StoredEntry = {
      id: encodeEntryId(ms, turn),
      time,
      source,
      message,
      ...(level && { level }),
      ...(fields && { fields }),
    }
    this.#count(entry, 1)
    return entry
  }

  #sourceId(name: string): number {
    let id = this.#sources.get(name)
    if (id === undefined) {
      id = this.#sources.size + 1
      this.#sources.set(name, id)
      this.db.prepare('INSERT INTO sources VALUES (?, ?, 0)').run(id, name)
    }
    return id
  }

  #count({ time, level }: StoredEntry, by: number): void {
    const count = this.db.prepare(
      `INSERT INTO counts VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET entries = entries + excluded.entries`,
    )
    for (const unit of [1_000, 60_000, 3_600_000]) {
      count.run(unit, Math.floor(time / unit) * unit, storedLevels.indexOf(level ?? 'none'), by)
    }
    this.db.prepare('DELETE FROM counts WHERE entries = 0').run()
  }
}

function slotOf({ id }: StoredEntry): Slot {
  const [ms, turn] = id.split(/(?<=.)-/) as [string, string]
  return { ms: Number.parseInt(ms, 36), turn: Number.parseInt(turn, 36) }
}
