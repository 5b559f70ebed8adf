/** `diskBuffer`: keeps entries on the disk until what comes after it has them safe, across crashes and restarts. */

import type { Duplex } from 'node:stream'
import type { LogwispError } from './errors.ts'
import type { WhenFull } from './internal/bounded-queue.ts'
import { diskQueueRules, diskQueueSettings } from './internal/disk/disk-queue-settings.ts'
import { DiskStage } from './internal/disk/disk-stage.ts'
import { checkArgument, checkOptions, option } from './options.ts'
import type { StageStats } from './stats.ts'

/** The options of {@link diskBuffer}. */
export interface DiskBufferOptions {
  /**
   * How much of the disk its segments may take. What is larger than that by itself is let in alone.
   *
   * Unit: bytes, at least 4096.
   * @default 1_073_741_824
   */
  readonly maxBytes?: number | undefined
  /**
   * How large a segment gets, a file of entries. Room comes by whole segments: once all entries of one are acknowledged.
   * What is larger than that by itself gets a segment of its own.
   *
   * Unit: bytes, at least 1024, at most `maxBytes`. A quarter of `maxBytes` when that is less than the default.
   * @default 16_777_216
   */
  readonly segmentBytes?: number | undefined
  /**
   * When it is full: `block` makes what comes before it wait, `drop-newest` drops the entries that come, `drop-oldest`
   * drops the oldest segment. Dropped entries are counted under `buffer-full`.
   * @default 'block'
   */
  readonly whenFull?: WhenFull | undefined
  /**
   * When what was written is made safe from a power cut, and thus when entries are acknowledged to what comes before:
   * - `'never'`: acknowledged once written. Safe when the program crashes, not when the machine does.
   * - `'interval'`: synced every `fsyncIntervalMs`, and after 16 MiB; acknowledged then.
   * - `'always'`: synced after every write (of all that waits, up to about 2 MiB); acknowledged then.
   * @default 'interval'
   */
  readonly fsync?: 'never' | 'interval' | 'always' | undefined
  /**
   * How long entries may wait for their sync, with `fsync: 'interval'`.
   *
   * Unit: ms, at least 1.
   * @default 1000
   */
  readonly fsyncIntervalMs?: number | undefined
  /**
   * How long to wait on a full disk before trying again.
   *
   * Unit: ms, at least 1.
   * @default 1000
   */
  readonly retryDelayMs?: number | undefined
}

/** The books of a disk buffer. What it found on the disk when it was opened counts as taken then. */
export interface DiskBufferStats extends StageStats {
  /** How many bytes its segments have. */
  readonly bytesHeld: number
  /** How many segments there are. */
  readonly segments: number
  /** `'warning'` events. */
  readonly warnings: number
  /** Whether the disk is full at this moment, so that entries wait. */
  readonly isWaitingForSpace: boolean
}

/** What a disk buffer tells of. */
export interface DiskBufferEvents {
  /** Once: it is open. What an earlier run left is in its books. */
  ready: []
  /** Survived: `DISK_FULL`, `SEGMENT_CORRUPT`, `TORN_SEGMENT`, `CHECKPOINT_FAILED`, `CHECKPOINT_CORRUPT`. */
  warning: [LogwispError]
}

/** What {@link diskBuffer} returns. */
export interface DiskBuffer extends Duplex {
  /** Where its segments are. */
  readonly directory: string
  /** The books at this moment. */
  readonly stats: DiskBufferStats
  /**
   * Gives no more: what is on the disk stays there, for the next one to open the directory. What comes before is still taken, and once
   * that has ended, and is safe, this ends too. For stopping a program whose sink is slow or away.
   *
   * Once both sides have ended it closes as soon as what it gave is acknowledged, or the stages of LogWisp that read it have
   * finished; `destroy()` makes it close at once.
   */
  stop(): void
  on<E extends keyof DiskBufferEvents>(event: E, listener: (...args: DiskBufferEvents[E]) => void): this
  on(event: string | symbol, listener: (...args: never[]) => void): this
}

/**
 * A buffer on the disk between two stages: what comes before it runs ahead of what comes after it, also while that is
 * slow, away or broken, and across crashes and restarts of this program.
 *
 * - **Order** is kept. **Ends** once all that it holds was given; see {@link DiskBuffer.stop}. **Dropped** is nothing, unless `whenFull` says so;
 *   what is damaged on the disk is skipped, and counted under `corrupt` (`'warning'` `SEGMENT_CORRUPT`, with the place).
 * - **Acknowledged** to what comes before is an entry once it is as safe here as `fsync` says. It then belongs to the buffer,
 *   which gives it **at least once**: what comes after it must acknowledge, as all sinks of LogWisp do, or it is never removed.
 * - **Ids**: an entry keeps its id; one that has none gets one, the same at each time that it is given.
 * - **Files**: `<16 digits>.segment`, `place.json` (how far all is acknowledged, saved once a second and at the end) and `.lock`, in a
 *   directory that it makes and that is its own. Other files there are not touched.
 * - **After a crash** the torn end of the last segment is cut (`'warning'` `TORN_SEGMENT`): its entries were not acknowledged.
 *   What was given and not saved as acknowledged, a second's worth mostly, is given again.
 * - **On a full disk** it waits (`'warning'` `DISK_FULL`), and goes on giving, which makes room.
 * - **Memory** is bounded: about 2 MiB that wait to be written and 256 KiB that are read ahead, or the largest item if that is more.
 *
 * Put it on a local disk: network file systems do not keep what a sync promises.
 *
 * @throws OptionError `BAD_OPTION`.
 * `'error'`: `FILE_IN_USE` when another buffer has the directory; `BUFFER_FAILED` when it cannot be opened, read or written,
 * or a sync fails: nothing after that is acknowledged; `BUFFER_NEWER`; `NOT_AN_ENTRY`.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { diskBuffer } from '@logwisp/core'
 * import { stdinSource } from '@logwisp/sources'
 * import { httpClientSink } from '@logwisp/sinks'
 *
 * // The endpoint may be away for hours: the program that writes to us hears nothing of it.
 * const buffer = diskBuffer('./spool', { maxBytes: 10 * 1024 ** 3 })
 * buffer.on('warning', (warning) => console.warn(warning.message))
 * await pipeline(stdinSource(), buffer, httpClientSink('https://logs.example.com/ingest'))
 * ```
 */
export function diskBuffer(directory: string, options: DiskBufferOptions = {}): DiskBuffer {
  checkArgument('diskBuffer', 'directory', directory, option.text)
  checkOptions('diskBuffer', options, diskQueueRules)
  return new DiskStage(directory, diskQueueSettings('diskBuffer', options))
}
