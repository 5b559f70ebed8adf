/** What was measured of the disk buffer. */

import type { Machine } from '../harness/machine.ts'

/** When what is written is synced. */
export type Fsync = 'never' | 'interval' | 'always'

/** One way of the blocks; medians of its rounds. */
export interface BufferRow {
  readonly fsync: Fsync
  readonly name: string
  readonly mbPerSecond: number
  /** As a share of the bare loop's of the same round. */
  readonly ofBare: number
  readonly cpuMsPerMb: number
  readonly peakRssBytes: number
}

/** Opening what an earlier run left. */
export interface RestartResult {
  readonly bytes: number
  /** Until it took entries, and until it gave the first. */
  readonly readyMs: number
  readonly firstMs: number
  /** Until all was given and acknowledged. */
  readonly ms: number
  readonly entries: number
  readonly peakRssBytes: number
}

export interface BufferResults {
  readonly date: string
  readonly machine: Machine
  readonly bytes: number
  readonly rounds: number
  readonly rows: readonly BufferRow[]
  readonly restart: RestartResult
}
