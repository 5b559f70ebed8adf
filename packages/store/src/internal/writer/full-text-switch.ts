/** Turns the words index of a database on or off, when it is opened with another `fullText` than before. */

import type Database from 'better-sqlite3'
import type { Slot } from '../entry-id.ts'
import { slotIdSql, slotMsSql, slotTurnSql } from '../entry-id.ts'
import { packSlots } from '../packed-slots.ts'

/** Entries of one row, as the writer makes them. */
const rowEntries = 500

/**
 * On: everything that is stored counts as not indexed yet. Readers find that out by `commits`, so that all entries get a row
 * there, before those that there are. A few seconds for ten million entries; once.
 */
export function switchFullText(database: Database.Database, isOn: boolean): void {
  const wasOn = database.prepare("SELECT 1 FROM facts WHERE name = 'indexedSeq'").get() !== undefined
  if (wasOn === isOn) return
  database
    .transaction(() => {
      database.exec("INSERT INTO words (words) VALUES ('delete-all')")
      if (isOn) {
        const first = addRows(database)
        database.prepare("INSERT INTO facts VALUES ('indexedSeq', ?)").run(first - 1)
      } else {
        database.exec("DELETE FROM facts WHERE name = 'indexedSeq'")
      }
    })
    .immediate()
}

/** The number of the first row. */
function addRows(database: Database.Database): number {
  const next = database.prepare(
    `SELECT ${slotMsSql('id')} AS ms, ${slotTurnSql('id')} AS turn FROM entries WHERE id > ${slotIdSql} ORDER BY id LIMIT ${rowEntries}`,
  )
  const insert = database.prepare('INSERT INTO commits VALUES (?, ?, ?)')
  let seq = (database.prepare('SELECT min(seq) FROM commits').pluck().get() as number | null) ?? 1
  let last: Slot = { ms: -(2 ** 43), turn: 0 }
  for (;;) {
    const slots = next.all(last.ms, last.turn) as Slot[]
    if (slots.length === 0) return seq
    insert.run(--seq, slots.length, packSlots(slots))
    last = slots.at(-1) as Slot
  }
}
