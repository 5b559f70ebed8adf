/** The way back: where an entry came from, and how its source learns that it is safe. */

import type { Batch } from './batch.ts'
import type { LogEntry } from './entry.ts'

/** Takes the acknowledgements of what one source gave out. */
export interface OriginTracker {
  /** Everything up to and including this origin is safe and need not be read again. */
  acknowledge(origin: Origin): void
}

/**
 * Where an entry came from. Only a source that can read the entry again gives it one.
 *
 * Origins of one tracker are ordered by `sequence`; those of two trackers are not comparable.
 */
export interface Origin {
  /** Who gave it out, and takes the acknowledgement. */
  readonly tracker: OriginTracker
  /** Its place in what the tracker gave out; grows, with gaps. */
  readonly sequence: number
  /** The same for the same line however often it is read, also after a restart, and for no other line. */
  readonly id: string
}

/**
 * Tells the source that this entry, or this batch, **and everything before it from the same origin** is safe.
 *
 * For sinks: call it in order, only for what is safe, and never again after a first failure. An entry without
 * an origin is ignored; repeating a call or calling late is harmless. The sinks of LogWisp, and those made with
 * its writable base class, do this by themselves.
 */
export function acknowledge(item: LogEntry | Batch): void {
  const { origin } = item
  if (origin !== undefined) origin.tracker.acknowledge(origin)
}
