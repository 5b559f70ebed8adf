/** A source of the configuration, as a stage of the library. */

import type { SourceConfig } from '../config/schema.ts'
import type { BuildContext, BuildSource, BuiltSource } from './built-stage.ts'
import { buildDirectorySource, buildFileSource } from './sources/files.ts'
import { buildHttpSource } from './sources/http.ts'
import { buildSseSource } from './sources/sse.ts'
import { buildStdinSource } from './sources/stdin.ts'
import { buildTcpSource } from './sources/tcp.ts'
import { buildWebSocketSource } from './sources/websocket.ts'
import { placeOf } from './stage-place.ts'

/**
 * Makes a source. It has its port when it has one, and takes nothing yet.
 *
 * @throws LogwispError with the place in the configuration: `BAD_OPTION`, `BAD_CERTIFICATE`, `LISTEN_FAILED`, …
 */
export const buildSource: BuildSource = (config, context) => build(config, context, placeOf(context.pipeline, config))

async function build(config: SourceConfig, context: BuildContext, place: string): Promise<BuiltSource> {
  switch (config.type) {
    case 'directory':
      return buildDirectorySource(config.options, context, place)
    case 'file':
      return buildFileSource(config.options, context, place)
    case 'stdin':
      return buildStdinSource(config.options, context, place)
    case 'http':
      return buildHttpSource(config.options, context, place)
    case 'tcp':
      return buildTcpSource(config.options, context, place)
    case 'sse':
      return buildSseSource(config.options, context, place)
    case 'websocket':
      return buildWebSocketSource(config.options, context, place)
  }
}
