export type {
  Completion,
  CompletionsOf,
  EntryPage,
  Histogram,
  HistogramBucket,
  HistogramOptions,
  LivePosition,
  PageOptions,
  QueryLimits,
  StoreStats,
  TailItem,
  TailOptions,
} from './query-results.ts'
export { compareEntryIds, type EntryId, type StoredEntry } from './stored-entry.ts'
