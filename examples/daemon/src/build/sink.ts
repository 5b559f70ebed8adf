/** A sink of the configuration, as a stage of the library. */

import type { SinkConfig } from '../config/schema.ts'
import type { BuildContext, BuildSink, BuiltSink } from './built-stage.ts'
import { buildConsoleSink } from './sinks/console.ts'
import { buildFileSink } from './sinks/file.ts'
import { buildHttpSink } from './sinks/http.ts'
import { buildHttpClientSink } from './sinks/http-client.ts'
import { buildTcpSink } from './sinks/tcp.ts'
import { buildTcpClientSink } from './sinks/tcp-client.ts'
import { buildWebSocketSink } from './sinks/websocket.ts'
import { placeOf } from './stage-place.ts'

/**
 * Makes a sink. It has its port when it has one.
 *
 * @throws LogwispError with the place in the configuration: `BAD_OPTION`, `BAD_CERTIFICATE`, `LISTEN_FAILED`, …
 */
export const buildSink: BuildSink = (config, context) => build(config, context, placeOf(context.pipeline, config))

async function build(config: SinkConfig, context: BuildContext, place: string): Promise<BuiltSink> {
  switch (config.type) {
    case 'http':
      return buildHttpSink(config.options, context, place)
    case 'tcp':
      return buildTcpSink(config.options, context, place)
    case 'websocket':
      return buildWebSocketSink(config.options, context, place)
    case 'http_client':
      return buildHttpClientSink(config.options, context, place)
    case 'tcp_client':
      return buildTcpClientSink(config.options, context, place)
    case 'file':
      return buildFileSink(config.options, context, place)
    case 'stdout':
    case 'stderr':
      return buildConsoleSink(config, context, place)
  }
}
