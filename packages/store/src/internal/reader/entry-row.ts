/** Entries as rows of the database, on their way from a reader thread, and as a store gives them. */

import { type LogLevel, LogwispError, parseExact } from '@logwisp/core'
import type { StoredEntry } from '../../stored-entry.ts'
import { encodeEntryId, slotMsSql, slotTurnSql } from '../entry-id.ts'
import { storedLevels } from '../stored-levels.ts'

/** A row: the ms and the turn of its place, its time when that is another, level, source's id, message, fields as JSON. */
export type EntryRow = readonly [
  ms: number,
  turn: number,
  time: number | null,
  level: number,
  source: number,
  message: string,
  fields: string | null,
]

/** The columns of an {@link EntryRow}. */
export const entryRowSql: string = `${slotMsSql('e.id')}, ${slotTurnSql('e.id')}, e.time, e.level, e.source, e.message, e.fields`

/** An entry on its way between threads: its fields are text still, since a structured clone would lose digits. */
export interface PackedEntry {
  readonly ms: number
  readonly turn: number
  readonly time: number
  /** Its place in `storedLevels`. */
  readonly level: number
  readonly source: string
  readonly message: string
  readonly fields: string | undefined
}

/** What an entry takes in memory, about. Unit: bytes. */
export function packedSize({ message, fields }: PackedEntry): number {
  return 200 + message.length * 2 + (fields?.length ?? 0) * 2
}

/** @throws LogwispError `STORE_CORRUPT` when its fields are no JSON. */
export function unpackEntry({ ms, turn, time, level, source, message, fields }: PackedEntry): StoredEntry {
  const id = encodeEntryId(ms, turn)
  const entry: { -readonly [Key in keyof StoredEntry]: StoredEntry[Key] } = { id, time, source, message }
  if (level > 0) entry.level = storedLevels[level] as LogLevel
  if (fields !== undefined) entry.fields = parseFields(fields, id)
  return entry
}

/** Fields as the database has them. @throws LogwispError `STORE_CORRUPT`. */
export function parseFields(text: string, id: string): Readonly<Record<string, unknown>> {
  try {
    return parseExact(text) as Readonly<Record<string, unknown>>
  } catch (cause) {
    throw new LogwispError('STORE_CORRUPT', `the fields of entry ${id} are no JSON: check the store's integrity`, {
      cause,
    })
  }
}
