/** What was measured of the store. */

import type { Machine } from '../harness/machine.ts'

/** One way to put entries into a database; the median of its rounds. */
export interface IngestRow {
  readonly name: string
  readonly role: 'limit' | 'peer' | 'logwisp'
  readonly entriesPerSecond?: number | undefined
  /** Processor time of all threads. */
  readonly cpuUsPerEntry?: number | undefined
  readonly peakRssBytes?: number | undefined
  readonly bytesPerEntry?: number | undefined
  /** The same with the time until the words of all were indexed. */
  readonly indexedPerSecond?: number | undefined
  /** Entries per second as a share of the bare inserts' of the same round. */
  readonly ofBare?: number | undefined
  readonly problem?: string | undefined
}

/** How long calls took. */
export interface Times {
  readonly calls: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** One question, asked many times. */
export interface AnswerRow {
  readonly name: string
  readonly times: Times
  /** Entries, or buckets, of the last answer. */
  readonly found: number
  /** Answers that the deadline cut short. */
  readonly incomplete: number
}

/** Appends while something else goes on. */
export interface BesideRow {
  readonly name: string
  readonly times: Times
  /** The longest that the program's own event loop was held up. */
  readonly loopMs: number
  /** What went on: backups made, entries removed, queries run. */
  readonly done: string
  /** Entries not in the words index at the end. */
  readonly unindexed: number
}

/** All of it; a part that was not run is absent. */
export interface StoreResults {
  readonly date: string
  readonly machine: Machine
  readonly entries: number
  readonly rounds: number
  readonly ingest?: readonly IngestRow[] | undefined
  readonly answers?: AnswersResult | undefined
  readonly beside?: BesideResult | undefined
}

/** All questions to one database. */
export interface AnswersResult {
  readonly openMs: number
  readonly rows: readonly AnswerRow[]
  readonly peakRssBytes: number
}

/** All that goes on beside appends. */
export interface BesideResult {
  readonly entriesPerSecond: number
  readonly seconds: number
  readonly rows: readonly BesideRow[]
  readonly peakRssBytes: number
}
