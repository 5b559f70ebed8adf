/** The sink of rejected entries: kept as readable lines, on the disk before anybody forgets them, until they are replayed. */

import type { LogEntry } from './entry.ts'
import type { EntrySink } from './entry-writable.ts'
import type { LogwispError } from './errors.ts'
import type { WhenFull } from './internal/bounded-queue.ts'
import { DeadLetterStream } from './internal/dead-letter/dead-letter-stream.ts'
import { realFileSystem } from './internal/file-system.ts'
import { checkArgument, checkOptions, option } from './options.ts'
import type { StageStats } from './stats.ts'
import { withDefaults } from './with-defaults.ts'

/** Why an entry was rejected, and by whom. */
export interface Rejection {
  /** In words, of at most 2000 characters; what is longer is cut. Credentials in addresses are left out. */
  readonly reason: string
  /** Who rejected it, e.g. `httpClientSink`. @default 'unknown' */
  readonly stage?: string | undefined
  /** The receiver that said so, where the stage has several. */
  readonly endpoint?: string | undefined
  /** The status of its answer, where it has one. */
  readonly status?: number | undefined
}

/** The options of {@link deadLetter}. */
export interface DeadLetterOptions {
  /**
   * What all files of the directory may take together, those of other processes and those being replayed included.
   *
   * Unit: bytes, at least 65 536. `Infinity` leaves the bound to the disk.
   * @default 1_073_741_824
   */
  readonly maxBytes?: number | undefined
  /**
   * The next file is begun before one would grow beyond this, and at midnight UTC. An entry that is longer gets a file
   * of its own.
   *
   * Unit: bytes, at least 1, at most `maxBytes`.
   * @default 16_777_216, or a quarter of `maxBytes` when that is less
   */
  readonly maxFileBytes?: number | undefined
  /**
   * When there is no room within `maxBytes`: `block` waits until some is made, by a replay for instance, and with it
   * whoever rejects; `drop-newest` drops what comes, counted as `dead-letters-full`; `drop-oldest` removes the oldest
   * file that is not being replayed, whose entries are counted as `entriesRemoved`.
   * @default 'block'
   */
  readonly whenFull?: WhenFull | undefined
  /**
   * How long to wait, for room or on a full disk, before looking again.
   *
   * Unit: ms, 1 to 3 600 000.
   * @default 1000
   */
  readonly retryDelayMs?: number | undefined
}

/** The books of {@link deadLetter}. */
export interface DeadLetterStats extends StageStats {
  /** Bytes written. */
  readonly bytesOut: number
  /** Entries that were written before, perhaps by another process, and were removed with their file by `drop-oldest`. */
  readonly entriesRemoved: number
  /** `'warning'` events. */
  readonly warnings: number
  /** Whether there is no room at this moment, within `maxBytes` or on the disk, so that rejected entries wait. */
  readonly isWaitingForRoom: boolean
}

/** The events of {@link deadLetter} beside those of every `Writable`. */
export interface DeadLetterEvents {
  /** Survived: `DEAD_LETTERS_FULL`, `DISK_FULL`, `ENTRY_TOO_LARGE`. */
  warning: [LogwispError]
}

/** What {@link deadLetter} returns. */
export interface DeadLetter extends EntrySink {
  /** Where they are kept. */
  readonly directory: string
  readonly stats: DeadLetterStats
  /**
   * Keeps an entry; resolves once it is safe on the disk, or was dropped because `whenFull` says so. Entries that are
   * given together are written together. Its source is told nothing: acknowledging the entry, and what came before it,
   * stays with whoever rejects it.
   *
   * @throws LogwispError (rejects) `DEAD_LETTERS_CLOSED` after `close`; the error of the stream when that has failed.
   */
  reject(entry: LogEntry, why: Rejection): Promise<void>
  /**
   * Ends it: resolves once everything given is safe and the file is closed. `destroy()` does not wait.
   *
   * @throws the error of the stream (rejects) when it has failed.
   */
  close(): Promise<void>
  /** The same as {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
  on<E extends keyof DeadLetterEvents>(event: E, listener: (...args: DeadLetterEvents[E]) => void): this
  on(event: string | symbol, listener: (...args: never[]) => void): this
}

const defaults = {
  maxBytes: 1_073_741_824,
  maxFileBytes: 16_777_216,
  whenFull: 'block',
  retryDelayMs: 1000,
} as const satisfies DeadLetterOptions

const rules = {
  maxBytes: option.integer({ min: 65_536, orInfinity: true }),
  maxFileBytes: option.integer({ min: 1 }),
  whenFull: option.oneOf('block', 'drop-newest', 'drop-oldest'),
  retryDelayMs: option.integer({ min: 1, max: 3_600_000 }),
}

/**
 * Keeps rejected entries in a directory, until `replay` takes them out again or somebody reads them.
 *
 * Hand it to a sink that rejects (`httpClientSink(url, { deadLetter })`), which acknowledges a batch only once its
 * rejected entries are safe here; call {@link DeadLetter.reject} in a stage of your own; or end a pipeline of rejected
 * entries with it, whose field `logwisp.rejected` says why. Close it after those that use it are done.
 *
 * - **A line for each**, in the wire form with its id and, in front, why: `{"logwisp.rejected":{"time":…,"stage":…,
 *   "reason":…},"logwisp.id":…,"time":…,"source":…,"message":…}`. An entry without an id gets one, and keeps it however
 *   often it is replayed and rejected again; `times` says how often that was.
 * - **Safe** is an entry once it is synced to the disk; acknowledged then. **Order** is kept.
 * - **Several processes** may share a directory: each writes files of its own, and `maxBytes` counts all of them.
 *   Only its owner may read them.
 * - **A full disk** is waited for, with a `'warning'` `DISK_FULL`. A file that is moved or removed under it, by a replay or
 *   by hand, costs nothing that is being written: it goes into another file.
 * - **Dropped** is what `whenFull` says, and an entry that alone is larger than `maxBytes` or 128 MiB (`too-large`).
 *
 * @throws OptionError `BAD_OPTION`.
 * `'error'`: `WRITE_FAILED` when the directory or a file can not be made, written or synced. Nothing after it is
 * acknowledged.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { deadLetter } from '@logwisp/core'
 * import { httpClientSink } from '@logwisp/sinks'
 * import { fileSource } from '@logwisp/sources'
 *
 * const rejected = deadLetter('./rejected', { maxBytes: 100_000_000 })
 * await pipeline(fileSource('/var/log/app.log'), httpClientSink('https://logs.example/', { deadLetter: rejected }))
 * await rejected.close()
 * ```
 */
export function deadLetter(directory: string, options: DeadLetterOptions = {}): DeadLetter {
  checkArgument('deadLetter', 'directory', directory, option.text)
  checkOptions('deadLetter', options, rules)
  const settings = withDefaults(defaults, options)
  const { maxBytes } = settings
  const maxFileBytes = options.maxFileBytes ?? Math.min(defaults.maxFileBytes, maxBytes / 4)
  const upToAll = { expected: `at most \`maxBytes\` (${maxBytes})`, accepts: () => maxFileBytes <= maxBytes }
  checkArgument('deadLetter', 'maxFileBytes', maxFileBytes, upToAll)
  return new DeadLetterStream(directory, { ...settings, maxFileBytes }, realFileSystem)
}
