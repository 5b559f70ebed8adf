/** Where in the configuration something stands, and errors that say so. */

import { LogwispError } from '@logwisp/core'
import type { PipelineConfig, SinkConfig, SourceConfig } from '../config/schema.ts'

/** An error of the configuration that knows where it stands. */
export class PlacedError extends LogwispError {
  /** As {@link placeOf} has it; of filters from the pipeline on. */
  readonly place: string
  /** What is wrong, without the place. */
  readonly reason: string

  constructor(code: LogwispError['code'], place: string, reason: string, cause: unknown) {
    super(code, `${place}: ${reason}`, { cause })
    this.place = place
    this.reason = reason
  }
}

/** `app.sinks.0.options`: the pipeline by its name, the rest as in the configuration. */
export function placeOf(pipeline: PipelineConfig, stage: SourceConfig | SinkConfig): string {
  const source = pipeline.sources.indexOf(stage as SourceConfig)
  if (source !== -1) return `${pipeline.name}.sources.${source}.options`
  const sink = pipeline.sinks.indexOf(stage as SinkConfig)
  return sink === -1 ? `${pipeline.name}.${stage.type}.options` : `${pipeline.name}.sinks.${sink}.options`
}

/** What `make` makes; what it throws has the place, unless it has a closer one. */
export function inPlace<Made>(place: string, make: () => Made): Made {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof LogwispError) || error instanceof PlacedError) throw error
    throw new PlacedError(error.code, place, error.message, error)
  }
}

/** An error of the configuration at a place. */
export function refuse(place: string, words: string, cause?: unknown): PlacedError {
  return new PlacedError('BAD_OPTION', place, words, cause)
}
