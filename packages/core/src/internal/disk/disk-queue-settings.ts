/** What a queue on the disk is told, by either of its stages. */

import { option } from '../../options.ts'
import type { WhenFull } from '../bounded-queue.ts'

/** All options, with their defaults filled in. */
export interface DiskQueueSettings {
  readonly maxBytes: number
  readonly segmentBytes: number
  readonly whenFull: WhenFull
  readonly fsync: 'never' | 'interval' | 'always'
  readonly fsyncIntervalMs: number
  readonly retryDelayMs: number
}

/** What these options accept. */
export const diskQueueRules = {
  maxBytes: option.integer({ min: 4096 }),
  segmentBytes: option.integer({ min: 1024 }),
  whenFull: option.oneOf('block', 'drop-newest', 'drop-oldest'),
  fsync: option.oneOf('never', 'interval', 'always'),
  fsyncIntervalMs: option.integer({ min: 1 }),
  retryDelayMs: option.integer({ min: 1 }),
} as const
