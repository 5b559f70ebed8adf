/** A live stream over WebSocket. */

import { z } from 'zod'
import { urlPath } from '../primitives.ts'
import { listening, reachableByBrowsers, viewers } from '../servers.ts'
import { anySink } from './any-sink.ts'
import { heartbeats, statusPath } from './live.ts'

/** Its options. */
export const webSocketSinkOptions = z.strictObject({
  ...anySink,
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
