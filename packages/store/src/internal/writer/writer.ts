/** The one who writes: takes entries, several calls in one transaction, and does what is to be done beside. */

import { LogwispError } from '@logwisp/core'
import type Database from 'better-sqlite3'
import { readFacts } from '../store-facts.ts'
import { packError } from '../thread/packed-error.ts'
import type { CallContext } from '../thread/serve-thread.ts'
import type { EntryColumns } from './entry-columns.ts'
import { type CommitRow, EntryWriter, type Written } from './entry-writer.ts'
import { FileInPlace } from './file-in-place.ts'
import { switchFullText } from './full-text-switch.ts'
import { reservedBytes } from './retention-steps.ts'
import { type SqliteTrouble, sqliteTrouble } from './sqlite-trouble.ts'
import { Upkeep } from './upkeep.ts'
import type { WriterFacts, WriterNotice, WriterSettings } from './writer-calls.ts'
import { openWriterDatabase, setSynchronous } from './writer-database.ts'

/** Calls of one transaction together have no more entries than this, but for the first: it is to take no longer than 50 ms. */
const maxTransactionEntries = 10_000
const maxTransactionText = 2_097_152

/** While entries wait, what is done beside takes no more of a turn than this, and a step. Unit: ms. */
const upkeepMs = 12

/** Another program's transaction is short, mostly: it is told of when it is not. Unit: ms. */
const lockedRetryMs = 10
const lockedWarnAfterMs = 1_000

/** Unit: ms. */
const diskFullRetryMs = 250

interface Waiting {
  readonly columns: EntryColumns
  readonly text: number
  readonly resolve: (written: Written) => void
  readonly reject: (error: Error) => void
}

export class Writer {
  readonly #settings: WriterSettings
  readonly #notify: (notice: WriterNotice) => void
  readonly #database: Database.Database
  readonly #entryWriter: EntryWriter
  readonly #file: FileInPlace
  readonly #upkeep: Upkeep
  readonly #maxText: number
  readonly #waiting: Waiting[] = []
  #scheduled: NodeJS.Immediate | undefined
  #timer: NodeJS.Timeout | undefined
  #isTimerForUpkeep = false
  #trouble: { readonly kind: SqliteTrouble['kind']; readonly since: number; isTold: boolean } | undefined
  #failure: LogwispError | undefined
  #isSynchronous = true
  #closing: { readonly until: number; readonly resolve: () => void } | undefined

