/** The options that `fileSource` and `directorySource` have in common. */

import { type BlockOptions, type Checkpoint, type OptionRule, option } from '@logwisp/core'
import { withDefaults } from '@logwisp/core/with-defaults'
import type { FileFollowerOptions } from './file-follower.ts'
import type { FileEncoding, LongLinePolicy } from './line-blocks.ts'

export interface FollowOptions {
  /**
   * Whether to wait for more at the end of a file. Without it the source ends there, and an unfinished last line is
   * given as it is.
   *
   * @default true
   */
  readonly follow?: boolean | undefined
  /**
   * The encoding of the files. A byte order mark at their beginning is passed over. Bytes that are none in this
   * encoding read as U+FFFD.
   *
   * @default 'utf8'
   */
  readonly encoding?: FileEncoding | undefined
  /**
   * The longest line that is given whole, without its line ending. Longer ones are counted, a `'warning'`
   * `LINE_TOO_LONG` names the file, and `whenLineTooLong` says what comes of them. This bounds the memory that an
   * unfinished line takes.
   *
   * Unit: bytes of the file, 16 to 268 435 456.
   * @default 1048576
   */
  readonly maxLineBytes?: number | undefined
  /**
   * What is done with a longer line. `truncate`: its beginning is given, with `fields.truncated` true. `split`: it is
   * given in parts, all but the last with `fields.split` true. `skip`: it is dropped, counted as `line-too-long`.
   *
   * @default 'truncate'
   */
  readonly whenLineTooLong?: LongLinePolicy | undefined
  /**
   * The time zone of lines whose time names none: `local`, `utc`, or minutes east of UTC.
   *
   * @default 'local'
   */
  readonly zone?: NonNullable<BlockOptions['zone']> | undefined
  /**
   * Where positions are kept, made by `openCheckpoint`, under `file:` and the absolute path. A file that has a position
   * there goes on behind what was acknowledged last, in its rotated generations first. Close it after the pipeline.
   *
   * An unfinished last line is left for the next run then, which gives it once it is whole.
   */
  readonly checkpoint?: Checkpoint | undefined
  /**
   * How often a file is looked at in which something happened of late; one where nothing did is looked at more and
   * more seldom, down to an eighth of that. Where the system tells of changes (`watch`) a look follows at once.
   *
   * Unit: ms, 10 to 60 000. A look costs one `stat`.
   * @default 250
   */
  readonly pollIntervalMs?: number | undefined
  /**
   * Whether to ask the system to tell of changes (inotify and the like), so that lines come within milliseconds. Network
   * file systems tell nothing; polling goes on in any case.
   *
   * @default true
   */
  readonly watch?: boolean | undefined
  /**
   * How long a file that was rotated away is read on, for writers that have not noticed yet. Its unfinished last line
   * is given after that.
   *
   * Unit: ms, 0 to 3 600 000.
   * @default 5000
   */
  readonly rotateDelayMs?: number | undefined
}

export const followDefaults = {
  follow: true,
  encoding: 'utf8',
  maxLineBytes: 1_048_576,
  whenLineTooLong: 'truncate',
  pollIntervalMs: 250,
  watch: true,
  rotateDelayMs: 5000,
} as const satisfies FollowOptions

export const followRules = {
  follow: option.boolean,
  encoding: option.oneOf('utf8', 'utf16le', 'utf16be', 'latin1'),
  maxLineBytes: option.integer({ min: 16, max: 268_435_456 }),
  whenLineTooLong: option.oneOf('truncate', 'split', 'skip'),
  zone: option.either(option.oneOf('local', 'utc'), option.integer({ min: -1080, max: 1080 })),
  checkpoint: option.having('a checkpoint made by openCheckpoint', 'get', 'set', 'delete', 'keys'),
  pollIntervalMs: option.integer({ min: 10, max: 60_000 }),
  watch: option.boolean,
  rotateDelayMs: option.integer({ min: 0, max: 3_600_000 }),
} as const satisfies Readonly<Record<keyof FollowOptions, OptionRule>>

/**
 * How much of a file is read at a time: sixteen batches. Each read goes through Node's thread pool and back, and each
 * costs a write too, some 50 µs of the main thread: filtering 220 MB took 405 ms with 512 KiB, 355 ms with 1 MiB, and
 * 395 ms with 2 MiB, for which the caches are too small.
 */
const blockBytes = 1_048_576

/** What a follower needs of the options. */
export function followerOptions(options: FollowOptions): Omit<FileFollowerOptions, 'source' | 'startAt'> {
  const { follow, encoding, maxLineBytes, whenLineTooLong, rotateDelayMs } = withDefaults(followDefaults, options)
  return {
    blockBytes,
    follow,
    encoding,
    maxLineBytes,
    whenLineTooLong,
    rotateDelayMs,
    zone: options.zone,
    keepsUnfinished: follow && options.checkpoint !== undefined,
  }
}
