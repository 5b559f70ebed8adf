/** Patterns and their options, made into one question that can be asked of an entry and of a whole batch. */

import { isAsyncFunction } from 'node:util/types'
import { checkArgument, checkOptions, type OptionRule, option } from '@logwisp/core'
import type { MatchOptions, Pattern } from '../pattern.ts'
import { type EntryMatch, predicateMatch, textMatch } from './single-match.ts'

const pattern: OptionRule = {
  expected: 'a RegExp, a non-empty string, a text pattern or a function that is not async',
  accepts: (value) => {
    if (typeof value === 'string') return value !== ''
    if (typeof value === 'function') return !isAsyncFunction(value)
    return typeof value === 'object' && value !== null && typeof (value as { test?: unknown }).test === 'function'
  },
}

/**
 * One question from one or many patterns.
 *
 * @throws OptionError `BAD_OPTION` in the name of `stage`.
 */
export function entryMatch(
  stage: string,
  patterns: Pattern | readonly Pattern[],
  options: MatchOptions | undefined,
): EntryMatch {
  checkArgument(stage, 'patterns', patterns, option.either(pattern, option.list(pattern, 1)))
  checkOptions(stage, options, {
    logic: option.oneOf('or', 'and'),
    text: option.oneOf('message', 'source-level-message'),
  })
  const { logic = 'or', text = 'message' } = options ?? {}
  const list = Array.isArray(patterns) ? (patterns as readonly Pattern[]) : [patterns as Pattern]
  // Functions come last: they need an entry, which the others may spare.
  const functions = list.filter((one) => typeof one === 'function')
  const texts = list.filter((one) => typeof one !== 'function')
  const matches = [...texts.map((one) => textMatch(one, text)), ...functions.map((one) => predicateMatch(one))]
  if (matches.length === 1) return matches[0] as EntryMatch
  return logic === 'or' ? anyOf(matches) : allOf(matches)
}

function anyOf(matches: readonly EntryMatch[]): EntryMatch {
  return {
    entry: (entry) => matches.some((match) => match.entry(entry)),
    select: (batch) => {
      let rest = batch
      for (const match of matches) rest = rest.without(match.select(rest))
      return batch.without(rest)
    },
  }
}

function allOf(matches: readonly EntryMatch[]): EntryMatch {
  return {
    entry: (entry) => matches.every((match) => match.entry(entry)),
    select: (batch) => matches.reduce((kept, match) => match.select(kept), batch),
  }
}
