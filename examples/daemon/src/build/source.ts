/** A source of the configuration, as a stage of the library. */

import type { SourceConfig } from '../config/schema.ts'
import type { BuildContext, BuildSource, BuiltSource } from './built-stage.ts'
import { placeOf } from './stage-place.ts'

/**
 * Makes a source. It has its port when it has one, and takes nothing yet.
 *
 * @throws LogwispError with the place in the configuration: `BAD_OPTION`, `BAD_CERTIFICATE`, `LISTEN_FAILED`, …
 */
export const buildSource: BuildSource = (config, context) => build(config, context, placeOf(context.pipeline, config))

/** What makes each type is loaded when a configuration names it. */
async function build(config: SourceConfig, context: BuildContext, place: string): Promise<BuiltSource> {
  switch (config.type) {
    case 'directory':
      return (await import('./sources/files.ts')).buildDirectorySource(config.options, context, place)
    case 'file':
      return (await import('./sources/files.ts')).buildFileSource(config.options, context, place)
    case 'stdin':
      return (await import('./sources/stdin.ts')).buildStdinSource(config.options, context, place)
    case 'http':
      return (await import('./sources/http.ts')).buildHttpSource(config.options, context, place)
    case 'tcp':
      return (await import('./sources/tcp.ts')).buildTcpSource(config.options, context, place)
    case 'sse':
      return (await import('./sources/sse.ts')).buildSseSource(config.options, context, place)
    case 'websocket':
      return (await import('./sources/websocket.ts')).buildWebSocketSource(config.options, context, place)
  }
}