  /** @throws LogwispError, when the database can not be opened now. */
  constructor(settings: WriterSettings, notify: (notice: WriterNotice) => void) {
    this.#settings = settings
    this.#notify = notify
    this.#maxText = Math.min(maxTransactionText, reservedBytes(settings.retention.maxBytes) / 4)
    try {
      this.#database = openWriterDatabase(settings.path, settings)
    } catch (error) {
      throw sqliteTrouble(error, settings.path).error
    }
    try {
      switchFullText(this.#database, settings.fullText)
      this.#entryWriter = new EntryWriter(this.#database)
      this.#file = new FileInPlace(settings.path)
      this.#upkeep = new Upkeep({
        database: this.#database,
        settings,
        onLogGrown: () => this.#notify({ kind: 'log-grown' }),
        onSourcesRemoved: () => this.#entryWriter.sourcesRemoved(),
      })
    } catch (error) {
      this.#database.close()
      throw sqliteTrouble(error, settings.path).error
    }
    this.#schedule()
  }

  append(columns: EntryColumns): Promise<Written> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      let text = 0
      for (const message of columns.messages) text += message.length
      for (const json of columns.fields ?? []) text += json?.length ?? 0
      this.#waiting.push({ columns, text, resolve, reject })
      this.#schedule()
    })
  }

  async indexed(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    const waits = this.#upkeep.indexer?.indexed(this.#entryWriter.lastSeq)
    this.#schedule()
    await waits
  }

  get facts(): WriterFacts {
    return { facts: readFacts(this.#database), removed: this.#upkeep.retention.removed }
  }

  freeze(context: CallContext): Promise<void> {
    return this.#upkeep.checkpoints.freeze(context)
  }

  thaw(): void {
    this.#upkeep.checkpoints.thaw()
    this.#schedule()
  }

  checkpointed(isFurther: boolean): void {
    this.#upkeep.checkpoints.done(isFurther)
    this.#schedule()
  }

  async close(graceMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#closing = { until: performance.now() + graceMs, resolve }
      this.#schedule()
    })
    clearTimeout(this.#timer)
    clearImmediate(this.#scheduled)
    this.#failure ??= new LogwispError('STORE_CLOSED', 'the store was closed: append before you close it')
    this.#rejectAll(this.#failure)
    this.#upkeep.checkpoints.thaw()
    try {
      // So that the next one to open it, perhaps only to read, finds one file.
      this.#database.pragma('wal_checkpoint(TRUNCATE)')
    } catch {
      // What is in the log is safe there too.
    }
    this.#database.close()
  }

  #schedule(): void {
    if (this.#timer !== undefined && !this.#isTimerForUpkeep && this.#closing === undefined) return
    this.#scheduled ??= setImmediate(() => this.#takeTurn())
  }

  #takeTurn(): void {
    this.#scheduled = undefined
    clearTimeout(this.#timer)
    this.#timer = undefined
    try {
      if (this.#waiting.length > 0 && !this.#upkeep.retention.isBehind) this.#commit()
      else if (this.#waiting.length === 0 && this.#closing !== undefined) return this.#closing.resolve()
      const waitMs = this.#doUpkeep()
      this.#recovered()
      if (waitMs === 0 || this.#waiting.length > 0 || this.#closing !== undefined) this.#schedule()
      else if (waitMs < Infinity) this.#wait(waitMs, true)
    } catch (error) {
      this.#troubled(error)
    }
  }

  /** Some steps, or none; then in how many ms there may be something to do. */
  #doUpkeep(): number {
    const begun = performance.now()
    // What is done only in pauses may be what makes room.
    const isBusy = (this.#waiting.length > 0 && !this.#upkeep.retention.isBehind) || this.#closing !== undefined
    for (let now = begun; now - begun < upkeepMs; now = performance.now()) {
      const { task, waitMs } = this.#upkeep.next(now, isBusy)
      if (task === undefined) return waitMs
      this.#setSynchronous(false)
      task.step()
      this.#upkeep.did(task)
      // Entries may have come meanwhile.
      if (!isBusy) return 0
    }
    return 0
  }

  #commit(): void {
    const calls = this.#nextCalls()
    this.#setSynchronous(this.#settings.safeAfter === 'fsync')
    const database = this.#database
    let written: Written[]
    let rows: readonly CommitRow[]
    try {
      database.exec('BEGIN IMMEDIATE')
      written = calls.map(({ columns }) => this.#entryWriter.write(columns))
      rows = this.#entryWriter.finish()
      database.exec('COMMIT')
    } catch (error) {
      // SQLite has rolled back by itself after some errors.
      if (database.inTransaction) database.exec('ROLLBACK')
      this.#entryWriter.rolledBack()
      throw error
    }
    // Nothing is told to be safe that is in a file which nobody will find.
    this.#file.assert()
    this.#waiting.splice(0, calls.length)
    this.#entryWriter.committed()
    let entries = 0
    for (const row of rows) entries += row.entries
    this.#upkeep.stored(entries, performance.now())
    const last = rows.at(-1)
    if (last !== undefined) this.#notify({ kind: 'committed', seq: last.seq })
    for (const [index, call] of calls.entries()) call.resolve(written[index] as Written)
  }

  #nextCalls(): Waiting[] {
    let entries = 0
    let text = 0
    let calls = 0
    for (const waiting of this.#waiting) {
      entries += waiting.columns.entries
      text += waiting.text
      if (calls > 0 && (entries > maxTransactionEntries || text > this.#maxText)) break
      calls++
    }
    return this.#waiting.slice(0, calls)
  }

  /** What is done beside need not wait for the disk: a later commit takes it along, and what a power cut takes is done again. */
  #setSynchronous(isSynchronous: boolean): void {
    if (isSynchronous === this.#isSynchronous) return
    this.#isSynchronous = isSynchronous
    setSynchronous(this.#database, isSynchronous ? 'fsync' : 'commit')
  }

  #troubled(cause: unknown): void {
    const { kind, error } = sqliteTrouble(cause, this.#settings.path)
    if (kind === 'failed') return this.#fail(error)
    const now = performance.now()
    if (this.#closing !== undefined && now >= this.#closing.until) {
      this.#failure = error
      this.#rejectAll(error)
      return this.#closing.resolve()
    }
    if (this.#trouble?.kind !== kind) this.#trouble = { kind, since: now, isTold: false }
    const { since, isTold } = this.#trouble
    if (!isTold && (kind === 'disk-full' || now - since >= lockedWarnAfterMs)) {
      this.#trouble.isTold = true
      this.#notify({ kind: 'warning', error: packError(error) })
    }
    this.#wait(kind === 'locked' ? lockedRetryMs : diskFullRetryMs, false)
  }

  #recovered(): void {
    this.#trouble = undefined
  }

  #wait(ms: number, isForUpkeep: boolean): void {
    this.#isTimerForUpkeep = isForUpkeep
    this.#timer = setTimeout(() => this.#takeTurn(), ms)
  }

  #fail(error: LogwispError): void {
    this.#failure = error
    this.#notify({ kind: 'failed', error: packError(error) })
    this.#rejectAll(error)
    this.#upkeep.indexer?.failed(error)
    this.#closing?.resolve()
  }

  #rejectAll(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}
