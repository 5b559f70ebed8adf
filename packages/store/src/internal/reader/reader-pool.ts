/** All that a store answers from its database, in threads of its own. */

import { checkArgument, checkOptions, type OptionRule, option } from '@logwisp/core'
import type { LogQuery } from '../../log-query.ts'
import { queryMatcher } from '../../query-matcher.ts'
import type {
  Completion,
  CompletionsOf,
  EntryPage,
  Histogram,
  HistogramOptions,
  LivePosition,
  PageOptions,
  QueryLimits,
} from '../../query-results.ts'
import type { EntryId, StoredEntry } from '../../stored-entry.ts'
import type { StoreFacts } from '../store-facts.ts'
import { encodeLivePosition } from '../tail/live-position.ts'
import { countHistogram } from './count-histogram.ts'
import { unpackEntry } from './entry-row.ts'
import { findPage, slotOfId } from './find-page.ts'
import type { FollowAnswer, FollowRequest } from './follow.ts'
import type { Newest } from './reader-calls.ts'
import { type LaneCallOptions, ReaderLane } from './reader-lane.ts'
import { scanEntries } from './scan-entries.ts'
import type { SliceReader } from './slices.ts'

export interface ReaderPoolOptions {
  readonly path: string
  /** Threads for queries; one more answers what takes no time, and the live tails. */
  readonly readers: number
  readonly maxWaitingQueries: number
}

/** Completions are asked for with every key: later is too late. Unit: ms. */
const completionMs = 100

const duration: OptionRule = option.number({ above: 0, orInfinity: true })
const signal: OptionRule = option.having('an AbortSignal', 'addEventListener', 'throwIfAborted')
const limitRules = { signal, deadlineMs: duration } as const
const pageRules = {
  ...limitRules,
  before: option.text,
  after: option.text,
  around: option.either(option.text, { expected: 'a time in ms', accepts: (value) => typeof value === 'number' }),
  limit: option.integer({ min: 1, max: 10_000 }),
} as const
const histogramRules = { ...limitRules, buckets: option.integer({ min: 1, max: 1_000 }) } as const
const completionsRules = {
  of: option.oneOf('source', 'field', 'value'),
  path: option.text,
  prefix: { expected: 'a string', accepts: (value: unknown) => typeof value === 'string' },
  limit: option.integer({ min: 1, max: 1_000 }),
} as const

/** Opens the database for reading. @throws LogwispError `STORE_CORRUPT`, `STORE_NEWER`, `STORE_FAILED`, `STORE_BUSY`. */
export async function openReaderPool(options: ReaderPoolOptions): Promise<ReaderPool> {
  const pool = new ReaderPool(options)
  try {
    await pool.open()
    return pool
  } catch (error) {
    await pool.close()
    throw error
  }
}

/** Every method fails with `STORE_CLOSED` once it is closed, and with `BAD_OPTION` for options that are none. */
export class ReaderPool implements SliceReader {
  readonly #queries: ReaderLane
  /** Short calls do not wait behind long ones: a live tail goes on while every reader searches. */
  readonly #prompt: ReaderLane
  /** What was the newest when the pool was opened. */
  #openedAt: Newest = { seq: 0 }

  constructor({ path, readers, maxWaitingQueries }: ReaderPoolOptions) {
    this.#queries = new ReaderLane({ path, threads: readers, maxWaiting: maxWaitingQueries })
    this.#prompt = new ReaderLane({ path, threads: 1, maxWaiting: Infinity })
  }

  /** Reads what is there. @throws LogwispError as `openReaderPool`. */
  async open(): Promise<void> {
    this.#openedAt = await this.newest()
  }

  /** The last commit when it was opened. */
  get openedSeq(): number {
    return this.#openedAt.seq
  }

  async page(query: LogQuery, options?: PageOptions): Promise<EntryPage> {
    checkOptions('page', options, pageRules)
    queryMatcher(query)
    return await findPage(this, query, options)
  }

  scan(query: LogQuery, options?: QueryLimits): AsyncIterableIterator<readonly StoredEntry[]> {
    checkOptions('scan', options, limitRules)
    queryMatcher(query)
    return scanEntries(this, async () => (await this.newest(options?.signal)).slot, query, options)
  }

  async histogram(query: LogQuery, options?: HistogramOptions): Promise<Histogram> {
    checkOptions('histogram', options, histogramRules)
    queryMatcher(query)
    return await countHistogram(this, query, options)
  }

  async completions(of: CompletionsOf, options: QueryLimits = {}): Promise<readonly Completion[]> {
    checkOptions('completions', of, completionsRules)
    checkArgument('completions', 'of', of.of, completionsRules.of)
    checkOptions('completions', options, limitRules)
    const sliceMs = Math.min(options.deadlineMs ?? completionMs, completionMs)
    return await this.#queries.call('complete', { request: of, sliceMs }, { signal: options.signal })
  }

  async entry(id: EntryId): Promise<StoredEntry | undefined> {
    const packed = await this.#prompt.call('entry', slotOfId(id))
    return packed && unpackEntry(packed)
  }

  async live(): Promise<LivePosition> {
    return encodeLivePosition({ seq: (await this.newest()).seq + 1, index: 0 })
  }

  newest(signal?: AbortSignal): Promise<Newest> {
    return this.#prompt.call('newest', undefined, { signal })
  }

  follow(request: FollowRequest, signal?: AbortSignal): Promise<FollowAnswer> {
    return this.#prompt.call('follow', request, { signal })
  }

  facts(): Promise<StoreFacts> {
    return this.#prompt.call('facts', undefined)
  }

  look: SliceReader['look'] = (slice, options: LaneCallOptions) => this.#queries.call('look', slice, options)
  count: SliceReader['count'] = (slice, options: LaneCallOptions) => this.#queries.call('count', slice, options)

  async close(): Promise<void> {
    await Promise.all([this.#queries.close(), this.#prompt.close()])
  }
}
