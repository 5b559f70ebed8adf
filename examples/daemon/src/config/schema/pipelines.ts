/** One pipeline: sources, what is kept of them, sinks. */

import { z } from 'zod'
import { auth } from './auth.ts'
import { filter, rateLimit } from './filters.ts'
import { format, formatOptions } from './formats.ts'
import { seconds } from './primitives.ts'
import { sink } from './sinks.ts'
import { source } from './sources.ts'

/** A pipeline. */
export const pipeline = z
  .strictObject({
    name: z
      .string()
      .max(100)
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
      .meta({
        expected:
          'up to 100 letters, digits, `.`, `_` and `-`, the first a letter or a digit, since it is part of URLs and file names',
      })
      .describe('Its name, in the status, in URLs of router mode, and of the file with its positions.'),
    sources: z.array(source).min(1).describe('Where entries come from.'),
    rate_limit: rateLimit.prefault({}).describe('How many pass; before the filters.'),
    filters: z.array(filter).default([]).describe('Which pass: all of them must let an entry through.'),
    format: format
      .optional()
      .describe(
        'How entries become text, in sinks that do not say. Default: `json` over the network, `raw` for file, stdout and stderr.',
      ),
    format_options: formatOptions.prefault({}).describe('Of `format`.'),
    sinks: z.array(sink).min(1).describe('Where entries go to, each of them to all.'),
    auth: auth.prefault({}).describe('Who may use its servers.'),
    max_restart_delay_seconds: seconds
      .default(30)
      .describe('A stage that failed is made anew after 0.5 s, doubled each time up to this.'),
  })
  .meta({ title: 'pipelines' })
