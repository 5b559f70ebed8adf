/** One pattern, made into a question that can be asked of an entry and of a whole batch. */

import { isRegExp } from 'node:util/types'
import type { Batch, LogEntry, LogLevel } from '@logwisp/core'
import type { MatchOptions, TextPattern } from '../pattern.ts'

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
export function textMatch(pattern: RegExp | string | TextPattern, text: NonNullable<MatchOptions['text']>): EntryMatch {
  const regexp = nativeRegexp(pattern)
  const test = regexp === undefined ? (it: string) => (pattern as TextPattern).test(it) : testOf(regexp)
  if (text === 'message') {
    return {
      entry: (entry) => test(entry.message),
      select: (batch) => batch.select((start, end) => test(batch.message(start, end))),
    }
  }
  return {
    entry: ({ source, level, message }) => test(fullText(source, level, message)),
    select: (batch) =>
      batch.select((start, end) => test(fullText(batch.source, batch.level(start, end), batch.message(start, end)))),
  }
}

/** The native regular expression that finds the same as the pattern, if there is one; a copy, so that nobody else moves its `lastIndex`. */
function nativeRegexp(pattern: RegExp | string | TextPattern): RegExp | undefined {
  if (typeof pattern === 'string') return new RegExp(pattern.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  const regexp = isRegExp(pattern) ? pattern : pattern.regexp
  return regexp === undefined ? undefined : new RegExp(regexp.source, regexp.flags.replace(/[gd]/g, ''))
}

function testOf(regexp: RegExp): (text: string) => boolean {
  return (text) => {
    // Only a sticky one has a place to start from; it starts anew for each text.
    regexp.lastIndex = 0
    return regexp.test(text)
  }
}

/** The text that the ancestor matched. */
function fullText(source: string, level: LogLevel | undefined, message: string): string {
  const head = level === undefined ? '' : `${level.toUpperCase()} `
  return source === '' ? `${head}${message}` : `${source} ${head}${message}`
}
