/** The way back: where an entry came from, and how its source learns what became of it. */

import { type Batch, isBatch } from './batch.ts'
import type { LogEntry } from './entry.ts'
import { noteDrop } from './internal/books/note-drop.ts'

/** Takes the acknowledgements of what one source gave out. */
export interface OriginTracker {
  /** Everything up to and including this origin is safe and need not be read again. */
  acknowledge(origin: Origin): void
  /** Where stages say what became of entries, when the source keeps books. */
  readonly books?: OriginBooks | undefined
}

/**
 * Hears what became of a source's entries. A tracker that stands for another one (a fan-out's for a branch) passes it on.
 * `branch` names the branch of a fan-out that this happened in, `''` where there is none.
 */
export interface OriginBooks {
  /**
   * So many entries, none of them behind this origin, were put where they belong. `first` is where the first of them came
   * from, for who says it of more than one entry or batch at a time.
   */
  deliver(origin: Origin, entries: number, branch?: string, first?: Origin): void
  /** So many entries, from the one with the first origin to the one with the last, were dropped. */
  drop(first: Origin, last: Origin, entries: number, reason: string, branch?: string): void
  /** What has this origin goes into branches, all of it into each. */
  fork(origin: Origin, branches: readonly string[], branch?: string): void
  /** A branch is out: what it has not delivered is dropped. */
  failBranch(branch: string): void
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
 * Tells the source that this entry, or this batch, is delivered, and that it **and everything before it from the same
 * origin** is safe.
 *
 * For sinks: call it in order, only for what is safe, and never again after a first failure. An entry without
 * an origin is ignored; repeating a call or calling late is harmless. The sinks of LogWisp, and those made with
 * its writable base class, do this by themselves. Called for the last of many entries only, it is enough for delivery; in
 * the source's books the others are `covered` then, not `delivered`.
 */
export function acknowledge(item: LogEntry | Batch): void {
  const { origin } = item
  if (origin === undefined) return
  const { tracker } = origin
  tracker.books?.deliver(origin, isBatch(item) ? item.count : 1)
  tracker.acknowledge(origin)
}

/**
 * Tells the source, for its books, that this entry, or each of this batch, is dropped, and why: a word or two in lower
 * case with hyphens, e.g. `rate-limited`. It acknowledges nothing: what comes behind the dropped ones does.
 *
 * For stages of your own that leave entries out; those of LogWisp do this by themselves. Without it such entries are
 * `covered` in the books. Few reasons: beyond 64 they are counted as `other`.
 *
 * @example
 * ```ts
 * import { type Entries, noteDropped } from '@logwisp/core'
 *
 * async function* sample(entries: Entries) {
 *   for await (const entry of entries) {
 *     if (Math.random() < 0.1) yield entry
 *     else noteDropped(entry, 'sampled')
 *   }
 * }
 * ```
 */
export function noteDropped(item: LogEntry | Batch, reason: string): void {
  noteDrop(item, reason, isBatch(item) ? item.count : 1)
}
