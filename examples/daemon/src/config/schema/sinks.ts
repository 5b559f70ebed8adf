/** Where entries go to. */

import { z } from 'zod'
import { clientAuth } from './auth.ts'
import { format, formatOptions } from './formats.ts'
import {
  bufferBytes,
  count,
  fileName,
  hostAndPort,
  hoursOrNever,
  httpUrl,
  megabytes,
  megabytesOrNone,
  milliseconds,
  path,
  seconds,
  secret,
  text,
  urlPath,
} from './primitives.ts'
import { clientSsl, heartbeat, listening, reachableByBrowsers, urlSsl, viewers } from './servers.ts'

const any = {
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
  buffer_size: count.default(1000).describe('Entries that wait for this sink, when `when_full` drops.'),
  buffer_bytes: bufferBytes.default(16_777_216).describe('Memory that they may take, in bytes.'),
} as const

const streamPath = urlPath.default('/stream').describe('The path of the stream.')
const statusPath = urlPath.default('/status').describe('The path of the status.')
const heartbeats = heartbeat.prefault({}).describe('What viewers that hear nothing get.')

const http = z.strictObject({
  ...any,
  ...listening,
  ...reachableByBrowsers,
  ...viewers,
  port: listening.port.default(8080).describe('The port to listen on; 0 takes any free one.'),
  stream_path: streamPath,
  status_path: statusPath,
  heartbeat: heartbeats,
  retry_ms: milliseconds.default(2000).describe('How long browsers wait before they connect again.'),
})

const tcp = z.strictObject({
  ...any,
  ...listening,
  ...viewers,
  port: listening.port.default(9090).describe('The port to listen on; 0 takes any free one.'),
  heartbeat: heartbeat.prefault({ enabled: false }).describe('What viewers that hear nothing get. Default: nothing.'),
  backlog_entries: z.int().min(0).default(0).describe('The last entries, at most so many, that a viewer gets first.'),
  dropped_lines: z
    .enum(['json', 'none'])
    .optional()
    .describe(
      'What stands where a viewer missed entries. Default: `json` with the format `json` or `wire`, else `none`.',
    ),
  greeting_timeout_seconds: seconds
    .default(10)
    .describe('How long a viewer that has to say who it is may take for that.'),
  max_input_bytes: z
    .int()
    .min(0)
    .default(65_536)
    .describe('What a viewer sends is thrown away; one that sends more is cut off.'),
  allow_half_open: z.boolean().default(false).describe('Whether a viewer that ended its own side still gets entries.'),
})

const websocket = z.strictObject({
  ...any,
  ...listening,
  ...reachableByBrowsers,
  ...viewers,
  stream_path: urlPath.default('/stream').describe('The path to connect to.'),
  status_path: statusPath,
  heartbeat: heartbeats,
  framing: z
    .enum(['entry', 'lines'])
    .default('entry')
    .describe('A frame for each entry, or one for all that are sent together, one per line.'),
  compress: z.boolean().default(false).describe('Whether frames are compressed for viewers that offer it.'),
  max_request_bytes: z
    .int()
    .min(128)
    .max(1_048_576)
    .default(16_384)
    .describe('The longest request that a viewer may send.'),
  max_requests_per_second: z
    .number()
    .min(0.1)
    .max(1_000_000)
    .default(5)
    .describe('Requests of one viewer; more cut it off.'),
})

