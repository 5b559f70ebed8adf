export type { LevelWord, LogQuery, QueryTerm } from './log-query.ts'
export {
  type Appended,
  openStore,
  type Retention,
  type Store,
  type StoreEvents,
  type StoreOptions,
} from './open-store.ts'
export {
  complete,
  type ParsedQuery,
  parseQuery,
  printQuery,
  type QueryPart,
  type WordAtCursor,
  wordAtCursor,
} from './query-language.ts'
export { queryMatcher } from './query-matcher.ts'
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
export {
  type SqliteSink,
  type SqliteSinkEvents,
  type SqliteSinkOptions,
  type SqliteSinkStats,
  sqliteSink,
} from './sqlite-sink.ts'
export { compareEntryIds, type EntryId, type StoredEntry } from './stored-entry.ts'
