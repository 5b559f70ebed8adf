/** Where entries go to. */

import { z } from 'zod'
import { sinkBuffer } from './sinks/buffer.ts'
import { stderrSinkOptions, stdoutSinkOptions } from './sinks/console.ts'
import { fileSinkOptions } from './sinks/file.ts'
import { httpSinkOptions } from './sinks/http.ts'
import { httpClientSinkOptions } from './sinks/http-client.ts'
import { tcpSinkOptions } from './sinks/tcp.ts'
import { tcpClientSinkOptions } from './sinks/tcp-client.ts'
import { webSocketSinkOptions } from './sinks/websocket.ts'

const buffer = sinkBuffer.optional().describe('Where entries wait for this sink. Default: in the sources.')

/** A sink of a pipeline. */
export const sink = z.discriminatedUnion('type', [
  z
    .strictObject({ type: z.literal('http'), options: httpSinkOptions.prefault({}).describe('Its options.') })
    .describe('A live stream of events (SSE) for browsers and others.'),
  z
    .strictObject({ type: z.literal('tcp'), options: tcpSinkOptions.prefault({}).describe('Its options.') })
    .describe('A live stream of lines over TCP.'),
  z
    .strictObject({ type: z.literal('websocket'), options: webSocketSinkOptions.describe('Its options.') })
    .describe('A live stream over WebSocket.'),
  z
    .strictObject({ type: z.literal('http_client'), options: httpClientSinkOptions.describe('Its options.'), buffer })
    .describe('Batches that are sent to an HTTP server.'),
  z
    .strictObject({ type: z.literal('tcp_client'), options: tcpClientSinkOptions.describe('Its options.'), buffer })
    .describe('Lines that are sent over TCP.'),
  z
    .strictObject({ type: z.literal('file'), options: fileSinkOptions.describe('Its options.'), buffer })
    .describe('A file, rotated.'),
  z
    .strictObject({
      type: z.literal('stdout'),
      options: stdoutSinkOptions.prefault({}).describe('Its options.'),
      buffer,
    })
    .describe('Standard output.'),
  z
    .strictObject({
      type: z.literal('stderr'),
      options: stderrSinkOptions.prefault({}).describe('Its options.'),
      buffer,
    })
    .describe('Standard error.'),
])
