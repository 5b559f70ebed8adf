export type { LevelWord, LogQuery, QueryTerm } from './log-query.ts'
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
export { compareEntryIds, type EntryId, type StoredEntry } from './stored-entry.ts'
