/** What this daemon's stages are made by. */

import { buildFilters } from '../build/filters.ts'
import { buildSink } from '../build/sink.ts'
import { buildSource } from '../build/source.ts'
import type { ServiceBuilders } from './service-contract.ts'

/** All of `build`. */
export const defaultBuilders: ServiceBuilders = {
  source: buildSource,
  sink: buildSink,
  filters: buildFilters,
  endpoints: () => [],
}
