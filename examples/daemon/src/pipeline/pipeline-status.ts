/** What is known of a running pipeline: the tree that the status, the metrics, the reporter and `top` are made of. */

import type { BooksStatus } from './books-status.ts'

/** How a stage or a pipeline is. `restarting`: it failed, and is made anew after a pause. */
export type RunState = 'starting' | 'running' | 'restarting' | 'draining' | 'stopped'

/** One file that a source follows. */
export interface FileStatus {
  readonly path: string
  readonly position: number
  readonly size: number
  /** Bytes that are not read yet. */
  readonly lag: number
}

/** One viewer of a live sink. */
export interface ViewerStatus {
  readonly address: string
  readonly name: string | undefined
  readonly connected_at: string
  /** Entries that it did not get yet. */
  readonly lag: number
  readonly sent: number
  readonly missed: number
}

/** What sources, filters and sinks have in common. Times are RFC 3339. */
export interface StageStatus {
  readonly type: string
  readonly state: RunState
  /** How often it was made anew after a failure, and the last failure's words. */
  readonly restarts: number
  readonly last_error: string | undefined
  readonly start_time: string
  readonly total_dropped: number
  readonly dropped: Readonly<Record<string, number>>
  /** Whatever else the stage counts. */
  readonly details: Readonly<Record<string, unknown>>
}

export interface SourceStatus extends StageStatus {
  readonly total_entries: number
  readonly dropped_entries: number
  readonly last_entry_time: string | undefined
  readonly bytes: number | undefined
  readonly active_connections: number | undefined
  readonly files: readonly FileStatus[] | undefined
  /** What became of what it has read; undefined for a source that keeps no books, because it cannot read again. */
  readonly books?: BooksStatus | undefined
}

export interface FilterStatus {
  readonly type: string
  readonly logic: string
  readonly pattern_count: number
  readonly total_processed: number
  readonly total_matched: number
  readonly total_dropped: number
}

/** A buffer on the disk. */
export interface BufferStatus {
  readonly type: 'disk' | 'spill'
  readonly directory: string
  /** Entries that the sink does not have for certain. */
  readonly entries: number
  /** What they take of the disk. */
  readonly disk_bytes: number
  readonly segments: number
  /** Whether it takes nothing at this moment: it is full, or the disk is. */
  readonly is_full: boolean
}

export interface SinkStatus extends StageStatus {
  /** Entries that were given to it; `total_delivered` of them are safe. */
  readonly total_processed: number
  readonly total_delivered: number
  readonly last_processed: string | undefined
  readonly active_connections: number | undefined
  /** What waits for it, its buffer's included. */
  readonly queue: { readonly entries: number; readonly bytes: number | undefined }
  /** What its buffer on the disk holds. */
  readonly buffer?: BufferStatus | undefined
  readonly bytes: number | undefined
  readonly viewers: readonly ViewerStatus[] | undefined
}

export interface PipelineStatus {
  readonly name: string
  readonly state: RunState
  readonly last_error: string | undefined
  readonly uptime_seconds: number
  /** Entries taken from sources. */
  readonly total_processed: number
  readonly total_dropped_rate_limit: number
  readonly total_filtered: number
  readonly dropped: Readonly<Record<string, number>>
  readonly sources: readonly SourceStatus[]
  readonly rate_limiter: Readonly<Record<string, unknown>> & { readonly enabled: boolean }
  readonly filters: {
    readonly filter_count: number
    readonly total_processed: number
    readonly total_passed: number
    readonly filters: readonly FilterStatus[]
  }
  readonly sinks: readonly SinkStatus[]
  readonly source_count: number
  readonly filter_count: number
  readonly sink_count: number
}
