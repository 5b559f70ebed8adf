/** `include`: lets the entries pass that match, and drops the others. */

import { type EntryFilter, entryTransform } from '@logwisp/core'
import { entryMatch } from './internal/entry-match.ts'
import type { MatchOptions, Pattern } from './pattern.ts'

/**
 * Lets the entries pass that match, and drops the others under the reason `filtered`. Order is kept.
 *
 * Between two stages of LogWisp a `RegExp` or a string runs over whole blocks of text at once; the result is the same
 * as line by line.
 *
 * @param patterns One pattern, or a list of at least one.
 * @throws OptionError `BAD_OPTION`, also for an empty list or an empty string.
 * @example
 * ```ts
 * import { include } from '@logwisp/filters'
 *
 * const problems = include(/ERROR|WARN/)
 * const slowQueries = include(['query', /took \d{4,} ms/], { logic: 'and' })
 * ```
 */
export function include(patterns: Pattern | readonly Pattern[], options?: MatchOptions): EntryFilter {
  const match = entryMatch('include', patterns, options)
  return entryTransform({
    entry: (entry) => (match.entry(entry) ? entry : undefined),
    batch: (batch) => match.select(batch),
  })
}
