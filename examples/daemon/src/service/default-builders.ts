/** What this daemon's stages are made by. */

import { buildFilters } from '../build/filters.ts'
import { buildSink } from '../build/sink.ts'
import { buildSource } from '../build/source.ts'
import type { Builders } from '../pipeline/pipeline-options.ts'

/** All of `build`. */
export const defaultBuilders: Builders = {
  source: buildSource,
  sink: buildSink,
  filters: buildFilters,
}
