/** A connection that reads, and what it remembers. */

import type { Database } from 'better-sqlite3'
import { SourceNames } from './source-names.ts'
import { Vocabulary } from './vocabulary.ts'

export interface Reader {
  readonly db: Database
  readonly names: SourceNames
  readonly vocabulary: Vocabulary
}

/** @param db opened for this reader alone. */
export function readerOf(db: Database): Reader {
  return { db, names: new SourceNames(db), vocabulary: new Vocabulary(db) }
}
