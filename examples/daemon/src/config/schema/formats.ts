/** How an entry becomes text. */

import { z } from 'zod'
import { text } from './primitives.ts'

/** The words for a format. */
export const format = z.enum(['raw', 'json', 'text', 'wire'])

/** What `json` and `text` can be told. */
export const formatOptions = z
  .strictObject({
    pretty: z.boolean().default(false).describe('`json`: over several lines. Not where one line must be one entry.'),
    timestamp_field: text.default('timestamp').describe('`json`: the name of the time.'),
    level_field: text.default('level').describe('`json`: the name of the level.'),
    message_field: text.default('message').describe('`json`: the name of the message.'),
    source_field: text.default('source').describe('`json`: the name of the source.'),
    template: text
      .optional()
      .describe(
        "`text`: a template in Go's language, or in LogWisp's own. Default: `[time] [LEVEL] source - message`, and the fields.",
      ),
    timestamp_format: text
      .optional()
      .describe("`text`: how `FmtTime` writes a time, in Go's layout. Default: RFC 3339."),
  })
  .meta({ title: 'format_options' })
