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

/** Which entries of a chunk are visited. */
export interface ChunkChoice {
  readonly filter?: ViewerFilter | undefined
  /** The sequence to stop before. */
  readonly to?: number | undefined
}

/**
 * Visits the entries of a chunk from a sequence on, only those that pass the filter, until `visit` says false.
 * Returns the sequence after the last one looked at.
 */
export function forEachEntry(
  { first, count, item }: RingChunk,
  from: number,
  visit: (entry: LogEntry, sequence: number) => boolean,
  { filter, to = Infinity }: ChunkChoice = {},
): number {
  const end = Math.min(first + count, to)
  let sequence = first
  let more = true
  if (!isBatch(item)) {
    for (sequence = from; more && sequence < end; sequence++) {
      const entry = item[sequence - first] as LogEntry
      if (filter === undefined || passes(filter, entry)) more = visit(entry, sequence)
    }
    return sequence
  }
  if (filter !== undefined && !filter.source(item.source)) return end
  item.forEachLine((start, stop, next) => {
    if (!more || sequence >= end) return
    if (
      sequence >= from &&
      (filter === undefined || filter.line(item.message(start, stop), () => item.level(start, stop)))
    ) {
      more = visit(item.entry(start, stop, next), sequence)
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
