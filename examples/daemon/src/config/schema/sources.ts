/** Where entries come from. */

import { z } from 'zod'
import { directorySourceOptions, fileSourceOptions } from './sources/files.ts'
import { httpSourceOptions } from './sources/http.ts'
import { sseSourceOptions } from './sources/sse.ts'
import { stdinSourceOptions } from './sources/stdin.ts'
import { tcpSourceOptions } from './sources/tcp.ts'
import { webSocketSourceOptions } from './sources/websocket.ts'

/** A source of a pipeline. */
export const source = z.discriminatedUnion('type', [
  z
    .strictObject({ type: z.literal('directory'), options: directorySourceOptions.describe('Its options.') })
    .describe('The files of a directory, followed.'),
  z
    .strictObject({ type: z.literal('file'), options: fileSourceOptions.describe('Its options.') })
    .describe('One file, followed.'),
  z
    .strictObject({ type: z.literal('stdin'), options: stdinSourceOptions.prefault({}).describe('Its options.') })
    .describe('Standard input.'),
  z
    .strictObject({ type: z.literal('http'), options: httpSourceOptions.describe('Its options.') })
    .describe('Entries that clients POST.'),
  z
    .strictObject({ type: z.literal('tcp'), options: tcpSourceOptions.describe('Its options.') })
    .describe('Lines over TCP.'),
  z
    .strictObject({ type: z.literal('sse'), options: sseSourceOptions.describe('Its options.') })
    .describe('A stream of events from a server.'),
  z
    .strictObject({
      type: z.literal('websocket'),
      options: webSocketSourceOptions.describe('Its options: with `url` a client, with `port` a server.'),
    })
    .describe('Frames over WebSocket, from a server or from clients.'),
])
