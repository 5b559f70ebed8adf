/** The limit for a store: entries into a table of better-sqlite3, as one writes it by hand. No ids, no retention, no reader. */

import Database from 'better-sqlite3'
import { measured } from '../harness/measured.ts'
import { databaseBytes } from '../store/database-bytes.ts'
import { storeEntries } from '../store/store-entries.ts'

interface Task {
  readonly path: string
  readonly entries: number
  /** `nothing`: the entries are only made. `words`: with a full-text index of the messages. */
  readonly keeps: 'nothing' | 'rows' | 'words'
  readonly synchronous: 'normal' | 'full'
}

const perTransaction = 1000

await measured(async ({ path, entries, keeps, synchronous }: Task) => {
  const entryOf = storeEntries(entries)
  if (keeps === 'nothing') {
    let characters = 0
    for (let number = 0; number < entries; number++) characters += entryOf(number).message.length
    return { characters }
  }
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  database.pragma(`synchronous = ${synchronous}`)
  database.exec(
    'CREATE TABLE entries (id INTEGER PRIMARY KEY, time INTEGER, level TEXT, source TEXT, message TEXT, fields TEXT)',
  )
  if (keeps === 'words')
    database.exec("CREATE VIRTUAL TABLE words USING fts5(message, content='entries', content_rowid='id')")
  const insertEntry = database.prepare(
    'INSERT INTO entries (id, time, level, source, message, fields) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const insertWords =
    keeps === 'words' ? database.prepare('INSERT INTO words (rowid, message) VALUES (?, ?)') : undefined
  const insert = database.transaction((from: number, to: number) => {
    for (let number = from; number < to; number++) {
      const { time, level, source, message, fields } = entryOf(number)
      insertEntry.run(number, time, level, source, message, fields === undefined ? null : JSON.stringify(fields))
      insertWords?.run(number, message)
    }
  })
  for (let from = 0; from < entries; from += perTransaction) insert(from, Math.min(from + perTransaction, entries))
  database.close()
  return { bytes: databaseBytes(path) }
})
