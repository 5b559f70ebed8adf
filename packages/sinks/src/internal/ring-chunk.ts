/** What the ring keeps together: the entries that came together. */

import { type Batch, isBatch, type LogEntry, type Origin } from '@logwisp/core'
import { passes, type ViewerFilter } from './viewer-filter.ts'

/** A run of entries that came together. */
export interface RingChunk {
  /** The sequence of its first entry. */
  readonly first: number
  readonly count: number
  readonly bytes: number
  readonly item: Batch | readonly LogEntry[]
}

/**
 * Visits the entries of a chunk from a sequence on, only those that pass the filter, until `visit` says false.
 * Returns the sequence after the last one looked at.
 */
export function forEachEntry(
  { first, count, item }: RingChunk,
  from: number,
  visit: (entry: LogEntry, sequence: number) => boolean,
  filter?: ViewerFilter | undefined,
): number {
  let sequence = first
  let more = true
  if (!isBatch(item)) {
    for (sequence = from; more && sequence < first + count; sequence++) {
      const entry = item[sequence - first] as LogEntry
      if (filter === undefined || passes(filter, entry)) more = visit(entry, sequence)
    }
    return sequence
  }
  if (filter !== undefined && !filter.source(item.source)) return first + count
  item.forEachLine((start, end, next) => {
    if (!more) return
    if (
      sequence >= from &&
      (filter === undefined || filter.line(item.message(start, end), () => item.level(start, end)))
    ) {
      more = visit(item.entry(start, end, next), sequence)
    }
    sequence++
  })
  return sequence
}

/** Visits the origins of a chunk's entries from a sequence on. Makes no entries. */
export function forEachOrigin(
  { first, item }: RingChunk,
  from: number,
  visit: (origin: Origin | undefined, sequence: number) => void,
): void {
  if (!isBatch(item)) {
    for (let i = Math.max(0, from - first); i < item.length; i++) visit(item[i]?.origin, first + i)
    return
  }
  let sequence = first
  item.forEachLine((start, _end, next) => {
    if (sequence >= from) visit(item.originOf(start, next), sequence)
    sequence++
  })
}
