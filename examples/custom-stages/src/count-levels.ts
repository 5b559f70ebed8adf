/** A filter of your own that looks at every entry and lets all pass: here it counts levels. */

import { type EntryFilter, entryTransform } from '@logwisp/core'

/** Counts entries by level; `counts` is filled while they pass. Batches pass as they are, no entry is made. */
export function countLevels(counts: Map<string, number>): EntryFilter {
  const count = (level = 'none'): void => {
    counts.set(level, (counts.get(level) ?? 0) + 1)
  }
  return entryTransform({
    entry: (entry) => {
      count(entry.level)
      return entry
    },
    batch: (batch) => {
      batch.forEachLine((start, end) => count(batch.level(start, end)))
      return batch
    },
  })
}
