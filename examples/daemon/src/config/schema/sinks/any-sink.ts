/** What all sinks are told alike. */

import { z } from 'zod'
import { format, formatOptions } from '../formats.ts'
import { bufferBytes, count } from '../primitives.ts'

/** Of every sink. */
export const anySink = {
  format: format
    .optional()
    .describe(
      "How an entry becomes text here. Default: the pipeline's, else `json` over the network and `raw` elsewhere.",
    ),
  format_options: formatOptions.optional().describe("Of `format`, instead of the pipeline's."),
  when_full: z
    .enum(['block', 'drop-newest', 'drop-oldest'])
    .default('block')
    .describe('When the sink does not keep up: `block` makes the pipeline wait, the others drop, and count it.'),
  buffer_size: count
    .default(1000)
    .describe(
      'Entries that wait before this sink when `when_full` drops, beside those that it has in hand and that are not acknowledged (100,000 at most).',
    ),
  buffer_bytes: bufferBytes.default(16_777_216).describe('Memory that they may take, in bytes.'),
} as const
