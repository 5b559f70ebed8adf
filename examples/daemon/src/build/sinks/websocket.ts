/** The live stream over WebSocket. */

import { webSocketSink } from '@logwisp/sinks/web-socket-sink'
import type { SinkOf } from '../../config/schema.ts'
import type { BuildContext, BuiltSink } from '../built-stage.ts'
import { sinkFormat } from '../format.ts'
import { heartbeatFor } from '../heartbeat.ts'
import { onPort, pathOf } from '../mounted.ts'
import { serverFacts } from '../server-facts.ts'
import { viewerLimits, withViewers } from './viewers.ts'

/** Shows entries at `stream_path` of its port; at `status_path` is the pipeline's status. */
export async function buildWebSocketSink(
  options: SinkOf<'websocket'>['options'],
  context: BuildContext,
  place: string,
): Promise<BuiltSink> {
  const path = pathOf(options.stream_path, context)
  const statusPath = pathOf(options.status_path, context)
  const { format, isJson } = sinkFormat('websocket', options, context.pipeline, place)
  const built = await onPort(options, 'http', context, place, ({ access, mount }) => {
    const stream = webSocketSink({
      ...viewerLimits(options, context),
      path,
      statusPath,
      access,
      format,
      ...(isJson && typeof format === 'function' && { formatGives: 'json-object' }),
      heartbeat: heartbeatFor(options.heartbeat, { comment: 'ping', json: 'frame', entry: 'entry' }),
      framing: options.framing,
      compress: options.compress,
      maxRequestBytes: options.max_request_bytes,
      maxRequestsPerSecond: options.max_requests_per_second,
      allowOrigin: options.allow_origin,
    })
    mount([path], 'stream', { handler: stream.handler, handleUpgrade: stream.handleUpgrade })
    const allowOrigin = options.allow_origin === undefined ? undefined : [options.allow_origin].flat()
    mount([statusPath], 'status', { allowOrigin, facts: serverFacts(options) })
    return stream
  })
  return withViewers(built)
}
