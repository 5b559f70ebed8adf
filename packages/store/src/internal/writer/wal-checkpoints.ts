/**
 * Keeps the write-ahead log short. What it has is brought into the database by a thread of its own, which takes the time of
 * writing it all and two waits for the disk; what comes meanwhile is little, and brought there between two transactions, so
 * that the next one begins the log anew.
 */

import { setTimeout } from 'node:timers/promises'
import Database from 'better-sqlite3'
import type { CallContext } from '../thread/serve-thread.ts'
import type { UpkeepTask } from './upkeep-task.ts'

/** So many pages of 4 KiB in the log are worked off at once. */
export const checkpointPages = 1_000

/** So many pages are worth no thread. */
const smallPages = 700

/** Nobody else works them off, it seems, or too slowly. */
const tooManyPages = 65_536

/** A reader that holds back the log is waited for. Unit: ms. */
const freezeRetryMs = 5

interface LogState {
  readonly busy: number
  readonly log: number
  readonly checkpointed: number
}

export class WalCheckpoints implements UpkeepTask {
  readonly #database: Database.Database
  readonly #pages: number
  readonly #ask: () => void
  #isAsked = false
  #mayFinish = false
  #frozen: Database.Database | undefined
  /** The log's length when a step of ours brought it no further: a reader holds it back. */
  #heldBackAt = -1

  /** @param ask Has the other thread work on it, which calls `done` then. */
  constructor(database: Database.Database, pages: number, ask: () => void) {
    this.#database = database
    this.#pages = pages
    this.#ask = ask
    // After a reader has held it back for long the log is cut to this.
    database.pragma('journal_size_limit = 67108864')
  }

  /** The other thread has worked on it. */
  done(): void {
    this.#isAsked = false
    this.#mayFinish = true
  }

  need(): 'now' | undefined {
    if (this.#frozen !== undefined || this.#isAsked) return undefined
    const { log, checkpointed } = this.#look('NOOP')
    const pending = log - checkpointed
    if (pending === 0) this.#mayFinish = false
    if (pending >= tooManyPages && log !== this.#heldBackAt) return 'now'
    if (this.#mayFinish && pending > 0 && pending <= smallPages && log !== this.#heldBackAt) return 'now'
    if (pending >= this.#pages) {
      this.#isAsked = true
      this.#ask()
    }
    return undefined
  }

  step(): void {
    const { log, checkpointed } = this.#look('PASSIVE')
    this.#mayFinish = false
    this.#heldBackAt = checkpointed < log ? log : -1
  }

  /**
   * Brings all of the log into the database, and keeps it out of there from then on until {@link thaw}: meanwhile the
   * database's file is what was stored at this moment, and does not change.
   */
  async freeze(context: CallContext): Promise<void> {
    for (;;) {
      context.throwIfCancelled()
      const { log, checkpointed } = this.#look('NOOP')
      const isSmall = log - checkpointed <= this.#pages + smallPages
      if (!isSmall && !this.#isAsked) {
        this.#isAsked = true
        this.#ask()
      }
      if (isSmall && !this.#isAsked && this.#tryFreeze()) return
      await setTimeout(freezeRetryMs)
    }
  }

  thaw(): void {
    this.#frozen?.close()
    this.#frozen = undefined
  }

  #tryFreeze(): boolean {
    const { busy, log, checkpointed } = this.#look('PASSIVE')
    if (busy !== 0 || checkpointed < log) return false
    // Whoever begins to read when all of the log is in the database reads the file alone, and nobody may write to it then.
    const frozen = new Database(this.#database.name, { readonly: true, timeout: 0 })
    frozen.exec('BEGIN')
    frozen.prepare('SELECT 1 FROM facts').get()
    this.#frozen = frozen
    return true
  }

  #look(mode: 'NOOP' | 'PASSIVE'): LogState {
    const [state] = this.#database.pragma(`wal_checkpoint(${mode})`) as LogState[]
    return state ?? { busy: 1, log: 0, checkpointed: 0 }
  }
}
