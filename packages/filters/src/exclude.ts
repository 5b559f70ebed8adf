/** `exclude`: drops the entries that match, and lets the others pass. */

import { type EntryFilter, entryTransform } from '@logwisp/core'
import { entryMatch } from './internal/entry-match.ts'
import type { MatchOptions, Pattern } from './pattern.ts'

/**
 * Drops the entries that match under the reason `filtered`, and lets the others pass. Order is kept.
 *
 * Between two stages of LogWisp a `RegExp` or a string runs over whole blocks of text at once; the result is the same
 * as line by line.
 *
 * @param patterns One pattern, or a list of at least one.
 * @throws OptionError `BAD_OPTION`, also for an empty list or an empty string.
 * @example
 * ```ts
 * import { exclude } from '@logwisp/filters'
 *
 * const noHealthChecks = exclude(['/healthz', '/readyz'])
 * const noQuietRetries = exclude(['retry', (entry) => entry.level === 'debug'], { logic: 'and' })
 * ```
 */
export function exclude(patterns: Pattern | readonly Pattern[], options?: MatchOptions): EntryFilter {
  const match = entryMatch('exclude', patterns, options)
  return entryTransform({
    entry: (entry) => (match.entry(entry) ? undefined : entry),
    batch: (batch) => batch.without(match.select(batch)),
  })
}
