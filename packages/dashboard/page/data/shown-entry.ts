/** An entry as the page holds it: the API's, its time as a number. */

import type { LogLevel } from '@logwisp/core'
import type { EntryId } from '@logwisp/store/stored-entry'

export type { LevelWord } from '@logwisp/store/log-query'
export type { Completion, CompletionsOf, Histogram, HistogramBucket } from '@logwisp/store/query-results'
export type { EntryId, LogLevel }

export interface ShownEntry {
  readonly id: EntryId
  /** Unit: ms since the epoch. */
  readonly time: number
  readonly source: string
  readonly level?: LogLevel | undefined
  readonly message: string
  /** As the API sent it: numbers keep every digit as `LosslessNumber` of `@logwisp/core/parse-exact`. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined
}
