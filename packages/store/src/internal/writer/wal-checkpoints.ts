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
const maxPages = 1_000

/** So many pages are worth no thread. */
const smallPages = 700

/** Nobody else works them off, it seems, or too slowly. */
const tooManyPages = 65_536

/** After a reader has held the log back for long, or a backup, its file is cut to this. Unit: bytes. */
const maxLogBytes = 67_108_864

/** A reader that holds back the log is waited for. Unit: ms. */
const freezeRetryMs = 5
const cutRetryMs = 1_000
const askRetryMs = 250

/** A log that may take less is worked off by the writer itself. Unit: bytes. */
const smallLogBytes = 4_194_304

export interface WalCheckpointsOptions {
  readonly database: Database.Database
  /** What the log may take of the disk, as far as readers let it. Unit: bytes. */
  readonly maxBytes: number
  /** Has another thread work on the log, which calls `done` then. */
  readonly ask: () => void
}

interface LogState {
  readonly busy: number
  readonly log: number
  readonly checkpointed: number
}

export class WalCheckpoints implements UpkeepTask {
  readonly #database: Database.Database
  readonly #pages: number
  readonly #pageBytes: number
  readonly #maxLogBytes: number
  /** A small log is worked off sooner than a thread could begin. */
  readonly #isSmall: boolean
  readonly #ask: () => void
  #isAsked = false
  #askAgainAt = 0
  #mayFinish = false
  #frozen: Database.Database | undefined
  /** The log's length when a step of ours brought it no further: a reader holds it back. */
  #heldBackAt = -1
  /** The log's file is longer than it may be, perhaps; looked at when nothing else is to be done. */
  #cutAt = 0
  #isCut = true

  constructor({ database, maxBytes, ask }: WalCheckpointsOptions) {
    this.#database = database
    this.#ask = ask
    this.#pageBytes = database.pragma('page_size', { simple: true }) as number
    this.#isSmall = maxBytes < smallLogBytes
    this.#pages = Math.min(maxPages, Math.floor(maxBytes / 2 / this.#pageBytes))
    this.#maxLogBytes = Math.min(maxLogBytes, Math.floor(maxBytes))
    database.pragma(`journal_size_limit = ${this.#maxLogBytes}`)
  }

  /**
   * The other thread has worked on it.
   *
   * @param isFurther False when it brought nothing into the database, since a reader holds that back, or for a failure.
   * Asking again at once would keep three threads busy with nothing for as long as that takes.
   */
  done(isFurther: boolean): void {
    this.#isAsked = false
    this.#askAgainAt = isFurther ? 0 : performance.now() + askRetryMs
    this.#mayFinish = true
  }

  need(now: number): 'now' | 'idle' | number | undefined {
    if (this.#frozen !== undefined || this.#isAsked) return undefined
    const { log, checkpointed } = this.#look('NOOP')
    const pending = log - checkpointed
    if (log * this.#pageBytes > this.#maxLogBytes) this.#isCut = false
    if (pending === 0) {
      this.#mayFinish = false
      if (this.#isCut) return undefined
      return now >= this.#cutAt ? 'idle' : this.#cutAt - now
    }
    if (log === this.#heldBackAt) return undefined
    if (pending >= tooManyPages) return 'now'
    if (pending >= this.#pages) {
      if (this.#isSmall) return 'now'
      if (now < this.#askAgainAt) return this.#askAgainAt - now
      this.#isAsked = true
      this.#ask()
      return undefined
    }
    return this.#mayFinish && pending <= smallPages ? 'now' : undefined
  }

  step(): void {
    const { log, checkpointed } = this.#look('NOOP')
    if (log === checkpointed) return this.#cut()
    const after = this.#look('PASSIVE')
    this.#mayFinish = false
    this.#heldBackAt = after.checkpointed < after.log ? after.log : -1
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
      if (!isSmall && !this.#isAsked && performance.now() >= this.#askAgainAt) {
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

  /** Readers that are at it are not waited for, but come back for. */
  #cut(): void {
    const { busy } = this.#look('TRUNCATE')
    this.#isCut = busy === 0
    this.#cutAt = performance.now() + cutRetryMs
  }

  #look(mode: 'NOOP' | 'PASSIVE' | 'TRUNCATE'): LogState {
    const [state] = this.#database.pragma(`wal_checkpoint(${mode})`) as LogState[]
    return state ?? { busy: 1, log: 0, checkpointed: 0 }
  }
}
