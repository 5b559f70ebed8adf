/** Tells the source of an item how many entries of it are dropped. */

import { type Batch, isBatch } from '../../batch.ts'
import type { LogEntry } from '../../entry.ts'

/** `kept` is what is not dropped of a batch, if that is known; `branch` the branch of a fan-out that drops them. */
export function noteDrop(item: LogEntry | Batch, reason: string, entries: number, kept?: Batch, branch?: string): void {
  if (entries === 0) return
  if (!isBatch(item)) {
    const { origin } = item
    origin?.tracker.books?.drop(origin, origin, entries, reason, branch)
    return
  }
  const ends = item.endsWithout(kept)
  ends?.first.tracker.books?.drop(ends.first, ends.last, entries, reason, branch)
}
