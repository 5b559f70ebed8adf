/** Removes the oldest entries, those beyond what is to be kept: in small steps. */

import type Database from 'better-sqlite3'
import { slotIdSql, slotMsSql, slotTurnSql } from '../entry-id.ts'
import { LevelCounts } from './level-counts.ts'
import { StepSize, type UpkeepTask } from './upkeep-task.ts'

export type RemovalReason = 'age' | 'entries' | 'bytes'

export interface RetentionLimits {
  readonly maxAgeMs: number
  readonly maxEntries: number
  readonly maxBytes: number
}

/** What one removal may take from the disk, since freed pages have to be written. Unit: bytes. */
const maxStepBytes = 2_097_152

/** How often age is looked at. Unit: ms. */
const ageIntervalMs = 1_000

/** Room for the write-ahead log and for what is being merged: so much of the bytes at least, and more when they are few. */
const reserveShare = 1 / 16
const maxReserveShare = 1 / 4
const minReserveBytes = 16_777_216

/** There may be more than `maxEntries` by so many, or that share of them, before storing waits for removing. */
const minSlackEntries = 20_000

/** How much of `maxBytes` entries do not take. */
export function reservedBytes(maxBytes: number): number {
  return Math.max(maxBytes * reserveShare, Math.min(minReserveBytes, maxBytes * maxReserveShare))
}

interface OldRow {
  readonly ms: number
  readonly turn: number
  readonly level: number
  readonly time: number | null
  readonly bytes: number
}

export interface RetentionOptions {
  readonly database: Database.Database
  readonly limits: RetentionLimits
  readonly hasWords: boolean
  /** Told of after each step. */
  readonly onRemoved: (entries: number) => void
}

export class RetentionSteps implements UpkeepTask {
  readonly #database: Database.Database
  readonly #limits: RetentionLimits
  readonly #options: RetentionOptions
  readonly #oldest: Database.Statement
  readonly #removeUpTo: Database.Statement
  readonly #removeWords: Database.Statement
  readonly #size = new StepSize(200, 5_000)
  readonly #counts: LevelCounts
  readonly #removed: Record<RemovalReason, number> = { age: 0, entries: 0, bytes: 0 }
  #entries: number
  #nextLookAtAge = 0
  #reason: RemovalReason | undefined

  constructor(options: RetentionOptions) {
    const { database } = options
    this.#database = database
    this.#limits = options.limits
    this.#options = options
    this.#counts = new LevelCounts(database)
    this.#oldest = database.prepare(
      `SELECT ${slotMsSql('id')} AS ms, ${slotTurnSql('id')} AS turn, level, time, octet_length(message) + ifnull(octet_length(fields), 0) AS bytes
      FROM entries ORDER BY id LIMIT ?`,
    )
    this.#removeUpTo = database.prepare(`DELETE FROM entries WHERE id <= ${slotIdSql}`)
    this.#removeWords = database.prepare(`DELETE FROM words WHERE rowid <= ${slotIdSql}`)
    this.#entries = database.prepare('SELECT total(entries) FROM counts WHERE unit = 3600000').pluck().get() as number
  }

  /** Entries stored now. */
  get entries(): number {
    return this.#entries
  }

  get removed(): Readonly<Record<RemovalReason, number>> {
    return { ...this.#removed }
  }

  stored(entries: number): void {
    this.#entries += entries
  }

  /** Whether there is so much more than is to be kept that nothing may be added to it. */
  get isBehind(): boolean {
    const { maxEntries, maxBytes } = this.#limits
    if (this.#entries === 0) return false
    if (this.#entries > maxEntries + Math.max(minSlackEntries, maxEntries * reserveShare)) return true
    return maxBytes < Infinity && this.#usedBytes() > maxBytes - reservedBytes(maxBytes) / 2
  }

  need(now: number): 'now' | number | undefined {
    this.#reason = this.#reasonAt(now)
    if (this.#reason !== undefined) return 'now'
    return this.#limits.maxAgeMs < Infinity ? Math.max(1, this.#nextLookAtAge - now) : undefined
  }

  step(): void {
    const reason = this.#reason
    if (reason === undefined) return
    const begun = performance.now()
    const rows = this.#oldest.all(this.#stepEntries(reason)) as OldRow[]
    const last = this.#lastOf(rows, reason)
    if (last < 0) return
    const gone = rows.slice(0, last + 1)
    this.#counts.forget()
    this.#database
      .transaction(() => {
        const { ms, turn } = gone[last] as OldRow
        this.#removeUpTo.run(ms, turn)
        // All at once: a third of the time that it takes one by one.
        if (this.#options.hasWords) this.#removeWords.run(ms, turn)
        for (const row of gone) this.#counts.add(row.time ?? row.ms, row.level, -1)
        this.#counts.write()
      })
      .immediate()
    this.#entries -= gone.length
    this.#removed[reason] += gone.length
    this.#size.took(gone.length, performance.now() - begun)
    this.#options.onRemoved(gone.length)
  }

  #reasonAt(now: number): RemovalReason | undefined {
    const { maxEntries, maxBytes, maxAgeMs } = this.#limits
    if (this.#entries === 0) return undefined
    if (this.#entries > maxEntries) return 'entries'
    if (maxBytes < Infinity && this.#usedBytes() > maxBytes - reservedBytes(maxBytes)) return 'bytes'
    if (maxAgeMs === Infinity || now < this.#nextLookAtAge) return undefined
    const oldest = (this.#oldest.get(1) as OldRow | undefined)?.ms
    if (oldest !== undefined && oldest < Date.now() - maxAgeMs) return 'age'
    this.#nextLookAtAge = now + ageIntervalMs
    return undefined
  }

  #stepEntries(reason: RemovalReason): number {
    const beyond = reason === 'entries' ? this.#entries - this.#limits.maxEntries : Infinity
    return Math.min(this.#size.size, beyond)
  }

  /** The index of the last row to remove. */
  #lastOf(rows: readonly OldRow[], reason: RemovalReason): number {
    const keptFrom = reason === 'age' ? Date.now() - this.#limits.maxAgeMs : Infinity
    let bytes = 0
    let last = -1
    for (const row of rows) {
      bytes += row.bytes
      if (row.ms >= keptFrom || (last >= 0 && bytes > maxStepBytes)) break
      last++
    }
    return last
  }

  /** Pages that hold something; those that are free are used again before the file grows. */
  #usedBytes(): number {
    const pages = this.#database.pragma('page_count', { simple: true }) as number
    const free = this.#database.pragma('freelist_count', { simple: true }) as number
    return (pages - free) * 4096
  }
}
