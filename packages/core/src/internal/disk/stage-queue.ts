/** What a stage that keeps entries on the disk needs of its queue. */

import type { Batch } from '../../batch.ts'
import type { LogEntry } from '../../entry.ts'
import type { LogwispError } from '../../errors.ts'

/** Whom a queue tells. */
export interface QueueHooks {
  /** Something survivable. */
  readonly warn: (warning: LogwispError) => void
  /** It is dead, and wants to be closed. What was not acknowledged is not safe. */
  readonly failed: (error: LogwispError) => void
  /** There is something to take that was not there when `fill` said so. */
  readonly written: () => void
  /** Entries it held are gone: dropped for room (`buffer-full`), or damaged on the disk (`corrupt`). */
  readonly dropped: (reason: 'buffer-full' | 'corrupt', entries: number) => void
}

export interface StageQueue {
  /** Entries that were put or found and not taken. */
  readonly entriesHeld: number
  /** How many bytes its segments have. */
  readonly bytesHeld: number
  /** How many segments there are. */
  readonly segments: number
  /** Whether the disk was full at the last try to write. */
  readonly isWaitingForSpace: boolean
  /** Puts an item behind all others. Ask {@link whenReady} before the next. */
  put(item: LogEntry | Batch): void
  /** Settles once the next item may be put: at once while little waits to be written. */
  whenReady(): void | Promise<void>
  /**
   * Settles once everything that was put is as safe as it is to be; with `whenFull: 'block'`, once there was room for it.
   * Or once it failed.
   */
  settle(): Promise<void>
  /** The next item, of those that {@link fill} has read. Acknowledge it once it is safe elsewhere. */
  take(): LogEntry | Batch | undefined
  /** Reads until there is something to take; false when everything that is written was taken. One call at a time. */
  fill(): Promise<boolean>
  /** Nothing more will be taken: what is held is to be kept for the next opening. */
  keep(): void
  /** Settles once everything that was taken from the disk is acknowledged. Ask once nothing more is taken. */
  whenAcknowledged(): Promise<void>
  /** Closes its files. What was not written is not kept, what was not acknowledged is given when it is opened again. */
  close(): Promise<void>
}
