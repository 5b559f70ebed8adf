/** Comma-separated values (RFC 4180), safe to be opened by a spreadsheet. */

import { stringifyExact } from '@logwisp/core'
import type { StoredEntry } from '@logwisp/store'
import { timeText } from './time-text.ts'

/** The first line. */
export const csvHead = 'id,time,level,source,message,fields\r\n'

/** The line of an entry. */
export function csvLine({ id, time, level, source, message, fields }: StoredEntry): string {
  const data = fields === undefined ? '' : stringifyExact(fields, 1)
  return `${[id, timeText(time) ?? '', level ?? '', source, message, data].map(csvCell).join(',')}\r\n`
}

/**
 * A cell. Spreadsheets take one that begins like this for a formula, which may send the others away or run a program: with
 * an apostrophe in front it is a text.
 */
export function csvCell(text: string): string {
  const defused = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(defused) ? `"${defused.replaceAll('"', '""')}"` : defused
}
