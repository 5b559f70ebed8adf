/** Files that are followed. */

import { z } from 'zod'
import { count, path, text, textOrList } from '../primitives.ts'
import { ancestorsBuffer } from './ancestors-buffer.ts'
import { encoding, maxLineBytes, timeZone, whenLineTooLong } from './lines.ts'

const startAt = z.enum(['beginning', 'end']).default('end')

const followed = {
  encoding: encoding.describe('The encoding of the files.'),
  max_line_bytes: maxLineBytes,
  when_line_too_long: whenLineTooLong,
  time_zone: timeZone,
  watch: z
    .boolean()
    .default(true)
    .describe('Whether to ask the system to tell of changes, so that lines come within milliseconds.'),
  poll_interval_ms: z
    .int()
    .min(10)
    .max(60_000)
    .default(250)
    .describe('How often files are looked at; matters where the system does not tell of changes.'),
  rotate_delay_ms: z
    .int()
    .min(0)
    .max(3_600_000)
    .default(5000)
    .describe('How long a file that was rotated away is read on, for writers that have not noticed.'),
  buffer_size: ancestorsBuffer,
} as const

/** Options of `directory`. */
export const directorySourceOptions = z.strictObject({
  path: path.describe('The directory.'),
  pattern: textOrList.default('*').describe('Which of its files, as one glob or several.'),
  exclude: textOrList.optional().describe('Which of them not, as one glob or several.'),
  recursive: z.boolean().default(false).describe('Whether directories below are followed too.'),
  check_interval_ms: z.int().min(10).max(3_600_000).default(100).describe('How often new files are looked for.'),
  start_at: startAt.describe('Where to begin in files that are there at the first start.'),
  source: z
    .enum(['name', 'path'])
    .default('name')
    .describe('What the `source` of entries is: the name of their file, or its whole path.'),
  max_files: count.default(10_000).describe('How many files are followed.'),
  max_open_files: count.default(256).describe('How many of them are kept open.'),
  forget_after_seconds: z
    .number()
    .min(0)
    .max(31_536_000)
    .default(600)
    .describe('How long the position of a file that is gone is kept.'),
  ...followed,
})

/** Options of `file`. */
export const fileSourceOptions = z.strictObject({
  path: path.describe('The file; it may appear later.'),
  start_at: startAt.describe('Where to begin in a file that is there at the first start.'),
  source: text.optional().describe("The `source` of entries. Default: the file's name."),
  ...followed,
})
