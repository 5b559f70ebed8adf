/** What the sources that read a stream of a server are told alike. */

import { z } from 'zod'
import { clientAuth } from '../auth.ts'
import { milliseconds, rememberedIds, seconds, secret, text } from '../primitives.ts'
import { urlSsl } from '../servers.ts'

/** How they connect, and go on after a cut. */
export const resuming = {
  auth: clientAuth.optional().describe('What is shown to the server.'),
  headers: z.record(z.string(), secret).default({}).describe('More headers of the request.'),
  ssl: urlSsl.prefault({}).describe('TLS, where the URL says so.'),
  source: text.optional().describe("The `source` of entries that tell none. Default: the URL's host."),
  when_ended: z
    .enum(['reconnect', 'end'])
    .default('reconnect')
    .describe('What to do when a LogWisp says that its stream has ended.'),
  drop_repeated: z.boolean().default(true).describe('Drops entries whose id came on an earlier connection.'),
  max_remembered_ids: rememberedIds.default(16_384).describe('How many ids are remembered for that.'),
  connect_timeout_seconds: seconds.default(10).describe('How long the answer to a request may take.'),
  idle_timeout_seconds: seconds
    .default(60)
    .describe('A connection on which nothing came for so long, heartbeats included, is made anew.'),
  retry_delay_ms: milliseconds.max(3_600_000).default(1000).describe('The pause after a first failure; it doubles.'),
  max_retry_delay_seconds: seconds.max(3600).default(30).describe('The longest such pause.'),
  max_retry_after_seconds: seconds.default(300).describe('The longest pause that a server may ask for.'),
  max_retries: z
    .int()
    .min(0)
    .optional()
    .describe('Failures in a row after which the source fails, and is made anew. Default: no bound.'),
  compress: z.boolean().default(false).describe('Lets the server compress what it sends.'),
} as const
