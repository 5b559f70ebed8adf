/** `byLevel`: lets the entries pass that are at least as urgent as a level. */

import {
  checkArgument,
  checkOptions,
  type EntryFilter,
  entryTransform,
  type LogLevel,
  levelRank,
  logLevels,
  option,
} from '@logwisp/core'

/** How {@link byLevel} decides. */
export interface ByLevelOptions {
  /**
   * What becomes of an entry that tells no level, such as a line of a stack trace.
   * @default 'pass'
   */
  readonly whenUnknown?: 'pass' | 'drop' | undefined
}

/**
 * Lets the entries pass whose level is `minimum` or more urgent, and drops the others under the reason `filtered`.
 * Order is kept. Levels, from the least urgent: `trace`, `debug`, `info`, `warn`, `error`, `fatal`.
 *
 * @throws OptionError `BAD_OPTION`.
 * @example
 * ```ts
 * import { byLevel } from '@logwisp/filters'
 *
 * const problems = byLevel('warn', { whenUnknown: 'drop' })
 * ```
 */
export function byLevel(minimum: LogLevel, options: ByLevelOptions = {}): EntryFilter {
  checkArgument('byLevel', 'minimum', minimum, option.oneOf(...logLevels))
  checkOptions('byLevel', options, { whenUnknown: option.oneOf('pass', 'drop') })
  const rank = levelRank(minimum)
  const unknownPasses = options.whenUnknown !== 'drop'
  const passes = (level: LogLevel | undefined): boolean =>
    level === undefined ? unknownPasses : levelRank(level) >= rank
  return entryTransform({
    entry: (entry) => (passes(entry.level) ? entry : undefined),
    batch: (batch) => batch.select((start, end) => passes(batch.level(start, end))),
  })
}
