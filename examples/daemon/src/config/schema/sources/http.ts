/** Entries that clients POST. */

import { z } from 'zod'
import { bufferBytes, count, lineBytes, rememberedIds, seconds, text, urlPath } from '../primitives.ts'
import { listening, reachableByBrowsers } from '../servers.ts'
import { ancestorsBuffer } from './ancestors-buffer.ts'

/** Its options. */
export const httpSourceOptions = z.strictObject({
  ...listening,
  ...reachableByBrowsers,
  ingest_path: urlPath.default('/ingest').describe('The path that takes entries.'),
  source: text.default('http').describe('The `source` of entries that tell none.'),
  respond: z
    .enum(['accepted', 'delivered', 'either'])
    .default('either')
    .describe(
      'When a request is answered: once its entries are in the pipeline, or once sinks have them. `either`: as the request asks, by `Prefer: respond-delivered`.',
    ),
  when_invalid: z
    .enum(['reject-all', 'skip'])
    .default('reject-all')
    .describe(
      'What becomes of a request with an entry that cannot be read: nothing of it is taken, or all others are.',
    ),
  max_body_bytes: z
    .int()
    .min(1)
    .max(17_179_869_184)
    .default(16_777_216)
    .describe('The largest body; larger ones get a 413.'),
  max_entry_bytes: lineBytes.default(1_048_576).describe('The longest entry.'),
  max_held_bytes: bufferBytes
    .default(67_108_864)
    .describe('Memory for what requests have sent in part; at least `max_entry_bytes`.'),
  max_requests: count.default(256).describe('Requests at once.'),
  body_timeout_seconds: seconds.default(60).describe('How long a body may take.'),
  busy_timeout_seconds: seconds
    .default(5)
    .describe('When the pipeline takes nothing for so long, requests get a 503 with `Retry-After`.'),
  deliver_timeout_seconds: seconds.default(30).describe('How long a request waits for delivery; then it gets a 504.'),
  drop_repeated: z.boolean().default(true).describe('Drops entries whose id (`logwisp.id`) came lately.'),
  max_remembered_ids: rememberedIds.default(100_000).describe('How many ids are remembered for that.'),
  add_sender: z.boolean().default(false).describe("Puts who sent it into each entry's fields, as `peer`."),
  buffer_size: ancestorsBuffer,
})
