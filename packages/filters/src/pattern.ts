/** What an entry can be matched with, and the options that every matching filter has. */

import type { LogEntry } from '@logwisp/core'

/** Something that answers for a text, such as core's `textPattern` makes. It must keep no state between two answers. */
export interface TextTest {
  /** Whether the text matches. */
  test(text: string): boolean
  /** A native regular expression that finds a match in a line exactly when `test` says yes, to search many lines at once. */
  readonly regexp?: RegExp | undefined
}

/**
 * One pattern: a `RegExp`, searched for anywhere in the text; a string, which is looked for as it stands; the
 * `textPattern` of core, for a regular expression that comes as text (configuration, a query), or anything else that
 * tests a text; or a function that looks at the whole entry.
 *
 * A `RegExp` is copied: its `lastIndex` is neither used nor changed, `g` means nothing, and one with `y` matches at the
 * text's beginning only. A native `RegExp` can take very long on a hostile text; never make one from a text that somebody
 * else wrote, use core's `textPattern` for those. A function must answer at once, and is not asked about an entry whose
 * fate is decided without it.
 */
export type Pattern = RegExp | string | TextTest | ((entry: LogEntry) => boolean)

/** How patterns are matched. */
export interface MatchOptions {
  /**
   * When there are several patterns: whether an entry matches with `or` any of them, or only with `and` all of them.
   * @default 'or'
   */
  readonly logic?: 'or' | 'and' | undefined
  /**
   * What text is matched, except by functions. `message`: the entry's message alone.
   * `source-level-message`: source, level in upper case, and message with a space between, leaving out a source or a
   * level that is empty, e.g. `app.log ERROR disk full`; as LogWisp before this one did. It costs more.
   * @default 'message'
   */
  readonly text?: 'message' | 'source-level-message' | undefined
}
