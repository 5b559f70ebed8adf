/** Where entries go to. */

import { z } from 'zod'
import { format, formatOptions } from './formats.ts'
import {
  bytes,
  count,
  hostAndPort,
  httpUrl,
  megabytes,
  megabytesOrNone,
  milliseconds,
  path,
  seconds,
  secret,
  urlPath,
} from './primitives.ts'
import { clientAuth, clientSsl, heartbeat, listening, reachableByBrowsers, viewers } from './servers.ts'

const any = {
  format: format
    .optional()
    .describe(
      "How an entry becomes text here. Default: the pipeline's, else `json` over the network and `raw` elsewhere.",
    ),
  format_options: formatOptions.optional().describe("Instead of the pipeline's."),
  when_full: z
    .enum(['block', 'drop-newest', 'drop-oldest'])
    .default('block')
    .describe('When the sink does not keep up: `block` makes the pipeline wait, the others drop, and count it.'),
  buffer_size: count.default(1000).describe('Entries that wait for this sink, when `when_full` drops.'),
} as const

const http = z.strictObject({
  ...any,
  ...listening,
  ...reachableByBrowsers,
  ...viewers,
  port: listening.port.default(8080).describe('The port to listen on; 0 takes any free one.'),
  stream_path: urlPath.default('/stream').describe('The path of the stream.'),
  status_path: urlPath.default('/status').describe('The path of the status.'),
  heartbeat: heartbeat.prefault({}).describe('What viewers that hear nothing get.'),
})

const tcp = z.strictObject({
  ...any,
  ...listening,
  ...viewers,
  port: listening.port.default(9090).describe('The port to listen on; 0 takes any free one.'),
  heartbeat: heartbeat.prefault({ enabled: false }).describe('What viewers that hear nothing get.'),
})

const websocket = z.strictObject({
  ...any,
  ...listening,
  ...reachableByBrowsers,
  ...viewers,
  stream_path: urlPath.default('/stream').describe('The path to connect to.'),
  status_path: urlPath.default('/status').describe('The path of the status.'),
  heartbeat: heartbeat.prefault({}).describe('What viewers that hear nothing get.'),
})

const httpClient = z.strictObject({
  ...any,
  url: z
    .union([httpUrl, z.array(httpUrl).min(1)])
    .describe('Where to; several are tried in their order, or see `strategy`.'),
  strategy: z.enum(['failover', 'round-robin']).default('failover').describe('How several are used.'),
  batch_size: count.default(100).describe('Entries in one request at most.'),
  batch_bytes: bytes.default(1_048_576).describe('Bytes of one body at most.'),
  batch_delay_ms: milliseconds.default(1000).describe('How long entries wait for others to go with.'),
  body: z
    .enum(['array', 'lines'])
    .optional()
    .describe('One JSON array, or one entry per line. Default: `array` for `json`, else `lines`.'),
  timeout_seconds: z.number().min(0.1).default(30).describe('For one request.'),
  connect_timeout_seconds: z.number().min(0.1).default(10).describe('For opening a connection.'),
  max_retries: z
    .int()
    .min(0)
    .optional()
    .describe('How often a batch is sent again before it is dropped, counted. Default: for as long as it takes.'),
  retry_delay_ms: milliseconds.default(1000).describe('The pause after a first failure.'),
  retry_backoff: z
    .number()
    .min(1)
    .default(2)
    .describe('Accepted as the ancestor has it; pauses double here, with jitter.'),
  max_retry_delay_seconds: seconds.default(30).describe('The longest pause.'),
  max_in_flight: count.default(1).describe('Requests under way at once; with more than 1 the order is not kept.'),
  compress: z.enum(['none', 'gzip']).default('none').describe('Compresses bodies.'),
  respond: z
    .enum(['accepted', 'delivered'])
    .default('accepted')
    .describe('`delivered` asks a LogWisp to answer only when its own sinks have the entries.'),
  headers: z
    .record(z.string(), z.union([z.string(), secret]))
    .default({})
    .describe('More headers.'),
  auth: clientAuth.optional().describe('What is shown to the server.'),
  ssl: clientSsl.prefault({}).describe('TLS.'),
  insecure_skip_verify: z
    .literal(false)
    .default(false)
    .describe("Accepted as `false` only: servers are always verified; name the server's authority in `ssl.ca_file`."),
})

