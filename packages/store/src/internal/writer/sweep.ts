/** Clears small tables of what belonged to entries that were removed, a few rows at a time. */

import type Database from 'better-sqlite3'
import { slotMsSql } from '../entry-id.ts'
import type { UpkeepTask } from './upkeep-task.ts'

/** Rows looked at in one step. */
const stepRows = 500

/** For each entry that is removed, so many rows are looked at: faster than any table grows. */
const rowsPerRemoved = 2

/** A live tail that comes back goes on from its place as long as no more entries came meanwhile. */
const keptCommitEntries = 1_000_000

interface SpanRow {
  readonly stream: string
  readonly last: number
  readonly newest: number
}

const beforeAllSpans = { stream: '', last: -Number.MAX_SAFE_INTEGER }

export interface SweepOptions {
  readonly database: Database.Database
  /** Rows of commits beyond this one are still needed. */
  readonly neededAfterSeq: () => number
  readonly onSourcesRemoved: () => void
}

export class Sweep implements UpkeepTask {
  readonly #options: SweepOptions
  readonly #oldestMs: Database.Statement
  readonly #spansAfter: Database.Statement
  readonly #removeSpan: Database.Statement
  readonly #sourcesAfter: Database.Statement
  readonly #removeSource: Database.Statement
  readonly #oldestCommits: Database.Statement
  readonly #removeCommits: Database.Statement
  #commitEntries: number
  /** The oldest commits are needed, for now. */
  #keepsCommits = false
  #owedRows = 0
  #span: Pick<SpanRow, 'stream' | 'last'> = beforeAllSpans
  #source = 0

  constructor(options: SweepOptions) {
    const { database } = options
    this.#options = options
    this.#oldestMs = database.prepare(`SELECT ${slotMsSql('id')} FROM entries ORDER BY id LIMIT 1`).pluck()
    this.#spansAfter = database.prepare(
      'SELECT stream, last, newest FROM spans WHERE (stream, last) > (?, ?) ORDER BY stream, last LIMIT ?',
    )
    this.#removeSpan = database.prepare('DELETE FROM spans WHERE stream = ? AND last = ?')
    this.#sourcesAfter = database.prepare('SELECT id, newest FROM sources WHERE id > ? ORDER BY id LIMIT ?')
    // The highest id stays, so that it is not given again.
    this.#removeSource = database.prepare('DELETE FROM sources WHERE id = ? AND id < (SELECT max(id) FROM sources)')
    this.#oldestCommits = database.prepare('SELECT seq, entries FROM commits ORDER BY seq LIMIT 50')
    this.#removeCommits = database.prepare('DELETE FROM commits WHERE seq <= ?')
    this.#commitEntries = database.prepare('SELECT total(entries) FROM commits').pluck().get() as number
  }

  stored(entries: number): void {
    this.#commitEntries += entries
    this.#keepsCommits = false
  }

  /** The index came further. */
  indexed(): void {
    this.#keepsCommits = false
  }

  removed(entries: number): void {
    this.#owedRows += entries * rowsPerRemoved
  }

  need(): 'now' | undefined {
    return this.#owedRows >= stepRows || this.#hasOldCommits() ? 'now' : undefined
  }

  step(): void {
    const { database, onSourcesRemoved } = this.#options
    const before = {
      span: this.#span,
      source: this.#source,
      owedRows: this.#owedRows,
      commitEntries: this.#commitEntries,
    }
    let sources = 0
    try {
      database
        .transaction(() => {
          if (this.#hasOldCommits()) this.#dropCommits()
          if (this.#owedRows < stepRows) return
          // However many were removed: after so many steps every row was looked at since.
          this.#owedRows = Math.min(this.#owedRows, stepRows * 1_000) - stepRows
          const oldest = (this.#oldestMs.get() as number | undefined) ?? Infinity
          this.#sweepSpans(oldest)
          sources = this.#sweepSources(oldest)
        })
        .immediate()
    } catch (error) {
      this.#span = before.span
      this.#source = before.source
      this.#owedRows = before.owedRows
      this.#commitEntries = before.commitEntries
      throw error
    }
    if (sources > 0) onSourcesRemoved()
  }

  #hasOldCommits(): boolean {
    return this.#commitEntries > keptCommitEntries && !this.#keepsCommits
  }

  #dropCommits(): void {
    const needed = this.#options.neededAfterSeq()
    // Below 0 are rows of what was stored before the words index was turned on.
    let upTo: number | undefined
    for (const { seq, entries } of this.#oldestCommits.all() as { seq: number; entries: number }[]) {
      this.#keepsCommits = seq > needed || this.#commitEntries - entries < keptCommitEntries
      if (this.#keepsCommits) break
      this.#commitEntries -= entries
      upTo = seq
    }
    if (upTo !== undefined) this.#removeCommits.run(upTo)
  }

  #sweepSpans(oldest: number): void {
    const rows = this.#spansAfter.all(this.#span.stream, this.#span.last, stepRows) as SpanRow[]
    for (const { stream, last, newest } of rows) if (newest < oldest) this.#removeSpan.run(stream, last)
    this.#span = rows.length < stepRows ? beforeAllSpans : (rows.at(-1) as SpanRow)
  }

  #sweepSources(oldest: number): number {
    const rows = this.#sourcesAfter.all(this.#source, stepRows) as { id: number; newest: number }[]
    let removed = 0
    for (const { id, newest } of rows) if (newest < oldest) removed += this.#removeSource.run(id).changes
    this.#source = rows.length < stepRows ? 0 : (rows.at(-1)?.id ?? 0)
    return removed
  }
}
