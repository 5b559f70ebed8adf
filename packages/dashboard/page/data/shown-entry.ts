/** What the page shows, by its types: those of the store, as the API's client reads them. */

export type { LogLevel } from '@logwisp/core'
export type { LevelWord } from '@logwisp/store/log-query'
export type { Completion, CompletionsOf, Histogram, LivePosition } from '@logwisp/store/query-results'
export type { EntryId, StoredEntry as ShownEntry } from '@logwisp/store/stored-entry'
