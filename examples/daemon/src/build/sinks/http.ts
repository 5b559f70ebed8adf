/** The live stream of events. */

import { sseSink } from '@logwisp/sinks/sse-sink'
import type { SinkOf } from '../../config/schema.ts'
import type { BuildContext, BuiltSink } from '../built-stage.ts'
import { sinkFormat } from '../format.ts'
import { heartbeatFor } from '../heartbeat.ts'
import { onPort, pathOf } from '../mounted.ts'
import { serverFacts } from '../server-facts.ts'
import { viewerLimits, withViewers } from './viewers.ts'

/** Shows entries at `stream_path` of its port; at `status_path` is the pipeline's status. */
export async function buildHttpSink(
  options: SinkOf<'http'>['options'],
  context: BuildContext,
  place: string,
): Promise<BuiltSink> {
  const path = pathOf(options.stream_path, context)
  const statusPath = pathOf(options.status_path, context)
  const { format } = sinkFormat('http', options, context.pipeline, place)
  const built = await onPort(options, 'http', context, place, ({ access, mount }) => {
    const stream = sseSink({
      ...viewerLimits(options, context),
      path,
      statusPath,
      access,
      format,
      heartbeat: heartbeatFor(options.heartbeat, { comment: 'comment', json: 'event', entry: 'entry' }),
      retryMs: options.retry_ms,
      allowOrigin: options.allow_origin,
    })
    mount([path], 'stream', { handler: stream.handler })
    const allowOrigin = options.allow_origin === undefined ? undefined : [options.allow_origin].flat()
    mount([statusPath], 'status', { allowOrigin, facts: serverFacts(options) })
    return stream
  })
  return withViewers(built)
}
