/** The daemon's own log. */

import { z } from 'zod'
import { fileName, hoursOrNever, megabytes, megabytesOrNone, path } from './primitives.ts'

/** Where it goes, and how much of it. */
export const logging = z
  .strictObject({
    output: z
      .enum(['file', 'stdout', 'stderr', 'both', 'none'])
      .default('stderr')
      .describe('Where to; `both` is a file and the console.'),
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error'])
      .default('info')
      .describe('The least level that is written.'),
    file: z
      .strictObject({
        directory: path.default('./logs').describe('The directory of the file.'),
        name: fileName.default('logwisp').describe('The file is `<name>.log`.'),
        max_size_mb: megabytes
          .default(100)
          .describe('It is rotated before it would grow beyond this. Unit: 1,000,000 bytes.'),
        max_total_size_mb: megabytesOrNone
          .default(1000)
          .describe('The oldest rotated ones go beyond this; 0 is no bound. Unit: 1,000,000 bytes.'),
        retention_hours: hoursOrNever.default(168).describe('Rotated ones are removed after this; 0 is never.'),
      })
      .meta({ title: 'logging.file' })
      .prefault({})
      .describe('The file.'),
    console: z
      .strictObject({
        target: z
          .enum(['stdout', 'stderr', 'split'])
          .default('stderr')
          .describe('Where to with `output = "both"`; `split` writes `warn` and worse to standard error.'),
        format: z.enum(['txt', 'json']).default('txt').describe('How lines look, in the file too.'),
      })
      .meta({ title: 'logging.console' })
      .prefault({})
      .describe('The console.'),
  })
  .meta({ title: 'logging' })
