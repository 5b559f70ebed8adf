/** What one viewer wants to see, as its query says: `?level=warn&match=timeout&source=app.log`. */

import { isLogLevel, type LogEntry, type LogLevel, levelRank, logLevels } from '@logwisp/core'
import { textPattern } from '@logwisp/core/text-pattern'

/** A viewer's choice. A viewer without one sees everything, and shares what was written for the others. */
export interface ViewerFilter {
  /** Whether entries of this source can match at all. */
  source(source: string): boolean
  /** Whether a line of such a source matches. `level` is only asked for when the choice depends on it. */
  line(message: string, level: () => LogLevel | undefined): boolean
}

/** A query that cannot be understood, and which part of it. */
export class QueryError extends Error {
  /** The parameter's name. */
  readonly parameter: string

  constructor(parameter: string, message: string) {
    super(message)
    this.parameter = parameter
  }
}

/**
 * The filter that a query asks for; undefined when it asks for none. An entry must pass all of:
 * - `level=warn`: its level is at least this one. An entry without a level passes, unless `whenUnknown=drop`.
 * - `match=text`: the pattern is found in its message. Linear-time, whatever the pattern.
 * - `source=name`: its source is this, or a path that ends in it. May be repeated: any of them.
 *
 * Other parameters are left to whoever put them there, e.g. a token that the surrounding application checks.
 *
 * @throws QueryError when a value is unknown or no pattern, or a parameter comes twice.
 */
export function viewerFilter(query: URLSearchParams): ViewerFilter | undefined {
  const minimum = single(query, 'level')
  const match = single(query, 'match')
  const sources = query.getAll('source').filter((source) => source !== '')
  if (minimum === undefined && match === undefined && sources.length === 0) return undefined
  if (minimum !== undefined && !isLogLevel(minimum)) {
    throw new QueryError('level', `expected one of ${logLevels.join(', ')}, got ${JSON.stringify(minimum)}`)
  }
  const rank = minimum === undefined ? undefined : levelRank(minimum)
  const whenUnknown = single(query, 'whenUnknown') ?? 'pass'
  if (whenUnknown !== 'pass' && whenUnknown !== 'drop') {
    throw new QueryError('whenUnknown', `expected pass or drop, got ${JSON.stringify(whenUnknown)}`)
  }
  const pattern = match === undefined ? undefined : patternOf(match)
  return {
    source: (source) => sources.length === 0 || sources.some((name) => source === name || source.endsWith(`/${name}`)),
    line(message, level) {
      // The pattern first: most are a plain search, which is quicker than finding out a line's level.
      if (pattern !== undefined && !pattern.test(message)) return false
      if (rank === undefined) return true
      const found = level()
      return found === undefined ? whenUnknown === 'pass' : levelRank(found) >= rank
    },
  }
}

/** Whether the filter lets an entry pass. */
export function passes(filter: ViewerFilter, entry: LogEntry): boolean {
  return filter.source(entry.source) && filter.line(entry.message, () => entry.level)
}

/** The value of a parameter that may come once; undefined when it is absent or empty, as an empty form field is. */
export function single(query: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = query.getAll(name)
  if (more.length > 0) throw new QueryError(name, `expected one value, got ${more.length + 1}`)
  return value === '' ? undefined : value
}

function patternOf(text: string): { test(text: string): boolean } {
  try {
    return textPattern(text)
  } catch (error) {
    throw new QueryError('match', (error as Error).message)
  }
}
