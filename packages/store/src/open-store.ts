/** The store: log entries in one database file. */

import type { EventEmitter } from 'node:events'
import { resolve } from 'node:path'
import { checkArgument, type LogEntry, type LogwispError } from '@logwisp/core'
import { SqliteStore } from './internal/sqlite-store.ts'
import { databasePath, storeSettings } from './internal/store-settings.ts'
import type { LogQuery } from './log-query.ts'
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
} from './query-results.ts'
import type { EntryId, StoredEntry } from './stored-entry.ts'

/** What is kept; what is beyond it goes, oldest first, in small steps beside the writing. */
export interface Retention {
  /** Unit: ms, at least 1000. @default Infinity */
  readonly maxAgeMs?: number | undefined
  /** @default Infinity */
  readonly maxEntries?: number | undefined
  /**
   * The size of the database on disk, with its write-ahead log, which may go beyond it for a moment. Unit: bytes, at least
   * 1 MiB.
   * @default Infinity
   */
  readonly maxBytes?: number | undefined
}

/** Options of {@link openStore}. */
export interface StoreOptions {
  /** Only read: beside another process that writes. @default false */
  readonly readOnly?: boolean | undefined
  /** What is beyond it goes, oldest first. Without it, everything is kept. */
  readonly retention?: Retention | undefined
  /** Index the words of entries; without it a search for words looks at every entry. @default true */
  readonly fullText?: boolean | undefined
  /**
   * When a committed entry is safe: `'commit'`: from a crash of the program, not of the machine. `'fsync'`: from both; each
   * commit waits for the disk.
   * @default 'fsync'
   */
  readonly safeAfter?: 'commit' | 'fsync' | undefined
  /** Threads that read; a slow query holds up no more than one of them. @default 2 */
  readonly readers?: number | undefined
  /** Queries that wait for a reader; further ones fail with `STORE_BUSY`. @default 64 */
  readonly maxWaitingQueries?: number | undefined
  /** Entries handed over and not committed; `append` waits beyond. Unit: bytes, estimated. @default 33554432 */
  readonly maxWaitingBytes?: number | undefined
}

/** The events of a {@link Store}. */
export interface StoreEvents {
  /** Something went wrong and is tried again: the disk is full, the database locked. */
  warning: [error: LogwispError]
  /** The store can no longer be written to. */
  failed: [error: LogwispError]
}

/** What became of entries that were appended. */
export interface Appended {
  /** Are stored now. */
  readonly inserted: number
  /** Were there already, by their id. */
  readonly repeated: number
}

/**
 * A store that is open. One process writes to a database; others may open it with `readOnly`.
 *
 * Entries are ordered by their time and, within a ms, by when they came. All reading happens in threads of its own, so
 * that a slow query holds up neither the writing nor the program.
 */
export interface Store extends EventEmitter<StoreEvents> {
  /** The database's file, absolute. */
  readonly path: string
  /**
   * Stores entries, all or none of them, and resolves once they are safe. An entry whose `origin.id` is stored already is
   * left out. Waits while the disk is full or the database locked by another process.
   *
   * @throws LogwispError `STORE_CLOSED`, `STORE_FAILED`.
   */
  append(entries: readonly LogEntry[]): Promise<Appended>
  /** One page of the entries that fit. @throws LogwispError `BAD_QUERY`, `STORE_BUSY`, `STORE_CLOSED`. */
  page(query: LogQuery, options?: PageOptions): Promise<EntryPage>
  /** All entries that fit, oldest first, in batches of up to 1000; nothing is held beyond the next batch. Has no deadline by default. */
  scan(query: LogQuery, options?: QueryLimits): AsyncIterableIterator<readonly StoredEntry[]>
  /** Counts per time and level. @throws LogwispError as {@link page}. */
  histogram(query: LogQuery, options?: HistogramOptions): Promise<Histogram>
  /** Entries as they are stored, those that fit; without end, until the signal or the store's close. */
  tail(query: LogQuery, options?: TailOptions): AsyncIterableIterator<TailItem>
  /** One entry by its id. */
  entry(id: EntryId): Promise<StoredEntry | undefined>
  /** What could be written next in a query: sources, fields' paths, their values. */
  completions(of: CompletionsOf, options?: QueryLimits): Promise<readonly Completion[]>
  /** The position now. */
  live(): Promise<LivePosition>
  /** Resolves once the index has all that was stored before the call. */
  indexed(): Promise<void>
  /** A copy of the database as it is now, taken while it is written to. `path` must not exist. */
  backup(path: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  /** Looks through the whole database: problems in words; none is good. May take minutes; reads only. */
  checkIntegrity(options?: { readonly signal?: AbortSignal | undefined }): Promise<readonly string[]>
  stats(): Promise<StoreStats>
  /** Commits what was handed over, ends queries and tails, closes the database. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Opens the database at `path`, and makes it, and its directory, if need be. Beside it are `<path>-wal` and `<path>-shm`,
 * SQLite's, and `<path>.lock`, which keeps a second writer away.
 *
 * - **A crash** of the program at any time leaves a sound database with all that was safe. With `safeAfter: 'fsync'` a
 *   power cut does, too.
 * - **A full disk**, and another program's lock on the database, are waited for, with a `'warning'` (`DISK_FULL`,
 *   `STORE_BUSY`) each time that it begins.
 * - **Beside the storing**, in steps of a few ms: indexing, retention, keeping the write-ahead log short. The index lags by
 *   a quarter of a second, and more when much comes; what it does not have yet is found all the same.
 *
 * @throws LogwispError `BAD_OPTION`; `FILE_IN_USE` when another store writes to it; `STORE_CORRUPT` for a file of another
 * kind or a damaged one; `STORE_NEWER`; `DISK_FULL`, `STORE_BUSY`; `STORE_FAILED` with the system's error as `cause`.
 *
 * @example
 * ```ts
 * import { openStore, parseQuery } from '@logwisp/store'
 *
 * const store = await openStore('./logs.db', { retention: { maxAgeMs: 30 * 24 * 3_600_000 } })
 * await store.append([{ time: Date.now(), source: 'app', level: 'error', message: 'out of tea' }])
 * const { entries } = await store.page({ terms: parseQuery('level:error tea').terms })
 * await store.close()
 * ```
 */
export async function openStore(path: string, options?: StoreOptions): Promise<Store> {
  checkArgument('openStore', 'path', path, databasePath)
  return SqliteStore.open(resolve(path), storeSettings('openStore', options))
}
