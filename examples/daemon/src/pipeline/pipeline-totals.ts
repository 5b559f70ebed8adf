/** What a pipeline has counted over all that stood between its sources and sinks so far. */

import type { PipelineConfig } from '../config/schema.ts'
import { DropCounts } from './drop-counts.ts'
import type { MiddleBooks } from './middle.ts'
import type { FilterStatus, PipelineStatus } from './pipeline-status.ts'

type Counted = Pick<
  PipelineStatus,
  'total_processed' | 'total_dropped_rate_limit' | 'total_filtered' | 'dropped' | 'rate_limiter' | 'filters'
>

const nothing: MiddleBooks = {
  entriesIn: 0,
  limits: [],
  filters: [],
  droppedByLimits: new DropCounts(),
  droppedByFilters: new DropCounts(),
  entriesHeld: 0,
}

export class PipelineTotals {
  readonly #limited = new DropCounts()
  readonly #filtered = new DropCounts()
  readonly #failed = new DropCounts()
  #processed = 0
  #read = 0

  /** Adds what one has counted that has ended, or failed with entries in it. */
  keep(books: MiddleBooks): void {
    this.#processed += books.entriesIn
    this.#limited.add(books.droppedByLimits.byReason)
    this.#filtered.add(books.droppedByFilters.byReason)
    this.#failed.add({ 'pipeline-failed': books.entriesHeld })
  }

  /** Adds what a source has read that is gone. */
  keepRead(entries: number): void {
    this.#read += entries
  }

  /** Entries that were read and have not come to the sinks' queues, when the sources that are there have read `read`. */
  notFannedOut(read: number, books: MiddleBooks = nothing): number {
    return Math.max(0, this.#read + read - this.#processed - books.entriesIn) + books.entriesHeld
  }

  status(config: PipelineConfig, books: MiddleBooks = nothing): Counted {
    const limited = this.#limited.with(books.droppedByLimits.byReason)
    const filtered = this.#filtered.with(books.droppedByFilters.byReason)
    const processed = this.#processed + books.entriesIn
    const { rate, policy, max_entry_size_bytes } = config.rate_limit
    return {
      total_processed: processed,
      total_dropped_rate_limit: limited.total,
      total_filtered: filtered.total,
      dropped: limited.with(filtered.byReason, this.#failed.byReason).byReason,
      rate_limiter: {
        enabled: (rate > 0 && policy !== 'pass') || max_entry_size_bytes > 0,
        dropped_total: limited.total,
        policy,
        rate,
        max_entry_size_bytes,
      },
      filters: {
        filter_count: config.filters.length,
        total_processed: processed - limited.total,
        total_passed: processed - limited.total - filtered.total - books.entriesHeld,
        filters: config.filters.flatMap((filter, index): FilterStatus[] => {
          const stats = books.filters[index]
          if (stats === undefined) return []
          const isExclude = filter.type === 'exclude'
          return [
            {
              type: filter.type,
              logic: 'logic' in filter ? filter.logic : 'or',
              pattern_count: 'patterns' in filter ? filter.patterns.length : 0,
              total_processed: stats.entriesIn,
              total_matched: isExclude ? stats.entriesDropped : stats.entriesIn - stats.entriesDropped,
              total_dropped: stats.entriesDropped,
            },
          ]
        }),
      },
    }
  }
}
