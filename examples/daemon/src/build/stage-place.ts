/** Where in the configuration something stands, and errors that say so. */

import { LogwispError } from '@logwisp/core'
import type { PipelineConfig, SinkConfig, SourceConfig } from '../config/schema.ts'

/** `app.sinks.0.options`: the pipeline by its name, the rest as in the configuration. */
export function placeOf(pipeline: PipelineConfig, stage: SourceConfig | SinkConfig): string {
  const source = pipeline.sources.indexOf(stage as SourceConfig)
  if (source !== -1) return `${pipeline.name}.sources.${source}.options`
  const sink = pipeline.sinks.indexOf(stage as SinkConfig)
  return sink === -1 ? `${pipeline.name}.${stage.type}.options` : `${pipeline.name}.sinks.${sink}.options`
}

/** What `make` makes; what it throws begins with the place. */
export function inPlace<Made>(place: string, make: () => Made): Made {
  try {
    return make()
  } catch (error) {
    throw told(place, error)
  }
}

/** An error of the configuration at a place. */
export function refuse(place: string, words: string, cause?: unknown): LogwispError {
  return new LogwispError('BAD_OPTION', `${place}: ${words}`, { cause })
}

function told(place: string, error: unknown): unknown {
  if (!(error instanceof LogwispError) || error.message.startsWith(`${place}`)) return error
  return new LogwispError(error.code, `${place}: ${error.message}`, { cause: error })
}
