/** A thread that brings the write-ahead log into the database, while the writer goes on. */

import { workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { serveThread } from '../thread/serve-thread.ts'

export interface CheckpointCalls {
  checkpoint(argument: undefined): void
}

let database: Database.Database | undefined

serveThread<CheckpointCalls>({
  checkpoint: () => {
    database ??= new Database((workerData as { path: string }).path, { fileMustExist: true, timeout: 0 })
    database.pragma('wal_checkpoint(PASSIVE)')
  },
})