const tcpClient = z.strictObject({
  ...any,
  address: z.union([hostAndPort, z.array(hostAndPort).min(1)]).describe('Where to; several are tried in their order.'),
  protocol: z
    .enum(['plain', 'logwisp'])
    .default('plain')
    .describe('`logwisp` has a LogWisp at the other end acknowledge what it got, and then nothing is lost at a cut.'),
  dial_timeout_seconds: z.number().min(0.1).default(10).describe('For opening a connection.'),
  write_timeout_seconds: z
    .number()
    .min(0.1)
    .default(30)
    .describe('A connection that takes nothing for so long is made anew.'),
  keep_alive_seconds: seconds.default(30).describe('How soon a silent connection is asked whether it lives.'),
  reconnect_delay_ms: milliseconds.default(1000).describe('The pause after a first failure.'),
  max_reconnect_delay_seconds: seconds.default(30).describe('The longest pause.'),
  reconnect_backoff: z
    .number()
    .min(1)
    .default(1.5)
    .describe('Accepted as the ancestor has it; pauses double here, with jitter.'),
  max_buffer_bytes: bytes.optional().describe('What is kept until it is acknowledged, in bytes.'),
  auth: clientAuth.optional().describe('What is shown to the server; needs `protocol = "logwisp"`.'),
  ssl: clientSsl.prefault({ enabled: false }).describe('TLS.'),
})

const file = z.strictObject({
  ...any,
  directory: path.describe('Where to.'),
  name: z
    .string()
    .min(1)
    .regex(/^[^/\\]+$/, 'must be a file name without directories')
    .describe('The file is `<name>.log`.'),
  max_size_mb: megabytes.default(100).describe('The file is rotated before it would grow beyond this.'),
  max_total_size_mb: megabytesOrNone.default(0).describe('The oldest rotated files go beyond this; 0 is no bound.'),
  retention_hours: z.number().min(0).default(0).describe('Rotated files are removed after this; 0 is never.'),
  min_disk_free_mb: megabytesOrNone
    .default(1000)
    .describe('How much must stay free on the disk; the sink waits below.'),
  rotate_every_hours: z
    .number()
    .positive()
    .optional()
    .describe('The file is rotated when such a period ends, counted from the epoch in UTC.'),
  compress: z.enum(['none', 'gzip']).default('none').describe('Compresses rotated files.'),
  fsync: z
    .enum(['never', 'interval', 'always'])
    .default('interval')
    .describe('When what was written is made safe from a power cut.'),
})

const consoleOptions = {
  ...any,
  colors: z.boolean().optional().describe('Whether entries have the colour of their level. Default: on a terminal.'),
} as const

const target = z.enum(['stdout', 'stderr', 'split'])

/** A sink of a pipeline. */
export const sink = z.discriminatedUnion('type', [
  z
    .strictObject({ type: z.literal('http'), options: http.prefault({}) })
    .describe('A live stream of events (SSE) for browsers and others.'),
  z.strictObject({ type: z.literal('tcp'), options: tcp.prefault({}) }).describe('A live stream of lines over TCP.'),
  z.strictObject({ type: z.literal('websocket'), options: websocket }).describe('A live stream over WebSocket.'),
  z
    .strictObject({ type: z.literal('http_client'), options: httpClient })
    .describe('Batches that are sent to an HTTP server.'),
  z.strictObject({ type: z.literal('tcp_client'), options: tcpClient }).describe('Lines that are sent over TCP.'),
  z.strictObject({ type: z.literal('file'), options: file }).describe('A file, rotated.'),
  z
    .strictObject({
      type: z.literal('stdout'),
      options: z
        .strictObject({
          ...consoleOptions,
          target: target.default('stdout').describe('`split` writes `warn` and worse to standard error.'),
        })
        .prefault({}),
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
            .describe('`split` writes `warn` and worse here, and all else to standard output.'),
        })
        .prefault({}),
    })
    .describe('Standard error.'),
])
