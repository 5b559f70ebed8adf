/** Entries over WebSocket: from a server, or from clients. */

import { webSocketSource } from '@logwisp/sources/web-socket-source'
import type { SourceOf } from '../../config/schema.ts'
import type { BuildContext, BuiltSource } from '../built-stage.ts'
import { inMs } from '../in-ms.ts'
import { makeStage } from '../make-stage.ts'
import { onPort, pathOf } from '../mounted.ts'
import { resumeOptions } from './resuming.ts'

type Options = SourceOf<'websocket'>['options']
type FromServer = Extract<Options, { url: string }>
type FromClients = Exclude<Options, { url: string }>

/** With `url` it reads from there, without it takes clients at `ingest_path` of its port. */
export async function buildWebSocketSource(
  options: Options,
  context: BuildContext,
  place: string,
): Promise<BuiltSource> {
  return 'url' in options ? readServer(options, context, place) : takeClients(options, context, place)
}

function readServer(options: FromServer, context: BuildContext, place: string): BuiltSource {
  const stream = makeStage(context, place, () =>
    webSocketSource(options.url, {
      ...resumeOptions(options, context, place),
      maxFrameBytes: options.max_frame_bytes,
    }),
  )
  return { stream, release: () => {} }
}

function takeClients(options: FromClients, context: BuildContext, place: string): Promise<BuiltSource> {
  const path = pathOf(options.ingest_path, context)
  return onPort(options, 'http', context, place, ({ access, mount }) => {
    const stream = webSocketSource(
      { mounted: true },
      {
        path,
        access,
        allowOrigin: options.allow_origin,
        source: options.source,
        maxConnections: options.max_connections,
        maxFrameBytes: options.max_frame_bytes,
        maxWaitingBytes: options.max_waiting_bytes,
        maxRememberedIds: options.max_remembered_ids,
        pingIntervalMs: inMs(options.ping_interval_seconds),
        compress: options.compress,
      },
    )
    mount([path], 'ingest', { handler: stream.handler, handleUpgrade: stream.handleUpgrade })
    return stream
  })
}
