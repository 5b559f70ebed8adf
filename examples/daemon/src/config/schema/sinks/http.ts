/** A live stream of events. */

import { z } from 'zod'
import { milliseconds, urlPath } from '../primitives.ts'
import { listening, reachableByBrowsers, viewers } from '../servers.ts'
import { anySink } from './any-sink.ts'
import { heartbeats, statusPath } from './live.ts'

/** Its options. */
export const httpSinkOptions = z.strictObject({
  ...anySink,
  ...listening,
  ...reachableByBrowsers,
  ...viewers,
  port: listening.port.default(8080).describe('The port to listen on; 0 takes any free one.'),
  stream_path: urlPath.default('/stream').describe('The path of the stream.'),
  status_path: statusPath,
  heartbeat: heartbeats,
  retry_ms: milliseconds.default(2000).describe('How long browsers wait before they connect again.'),
})
