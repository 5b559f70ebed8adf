/** The names of levels as people write them. */

import type { LogLevel } from '@logwisp/core/entry'
import { isLogLevel, logLevels } from '@logwisp/core/entry'
import type { LevelWord } from '../../log-query.ts'

const otherNames: Readonly<Record<string, LogLevel>> = {
  warning: 'warn',
  err: 'error',
  critical: 'fatal',
}

/** A level by its name in any case, or by another that is common. */
export function levelNamed(name: string): LevelWord | undefined {
  const word = name.toLowerCase()
  if (word === 'none' || isLogLevel(word)) return word
  return Object.hasOwn(otherNames, word) ? otherNames[word] : undefined
}

/** How levels can be compared. */
export type Comparison = '>=' | '>' | '<=' | '<'

/** The levels on one side of one. */
export function levelsBeside(comparison: Comparison, level: LogLevel): LogLevel[] {
  const rank = logLevels.indexOf(level)
  switch (comparison) {
    case '>=':
      return logLevels.slice(rank)
    case '>':
      return logLevels.slice(rank + 1)
    case '<=':
      return logLevels.slice(0, rank + 1)
    case '<':
      return logLevels.slice(0, rank)
  }
}
