/** What is asked of a store: which entries. Plain data, that also a browser can make. */

import type { LogLevel } from '@logwisp/core'

/** A level, or that an entry has none. */
export type LevelWord = LogLevel | 'none'

/**
 * One condition of a query. Texts (`word`, `phrase`, `pattern`) are looked for in the message and in the values of fields,
 * words and phrases without regard to case and accents.
 */
export type QueryTerm = {
  /** Whether the entries that it fits are left out. @default false */
  readonly not?: boolean | undefined
} & (
  | { readonly kind: 'level'; readonly levels: readonly LevelWord[] }
  /** A source by its whole name, or by the end of its path: `app.log` fits `/var/log/app.log`. */
  | { readonly kind: 'source'; readonly sources: readonly string[] }
  /**
   * A field by its dotted path, `user.id`; equal to one of the values: a number as a number, all else as text. Without values:
   * that it is there. The elements of an array stand at the path of the array.
   */
  | { readonly kind: 'field'; readonly path: string; readonly values: readonly string[] }
  /** A whole word: letters and digits between anything else. With `prefix` the beginning of one. Other texts: as a phrase. */
  | { readonly kind: 'word'; readonly text: string; readonly prefix?: boolean | undefined }
  /** Whole words that follow each other, with the same characters before, between and after them. */
  | { readonly kind: 'phrase'; readonly text: string }
  /** A regular expression in RE2's syntax: linear time, whatever it is. */
  | { readonly kind: 'pattern'; readonly pattern: string; readonly ignoreCase?: boolean | undefined }
)

/** Which entries: those in the time range that fit every term. */
export interface LogQuery {
  /** Not before this, in ms since the epoch. @default -Infinity */
  readonly from?: number | undefined
  /** Before this, in ms since the epoch. @default Infinity */
  readonly to?: number | undefined
  /** @default [] */
  readonly terms?: readonly QueryTerm[] | undefined
}
