/** The sink that writes entries to a file, and rotates it. */

import type { EntrySink, Format, LogwispError, StageStats } from '@logwisp/core'
import { fileSinkSettings } from './internal/file/file-sink-settings.ts'
import { FileStream } from './internal/file/file-stream.ts'
import { realFileSystem } from './internal/file/file-system.ts'

/** What {@link fileSink} is told. */
export interface FileSinkOptions {
  /** What the files are called: `<name>.log` and, rotated, `<name>-<time>-<number>.log`. A file name without directories. */
  readonly name: string
  /**
   * How an entry becomes text. Every entry ends with a line feed. `'raw'` writes a message as it is: a message of
   * several lines becomes several lines; use `'json'` where one entry must be one line.
   * @default 'raw'
   */
  readonly format?: Format | undefined
  /**
   * The file is rotated before it would grow beyond this. Never within an entry: one that is longer gets a file of its
   * own.
   *
   * Unit: bytes, at least 1.
   * @default Infinity
   */
  readonly maxFileBytes?: number | undefined
  /**
   * The file is rotated when a period of this length ends, counted from the epoch: 3 600 000 is at every full hour,
   * 86 400 000 at midnight UTC. An empty file is not rotated. After a restart in a later period, at once.
   *
   * Unit: ms, at least 1000.
   * @default Infinity
   */
  readonly rotateEveryMs?: number | undefined
  /**
   * The oldest rotated files are removed so that all files together stay within this; `maxFileBytes` of it are kept for
   * the file that is being written, which itself is never removed. Needs `maxFileBytes` or `rotateEveryMs`.
   *
   * Unit: bytes, at least `maxFileBytes`.
   * @default Infinity
   */
  readonly maxTotalBytes?: number | undefined
  /**
   * Rotated files are removed this long after they were last written to. Needs `maxFileBytes` or `rotateEveryMs`.
   *
   * Unit: ms, at least 1000.
   * @default Infinity
   */
  readonly maxAgeMs?: number | undefined
  /**
   * How much must stay free on the disk. When less is free, the sink waits as on a full disk.
   *
   * Unit: bytes.
   * @default 0
   */
  readonly minFreeBytes?: number | undefined
  /**
   * Compresses rotated files, beside the entries' way, to `<name>-<time>-<number>.log.gz`. Omitted, they stay as they are.
   * Needs `maxFileBytes` or `rotateEveryMs`.
   */
  readonly compress?: 'gzip' | undefined
  /**
   * When what was written is made safe from a power cut, and thus when entries are acknowledged:
   * - `'never'`: acknowledged once written. Safe when the program crashes, not when the machine does.
   * - `'interval'`: synced every `fsyncIntervalMs`, and after 16 MiB; acknowledged then.
   * - `'always'`: synced after every write (of all that waits, up to about 2 MiB); acknowledged then.
   * @default 'never'
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
   * How long after another program (logrotate) moved, removed or truncated the file the sink may still write to the
   * old one; then it opens `<name>.log` anew. Costs one `stat` per interval while entries come. `reopen()` does it now.
   *
   * Unit: ms, at least 0.
   * @default 250
   */
  readonly checkIntervalMs?: number | undefined
  /**
   * How long to wait on a full disk before trying again.
   *
   * Unit: ms, at least 1.
   * @default 1000
   */
  readonly retryDelayMs?: number | undefined
}

/** The books of a file sink. */
export interface FileSinkStats extends StageStats {
  /** Bytes written. */
  readonly bytesOut: number
  /** Files rotated. */
  readonly filesRotated: number
  /** Rotated files removed, for their age or for space. */
  readonly filesRemoved: number
  /** `'warning'` events. */
  readonly warnings: number
  /** Whether the disk is full at this moment, so that entries wait. */
  readonly isWaitingForSpace: boolean
}

/** What a file sink tells of. */
export interface FileSinkEvents {
  /** Once: it takes entries. Its file is open, or the disk is full and space is waited for. Never when it cannot be opened. */
  ready: []
  /** `<path>` was opened, with so many bytes in it; also after each rotation. */
  open: [{ readonly path: string; readonly bytes: number }]
  /** What was written is now at `path`, and will stay as it is, but for compression and removal. */
  rotate: [{ readonly path: string; readonly bytes: number }]
  /** A rotated file was removed. */
  remove: [{ readonly path: string }]
  /** Survived: `DISK_FULL`, `ROTATE_FAILED`, `UPKEEP_FAILED`, `TORN_LINE`. */
  warning: [LogwispError]
}

/** A sink into a file. */
export interface FileSink extends EntrySink {
  /** The file that is being written. */
  readonly path: string
  /** The sink's books at this moment. */
  readonly stats: FileSinkStats
  /**
   * Closes the file and opens `<name>.log` anew, for a rotator that moved it and then tells us (logrotate's
   * `postrotate`). Resolves when the new one is open, and what was acknowledged before is in the old one; at once when
   * the sink has ended.
   */
  reopen(): Promise<void>
  on<E extends keyof FileSinkEvents>(event: E, listener: (...args: FileSinkEvents[E]) => void): this
  on(event: string | symbol, listener: (...args: never[]) => void): this
}

/**
 * Writes entries to `<directory>/<name>.log`, and rotates, compresses and removes what it wrote, as told.
 *
 * - **Order** is kept. **Dropped** is nothing: a slow disk slows the source; a full one, or less than `minFreeBytes` free,
 *   makes it wait, with a `'warning'` `DISK_FULL`, until there is space again. What was written of an entry then is taken
 *   back, so that the file always ends with a whole one.
 * - **Acknowledged** is an entry once it is written, or synced: see `fsync`.
 * - **Files**: it appends to `<name>.log`, and makes the directory if need be. Rotated files are
 *   `<name>-20261121T100000.123Z-000001.log` (UTC): they sort by name in the order they were written. Files that are not
 *   called exactly so are never touched, so several sinks and other programs may share a directory. `.<name>.lock` keeps
 *   a second sink from the same file.
 * - **After a crash** the beginning of a line that was being written is cut off when the file is opened again (`'warning'`
 *   `TORN_LINE`): its entry was not acknowledged and comes again. A file without a crash of ours is never cut: if it lacks
 *   its last line feed it gets one.
 * - **Moved or removed** by another program, the file is opened anew: see `checkIntervalMs` and {@link FileSink.reopen}.
 *   Truncated (copytruncate), it is written from its new end.
 *
 * @throws OptionError `BAD_OPTION`.
 * `'error'`: `FILE_IN_USE` when another sink writes to the file; `WRITE_FAILED` when it cannot be opened or written, or a
 * sync fails: nothing after it is acknowledged.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { fileSink } from '@logwisp/sinks'
 *
 * const sink = fileSink('./errors', { name: 'errors', maxFileBytes: 100_000_000, maxTotalBytes: 1_000_000_000 })
 * sink.on('warning', (warning) => console.warn(warning.message))
 * await pipeline([{ time: Date.now(), source: 'app', message: 'ERROR out of tea' }], sink)
 * ```
 */
export function fileSink(directory: string, options: FileSinkOptions): FileSink {
  return new FileStream(directory, fileSinkSettings(directory, options), realFileSystem)
}
