/** A thread that looks through a whole database, which may take minutes. */

import Database from 'better-sqlite3'
import { serveThread } from '../thread/serve-thread.ts'

export interface IntegrityCalls {
  /** Problems in words. */
  check(path: string): readonly string[]
}

/** Further ones tell nothing new. */
const maxProblems = 100

serveThread<IntegrityCalls>({
  check: (path) => {
    const database = new Database(path, { readonly: true, fileMustExist: true, timeout: 5_000 })
    try {
      // All of it as it is at one moment.
      return database.transaction(() => problemsOf(database))()
    } finally {
      database.close()
    }
  },
})

function problemsOf(database: Database.Database): string[] {
  // Looks into every page, and has the words index look into itself.
  const problems = (database.pragma(`integrity_check(${maxProblems})`) as { integrity_check: string }[])
    .map((row) => row.integrity_check)
    .filter((text) => text !== 'ok')
  const number = (sql: string): number => database.prepare(sql).pluck().get() as number
  const entries = number('SELECT count(*) FROM entries')
  for (const unit of [1_000, 60_000, 3_600_000]) {
    const counted = number(`SELECT total(entries) FROM counts WHERE unit = ${unit}`)
    if (counted !== entries) problems.push(`counts of ${unit} ms say ${counted} entries, there are ${entries}`)
  }
  const nameless = number('SELECT count(*) FROM entries WHERE source NOT IN (SELECT id FROM sources)')
  if (nameless > 0) problems.push(`${nameless} entries are of sources without a name`)
  return problems
}
