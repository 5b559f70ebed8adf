/** Where entries come from. */

import { z } from 'zod'
import { clientAuth } from './auth.ts'
import {
  bufferBytes,
  count,
  frameBytes,
  httpUrl,
  lineBytes,
  milliseconds,
  path,
  rememberedIds,
  seconds,
  secret,
  text,
  textOrList,
  urlPath,
  webSocketUrl,
} from './primitives.ts'
import { listening, reachableByBrowsers, urlSsl } from './servers.ts'

const maxLineBytes = lineBytes.default(1_048_576).describe('The longest line that is given whole.')
const whenLineTooLong = z
  .enum(['truncate', 'split', 'skip'])
  .default('truncate')
  .describe('What becomes of a longer one: its beginning is given, or all of it in parts, or nothing.')
const encoding = z.enum(['utf8', 'utf16le', 'utf16be', 'latin1']).default('utf8')
const timeZone = z
  .union([z.enum(['local', 'utc']), z.int().min(-1080).max(1080)])
  .default('local')
  .describe('Of times that name none: `local`, `utc`, or minutes east of UTC.')
const ancestorsBuffer = count
  .optional()
  .describe('Accepted as the ancestor has it, without effect: what is read is bounded in bytes here.')
const startAt = z.enum(['beginning', 'end']).default('end')

const followed = {
  encoding: encoding.describe('The encoding of the files.'),
  max_line_bytes: maxLineBytes,
  when_line_too_long: whenLineTooLong,
  time_zone: timeZone,
  watch: z
    .boolean()
    .default(true)
    .describe('Whether to ask the system to tell of changes, so that lines come within milliseconds.'),
  poll_interval_ms: z
    .int()
    .min(10)
    .max(60_000)
    .default(250)
    .describe('How often files are looked at; matters where the system does not tell of changes.'),
  rotate_delay_ms: z
    .int()
    .min(0)
    .max(3_600_000)
    .default(5000)
    .describe('How long a file that was rotated away is read on, for writers that have not noticed.'),
  buffer_size: ancestorsBuffer,
} as const

const directory = z.strictObject({
  path: path.describe('The directory.'),
  pattern: textOrList.default('*').describe('Which of its files, as one glob or several.'),
  exclude: textOrList.optional().describe('Which of them not, as one glob or several.'),
  recursive: z.boolean().default(false).describe('Whether directories below are followed too.'),
  check_interval_ms: z.int().min(10).max(3_600_000).default(100).describe('How often new files are looked for.'),
  start_at: startAt.describe('Where to begin in files that are there at the first start.'),
  source: z
    .enum(['name', 'path'])
    .default('name')
    .describe('What the `source` of entries is: the name of their file, or its whole path.'),
  max_files: count.default(10_000).describe('How many files are followed.'),
  max_open_files: count.default(256).describe('How many of them are kept open.'),
  forget_after_seconds: z
    .number()
    .min(0)
    .max(31_536_000)
    .default(600)
    .describe('How long the position of a file that is gone is kept.'),
  ...followed,
})

const file = z.strictObject({
  path: path.describe('The file; it may appear later.'),
  start_at: startAt.describe('Where to begin in a file that is there at the first start.'),
  source: text.optional().describe("The `source` of entries. Default: the file's name."),
  ...followed,
})

const stdin = z.strictObject({
  source: text.default('stdin').describe('The `source` of the entries.'),
  encoding: encoding.describe('The encoding of the bytes.'),
  max_line_bytes: maxLineBytes,
  when_line_too_long: whenLineTooLong,
  time_zone: timeZone,
  buffer_size: ancestorsBuffer,
})

const http = z.strictObject({
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

const tcp = z.strictObject({
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

const resuming = {
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

const sse = z.strictObject({
  url: httpUrl.describe('The stream of another LogWisp, or any `text/event-stream`.'),
  event_types: textOrList
    .default('message')
    .describe('Types of events that are entries; `any` is all. `message` is that of events without one.'),
  max_event_bytes: z.int().min(64).max(268_435_456).default(1_048_576).describe('A longer event is dropped, counted.'),
  max_redirects: z.int().min(0).max(20).default(5).describe('Redirects that are followed for one connection.'),
  ...resuming,
})

const webSocketClient = z
  .strictObject({
    url: webSocketUrl.describe('The server to read from.'),
    max_frame_bytes: frameBytes.default(16_777_216).describe('A longer frame is an error.'),
    ...resuming,
  })
  .describe('Frames from a server.')

const webSocketServer = z
  .strictObject({
    ...listening,
    ...reachableByBrowsers,
    ingest_path: urlPath.default('/ingest').describe('The path to connect to.'),
    source: text.default('websocket').describe('The `source` of entries that tell none.'),
    max_frame_bytes: frameBytes.default(1_048_576).describe('A client that sends a longer frame is cut.'),
    max_waiting_bytes: bufferBytes
      .default(67_108_864)
      .describe('Memory for frames that are not read yet, or not complete, of all clients together.'),
    max_remembered_ids: rememberedIds
      .default(16_384)
      .describe('How many ids are remembered, so that what a LogWisp sends again is dropped.'),
    ping_interval_seconds: seconds
      .default(30)
      .describe('Clients are pinged so often, and cut when they did not answer until the next time.'),
    compress: z.boolean().default(false).describe('Lets clients compress their frames.'),
  })
  .describe('Frames from clients.')

/** A source of a pipeline. */
export const source = z.discriminatedUnion('type', [
  z
    .strictObject({ type: z.literal('directory'), options: directory.describe('Its options.') })
    .describe('The files of a directory, followed.'),
  z.strictObject({ type: z.literal('file'), options: file.describe('Its options.') }).describe('One file, followed.'),
  z
    .strictObject({ type: z.literal('stdin'), options: stdin.prefault({}).describe('Its options.') })
    .describe('Standard input.'),
  z
    .strictObject({ type: z.literal('http'), options: http.describe('Its options.') })
    .describe('Entries that clients POST.'),
  z.strictObject({ type: z.literal('tcp'), options: tcp.describe('Its options.') }).describe('Lines over TCP.'),
  z
    .strictObject({ type: z.literal('sse'), options: sse.describe('Its options.') })
    .describe('A stream of events from a server.'),
  z
    .strictObject({
      type: z.literal('websocket'),
      options: z
        .union([webSocketClient, webSocketServer])
        .describe('Its options: with `url` a client, with `port` a server.'),
    })
    .describe('Frames over WebSocket, from a server or from clients.'),
])
