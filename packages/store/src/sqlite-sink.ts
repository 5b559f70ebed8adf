/** The sink that stores entries. */

import { resolve } from 'node:path'
import { checkArgument, checkOptions, type EntrySink, type LogwispError, option, type StageStats } from '@logwisp/core'
import { SqliteSinkStream } from './internal/sqlite-sink-stream.ts'
import { databasePath, storeSettings } from './internal/store-settings.ts'
import { openWriter } from './internal/writer/open-writer.ts'
import type { Store, StoreOptions } from './open-store.ts'

/** Options of {@link sqliteSink} with a path. */
export interface SqliteSinkOptions extends Pick<StoreOptions, 'retention' | 'fullText' | 'safeAfter'> {}

/** The books of a {@link SqliteSink}. */
export interface SqliteSinkStats extends StageStats {
  /** Entries that were stored already, by their id: counted as given. */
  readonly repeated: number
}

/** What a {@link SqliteSink} tells of. */
export interface SqliteSinkEvents {
  /** Once: the database is open. */
  ready: []
  /** With a path: the disk is full (`DISK_FULL`) or the database locked by another program (`STORE_BUSY`); entries wait. */
  warning: [LogwispError]
}

/** A sink into a store. */
export interface SqliteSink extends EntrySink {
  readonly stats: SqliteSinkStats
  on<E extends keyof SqliteSinkEvents>(event: E, listener: (...args: SqliteSinkEvents[E]) => void): this
  on(event: string | symbol, listener: (...args: never[]) => void): this
}

/**
 * Stores entries. `store` is a path, of a database that is opened and closed with the sink, or an open store, which stays
 * open.
 *
 * - **Order** is kept: the store has entries of one ms in the order in which they came. **Dropped** is nothing: while the
 *   disk is full or the database locked by another program, the source waits.
 * - **Acknowledged** is an entry once it is safe: see `safeAfter`. Up to 4 MiB are in flight, several writes to a
 *   transaction, so that a slow disk costs time once for all of them.
 * - **Repeats**: an entry whose `origin.id` is stored already is left out, counted (`stats.repeated`) and acknowledged: what a
 *   source gives again after a crash is there once.
 *
 * @throws OptionError `BAD_OPTION`.
 * `'error'`: `FILE_IN_USE`, `STORE_CORRUPT`, `STORE_NEWER`, `STORE_FAILED`; `STORE_CLOSED` when the open store was closed before
 * the sink had ended.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { sqliteSink } from '@logwisp/store'
 *
 * const sink = sqliteSink('./logs.db', { retention: { maxEntries: 10_000_000 } })
 * sink.on('warning', (warning) => console.warn(warning.message))
 * await pipeline([{ time: Date.now(), source: 'app', message: 'ERROR out of tea' }], sink)
 * ```
 */
export function sqliteSink(store: string | Store, options?: SqliteSinkOptions): SqliteSink {
  checkArgument(
    'sqliteSink',
    'store',
    store,
    option.either(databasePath, option.having('an open store', 'append', 'on')),
  )
  if (typeof store !== 'string') {
    checkOptions('sqliteSink', options, {})
    return new SqliteSinkStream({ open: async () => ({ append: (entries) => store.append(entries) }), failing: store })
  }
  checkOptions('sqliteSink', options, sinkRules)
  const { retention, fullText, safeAfter, maxWaitingBytes } = storeSettings('sqliteSink', options)
  const path = resolve(store)
  return new SqliteSinkStream({
    open: (events) =>
      openWriter({ path, retention, fullText, safeAfter, maxWaitingBytes, onCommitted: () => {}, ...events }),
  })
}

const anything = { expected: 'anything', accepts: () => true }
/** Which options there are; what they accept is the store's to say. */
const sinkRules = { retention: anything, fullText: anything, safeAfter: anything }
