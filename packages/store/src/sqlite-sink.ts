/** The sink that stores entries. */

import type { EntrySink, StageStats } from '@logwisp/core'
import type { Store, StoreOptions } from './open-store.ts'

export interface SqliteSinkOptions extends StoreOptions {}

export interface SqliteSinkStats extends StageStats {
  /** Entries that were stored already, by their id: counted as given. */
  readonly repeated: number
}

export interface SqliteSink extends EntrySink {
  readonly stats: SqliteSinkStats
}

/** `store` is a path, opened and closed with the sink, or an open store, which stays open. Acknowledges what is committed. */
export declare function sqliteSink(store: string | Store, options?: SqliteSinkOptions): SqliteSink
