/** The lines of all files of a directory that match a pattern. */

import { checkArgument, checkOptions, option } from '@logwisp/core'
import type { FileSource } from './file-source.ts'
import { DirectorySourceStream } from './internal/file/directory-source-stream.ts'
import { realFileSystem } from './internal/file/file-system.ts'
import { type FollowOptions, followRules } from './internal/file/follow-options.ts'

/** How {@link directorySource} reads. */
export interface DirectorySourceOptions extends FollowOptions {
  /**
   * Which files are followed: one glob or several, of which one must match. A glob with a `/` is matched on the path
   * below the directory, one without on the name, and `/app.log` is that one directly in the directory. `*`, `?`, `**`, `[a-z]`, `{a,b}`, `@(a|b)` and `!(a|b)` mean what
   * they mean in a shell; names that begin with a dot are matched by globs that do.
   *
   * @default '*.log'
   */
  readonly pattern?: string | readonly string[] | undefined
  /** Which of them are not: one glob or several. */
  readonly exclude?: string | readonly string[] | undefined
  /**
   * Whether directories below are followed too. Symbolic links to directories are not.
   *
   * @default false
   */
  readonly recursive?: boolean | undefined
  /**
   * Where to begin in files that are there at the start and have no position in the checkpoint. Files that appear
   * later, or, with a checkpoint, while the program did not run, are read from their beginning.
   *
   * @default 'end', or 'beginning' with `follow: false`
   */
  readonly startAt?: 'beginning' | 'end' | undefined
  /**
   * The `source` of a file's entries, made of its path: that of the directory as it was given, and the rest.
   *
   * @default the path itself
   */
  readonly source?: ((path: string) => string) | undefined
  /**
   * How often new files are looked for. Where the system tells of changes (`watch`), that follows at once.
   *
   * Unit: ms, 10 to 3 600 000. Costs one `stat` for each directory, and a listing of those that changed.
   * @default 1000
   */
  readonly scanIntervalMs?: number | undefined
  /**
   * How many files are kept open. Others are opened for each read; what happens to one that was rotated away *and*
   * deleted before that can't be read any more.
   *
   * @default 256
   */
  readonly maxOpenFiles?: number | undefined
  /**
   * How many files are followed. What is more is not, with a `'warning'` `TOO_MANY_FILES`, until others go.
   *
   * @default 10000
   */
  readonly maxFiles?: number | undefined
  /**
   * How long a file that is gone is waited for, and its position kept, before it is forgotten. One that comes back
   * later is a new file.
   *
   * Unit: ms, 0 or more.
   * @default 600000
   */
  readonly forgetAfterMs?: number | undefined
}

const globs = option.either(option.text, option.list(option.text, 1))

const rules = {
  ...followRules,
  pattern: globs,
  exclude: option.either(option.text, option.list(option.text)),
  recursive: option.boolean,
  startAt: option.oneOf('beginning', 'end'),
  source: option.function,
  scanIntervalMs: option.integer({ min: 10, max: 3_600_000 }),
  maxOpenFiles: option.integer({ min: 1, orInfinity: true }),
  maxFiles: option.integer({ min: 1, orInfinity: true }),
  forgetAfterMs: option.integer({ min: 0, orInfinity: true }),
}

/**
 * The lines of the files of a directory as entries: each file's in order, the files taking turns. Each is followed as
 * by `fileSource`; new files are found, those that are gone are forgotten after a while, and rotated ones are not taken
 * for new: neither under their new name nor as a copy.
 *
 * Back-pressure: one block of one file is read at a time. Ends after `stop()`, or at the end of all files with
 * `follow: false`. A directory that is missing is waited for.
 *
 * @throws OptionError `BAD_OPTION`.
 * @throws LogwispError (`'error'`) `FILE_UNREADABLE` when the path is no directory.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { directorySource } from '@logwisp/sources'
 * import { consoleSink } from '@logwisp/sinks'
 *
 * await pipeline(directorySource('/var/log/app', { pattern: ['*.log', 'worker-*.txt'], recursive: true }), consoleSink())
 * ```
 */
export function directorySource(path: string, options: DirectorySourceOptions = {}): FileSource {
  checkArgument('directorySource', 'path', path, option.text)
  checkOptions('directorySource', options, rules)
  return new DirectorySourceStream(path, options, realFileSystem)
}
