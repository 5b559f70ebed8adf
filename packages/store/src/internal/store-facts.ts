/** What a database says of itself. */

import { statSync } from 'node:fs'
import type Database from 'better-sqlite3'
import { slotMsSql } from './entry-id.ts'

export interface StoreFacts {
  /** Entries stored. */
  readonly entries: number
  /** Of the files. */
  readonly bytes: number
  readonly oldestTime: number | undefined
  readonly newestTime: number | undefined
  /** Entries that the words index does not have; all, when there is none. */
  readonly unindexed: number
}

/** A few rows are read, however many entries there are. */
export function readFacts(database: Database.Database): StoreFacts {
  const value = (sql: string): number | null | undefined =>
    database.prepare(sql).pluck().get() as number | null | undefined
  const entries = value('SELECT total(entries) FROM counts WHERE unit = 3600000') ?? 0
  const indexedSeq = value("SELECT value FROM facts WHERE name = 'indexedSeq'")
  const unindexed =
    indexedSeq == null
      ? entries
      : (database.prepare('SELECT total(entries) FROM commits WHERE seq > ?').pluck().get(indexedSeq) as number)
  const time = `ifnull(time, ${slotMsSql('id')})`
  return {
    entries,
    bytes: bytesOf(database.name) + bytesOf(`${database.name}-wal`),
    oldestTime: value(`SELECT ${time} FROM entries ORDER BY id LIMIT 1`) ?? undefined,
    newestTime: value(`SELECT ${time} FROM entries ORDER BY id DESC LIMIT 1`) ?? undefined,
    unindexed,
  }
}

function bytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
