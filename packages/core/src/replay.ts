/** The source that takes rejected entries out of their directory again. */

import type { EntrySource } from './entry-readable.ts'
import type { LogwispError } from './errors.ts'
import { ReplayStream } from './internal/dead-letter/replay-stream.ts'
import { realFileSystem } from './internal/file-system.ts'
import { checkArgument, checkOptions, option } from './options.ts'
import type { StageStats } from './stats.ts'

/** The options of {@link replay}. */
export interface ReplayOptions {
  /**
   * It ends after so many entries; the others stay for the next replay.
   *
   * At least 1.
   * @default Infinity
   */
  readonly maxEntries?: number | undefined
}

/** The books of {@link replay}. */
export interface ReplayStats extends StageStats {
  /** Entries that were acknowledged, and are done with. */
  readonly acknowledged: number
  /** Entries that were given and are not acknowledged: when it ends like this they come again with the next replay. */
  readonly unacknowledged: number
  /** Bytes of the files that were there when it began, as far as they were not done with by an earlier replay. */
  readonly bytesTotal: number
  /** Of these, what is done with: how far it has come is `bytesDone / bytesTotal`. */
  readonly bytesDone: number
  /** Lines that are no entries; their files are kept. */
  readonly unreadable: number
  /** `'warning'` events. */
  readonly warnings: number
}

/** The events of {@link replay} beside those of every `Readable`. */
export interface ReplayEvents {
  /** Survived: `DEAD_LETTER_UNREADABLE`, `TORN_LINE`, `POSITION_LOST`, `CHECKPOINT_FAILED`, `UPKEEP_FAILED`. */
  warning: [LogwispError]
}

/** What {@link replay} returns. */
export interface Replay extends EntrySource {
  /** Where the entries are taken from. */
  readonly directory: string
  readonly stats: ReplayStats
  /**
   * Stops reading, saves how far it has come, and lets go of the directory; resolves with the last books. Call it once
   * `pipeline` has resolved or rejected. What is acknowledged later comes again.
   *
   * @throws LogwispError (rejects) `CHECKPOINT_FAILED` when it can not be saved: the next replay gives more again.
   */
  close(): Promise<ReplayStats>
  /** The same as {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
  on<E extends keyof ReplayEvents>(event: E, listener: (...args: ReplayEvents[E]) => void): this
  on(event: string | symbol, listener: (...args: never[]) => void): this
}

const rules = { maxEntries: option.integer({ min: 1, orInfinity: true }) }

/**
 * Reads the rejected entries of a directory that `deadLetter` wrote, oldest first, into any sink.
 *
 * - **Bounded**: it takes the files that are there when it begins, and ends with them. What is rejected again meanwhile
 *   goes into another file, if the sink has the same `deadLetter`, and is there for the next replay.
 * - **At least once**: a file is removed once all of it is acknowledged. Stopped, destroyed or killed, the next replay goes
 *   on behind what was acknowledged (after a kill: saved, every second). What was under way comes again, with the same ids.
 * - **Origin**: the id that the entry had when it was rejected.
 * - **One at a time**: a second replay of the directory is refused. Sinks may go on writing to it, also those of other
 *   processes; an entry that one of them writes in the moment in which this begins may come twice.
 * - **Lines that are no entries**, because somebody changed them, are left out, counted, the first five of a file told by a
 *   `'warning'`; the file stays, as `….unreadable.ndjson`. What a crash left of a last line is left out: it was not acknowledged.
 *
 * Its sink must acknowledge. `stop()` ends it after what was read; then, or after an error, call {@link Replay.close}: a
 * replay whose entries are not all acknowledged keeps the directory to itself until then.
 *
 * @throws OptionError `BAD_OPTION`.
 * `'error'`: `FILE_IN_USE` when another replay has the directory; `FILE_UNREADABLE` when the directory or a file in it can
 * not be read; `CHECKPOINT_CORRUPT`, `CHECKPOINT_FAILED` for the file in which it keeps how far it has come.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { deadLetter, replay } from '@logwisp/core'
 * import { httpClientSink } from '@logwisp/sinks'
 *
 * await using again = deadLetter('./rejected')
 * await using rejected = replay('./rejected')
 * await pipeline(rejected, httpClientSink('https://logs.example/', { deadLetter: again }))
 * console.log(rejected.stats.acknowledged, 'replayed, of which', again.stats.entriesOut, 'were rejected again')
 * ```
 */
export function replay(directory: string, options: ReplayOptions = {}): Replay {
  checkArgument('replay', 'directory', directory, option.text)
  checkOptions('replay', options, rules)
  return new ReplayStream(directory, options.maxEntries ?? Infinity, realFileSystem)
}
