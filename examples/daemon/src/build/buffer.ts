/** A buffer of the configuration that keeps entries on the disk, as a stage of the library. */

import { resolve } from 'node:path'
import { type DiskBuffer, diskBuffer, type SpillBuffer, spillBuffer } from '@logwisp/core'
import { bytesOf } from '../config/schema/primitives.ts'
import type { BufferConfig } from '../config/schema.ts'
import type { BuildContext } from './built-stage.ts'
import { makeStage } from './make-stage.ts'

/** A buffer that has a directory. */
export type DiskBufferConfig = Extract<BufferConfig, { directory: string }>

/** The stage that it becomes. */
export type BuiltBuffer = DiskBuffer | SpillBuffer

/**
 * Makes it. It opens its directory by itself.
 *
 * @throws LogwispError with the place in the configuration.
 */
export function buildBuffer(
  config: DiskBufferConfig,
  context: Pick<BuildContext, 'onMade' | 'budget'>,
  place: string,
): BuiltBuffer {
  const { max_size_mb, segment_size_mb, when_full, fsync, fsync_interval_ms } = config
  const directory = resolve(config.directory)
  const options = {
    maxBytes: bytesOf(max_size_mb),
    segmentBytes: segment_size_mb === undefined ? undefined : bytesOf(segment_size_mb),
    whenFull: when_full,
    fsync,
    fsyncIntervalMs: fsync_interval_ms,
  }
  return makeStage(context, place, (): BuiltBuffer => {
    if (config.type === 'disk') return diskBuffer(directory, options)
    return spillBuffer(directory, {
      ...options,
      maxMemoryEntries: config.max_entries,
      maxMemoryBytes: config.max_bytes,
      budget: context.budget,
    })
  })
}
