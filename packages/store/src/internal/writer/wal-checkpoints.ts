/** Keeps the write-ahead log short: what it has goes into the database, a few MiB at a time. */

import type Database from 'better-sqlite3'
import type { UpkeepTask } from './upkeep-task.ts'

/** So many pages of 4 KiB in the log are worked off at once. */
export const checkpointPages = 1_000

interface LogState {
  readonly log: number
  readonly checkpointed: number
}

export class WalCheckpoints implements UpkeepTask {
  readonly #database: Database.Database
  readonly #pages: number
  #state: LogState = { log: 0, checkpointed: 0 }

  constructor(database: Database.Database, pages: number = checkpointPages) {
    this.#database = database
    this.#pages = pages
  }

  need(): 'now' | undefined {
    this.#look('NOOP')
    return this.#state.log - this.#state.checkpointed >= this.#pages ? 'now' : undefined
  }

  step(): void {
    this.#look('PASSIVE')
  }

  #look(mode: 'NOOP' | 'PASSIVE'): void {
    const [state] = this.#database.pragma(`wal_checkpoint(${mode})`) as LogState[]
    if (state !== undefined) this.#state = state
  }
}
