/** A thread that brings the write-ahead log into the database, while the writer goes on. */

import { workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { serveThread } from '../thread/serve-thread.ts'

export interface CheckpointCalls {
  /** Whether the database has more of the log than before. */
  checkpoint(argument: undefined): boolean
}

let database: Database.Database | undefined

serveThread<CheckpointCalls>({
  checkpoint: () => {
    database ??= new Database((workerData as { path: string }).path, { fileMustExist: true, timeout: 0 })
    const [before] = database.pragma('wal_checkpoint(NOOP)') as { checkpointed: number }[]
    const [after] = database.pragma('wal_checkpoint(PASSIVE)') as { checkpointed: number }[]
    return after !== undefined && before !== undefined && after.checkpointed > before.checkpointed
  },
})
