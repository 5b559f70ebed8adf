/** What may stand before a sink: a buffer of its own, in memory, on the disk, or both. */

import { z } from 'zod'
import { bufferBytes, count, megabytes, milliseconds, path } from '../primitives.ts'

const whenFull = z.enum(['block', 'drop-newest', 'drop-oldest']).default('block')

const onDisk = {
  directory: path.describe('Its directory; it belongs to this buffer alone, and should be on a local disk.'),
  max_size_mb: megabytes.default(1000).describe('What it may take of the disk. Unit: 1,000,000 bytes.'),
  segment_size_mb: megabytes
    .max(2_000)
    .optional()
    .describe(
      'The size of one of its files: what is delivered is removed by whole ones. Default: 16, or a quarter of `max_size_mb` where that is less. Unit: 1,000,000 bytes.',
    ),
  when_full: whenFull.describe(
    'When it is full: `block` makes the pipeline wait, the others drop what comes or what is oldest, and count it.',
  ),
  fsync: z
    .enum(['never', 'interval', 'always'])
    .default('interval')
    .describe('When what was written is made safe from a power cut, and is done for the sources.'),
  fsync_interval_ms: milliseconds.max(3_600_000).default(100).describe('How long it waits for that, with `interval`.'),
} as const

/** A buffer before a sink that keeps or sends entries. Not for live sinks, whose viewers have queues of their own. */
export const sinkBuffer = z.discriminatedUnion('type', [
  z
    .strictObject({
      type: z.literal('memory').describe('Entries wait in memory.'),
      max_entries: count.default(10_000).describe('Entries that it holds.'),
      max_bytes: bufferBytes.default(16_777_216).describe('Memory that they may take, in bytes.'),
      when_full: whenFull.describe(
        'When it is full: `block` makes the pipeline wait, the others drop what comes or what is oldest, and count it.',
      ),
    })
    .describe(
      'Lets the other sinks go on while this one is slow. What it holds is not done: after a crash it is read again.',
    ),
  z
    .strictObject({ type: z.literal('disk').describe('Entries wait on the disk, all of them.'), ...onDisk })
    .describe(
      'Keeps entries over crashes and restarts until the sink has them. For the sources they are done once here.',
    ),
  z
    .strictObject({
      type: z.literal('spill').describe('Entries wait in memory, and on the disk once that is full.'),
      max_entries: count.default(10_000).describe('Entries that it holds in memory.'),
      max_bytes: bufferBytes.default(16_777_216).describe('Memory that they may take, in bytes.'),
      ...onDisk,
    })
    .describe('As fast as memory while the sink keeps up; what waits longer is kept on the disk.'),
])
