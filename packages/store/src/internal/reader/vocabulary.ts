/** What tokens the words index has. */

import type { Database, Statement } from 'better-sqlite3'

/**
 * Asking for so many tokens by themselves costs a few ms. FTS5's own prefix search would cost half a microsecond for every
 * place of every token that begins so, before it gives the first entry: seconds for a common one.
 */
const maxTokens = 256

/** Comes after a token and before every longer one that begins like it. */
const afterToken = '\u0001'

export class Vocabulary {
  readonly #next: Statement<[string], string>

  /** The connection may be one that only reads: the view is its own. */
  constructor(db: Database) {
    db.exec("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, words, 'instance')")
    this.#next = db.prepare<[string], string>('SELECT term FROM temp.vocabulary WHERE term >= ? LIMIT 1').pluck(true)
  }

  /** The tokens that begin so; undefined when there are too many to name. Takes a few ms at most. */
  tokensBeginning(beginning: string): readonly string[] | undefined {
    const tokens: string[] = []
    let token = this.#next.get(beginning)
    while (token?.startsWith(beginning)) {
      if (tokens.push(token) > maxTokens) return undefined
      token = this.#next.get(token + afterToken)
    }
    return tokens
  }
}
