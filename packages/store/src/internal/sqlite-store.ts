/** The store: one thread that writes, some that read, and what joins them. */

import { EventEmitter } from 'node:events'
import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { checkArgument, isLogEntry, type LogEntry, LogwispError, option } from '@logwisp/core'
import type { LogQuery } from '../log-query.ts'
import type { Appended, Store, StoreEvents } from '../open-store.ts'
import type {
  Completion,
  CompletionsOf,
  EntryPage,
  Histogram,
  HistogramOptions,
  LivePosition,
  PageOptions,
  QueryLimits,
  StoreStats,
  TailItem,
  TailOptions,
} from '../query-results.ts'
import type { EntryId, StoredEntry } from '../stored-entry.ts'
import { copyDatabase } from './copy-database.ts'
import { checkIntegrity } from './integrity/check-integrity.ts'
import { openReaderPool, type ReaderPool } from './reader/reader-pool.ts'
import type { StoreSettings } from './store-settings.ts'
import { TailHub } from './tail/tail-hub.ts'
import { type OpenWriter, openWriter } from './writer/open-writer.ts'

export class SqliteStore extends EventEmitter<StoreEvents> implements Store {
  readonly path: string
  readonly #settings: StoreSettings
  #writer: OpenWriter | undefined
  #pool!: ReaderPool
  #tails!: TailHub
  #failure: LogwispError | undefined
  #closing: Promise<void> | undefined
  readonly #ended = new AbortController()
  #inserted = 0
  #repeated = 0

  private constructor(path: string, settings: StoreSettings) {
    super()
    this.path = path
    this.#settings = settings
  }

  static async open(path: string, settings: StoreSettings): Promise<SqliteStore> {
    const store = new SqliteStore(path, settings)
    await store.#open()
    return store
  }

  async #open(): Promise<void> {
    const { path } = this
    const { readOnly, retention, fullText, safeAfter, maxWaitingBytes, readers, maxWaitingQueries } = this.#settings
    if (!readOnly) {
      this.#writer = await openWriter({
        path,
        retention,
        fullText,
        safeAfter,
        maxWaitingBytes,
        onCommitted: (seq) => this.#tails?.committed(seq),
        onWarning: (error) => void this.emit('warning', error),
        onFailed: (error) => this.#fail(error),
      })
    }
    try {
      this.#pool = await openReaderPool({ path, readers, maxWaitingQueries })
      this.#tails = new TailHub(this.#pool, { watch: readOnly })
    } catch (error) {
      // What hindered the readers may hinder this too: it is the first error that tells.
      await this.#writer?.close(0).catch(() => {})
      throw error
    }
  }

  async append(entries: readonly LogEntry[]): Promise<Appended> {
    for (const entry of entries) if (!isLogEntry(entry)) throw notAnEntry(entry)
    const appended = await this.#writable().append(entries)
    this.#inserted += appended.inserted
    this.#repeated += appended.repeated
    return appended
  }

  page(query: LogQuery, options?: PageOptions): Promise<EntryPage> {
    return this.#pool.page(query, options)
  }

  scan(query: LogQuery, options?: QueryLimits): AsyncIterableIterator<readonly StoredEntry[]> {
    return this.#pool.scan(query, options)
  }

  histogram(query: LogQuery, options?: HistogramOptions): Promise<Histogram> {
    return this.#pool.histogram(query, options)
  }

  tail(query: LogQuery, options?: TailOptions): AsyncIterableIterator<TailItem> {
    return this.#tails.tail(query, options)
  }

  entry(id: EntryId): Promise<StoredEntry | undefined> {
    return this.#pool.entry(id)
  }

  completions(of: CompletionsOf, options?: QueryLimits): Promise<readonly Completion[]> {
    return this.#pool.completions(of, options)
  }

  live(): Promise<LivePosition> {
    return this.#pool.live()
  }

  async indexed(): Promise<void> {
    if (this.#settings.fullText) await this.#writable().indexed()
  }

  async backup(path: string, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    checkArgument('backup', 'path', path, option.text)
    const writer = this.#writable()
    const ends = this.#endsWith(signal)
    await access(this.path).catch((cause: Error) => {
      const message = `${this.path} is not there any more (${cause.message}): what is appended is lost; close the store, and put a backup in its place`
      throw new LogwispError('STORE_FAILED', message, { cause })
    })
    try {
      await writer.whileFrozen(ends, () => copyDatabase(this.path, resolve(path), ends))
    } catch (cause) {
      if (ends.aborted) throw ends.reason
      if (cause instanceof LogwispError) throw cause
      const message = `${path} could not be written (${(cause as Error).message}): it must not exist, its directory must`
      throw new LogwispError('STORE_FAILED', message, { cause })
    }
  }

  checkIntegrity({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<readonly string[]> {
    return checkIntegrity(this.path, this.#endsWith(signal))
  }

  async stats(): Promise<StoreStats> {
    const writing = await this.#writer?.facts()
    const { entries, bytes, oldestTime, newestTime, unindexed } = writing?.facts ?? (await this.#pool.facts())
    return {
      entries,
      bytes,
      oldestTime,
      newestTime,
      entriesInserted: this.#inserted,
      entriesRepeated: this.#repeated,
      entriesRemoved: writing?.removed ?? { age: 0, entries: 0, bytes: 0 },
      entriesUnindexed: unindexed,
      entriesWaiting: this.#writer?.entriesWaiting ?? 0,
    }
  }

  close(): Promise<void> {
    return this.closeWithin(undefined)
  }

  /** A full disk or a locked database is waited for no longer than this. */
  closeWithin(graceMs: number | undefined): Promise<void> {
    this.#closing ??= this.#close(graceMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(graceMs: number | undefined): Promise<void> {
    this.#ended.abort(closedError(this.path))
    this.#tails.close()
    await this.#pool.close()
    // Last, so that it can empty the write-ahead log, which nobody reads any more.
    await this.#writer?.close(graceMs)
  }

  #writable(): OpenWriter {
    if (this.#closing !== undefined) {
      throw closedError(this.path)
    }
    if (this.#failure !== undefined) throw this.#failure
    if (this.#writer === undefined) {
      throw new LogwispError('STORE_FAILED', `the store ${this.path} is open with readOnly: open it without to write`)
    }
    return this.#writer
  }

  /** Aborted with the signal, or when the store is closed. */
  #endsWith(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#ended.signal : AbortSignal.any([signal, this.#ended.signal])
  }

  #fail(error: LogwispError): void {
    this.#failure ??= error
    this.emit('failed', error)
  }
}

function closedError(path: string): LogwispError {
  return new LogwispError('STORE_CLOSED', `the store ${path} is closed: close it after what uses it`)
}

function notAnEntry(value: unknown): LogwispError {
  const kind = value === null ? 'null' : typeof value
  return new LogwispError(
    'NOT_AN_ENTRY',
    `append takes entries such as { time: Date.now(), source: 'app', message: 'text' }, got ${kind}: give each these three properties`,
  )
}
