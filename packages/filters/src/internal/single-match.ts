/** One pattern, made into a question that can be asked of an entry and of a whole batch. */

import { isRegExp } from 'node:util/types'
import type { Batch, LogEntry } from '@logwisp/core'
import type { MatchOptions, TextTest } from '../pattern.ts'
import { blockSearch } from './block-search.ts'
import { fullTextSelect, headOf } from './full-text-select.ts'
import { type LineQuestion, selectLines } from './select-lines.ts'

/** A question about entries, and the same about all lines of a batch. */
export interface EntryMatch {
  /** Whether this entry matches. */
  entry(entry: LogEntry): boolean
  /** Keeps exactly the lines whose entries match. */
  select(batch: Batch): Batch
}

/** The question that a function asks. */
export function predicateMatch(matches: (entry: LogEntry) => boolean): EntryMatch {
  return {
    entry: (entry) => matches(entry),
    select: (batch) => batch.select((start, end, next) => matches(batch.entry(start, end, next))),
  }
}

/** The question whether a text matches. */
export function textMatch(pattern: RegExp | string | TextTest, text: NonNullable<MatchOptions['text']>): EntryMatch {
  const { test, search } = lineQuestion(pattern)
  if (text === 'message') {
    return {
      entry: (entry) => test(entry.message),
      select: (batch) => selectLines(batch, { test, search }),
    }
  }
  return {
    entry: ({ source, level, message }) => test(headOf(source, level) + message),
    select: fullTextSelect({ test, search }),
  }
}

function lineQuestion(pattern: RegExp | string | TextTest): LineQuestion {
  if (typeof pattern !== 'string' && !isRegExp(pattern)) {
    const search = pattern.regexp === undefined ? undefined : blockSearch(pattern.regexp)
    return { test: (line) => pattern.test(line), search }
  }
  // A copy, whose `lastIndex` nobody else moves.
  const regexp = isRegExp(pattern)
    ? new RegExp(pattern.source, pattern.flags.replace(/[gd]/g, ''))
    : new RegExp(pattern.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  const test = (line: string): boolean => {
    // Only a sticky one has a place to start from; it starts anew for each text.
    regexp.lastIndex = 0
    return regexp.test(line)
  }
  return { test, search: blockSearch(regexp) }
}
