/** Batches that are sent to an HTTP server. */

import { z } from 'zod'
import { clientAuth } from '../auth.ts'
import { count, httpUrl, megabytes, milliseconds, path, seconds, secret } from '../primitives.ts'
import { urlSsl } from '../servers.ts'
import { anySink } from './any-sink.ts'

/** Where entries are kept that a server does not take. */
const deadLetter = z.strictObject({
  directory: path.describe('Where they are kept, as lines of JSON; several sinks may share one.'),
  max_size_mb: megabytes
    .min(0.1)
    .default(1000)
    .describe('What all files there may take together. Unit: 1,000,000 bytes.'),
  when_full: z
    .enum(['block', 'drop-newest', 'drop-oldest'])
    .default('block')
    .describe('When they do: `block` makes the sink wait, the others drop what comes or the oldest file.'),
})

/** Its options. */
export const httpClientSinkOptions = z.strictObject({
  ...anySink,
  url: z.union([httpUrl, z.array(httpUrl).min(1)]).describe('Where to; a list is several, see `strategy`.'),
  strategy: z
    .enum(['failover', 'round-robin'])
    .default('failover')
    .describe('How several are used: the first that works, or each in turn.'),
  batch_size: count.default(100).describe('Entries in one request at most.'),
  batch_bytes: z.int().min(1).max(268_435_456).default(1_048_576).describe('Bytes of one body at most.'),
  batch_delay_ms: milliseconds.default(1000).describe('How long entries wait for others to go with.'),
  body: z
    .enum(['array', 'lines'])
    .optional()
    .describe('One JSON array, or one entry per line. Default: `array` for `json`, else `lines`.'),
  timeout_seconds: seconds.default(30).describe('For one request.'),
  connect_timeout_seconds: seconds.max(600).default(10).describe('For opening a connection.'),
  max_retries: z
    .int()
    .min(0)
    .optional()
    .describe('How often a batch is sent again before its entries are rejected. Default: for as long as it takes.'),
  max_retry_seconds: seconds
    .optional()
    .describe('For how long a batch is sent again before its entries are rejected. Default: for as long as it takes.'),
  retry_delay_ms: milliseconds
    .max(600_000)
    .default(1000)
    .describe('The longest pause after a first failure; it doubles.'),
  retry_backoff: z
    .number()
    .min(1)
    .default(2)
    .describe('Accepted as the ancestor has it, without effect: pauses double here, drawn at random.'),
  max_retry_delay_seconds: seconds.default(30).describe('The longest pause.'),
  max_retry_after_seconds: seconds.default(300).describe('The longest pause that a server may ask for.'),
  retry_statuses: z
    .array(z.int().min(300).max(599))
    .default([])
    .describe('Statuses that are tried again besides 408, 425, 429 and 5xx but 501.'),
  isolate_rejected: z
    .boolean()
    .default(true)
    .describe(
      'Whether a batch that is refused (400, 422) is taken apart, so that only bad entries of it are rejected.',
    ),
  dead_letter: deadLetter
    .optional()
    .describe('Where rejected entries are kept for `logwisp replay`. Default: they are dropped, counted.'),
  max_in_flight: z
    .int()
    .min(1)
    .max(1024)
    .default(1)
    .describe('Requests under way at once; with more than 1 the order is not kept.'),
  adaptive_concurrency: z
    .boolean()
    .default(false)
    .describe('Finds out how many at once are best, up to `max_in_flight`.'),
  compress: z.enum(['none', 'gzip', 'zstd']).default('none').describe('Compresses bodies; `zstd` needs Node 22.15.'),
  ids: z.boolean().default(true).describe('Whether the format `wire` has ids, by which a receiver tells repeats.'),
  respond: z
    .enum(['accepted', 'delivered'])
    .default('accepted')
    .describe('`delivered` asks a LogWisp to answer only when its own sinks have the entries.'),
  headers: z.record(z.string(), secret).default({}).describe('More headers.'),
  auth: clientAuth.optional().describe('What is shown to the server.'),
  ssl: urlSsl.prefault({}).describe('TLS, where the URL says so.'),
  insecure_skip_verify: z
    .boolean()
    .default(false)
    .describe('Accepted as the ancestor has it, without effect: servers are always verified; see `ssl.ca_file`.'),
})
