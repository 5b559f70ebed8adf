/** A file, rotated. */

import { z } from 'zod'
import { fileName, hoursOrNever, megabytes, megabytesOrNone, milliseconds, path } from '../primitives.ts'
import { anySink } from './any-sink.ts'

/** Its options. */
export const fileSinkOptions = z.strictObject({
  ...anySink,
  directory: path.describe('Where to.'),
  name: fileName.describe('The file is `<name>.log`, rotated ones `<name>-<time>-<number>.log`.'),
  max_size_mb: megabytes
    .default(100)
    .describe('The file is rotated before it would grow beyond this. Unit: 1,000,000 bytes.'),
  max_total_size_mb: megabytesOrNone
    .default(0)
    .describe('The oldest rotated files go beyond this; 0 is no bound. Unit: 1,000,000 bytes.'),
  retention_hours: hoursOrNever.default(0).describe('Rotated files are removed after this; 0 is never.'),
  min_disk_free_mb: megabytesOrNone
    .default(1000)
    .describe('How much must stay free on the disk; the sink waits below. Unit: 1,000,000 bytes.'),
  rotate_every_hours: z
    .number()
    .min(0.001)
    .max(87_600)
    .optional()
    .describe('The file is rotated when such a period ends, counted from the epoch in UTC. Default: never.'),
  compress: z.enum(['none', 'gzip']).default('none').describe('Compresses rotated files.'),
  fsync: z
    .enum(['never', 'interval', 'always'])
    .default('interval')
    .describe('When what was written is made safe from a power cut, and entries are done.'),
  fsync_interval_ms: milliseconds.max(3_600_000).default(100).describe('How long they wait for that, with `interval`.'),
  check_interval_ms: z
    .int()
    .min(0)
    .max(3_600_000)
    .default(250)
    .describe('How long after another program moved the file it may still be written to.'),
})
