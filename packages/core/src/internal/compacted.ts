/** An item without what it would keep alive for nothing: most of the memory that was read into, by a few lines of it. */

import { type Batch, isBatch } from '../batch.ts'
import type { LogEntry } from '../entry.ts'
import { ownedEntry } from '../owned-entry.ts'

/** An item with less than this share of the memory that it keeps alive is copied out. */
const denseShare = 1 / 2

/**
 * The item, or a copy in memory of its own where it would keep at least twice as much: a text that was cut out of a block,
 * a few lines of a block, or a block of those that were read together (files are read a megabyte at a time, and cut into
 * blocks): where the others are dropped or delivered, one of 64 KiB would keep all of it.
 */
export function compacted(item: LogEntry | Batch): LogEntry | Batch {
  if (!isBatch(item)) return ownedEntry(item).entry
  const { bytes, byteLength } = item
  // What lies in Node's pool keeps that, which is little.
  const kept = bytes.buffer.byteLength > Buffer.poolSize ? bytes.buffer.byteLength : bytes.length
  return byteLength < kept * denseShare ? item.compact() : item
}
