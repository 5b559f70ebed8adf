/** What one viewer wants to see, as its query says (`?level=warn&match=timeout&source=app.log`) or its request. */

import { isLogLevel, type LogEntry, type LogLevel, levelRank, logLevels } from '@logwisp/core'
import { textPattern } from '@logwisp/core/text-pattern'

/** A viewer's choice. A viewer without one sees everything. */
export interface ViewerFilter {
  /** The same for filters that let the same pass: what is written for one of them serves the others. */
  readonly key: string
  /** Whether entries of this source can match at all. */
  source(source: string): boolean
  /** Whether a line of such a source matches. `level` is only asked for when the choice depends on it. */
  line(message: string, level: () => LogLevel | undefined): boolean
}

/** A wish that cannot be understood, and which part of it. */
export class QueryError extends Error {
  /** The parameter's name. */
  readonly parameter: string

  constructor(parameter: string, message: string) {
    super(message)
    this.parameter = parameter
  }
}

/** The parts of a filter, as texts that came from outside. */
interface FilterParts {
  readonly level?: string | undefined
  readonly match?: string | undefined
  readonly whenUnknown?: string | undefined
  readonly sources: readonly string[]
}

/** Each is looked at for each run of entries. */
const maxSources = 100

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
  return filterOf({
    level: single(query, 'level'),
    match: single(query, 'match'),
    whenUnknown: single(query, 'whenUnknown'),
    sources: query.getAll('source').filter((source) => source !== ''),
  })
}

/**
 * The filter that an object from outside asks for: `{"level":"warn","match":"…","source":["app.log"],"whenUnknown":"drop"}`,
 * each part as {@link viewerFilter} has it, `source` also as one text. `null` and `{}` are no filter.
 *
 * @throws QueryError when it is no such object: unknown names too, since a filter that was mistyped lets everything pass.
 */
export function viewerFilterFrom(value: unknown): ViewerFilter | undefined {
  if (value === null) return undefined
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new QueryError('filter', 'expected an object such as {"level":"warn"}, or null')
  }
  const { level, match, whenUnknown, source = [], ...unknown } = value as Readonly<Record<string, unknown>>
  const [stranger] = Object.keys(unknown)
  if (stranger !== undefined) {
    throw new QueryError(
      'filter',
      `unknown name ${JSON.stringify(stranger)}: level, match, whenUnknown and source are known`,
    )
  }
  return filterOf({
    level: textOf('level', level),
    match: textOf('match', match),
    whenUnknown: textOf('whenUnknown', whenUnknown),
    sources: [source]
      .flat()
      .map((one) => textOf('source', one))
      .filter((one) => one !== undefined),
  })
}

function textOf(name: string, value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw new QueryError(name, `expected a text, got ${typeof value}`)
  return value
}

function filterOf({ level: minimum, match, whenUnknown = 'pass', sources }: FilterParts): ViewerFilter | undefined {
  if (minimum !== undefined && !isLogLevel(minimum)) {
    throw new QueryError('level', `expected one of ${logLevels.join(', ')}, got ${JSON.stringify(minimum)}`)
  }
  if (whenUnknown !== 'pass' && whenUnknown !== 'drop') {
    throw new QueryError('whenUnknown', `expected pass or drop, got ${JSON.stringify(whenUnknown)}`)
  }
  if (sources.length > maxSources)
    throw new QueryError('source', `at most ${maxSources} are looked for, got ${sources.length}`)
  if (minimum === undefined && match === undefined && sources.length === 0) return undefined
  const rank = minimum === undefined ? undefined : levelRank(minimum)
  const pattern = match === undefined ? undefined : patternOf(match)
  return {
    key: JSON.stringify([minimum, whenUnknown, match, [...new Set(sources)].sort()]),
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
