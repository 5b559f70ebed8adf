/** One pipeline: sources, what is kept of them, sinks. */

import { z } from 'zod'
import { format, formatOptions } from './formats.ts'
import { auth } from './servers.ts'
import { sink } from './sinks.ts'
import { source } from './sources.ts'

/** How many entries pass. */
export const rateLimit = z.strictObject({
  rate: z.number().min(0).default(0).describe('Entries per second; 0 is no bound.'),
  burst: z.number().min(0).default(0).describe('Entries at once after a quiet time; 0 is as many as `rate`.'),
  policy: z
    .string()
    .toLowerCase()
    .pipe(z.enum(['pass', 'drop', 'wait']))
    .default('pass')
    .describe('What becomes of more: `pass` lets them through, `drop` drops them, `wait` slows the sources down.'),
  max_entry_size_bytes: z
    .int()
    .min(0)
    .default(0)
    .describe('Longer entries are dropped, whatever `rate` says; 0 is no bound.'),
})

/** Which entries pass. */
export const filter = z.strictObject({
  type: z
    .enum(['include', 'exclude'])
    .default('include')
    .describe('Whether entries that match pass, or those that do not.'),
  logic: z.enum(['or', 'and']).default('or').describe('Whether one pattern has to match, or all.'),
  patterns: z.array(z.string()).default([]).describe("Regular expressions in RE2's syntax; none lets everything pass."),
  text: z
    .enum(['source-level-message', 'message'])
    .default('source-level-message')
    .describe('What is matched: source, level and message with a space between, or the message alone.'),
})

/** A pipeline. */
export const pipeline = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(100)
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
      'must be of letters, digits, `.`, `_` and `-`: it is part of URLs and of file names',
    )
    .describe('Its name, in the status, in URLs of router mode, and of the file with its positions.'),
  sources: z.array(source).min(1).describe('Where entries come from.'),
  rate_limit: rateLimit.prefault({}).describe('How many pass; before the filters.'),
  filters: z.array(filter).default([]).describe('Which pass: all of them must let an entry through.'),
  format: format.optional().describe('How entries become text, in sinks that do not say.'),
  format_options: formatOptions.prefault({}).describe('Of `format`.'),
  sinks: z.array(sink).min(1).describe('Where entries go to, each of them to all.'),
  auth: auth.prefault({}).describe('Who may use its servers.'),
  max_restart_delay_seconds: z
    .number()
    .min(0.1)
    .default(30)
    .describe('A stage that failed is made anew after 0.5 s, doubled each time up to this.'),
})
