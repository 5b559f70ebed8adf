/** Whether an entry fits a query, one entry at a time: the meaning of a query; the index only narrows what is asked. */

import type { LogEntry } from '@logwisp/core'
import { isLogLevel, LogwispError, textPattern } from '@logwisp/core'
import { decimalText } from './internal/words/decimal-text.ts'
import { walkFields } from './internal/words/field-nodes.ts'
import { hasPhrase, phraseOf } from './internal/words/find-phrase.ts'
import { foldText } from './internal/words/fold.ts'
import { sourceFits } from './internal/words/source-fits.ts'
import type { LevelWord, LogQuery, QueryTerm } from './log-query.ts'

/** What costs little is asked first. */
const byCost: readonly QueryTerm['kind'][] = ['level', 'source', 'word', 'phrase', 'field', 'pattern']

/** What a query looks at. */
type Matched = Omit<LogEntry, 'origin'>

/**
 * Makes the function that says whether an entry fits: it is in the time range (`from` ≤ time < `to`) and fits every term.
 *
 * The texts of an entry are its message and each value of its fields; a word, phrase or pattern must stand in one of them.
 * It looks at `fields` only when the rest does not decide, so they can be a getter that parses.
 *
 * @throws LogwispError `BAD_QUERY` naming the term.
 */
export function queryMatcher(query: LogQuery): (entry: Matched) => boolean {
  const from = timeOf(query, 'from', -Infinity)
  const to = timeOf(query, 'to', Infinity)
  const terms = query.terms ?? []
  if (!Array.isArray(terms)) throw badQuery('`terms` must be an array of terms')
  const fits = terms
    .map(termMatcher)
    .map((matches, index) => ({ matches, cost: byCost.indexOf(terms[index].kind) }))
    .sort((a, b) => a.cost - b.cost)
    .map(({ matches }) => matches)
  return (entry) => {
    if (!(entry.time >= from && entry.time < to)) return false
    for (const fitsTerm of fits) if (!fitsTerm(entry)) return false
    return true
  }
}

function timeOf(query: LogQuery, name: 'from' | 'to', whenAbsent: number): number {
  const time: unknown = query[name] ?? whenAbsent
  if (typeof time === 'number' && !Number.isNaN(time)) return time
  throw badQuery(`\`${name}\` must be a time in ms since the epoch, got ${String(time)}`)
}

function badQuery(reason: string, cause?: unknown): LogwispError {
  return new LogwispError('BAD_QUERY', reason, { cause })
}

function termMatcher(term: QueryTerm, index: number): (entry: Matched) => boolean {
  const fail = (reason: string, cause?: unknown): never => {
    throw badQuery(`term ${index + 1} of the query (${String(term?.kind)}): ${reason}`, cause)
  }
  if (typeof term !== 'object' || term === null) return fail('must be an object with a `kind`')
  const fits = positiveMatcher(term, fail)
  return term.not ? (entry) => !fits(entry) : fits
}

type Fail = (reason: string, cause?: unknown) => never

function positiveMatcher(term: QueryTerm, fail: Fail): (entry: Matched) => boolean {
  switch (term.kind) {
    case 'level': {
      const levels = new Set<unknown>(listOf(term.levels, 'levels', fail))
      for (const level of levels) {
        if (level !== 'none' && !isLogLevel(level)) fail(`${JSON.stringify(level)} is no level, and not 'none'`)
      }
      return ({ level }) => levels.has((level ?? 'none') satisfies LevelWord)
    }
    case 'source': {
      const sources = listOf(term.sources, 'sources', fail)
      if (sources.includes('')) fail('a source needs a name')
      return ({ source }) => sources.some((wanted) => sourceFits(source, wanted))
    }
    case 'field':
      return fieldMatcher(textOf(term.path, 'path', fail), listOf(term.values, 'values', fail))
    case 'word':
    case 'phrase': {
      const phrase = phraseOf(textOf(term.text, 'text', fail), term.kind === 'word' && (term.prefix ?? false))
      if (phrase === undefined) return fail('there is nothing to look for: its text is empty, or accents only')
      return textMatcher((text) => hasPhrase(foldText(text), phrase))
    }
    case 'pattern':
      return patternMatcher(textOf(term.pattern, 'pattern', fail), term.ignoreCase ?? false, fail)
    default:
      return fail("its kind must be 'level', 'source', 'field', 'word', 'phrase' or 'pattern'")
  }
}

function textOf(value: unknown, name: string, fail: Fail): string {
  return typeof value === 'string' ? value : fail(`\`${name}\` must be a string`)
}

function listOf(value: unknown, name: string, fail: Fail): readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
    ? value
    : fail(`\`${name}\` must be an array of strings`)
}

function patternMatcher(pattern: string, ignoreCase: boolean, fail: Fail): (entry: Matched) => boolean {
  try {
    const compiled = textPattern(pattern, { ignoreCase })
    return textMatcher((text) => compiled.test(text))
  } catch (error) {
    return fail((error as Error).message, error)
  }
}

function textMatcher(fits: (text: string) => boolean): (entry: Matched) => boolean {
  return (entry) => {
    if (fits(entry.message)) return true
    const { fields } = entry
    return fields !== undefined && walkFields(fields, (_, leaf) => leaf !== undefined && fits(leaf.text))
  }
}

function fieldMatcher(path: string, values: readonly string[]): (entry: Matched) => boolean {
  const numbers = new Set(values.map(decimalText))
  numbers.delete(undefined)
  return ({ fields }) =>
    walkFields(fields, (found, leaf) => {
      if (found !== path) return false
      if (values.length === 0) return true
      if (leaf === undefined) return false
      const number = leaf.isNumber ? decimalText(leaf.text) : undefined
      return number === undefined ? values.includes(leaf.text) : numbers.has(number)
    })
}
