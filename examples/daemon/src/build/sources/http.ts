/** Entries that clients POST. */

import { httpSource } from '@logwisp/sources/http-source'
import type { SourceOf } from '../../config/schema.ts'
import type { BuildContext, BuiltSource } from '../built-stage.ts'
import { inMs } from '../in-ms.ts'
import { onPort, pathOf } from '../mounted.ts'

/** Takes entries at `ingest_path` of its port. */
export function buildHttpSource(
  options: SourceOf<'http'>['options'],
  context: BuildContext,
  place: string,
): Promise<BuiltSource> {
  const path = pathOf(options.ingest_path, context)
  return onPort(options, 'http', context, place, ({ access, mount }) => {
    const stream = httpSource({
      path,
      access,
      allowOrigin: options.allow_origin,
      source: options.source,
      addSender: options.add_sender,
      respond: options.respond,
      whenInvalid: options.when_invalid,
      maxRequests: options.max_requests,
      maxBodyBytes: options.max_body_bytes,
      maxEntryBytes: options.max_entry_bytes,
      maxHeldBytes: options.max_held_bytes,
      bodyTimeoutMs: inMs(options.body_timeout_seconds),
      busyTimeoutMs: inMs(options.busy_timeout_seconds),
      deliverTimeoutMs: inMs(options.deliver_timeout_seconds),
      dedupe: options.drop_repeated,
      maxRememberedIds: options.max_remembered_ids,
    })
    mount([path], 'ingest', { handler: stream.handler })
    return stream
  })
}
