/** A sink of the configuration, as a stage of the library. */

import type { SinkConfig } from '../config/schema.ts'
import type { BuildContext, BuildSink, BuiltSink } from './built-stage.ts'
import { placeOf } from './stage-place.ts'

/**
 * Makes a sink. It has its port when it has one.
 *
 * @throws LogwispError with the place in the configuration: `BAD_OPTION`, `BAD_CERTIFICATE`, `LISTEN_FAILED`, …
 */
export const buildSink: BuildSink = (config, context) => build(config, context, placeOf(context.pipeline, config))

/** What makes each type is loaded when a configuration names it: a program that starts has no time for HTTP clients. */
async function build(config: SinkConfig, context: BuildContext, place: string): Promise<BuiltSink> {
  switch (config.type) {
    case 'http':
      return (await import('./sinks/http.ts')).buildHttpSink(config.options, context, place)
    case 'tcp':
      return (await import('./sinks/tcp.ts')).buildTcpSink(config.options, context, place)
    case 'websocket':
      return (await import('./sinks/websocket.ts')).buildWebSocketSink(config.options, context, place)
    case 'http_client':
      return (await import('./sinks/http-client.ts')).buildHttpClientSink(config.options, context, place)
    case 'tcp_client':
      return (await import('./sinks/tcp-client.ts')).buildTcpClientSink(config.options, context, place)
    case 'file':
      return (await import('./sinks/file.ts')).buildFileSink(config.options, context, place)
    case 'stdout':
    case 'stderr':
      return (await import('./sinks/console.ts')).buildConsoleSink(config, context, place)
  }
}
