/** Where entries come from. */

import { z } from 'zod'
import { bytes, count, httpUrl, milliseconds, path, seconds, textOrList, urlPath, webSocketUrl } from './primitives.ts'
import { clientAuth, clientSsl, listening, reachableByBrowsers } from './servers.ts'

const maxLineBytes = z.int().min(16).max(268_435_456).default(1_048_576)
const whenLineTooLong = z.enum(['truncate', 'split', 'skip']).default('truncate')
const encoding = z.enum(['utf8', 'utf16le', 'utf16be', 'latin1']).default('utf8')
const timeZone = z.union([z.enum(['local', 'utc']), z.int().min(-1440).max(1440)]).default('local')

const followed = {
  encoding: encoding.describe('The encoding of the files.'),
  max_line_bytes: maxLineBytes.describe('The longest line that is given whole.'),
  when_line_too_long: whenLineTooLong.describe('What becomes of a longer one.'),
  time_zone: timeZone.describe('Of times that name none: `local`, `utc`, or minutes east of UTC.'),
  poll_interval_ms: z
    .number()
    .min(10)
    .max(3_600_000)
    .optional()
    .describe('How often files are looked at where the system does not tell of changes.'),
  buffer_size: count.optional().describe('Accepted as the ancestor has it; what is read is bounded in bytes here.'),
} as const

const directory = z.strictObject({
  path: path.describe('The directory.'),
  pattern: textOrList.default('*').describe('Which of its files, as one glob or several.'),
  exclude: textOrList.optional().describe('Which of them not.'),
  recursive: z.boolean().default(false).describe('Whether directories below are followed too.'),
  check_interval_ms: z.number().min(10).max(3_600_000).default(100).describe('How often new files are looked for.'),
  start_at: z
    .enum(['beginning', 'end'])
    .default('end')
    .describe('Where to begin in files that are there at the first start.'),
  max_files: count.default(10_000).describe('How many files are followed.'),
  max_open_files: count.default(256).describe('How many of them are kept open.'),
  ...followed,
})

const file = z.strictObject({
  path: path.describe('The file; it may appear later.'),
  start_at: z
    .enum(['beginning', 'end'])
    .default('end')
    .describe('Where to begin in a file that is there at the first start.'),
  ...followed,
})

const stdin = z.strictObject({
  source: z.string().min(1).default('stdin').describe('The `source` of the entries.'),
  encoding: encoding.describe('The encoding of the bytes.'),
  max_line_bytes: maxLineBytes.describe('The longest line that is given whole.'),
  when_line_too_long: whenLineTooLong.describe('What becomes of a longer one.'),
  time_zone: timeZone.describe('Of times that name none.'),
  buffer_size: count.optional().describe('Accepted as the ancestor has it; what is read is bounded in bytes here.'),
})

const http = z.strictObject({
  ...listening,
  ...reachableByBrowsers,
  ingest_path: urlPath.default('/ingest').describe('The path that takes entries.'),
  source: z.string().min(1).default('http').describe('The `source` of entries that tell none.'),
  respond: z.enum(['accepted', 'delivered', 'either']).default('either').describe('When a request is answered.'),
  when_invalid: z
    .enum(['reject-all', 'skip'])
    .default('reject-all')
    .describe('What becomes of a request with an entry that cannot be read.'),
  max_body_bytes: bytes.default(16_777_216).describe('The largest body; larger ones get a 413.'),
  max_entry_bytes: z.int().min(16).max(268_435_456).default(1_048_576).describe('The longest entry.'),
  max_requests: count.default(256).describe('Requests at once.'),
  body_timeout_seconds: seconds.default(60).describe('How long a body may take.'),
  add_sender: z.boolean().default(false).describe("Puts who sent it into each entry's fields as `peer`."),
  buffer_size: count.optional().describe('Accepted as the ancestor has it; bodies are bounded in bytes here.'),
})

const tcp = z.strictObject({
  ...listening,
  source: z.string().min(1).default('tcp').describe('The `source` of entries that tell none.'),
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
    .describe('What becomes of a line that should be JSON and is none.'),
  max_line_bytes: maxLineBytes.describe('The longest line that is given whole.'),
  when_line_too_long: z
    .enum(['truncate', 'skip', 'close'])
    .default('truncate')
    .describe('What becomes of a longer one.'),
  idle_timeout_seconds: seconds
    .optional()
    .describe('A connection on which nothing came for so long is closed. Default: never.'),
  time_zone: timeZone.describe('Of times that name none.'),
  buffer_size: count.optional().describe('Accepted as the ancestor has it; lines are bounded in bytes here.'),
})

const resuming = {
  auth: clientAuth.optional().describe('What is shown to the server.'),
  headers: z.record(z.string(), z.string()).default({}).describe('More headers of the request.'),
  ssl: clientSsl.prefault({}).describe('TLS.'),
  source: z.string().min(1).optional().describe('The `source` of entries that tell none. Default: the URL.'),
  retry_delay_ms: milliseconds.optional().describe('The pause after a first failure.'),
  max_retry_delay_ms: milliseconds.optional().describe('The longest pause.'),
  idle_timeout_seconds: seconds.optional().describe('A connection that says nothing for so long is made anew.'),
} as const

const sse = z.strictObject({
  url: httpUrl.describe('The stream of another LogWisp, or any `text/event-stream`.'),
  ...resuming,
})

const websocket = z.strictObject({
  url: webSocketUrl.optional().describe('The server to read from; without it, `port` listens.'),
  ...resuming,
  ...listening,
  ...reachableByBrowsers,
  ssl: z.union([clientSsl, listening.ssl]).optional().describe('TLS, of the client with `url`, else of the server.'),
  auth: z
    .union([clientAuth, listening.auth])
    .optional()
    .describe('With `url` what is shown to the server, else who may come.'),
  port: listening.port.optional().describe('The port to listen on, without `url`.'),
  ingest_path: urlPath.default('/ingest').describe('The path to connect to, without `url`.'),
})

/** A source of a pipeline. */
export const source = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('directory'), options: directory }).describe('The files of a directory, followed.'),
  z.strictObject({ type: z.literal('file'), options: file }).describe('One file, followed.'),
  z.strictObject({ type: z.literal('stdin'), options: stdin.prefault({}) }).describe('Standard input.'),
  z.strictObject({ type: z.literal('http'), options: http }).describe('Entries that clients POST.'),
  z.strictObject({ type: z.literal('tcp'), options: tcp }).describe('Lines over TCP.'),
  z.strictObject({ type: z.literal('sse'), options: sse }).describe('A stream of events from a server.'),
  z
    .strictObject({ type: z.literal('websocket'), options: websocket })
    .describe('Frames from a server, or from clients.'),
])
