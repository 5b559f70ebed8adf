/**
 * The words that people search with: `level:error source:api -healthz "exact words" /regex/ field.user=42`.
 * No import of Node: pages use it too.
 */

import type { QueryTerm } from './log-query.ts'

/** A stretch of the text and what it says; for colours and completion. Stretches are in order and do not overlap. */
export interface QueryPart {
  readonly start: number
  readonly end: number
  readonly kind: QueryTerm['kind']
  readonly not: boolean
  /** Undefined when this part is wrong; then `problem` says how. */
  readonly term?: QueryTerm | undefined
  /** For people: what is wrong and what to write instead. */
  readonly problem?: string | undefined
}

export interface ParsedQuery {
  readonly terms: readonly QueryTerm[]
  readonly parts: readonly QueryPart[]
  /** Parts that are wrong; the terms are those of the others. */
  readonly problems: readonly QueryPart[]
}

/** What is being written at a place of the text, so that it can be completed. */
export interface WordAtCursor {
  readonly start: number
  readonly end: number
  readonly wants: 'any' | 'level' | 'source' | 'field' | 'value'
  /** The field's path, for `value`. */
  readonly path?: string | undefined
  /** What is written of it already. */
  readonly prefix: string
}

/** Never throws. At most 1000 characters and 50 terms are read; what is beyond is a problem. */
export declare function parseQuery(text: string): ParsedQuery
/** The text of terms: `parseQuery(printQuery(terms)).terms` are equal terms. */
export declare function printQuery(terms: readonly QueryTerm[]): string
export declare function wordAtCursor(text: string, cursor: number): WordAtCursor
/** Puts `completion` in the place of the word, quoted if it must be, and says where the cursor is then. */
export declare function complete(text: string, word: WordAtCursor, completion: string): { text: string; cursor: number }
