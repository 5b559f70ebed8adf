/**
 * The words that people search with: `level:error source:api -healthz "exact words" /regex/ field.user=42`.
 * No import of Node: pages use it too. docs/search.md tells the language.
 */

import { maxQueryLength, skipGap } from './internal/language/pieces.ts'
import { printPath, printTerm, printValue } from './internal/language/print-term.ts'
import { scanTerm } from './internal/language/scan-term.ts'
import { findWordAtCursor } from './internal/language/word-at-cursor.ts'
import type { QueryTerm } from './log-query.ts'

/** A stretch of the text and what it says; for colours and completion. Stretches are in order and do not overlap. */
export interface QueryPart {
  /** Where it begins in the text, a `-` before it counted. Unit: UTF-16 code units. */
  readonly start: number
  /** Where it ends: the first place that is no part of it. */
  readonly end: number
  /** What it says, or seems to. */
  readonly kind: QueryTerm['kind']
  /** Whether it says what is left out. */
  readonly not: boolean
  /** Undefined when this part is wrong; then `problem` says how. */
  readonly term?: QueryTerm | undefined
  /** For people: what is wrong and what to write instead. */
  readonly problem?: string | undefined
}

/** What a query's text says. */
export interface ParsedQuery {
  /** All that was understood. */
  readonly terms: readonly QueryTerm[]
  /** All of the text but white space. */
  readonly parts: readonly QueryPart[]
  /** Parts that are wrong; the terms are those of the others. */
  readonly problems: readonly QueryPart[]
}

/** What is being written at a place of the text, so that it can be completed. */
export interface WordAtCursor {
  /** Where it begins; a quote belongs to it. */
  readonly start: number
  /** Where it ends. */
  readonly end: number
  /** What it is to be; `any` is the beginning of a term, or a word to look for. */
  readonly wants: 'any' | 'level' | 'source' | 'field' | 'value'
  /** The field's path, for `value`. */
  readonly path?: string | undefined
  /** What is written of it before the cursor, without quotes. */
  readonly prefix: string
}

/** Terms that are read. */
const maxTerms = 50

/**
 * Reads a query. Never throws: a part that is wrong is left out of the terms and told in `problems`, the others count.
 * At most 1000 characters and 50 terms are read; what is beyond is one problem.
 *
 * @example
 * ```ts
 * import { openStore, parseQuery } from '@logwisp/store'
 *
 * const store = await openStore('./logs.db', { readOnly: true })
 * const { terms, problems } = parseQuery('level>=warn source:api.log "connection refused"')
 * if (problems.length === 0) console.log(await store.page({ terms }))
 * ```
 */
export function parseQuery(text: string): ParsedQuery {
  const parts: QueryPart[] = []
  const readable = text.length > maxQueryLength ? text.slice(0, maxQueryLength) : text
  for (let start = skipGap(readable, 0); start < readable.length; ) {
    const part = scanTerm(readable, start)
    const isCut = part.end === readable.length && readable.length < text.length
    if (isCut || parts.length === maxTerms) {
      parts.push(beyond(text, start))
      break
    }
    parts.push(part)
    start = skipGap(readable, part.end)
    if (start >= readable.length && readable.length < text.length) {
      const next = skipGap(text, start)
      if (next < text.length) parts.push(beyond(text, next))
    }
  }
  return {
    terms: parts.flatMap(({ term }) => (term === undefined ? [] : [term])),
    parts,
    problems: parts.filter(({ problem }) => problem !== undefined),
  }
}

function beyond(text: string, start: number): QueryPart {
  return {
    start,
    end: text.trimEnd().length,
    kind: 'word',
    not: false,
    problem: `a query may have ${maxQueryLength} characters and ${maxTerms} parts: all from here on is left out; make it shorter`,
  }
}

/**
 * The text of terms: `parseQuery(printQuery(terms)).terms` are equal terms, for all that `parseQuery` gives; others come back
 * with the same meaning, a `word` that is several as a `phrase`. A term without levels or sources, which fits nothing, gives a
 * text that is a problem.
 */
export function printQuery(terms: readonly QueryTerm[]): string {
  return terms.map(printTerm).join(' ')
}

/** What stands at the cursor, 0 to the text's length: which completions to offer. */
export function wordAtCursor(text: string, cursor: number): WordAtCursor {
  return findWordAtCursor(text, Math.min(Math.max(cursor, 0), text.length))
}

/**
 * Puts `completion` in the place of the word, quoted if it must be, and says where the cursor is then: after it. For `any` it
 * is put as it is: `level:` or a word.
 */
export function complete(text: string, word: WordAtCursor, completion: string): { text: string; cursor: number } {
  const written =
    word.wants === 'any' ? completion : word.wants === 'field' ? printPath(completion) : printValue(completion)
  return {
    text: text.slice(0, word.start) + written + text.slice(word.end),
    cursor: word.start + written.length,
  }
}