const httpClient = z.strictObject({
  ...any,
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
    .describe('How often a batch is sent again before it is dropped, counted. Default: for as long as it takes.'),
  max_retry_seconds: seconds
    .optional()
    .describe('For how long a batch is sent again before it is dropped, counted. Default: for as long as it takes.'),
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
    .describe('Whether a batch that is refused (400, 422) is taken apart, so that only bad entries of it are dropped.'),
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

const tcpClient = z.strictObject({
  ...any,
  address: z
    .union([hostAndPort, z.array(hostAndPort).min(1)])
    .describe('Where to; a list is several, tried in their order.'),
  protocol: z
    .enum(['plain', 'logwisp'])
    .default('plain')
    .describe('`logwisp` has a LogWisp at the other end acknowledge what it got, and then nothing is lost at a cut.'),
  acknowledge: z
    .enum(['peer', 'written'])
    .optional()
    .describe('When an entry is done: the other end has it, or the system took it. Default: `peer` with `logwisp`.'),
  name: text
    .optional()
    .describe(
      "What the LogWisp at the other end shall call us; it tells our ids by it. Default: the host's name and the pipeline's.",
    ),
  dial_timeout_seconds: seconds.default(10).describe('For opening a connection.'),
  write_timeout_seconds: seconds.default(30).describe('A connection that takes nothing for so long is made anew.'),
  acknowledge_timeout_seconds: seconds
    .min(0.3)
    .default(30)
    .describe('The same for a LogWisp that says nothing while entries wait for it.'),
  keep_alive_seconds: seconds.default(30).describe('How soon a silent connection is asked whether it lives.'),
  reconnect_delay_ms: milliseconds.default(1000).describe('The longest pause after a first failure; it doubles.'),
  max_reconnect_delay_seconds: seconds.default(30).describe('The longest pause.'),
  reconnect_backoff: z
    .number()
    .min(1)
    .default(1.5)
    .describe('Accepted as the ancestor has it, without effect: pauses double here, drawn at random.'),
  failback_interval_seconds: seconds
    .default(30)
    .describe('With several addresses: how often those before the one in use are tried.'),
  max_buffer_entries: count.default(100_000).describe('Entries that wait, or are not acknowledged yet.'),
  max_buffer_bytes: bufferBytes.default(33_554_432).describe('Memory that they may take, in bytes.'),
  auth: clientAuth.optional().describe('What is shown to the server; needs `protocol = "logwisp"`.'),
  ssl: clientSsl.prefault({}).describe('TLS.'),
})

const file = z.strictObject({
  ...any,
  directory: path.describe('Where to.'),
  name: fileName.describe('The file is `<name>.log`, rotated ones `<name>-<time>-<number>.log`.'),
  max_size_mb: megabytes
    .default(100)
    .describe('The file is rotated before it would grow beyond this. Unit: 1,000,000 bytes.'),
  max_total_size_mb: megabytesOrNone
    .default(0)
    .describe('The oldest rotated files go beyond this; 0 is no bound. Unit: 1,000,000 bytes.'),
  retention_hours: hoursOrNever.default(0).describe('Rotated files are removed after this; 0 is never.'),
  min_disk_free_mb: megabytesOrNone
    .default(1000)
    .describe('How much must stay free on the disk; the sink waits below. Unit: 1,000,000 bytes.'),
  rotate_every_hours: z
    .number()
    .min(0.001)
    .max(87_600)
    .optional()
    .describe('The file is rotated when such a period ends, counted from the epoch in UTC. Default: never.'),
  compress: z.enum(['none', 'gzip']).default('none').describe('Compresses rotated files.'),
  fsync: z
    .enum(['never', 'interval', 'always'])
    .default('interval')
    .describe('When what was written is made safe from a power cut, and entries are done.'),
  fsync_interval_ms: milliseconds.max(3_600_000).default(100).describe('How long they wait for that, with `interval`.'),
  check_interval_ms: z
    .int()
    .min(0)
    .max(3_600_000)
    .default(250)
    .describe('How long after another program moved the file it may still be written to.'),
})

const consoleOptions = {
  ...any,
  colors: z.boolean().optional().describe('Whether entries have the colour of their level. Default: on a terminal.'),
  control_characters: z
    .enum(['escape', 'keep'])
    .default('escape')
    .describe('On a terminal: whether control characters are shown (`\\x1b`), or do what they do.'),
  when_closed: z
    .enum(['error', 'drop'])
    .default('error')
    .describe('When the reader goes away: the sink fails and is made anew, or drops everything from then on, counted.'),
} as const

const target = z.enum(['stdout', 'stderr', 'split'])

/** A sink of a pipeline. */
export const sink = z.discriminatedUnion('type', [
  z
    .strictObject({ type: z.literal('http'), options: http.prefault({}).describe('Its options.') })
    .describe('A live stream of events (SSE) for browsers and others.'),
  z
    .strictObject({ type: z.literal('tcp'), options: tcp.prefault({}).describe('Its options.') })
    .describe('A live stream of lines over TCP.'),
  z
    .strictObject({ type: z.literal('websocket'), options: websocket.describe('Its options.') })
    .describe('A live stream over WebSocket.'),
  z
    .strictObject({ type: z.literal('http_client'), options: httpClient.describe('Its options.') })
    .describe('Batches that are sent to an HTTP server.'),
  z
    .strictObject({ type: z.literal('tcp_client'), options: tcpClient.describe('Its options.') })
    .describe('Lines that are sent over TCP.'),
  z.strictObject({ type: z.literal('file'), options: file.describe('Its options.') }).describe('A file, rotated.'),
  z
    .strictObject({
      type: z.literal('stdout'),
      options: z
        .strictObject({
          ...consoleOptions,
          target: target
            .default('stdout')
            .describe('Where to; with `split` entries of `warn` and worse go to standard error.'),
        })
        .prefault({})
        .describe('Its options.'),
    })
    .describe('Standard output.'),
  z
    .strictObject({
      type: z.literal('stderr'),
      options: z
        .strictObject({
          ...consoleOptions,
          target: target
            .default('stderr')
            .describe('Where to; with `split` entries below `warn` go to standard output.'),
        })
        .prefault({})
        .describe('Its options.'),
    })
    .describe('Standard error.'),
])
