/** The level that a line shows, also where nobody found one when it was stored. */

import type { LogLevel, ShownEntry } from '../data/shown-entry.ts'

/** A time as collectors write it before a line, with the dash that often stands behind it. */
const leadingTime = /^\s*\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?\]?\s*(?:-\s*)?/

/** `INFO:`, `[ERROR]:`, `[warn] :` at the start of the text. */
const tag = /^\[?(INFO|WARN|ERROR|DEBUG)\]?\s*:/i

/** Longer beginnings hold no tag: a line of 10 MB costs no more than a short one. */
const maxHead = 128

/** The entry's own level, or what its text begins with after the time; undefined when neither says one. */
export function levelOfLine(entry: Pick<ShownEntry, 'level' | 'message'>): LogLevel | undefined {
  if (entry.level !== undefined) return entry.level
  const head = entry.message.slice(0, maxHead)
  return tag.exec(head.replace(leadingTime, ''))?.[1]?.toLowerCase() as LogLevel | undefined
}
