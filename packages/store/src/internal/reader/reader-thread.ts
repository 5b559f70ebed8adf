/** The thread that reads: one connection, one call at a time. */

import { workerData } from 'node:worker_threads'
import { type Slot, slotIdSql, slotMsSql, slotTurnSql } from '../entry-id.ts'
import { readFacts } from '../store-facts.ts'
import { type CallContext, serveThread } from '../thread/serve-thread.ts'
import { sqliteTrouble } from '../writer/sqlite-trouble.ts'
import { type Budget, timeBudget } from './budget.ts'
import { complete } from './complete.ts'
import { count } from './count.ts'
import { type EntryRow, entryRowSql, type PackedEntry } from './entry-row.ts'
import { follow } from './follow.ts'
import { fitting, look, newestSeq } from './look.ts'
import { type Reader, readerOf } from './reader.ts'
import type { Newest, ReaderCalls, ReaderData } from './reader-calls.ts'
import { openReaderDatabase } from './reader-database.ts'

const { path } = workerData as ReaderData

let opened: Reader | undefined
let lastRead: { readonly dataVersion: unknown; readonly newest: Newest } | undefined

serveThread<ReaderCalls>({
  newest: () => reading(readNewest),
  look: ({ request, sliceMs }, context) => reading((reader) => look(reader, request, budgetOf(sliceMs, context))),
  count: ({ request, sliceMs }, context) => reading((reader) => count(reader, request, budgetOf(sliceMs, context))),
  complete: ({ request, sliceMs }, context) =>
    reading((reader) => complete(reader, request, budgetOf(sliceMs, context))),
  entry: (slot) => reading((reader) => readEntry(reader, slot)),
  follow: (request) => reading((reader) => follow(reader, request)),
  facts: () => reading(({ db }) => readFacts(db)),
})

/** The first call opens the database, so that whoever asked is told when that fails. */
function reading<Result>(read: (reader: Reader) => Result): Result {
  try {
    opened ??= readerOf(openReaderDatabase(path))
    return read(opened)
  } catch (error) {
    throw isSqliteError(error) ? sqliteTrouble(error, path).error : error
  }
}

function isSqliteError(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code?.startsWith('SQLITE_') ?? false
}

function budgetOf(sliceMs: number, context: CallContext): Budget {
  return timeBudget(sliceMs, () => context.throwIfCancelled())
}

/** Whoever watches a database that another process writes asks this all the time: mostly nothing has changed. */
function readNewest({ db }: Reader): Newest {
  const dataVersion = db.pragma('data_version', { simple: true })
  if (lastRead !== undefined && lastRead.dataVersion === dataVersion) return lastRead.newest
  const last = `SELECT ${slotMsSql('id')} AS ms, ${slotTurnSql('id')} AS turn FROM entries ORDER BY id DESC LIMIT 1`
  const newest = { seq: newestSeq(db), slot: db.prepare(last).get() as Slot | undefined }
  lastRead = { dataVersion, newest }
  return newest
}

function readEntry(reader: Reader, { ms, turn }: Slot): PackedEntry | undefined {
  const sql = `SELECT ${entryRowSql} FROM entries e WHERE e.id = ${slotIdSql}`
  const row = reader.db.prepare<[number, number], EntryRow>(sql).raw(true).get(ms, turn)
  return row && fitting(row, reader, () => true)
}
