/** What a store answers. */

import type { LevelWord } from './log-query.ts'
import type { EntryId, StoredEntry } from './stored-entry.ts'

/** A place in the order in which entries were stored, from which a live tail goes on without a gap. Opaque text. */
export type LivePosition = string

/** How far a request may go before it answers with what it has. */
export interface QueryLimits {
  /** Ends the query with the signal's reason, also while it runs. */
  readonly signal?: AbortSignal | undefined
  /**
   * A query that takes longer answers with what it has found, and says so (`isComplete`). Its wait for a reader counts.
   *
   * Unit: ms, above 0; Infinity for none.
   * @default 1000
   */
  readonly deadlineMs?: number | undefined
}

/** Which page of a query's entries. At most one of `before`, `after`, `around`; without one, the newest. */
export interface PageOptions extends QueryLimits {
  /** Entries before this one, the nearest ones. Any id; the entry need not be there any more. */
  readonly before?: EntryId | undefined
  /** Entries after this one, the nearest ones. */
  readonly after?: EntryId | undefined
  /** Half of the page before, and half at or after: an entry by its id, or a time in ms since the epoch. */
  readonly around?: EntryId | number | undefined
  /** Entries on a page, 1 to 10 000. @default 100 */
  readonly limit?: number | undefined
}

/** One page, oldest first. */
export interface EntryPage {
  /** Fewer than the limit when there are no more, or when they take more than 16 MiB: `older` or `newer` goes on. */
  readonly entries: readonly StoredEntry[]
  /** `before` of the page of older entries; undefined when there are none. When finding out takes long, it may be empty. */
  readonly older?: EntryId | undefined
  /** `after` of the page of newer entries; undefined when there were none. When finding out takes long, it may be empty. */
  readonly newer?: EntryId | undefined
  /** False when the deadline came first: `older` or `newer` goes on from where it had come. */
  readonly isComplete: boolean
  /** How far a page that is not complete has looked, in ms since the epoch. */
  readonly searchedTo?: number | undefined
  /** Everything stored after this page was looked up comes after this position. */
  readonly live: LivePosition
}

/** Counts per time and level. */
export interface Histogram {
  /** The first bucket's time; buckets are aligned to whole `bucketMs` since the epoch. */
  readonly from: number
  /** The end of the last bucket. An empty store has both at 0, unless the query says otherwise. */
  readonly to: number
  /** The length of a bucket. Unit: ms. */
  readonly bucketMs: number
  /** Only those with entries, by time. */
  readonly buckets: readonly HistogramBucket[]
  /** Of all buckets together. */
  readonly counts: Readonly<Partial<Record<LevelWord, number>>>
  /** False when the deadline came first: then only what is not older than `countedFrom` was counted. */
  readonly isComplete: boolean
  /** From this time on, in ms since the epoch, all is counted; undefined when all is. */
  readonly countedFrom?: number | undefined
}

/** The entries of one stretch of time. */
export interface HistogramBucket {
  /** Its beginning, in ms since the epoch. */
  readonly time: number
  /** Only levels that it has. */
  readonly counts: Readonly<Partial<Record<LevelWord, number>>>
}

/** How a histogram is counted. Without terms, or with levels only, it costs next to nothing, however many entries there are. */
export interface HistogramOptions extends QueryLimits {
  /**
   * At most so many buckets, 1 to 1000, of the smallest round size that does: 1, 2, 5, 10, 15 or 30 s or min; 1, 2, 3, 6 or
   * 12 h; 1, 2, 5, 10, 15 or 30 days; or 60 days, doubled as often as it takes.
   * @default 100
   */
  readonly buckets?: number | undefined
}

/** What a live tail gives: entries in the order in which they were stored, each batch with the position after it. */
export type TailItem =
  /** Without entries, about each second, when what was stored did not fit: coming back after `live` costs less then. */
  | { readonly kind: 'entries'; readonly entries: readonly StoredEntry[]; readonly live: LivePosition }
  /** The reader was too slow, or came back too late: entries were left out. `entries` is undefined when nobody can tell how many. */
  | {
      readonly kind: 'gap'
      readonly entries?: number | undefined
      /** Between the oldest and the newest time left out, when known: ask a page for them. */
      readonly from?: number | undefined
      readonly to?: number | undefined
      readonly live: LivePosition
    }

/** Where a live tail begins and ends. */
export interface TailOptions {
  /** Go on after this position; without it, with what is stored from now on. */
  readonly after?: LivePosition | undefined
  /** Ends the tail with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** A reader that is further behind is taken to the newest entries with a gap. Unit: entries. @default 10000 */
  readonly maxBehindEntries?: number | undefined
}

/** What could be written next in a query. */
export interface Completion {
  /** The whole text, not only what is missing of it. */
  readonly text: string
  /** How many entries have it, when that is known cheaply. */
  readonly entries?: number | undefined
}

/** What is completed: those of recent entries come first, the most frequent of them first. `limit`: 1 to 1000, 20 by default. */
export type CompletionsOf =
  /** Names of sources, or of the ends of their paths, that begin so. */
  | { readonly of: 'source'; readonly prefix?: string | undefined; readonly limit?: number | undefined }
  /** Dotted paths of fields of recent entries. */
  | { readonly of: 'field'; readonly prefix?: string | undefined; readonly limit?: number | undefined }
  /** Values of one field in recent entries. */
  | {
      readonly of: 'value'
      readonly path: string
      readonly prefix?: string | undefined
      readonly limit?: number | undefined
    }

/** The store's own facts. */
export interface StoreStats {
  /** Entries stored now. */
  readonly entries: number
  /** The database's size on disk, with its write-ahead log. Unit: bytes. */
  readonly bytes: number
  /** The oldest entry's, in ms since the epoch; undefined when there is none. */
  readonly oldestTime?: number | undefined
  /** The newest entry's. */
  readonly newestTime?: number | undefined
  /** Since the store was opened. */
  readonly entriesInserted: number
  /** Entries that were there already, by their id. */
  readonly entriesRepeated: number
  /** Entries removed for age, rows or bytes. */
  readonly entriesRemoved: Readonly<Record<'age' | 'entries' | 'bytes', number>>
  /** Entries that the full-text index does not have yet; queries look at them one by one. */
  readonly entriesUnindexed: number
  /** Entries handed over and not committed yet. */
  readonly entriesWaiting: number
}
