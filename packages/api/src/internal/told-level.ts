/** The level that the text of an entry tells, for entries that have none by name. */

import { type EntryFilter, entryTransform, findLevel, type LogEntry } from '@logwisp/core'

/**
 * A stage that gives an entry without a level the one that its message tells, as lines of plain text have it: so that
 * `{"message":"[ERROR]: …"}` is found by `level:error`, as it is shown.
 */
export function toldLevel(): EntryFilter {
  // Lines of a batch look for it by themselves, once somebody asks.
  return entryTransform({ entry: withLevel, batch: (batch) => batch })
}

function withLevel(entry: LogEntry): LogEntry {
  if (entry.level !== undefined) return entry
  const level = findLevel(entry.message)
  return level === undefined ? entry : { ...entry, level }
}
