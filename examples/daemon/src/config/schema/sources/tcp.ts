/** Lines over TCP. */

import { z } from 'zod'
import { bufferBytes, seconds, text } from '../primitives.ts'
import { listening } from '../servers.ts'
import { ancestorsBuffer } from './ancestors-buffer.ts'
import { maxLineBytes, timeZone } from './lines.ts'

/** Its options. */
export const tcpSourceOptions = z.strictObject({
  ...listening,
  source: text.default('tcp').describe('The `source` of entries that tell none.'),
  line_format: z
    .enum(['json', 'text', 'auto'])
    .default('json')
    .describe('What a line is: an entry as JSON, a message, or whichever it looks like.'),
  framing: z
    .enum(['lines', 'octet-counted'])
    .default('lines')
    .describe('How one entry ends; `octet-counted` is that of syslog (RFC 6587).'),
  when_invalid: z
    .enum(['text', 'drop'])
    .default('drop')
    .describe('What becomes of a line that should be JSON and is none: it is a message, or dropped and counted.'),
  max_line_bytes: maxLineBytes,
  when_line_too_long: z
    .enum(['truncate', 'skip', 'close'])
    .default('truncate')
    .describe('What becomes of a longer one: its beginning is given, or nothing, or its connection is closed.'),
  max_unfinished_bytes: bufferBytes
    .default(67_108_864)
    .describe('Memory for the unfinished lines of all connections together.'),
  idle_timeout_seconds: seconds
    .optional()
    .describe('A connection on which nothing came for so long is closed. Default: never.'),
  greeting_timeout_seconds: seconds
    .default(10)
    .describe('How long a peer that has to say who it is may take for that.'),
  max_remembered_ids: z
    .int()
    .min(2)
    .max(100_000_000)
    .default(1_000_000)
    .describe('How many ids are remembered, so that what a LogWisp sends again is dropped; 8 to 24 bytes each.'),
  time_zone: timeZone,
  buffer_size: ancestorsBuffer,
})
