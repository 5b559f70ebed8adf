/** The database as readers open it. */

import { LogwispError } from '@logwisp/core'
import Database from 'better-sqlite3'
import { applicationId, schemaVersion } from '../schema.ts'
import { sqliteTrouble } from '../writer/sqlite-trouble.ts'

/** How long a reader waits where SQLite has to lock: while another process mends the write-ahead log. Unit: ms. */
const lockTimeoutMs = 1_000

/** @throws LogwispError `STORE_CORRUPT`, `STORE_NEWER`, `STORE_FAILED`, `STORE_BUSY`. */
export function openReaderDatabase(path: string): Database.Database {
  let database: Database.Database | undefined
  try {
    database = new Database(path, { readonly: true, fileMustExist: true, timeout: lockTimeoutMs })
    refuseOthers(database, path)
    return database
  } catch (error) {
    database?.close()
    throw sqliteTrouble(error, path).error
  }
}

function refuseOthers(database: Database.Database, path: string): void {
  if (database.pragma('application_id', { simple: true }) !== applicationId) {
    throw new LogwispError('STORE_CORRUPT', `${path} is no database of a store: give the path of one`)
  }
  const version = database.pragma('user_version', { simple: true }) as number
  if (version > schemaVersion) {
    const message = `${path} was written by a later version (${version}, this one knows ${schemaVersion}): update LogWisp`
    throw new LogwispError('STORE_NEWER', message)
  }
  if (version < schemaVersion) {
    const message = `${path} was written by an earlier version: open it once for writing, which brings it up to date`
    throw new LogwispError('STORE_FAILED', message)
  }
}
