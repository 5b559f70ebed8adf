/** The database as its writer opens it: made if need be, of our kind and of this version. */

import { LogwispError } from '@logwisp/core'
import Database from 'better-sqlite3'
import { applicationId, schema } from '../schema.ts'

/** What brings a database from the version of its index to the next one; the first makes an empty file ours. */
export type Migration = (database: Database.Database) => void

const migrations: readonly Migration[] = [(database) => database.exec(schema)]

export interface WriterDatabaseOptions {
  readonly safeAfter: 'commit' | 'fsync'
  /** Others than those there are, in tests. */
  readonly migrations?: readonly Migration[] | undefined
}

/** Pages of 4 KiB that a connection keeps: the ends of the tables and the inner nodes of a large one. Unit: KiB. */
const cacheKib = 65_536

/**
 * @throws LogwispError `STORE_CORRUPT` for another kind of file, `STORE_NEWER`; SQLite's errors as they are.
 */
export function openWriterDatabase(path: string, options: WriterDatabaseOptions): Database.Database {
  // Waiting for a lock is done without blocking the thread.
  const database = new Database(path, { timeout: 0 })
  try {
    // Both must come before the first table: pages that retention freed can be given back, at no cost for writing (measured).
    database.pragma('auto_vacuum = INCREMENTAL')
    refuseOthers(database, path, options.migrations ?? migrations)
    database.pragma('journal_mode = WAL')
    // Never by itself in the midst of a commit: see wal-checkpoints.ts.
    database.pragma('wal_autocheckpoint = 0')
    database.pragma(`cache_size = -${cacheKib}`)
    setSynchronous(database, options.safeAfter)
    migrate(database, options.migrations ?? migrations)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Whether a commit waits until the disk has it. */
export function setSynchronous(database: Database.Database, safeAfter: 'commit' | 'fsync'): void {
  database.pragma(`synchronous = ${safeAfter === 'fsync' ? 'FULL' : 'NORMAL'}`)
}

function refuseOthers(database: Database.Database, path: string, steps: readonly Migration[]): void {
  const id = database.pragma('application_id', { simple: true })
  const version = database.pragma('user_version', { simple: true }) as number
  const isEmpty = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0
  if (id !== applicationId && !isEmpty) {
    const message = `${path} is a database of another program: give the store a path of its own`
    throw new LogwispError('STORE_CORRUPT', message)
  }
  if (id === applicationId && version > steps.length) {
    const message = `${path} was written by a later version (${version}, this one knows ${steps.length}): update LogWisp`
    throw new LogwispError('STORE_NEWER', message)
  }
}

/** All or nothing: after a crash the database has its old version or the new one. */
function migrate(database: Database.Database, steps: readonly Migration[]): void {
  const version = database.pragma('user_version', { simple: true }) as number
  if (version === steps.length) return
  database
    .transaction(() => {
      for (const step of steps.slice(version)) step(database)
      database.pragma(`application_id = ${applicationId}`)
      database.pragma(`user_version = ${steps.length}`)
    })
    .immediate()
}
