/** Standard output and standard error. */

import { z } from 'zod'
import { anySink } from './any-sink.ts'

const consoleOptions = {
  ...anySink,
  colors: z.boolean().optional().describe('Whether entries have the colour of their level. Default: on a terminal.'),
  control_characters: z
    .enum(['escape', 'keep'])
    .default('escape')
    .describe('On a terminal: whether control characters are shown (`\\x1b`), or do what they do.'),
  when_closed: z
    .enum(['error', 'drop'])
    .default('error')
    .describe('When the reader goes away: the sink fails and is made anew, or drops everything from then on, counted.'),
} as const

const target = z.enum(['stdout', 'stderr', 'split'])

/** Options of `stdout`. */
export const stdoutSinkOptions = z.strictObject({
  ...consoleOptions,
  target: target.default('stdout').describe('Where to; with `split` entries of `warn` and worse go to standard error.'),
})

/** Options of `stderr`. */
export const stderrSinkOptions = z.strictObject({
  ...consoleOptions,
  target: target.default('stderr').describe('Where to; with `split` entries below `warn` go to standard output.'),
})
