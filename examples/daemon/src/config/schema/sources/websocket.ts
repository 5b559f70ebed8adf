/** Frames over WebSocket, from a server or from clients. */

import { z } from 'zod'
import { bufferBytes, frameBytes, rememberedIds, seconds, text, urlPath, webSocketUrl } from '../primitives.ts'
import { listening, reachableByBrowsers } from '../servers.ts'
import { resuming } from './resuming.ts'

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

/** Its options: with `url` a client, with `port` a server. */
export const webSocketSourceOptions = z.union([webSocketClient, webSocketServer])
