/** Lines over TCP. */

import { tcpSource } from '@logwisp/sources/tcp-source'
import type { SourceOf } from '../../config/schema.ts'
import type { BuildContext, BuiltSource } from '../built-stage.ts'
import { inMs } from '../in-ms.ts'
import { onPort } from '../mounted.ts'

/** Takes lines from whoever connects to its port. */
export function buildTcpSource(
  options: SourceOf<'tcp'>['options'],
  context: BuildContext,
  place: string,
): Promise<BuiltSource> {
  return onPort(options, 'tcp', context, place, ({ access, serve }) => {
    const stream = tcpSource({
      access,
      source: options.source,
      format: options.line_format,
      framing: options.framing,
      whenInvalid: options.when_invalid,
      maxLineBytes: options.max_line_bytes,
      whenLineTooLong: options.when_line_too_long,
      zone: options.time_zone,
      maxConnections: options.max_connections,
      maxUnfinishedBytes: options.max_unfinished_bytes,
      idleTimeoutMs: inMs(options.idle_timeout_seconds),
      greetingTimeoutMs: inMs(options.greeting_timeout_seconds),
      rememberedIds: options.max_remembered_ids,
    })
    serve(stream.handler)
    return stream
  })
}
