/** The limits and filters of a pipeline, as stages of the library. */

import type { Duplex } from 'node:stream'
import { type EntryFilter, entryTransform, textPattern } from '@logwisp/core'
import { byLevel, exclude, include, limitSize, rateLimit } from '@logwisp/filters'
import type { FilterConfig, PipelineConfig } from '../config/schema.ts'
import type { BuildFilters } from './built-stage.ts'
import { inPlace } from './stage-place.ts'

/**
 * Makes what stands between sources and sinks: the limits of size and rate, as far as there are any, then one stage for
 * each of `filters`, in their order. Patterns are RE2's, so that none of them takes long on any text.
 *
 * @throws LogwispError `BAD_PATTERN` with the place in the configuration.
 */
export const buildFilters: BuildFilters = ({ rate_limit, filters }) => [
  ...buildLimits(rate_limit),
  ...filters.map(buildFilter),
]

/** The limits of size and rate, as far as there are any. */
export function buildLimits({ rate, burst, policy, max_entry_size_bytes }: PipelineConfig['rate_limit']): Duplex[] {
  const stages: Duplex[] = []
  if (max_entry_size_bytes > 0) stages.push(limitSize(max_entry_size_bytes))
  if (rate > 0 && policy !== 'pass') {
    stages.push(
      rateLimit({
        ratePerSecond: rate,
        burst: burst === 0 ? undefined : Math.max(1, burst),
        whenLimited: policy,
      }),
    )
  }
  return stages
}

/**
 * The filter at this place of `filters`.
 *
 * @throws LogwispError `BAD_PATTERN` with the place in the configuration.
 */
export function buildFilter(filter: FilterConfig, index: number): EntryFilter {
  return inPlace(`filters.${index}`, () => filterStage(filter, index))
}

function filterStage(filter: FilterConfig, index: number): EntryFilter {
  if (filter.type === 'level') return byLevel(filter.minimum, { whenUnknown: filter.when_unknown })
  const { type, logic, patterns, ignore_case: ignoreCase, text } = filter
  const tests = patterns.map((pattern, at) =>
    inPlace(`filters.${index}.patterns.${at}`, () => textPattern(pattern, { ignoreCase })),
  )
  if (tests.length === 0) return entryTransform({ entry: (entry) => entry, batch: (batch) => batch })
  return type === 'include' ? include(tests, { logic, text }) : exclude(tests, { logic, text })
}
