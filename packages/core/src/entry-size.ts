/** How much memory an entry or a batch keeps: what queues with a bound in bytes count by. */

import { type Batch, isBatch } from './batch.ts'
import type { LogEntry } from './entry.ts'

/** What an entry costs beside its text and fields: the object and its slots, so that empty lines are not free. */
export const entryOverheadBytes = 64

/** What a number, a boolean, null or a date is taken for. */
const scalarBytes = 8

/** Fields are looked at no further than this: it ends the walk through cyclic or monstrous ones. */
const maxFieldValues = 10_000

/**
 * The bytes that an item keeps alive.
 *
 * An entry: {@link entryOverheadBytes}, its message in UTF-8, and an estimate of its fields (names and texts in UTF-8,
 * 8 bytes for anything else; at most 10,000 values are looked at). A batch: its whole read block, however few of its
 * lines are selected, because that is what it keeps in memory.
 */
export function entrySize(item: LogEntry | Batch): number {
  if (isBatch(item)) return entryOverheadBytes + item.bytes.length
  const size = entryOverheadBytes + Buffer.byteLength(item.message)
  return item.fields === undefined ? size : size + fieldsSize(item.fields)
}

function fieldsSize(fields: Readonly<Record<string, unknown>>): number {
  let size = 0
  let unseen = maxFieldValues
  // What is inside of fields; most are flat, and a list made for nothing would take half of the time.
  let waiting: Readonly<Record<string, unknown>>[] | undefined
  for (let inside: typeof fields | undefined = fields; inside !== undefined && unseen > 0; inside = waiting?.pop()) {
    size += scalarBytes
    const isList = Array.isArray(inside)
    for (const name of Object.keys(inside)) {
      if (!isList) size += Buffer.byteLength(name)
      unseen--
      const value = unseen > 0 ? inside[name] : undefined
      if (typeof value === 'string') size += Buffer.byteLength(value)
      else if (typeof value !== 'object' || value === null) size += scalarBytes
      else if (ArrayBuffer.isView(value)) size += value.byteLength
      else {
        waiting ??= []
        waiting.push(value as Readonly<Record<string, unknown>>)
      }
    }
  }
  return size
}
