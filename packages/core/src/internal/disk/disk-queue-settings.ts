/** What a queue on the disk is told, by either of its stages. */

import type { DiskBufferOptions } from '../../disk-buffer.ts'
import { OptionError } from '../../errors.ts'
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

const defaults = {
  maxBytes: 1 << 30,
  segmentBytes: 16 << 20,
  whenFull: 'block',
  fsync: 'interval',
  fsyncIntervalMs: 1000,
  retryDelayMs: 1000,
} as const satisfies DiskBufferOptions

/** Checked options with the defaults filled in. */
export function diskQueueSettings(stage: string, options: DiskBufferOptions): DiskQueueSettings {
  const maxBytes = options.maxBytes ?? defaults.maxBytes
  const segmentBytes = options.segmentBytes ?? Math.min(defaults.segmentBytes, Math.floor(maxBytes / 4))
  if (segmentBytes > maxBytes) {
    const message = `\`segmentBytes\` must be at most \`maxBytes\` (${maxBytes}), got ${segmentBytes}`
    throw new OptionError(stage, 'segmentBytes', message)
  }
  return {
    maxBytes,
    segmentBytes,
    whenFull: options.whenFull ?? defaults.whenFull,
    fsync: options.fsync ?? defaults.fsync,
    fsyncIntervalMs: options.fsyncIntervalMs ?? defaults.fsyncIntervalMs,
    retryDelayMs: options.retryDelayMs ?? defaults.retryDelayMs,
  }
}
