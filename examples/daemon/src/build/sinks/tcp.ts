/** The live stream of lines. */

import { tcpSink } from '@logwisp/sinks/tcp-sink'
import type { SinkOf } from '../../config/schema.ts'
import type { BuildContext, BuiltSink } from '../built-stage.ts'
import { sinkFormat } from '../format.ts'
import { heartbeatFor } from '../heartbeat.ts'
import { inMs } from '../in-ms.ts'
import { onPort } from '../mounted.ts'
import { viewerLimits, withViewers } from './viewers.ts'

/** Shows entries to whoever connects to its port. */
export async function buildTcpSink(
  options: SinkOf<'tcp'>['options'],
  context: BuildContext,
  place: string,
): Promise<BuiltSink> {
  const { format, isJson } = sinkFormat('tcp', options, context.pipeline, place)
  const built = await onPort(options, 'tcp', context, place, ({ access, serve }) => {
    const stream = tcpSink({
      ...viewerLimits(options, context),
      access,
      format,
      dropped: options.dropped_lines ?? (isJson ? 'json' : 'none'),
      // Lines know no comments: whoever wants a sign of life gets a line.
      heartbeat: heartbeatFor(options.heartbeat, { comment: 'json', json: 'json', entry: 'entry' }),
      backlogEntries: options.backlog_entries,
      helloTimeoutMs: inMs(options.greeting_timeout_seconds),
      maxInputBytes: options.max_input_bytes,
      allowHalfOpen: options.allow_half_open,
    })
    serve(stream.handler)
    return stream
  })
  return withViewers(built)
}
