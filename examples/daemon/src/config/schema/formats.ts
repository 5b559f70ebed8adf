/** How an entry becomes text. */

import { z } from 'zod'

/** The words for a format. */
export const format = z.enum(['raw', 'json', 'text', 'wire'])

/** What `json` and `text` can be told. */
export const formatOptions = z.strictObject({
  pretty: z.boolean().default(false).describe('`json`: over several lines. Not where one line must be one entry.'),
  timestamp_field: z.string().min(1).default('timestamp').describe('`json`: the name of the time.'),
  level_field: z.string().min(1).default('level').describe('`json`: the name of the level.'),
  message_field: z.string().min(1).default('message').describe('`json`: the name of the message.'),
  source_field: z.string().min(1).default('source').describe('`json`: the name of the source.'),
  template: z.string().min(1).optional().describe("`text`: a template in Go's language, or in LogWisp's own."),
  timestamp_format: z
    .string()
    .min(1)
    .optional()
    .describe("`text`: how `FmtTime` writes a time, in Go's layout. Default: RFC 3339."),
})
