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
  const waiting: unknown[] = [fields]
  let size = 0
  for (let visited = 0; visited < maxFieldValues; visited++) {
    if (waiting.length === 0) break
    const value = waiting.pop()
    if (typeof value === 'string') size += Buffer.byteLength(value)
    else if (ArrayBuffer.isView(value)) size += value.byteLength
    else if (typeof value !== 'object' || value === null) size += scalarBytes
    else {
      size += scalarBytes
      for (const [name, inner] of Object.entries(value)) {
        if (!Array.isArray(value)) size += Buffer.byteLength(name)
        if (waiting.length < maxFieldValues) waiting.push(inner)
      }
    }
  }
  return size
}
