/** The lines of one file, and of those that come after it under the same name. */

import { checkArgument, checkOptions, type EntrySource, option } from '@logwisp/core'
import { FileSourceStream } from './internal/file/file-source-stream.ts'
import { realFileSystem } from './internal/file/file-system.ts'
import { type FollowOptions, followRules } from './internal/file/follow-options.ts'
import type { FollowedFile } from './internal/file/followed-file.ts'
import type { FileSourceEvents, FileSourceStats } from './internal/file/following-source.ts'
import type { StartAt } from './internal/file/start-offset.ts'

export type { FollowOptions } from './internal/file/follow-options.ts'
export type { FollowedFile } from './internal/file/followed-file.ts'
export type { FileSourceEvents, FileSourceStats, FollowStats } from './internal/file/following-source.ts'
export type { FileEncoding, LongLinePolicy } from './internal/file/line-blocks.ts'
export type { StartAt } from './internal/file/start-offset.ts'

/** How {@link fileSource} reads. */
export interface FileSourceOptions extends FollowOptions {
  /**
   * Where to begin in a file that is there and has no position in the checkpoint: at its end (at the start of its last
   * line, if that is unfinished), at its beginning, or at a byte that a line begins at. A file that appears later is
   * read from its beginning in any case.
   *
   * @default 'end', or 'beginning' with `follow: false`
   */
  readonly startAt?: StartAt | undefined
  /**
   * The `source` of the entries.
   *
   * @default the path as it was given
   */
  readonly source?: string | undefined
}

const rules = {
  ...followRules,
  startAt: option.either(option.oneOf('beginning', 'end'), option.integer({ min: 0 })),
  source: option.text,
}

/** What {@link fileSource} returns. */
export interface FileSource extends EntrySource {
  /**
   * How far each path was read, and what is there and was not: in the order of their names, the first `maxFiles` of them.
   * Asks the system for each file's size, so it costs a `stat` each. Never rejects.
   */
  progress(maxFiles?: number): Promise<readonly FollowedFile[]>
  readonly stats: FileSourceStats
  on<Name extends keyof FileSourceEvents>(event: Name, listener: (...args: FileSourceEvents[Name]) => void): this
  on(event: string | symbol, listener: (...args: never[]) => void): this
  once<Name extends keyof FileSourceEvents>(event: Name, listener: (...args: FileSourceEvents[Name]) => void): this
  once(event: string | symbol, listener: (...args: never[]) => void): this
}

/**
 * The lines of a file as entries, in order, for as long as it is followed: through rotation by renaming or copying,
 * compression, truncation, replacement, and, with a checkpoint, through restarts. What it can and can't promise is in
 * `docs/following-files.md`.
 *
 * Back-pressure: reads as fast as entries are taken, a block at a time; an unfinished last line is held back. Entries
 * have an origin: acknowledge them, or let a sink do it, for the checkpoint to move on. Ends after `stop()`, or at the
 * end of the file with `follow: false`. A file that is missing is waited for, one that can't be read is tried again,
 * with a `'warning'` `FILE_UNREADABLE`.
 *
 * @throws OptionError `BAD_OPTION`.
 * @throws LogwispError (`'error'`) `FILE_UNREADABLE` when the path is a directory, or with `follow: false` is not there.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { fileSource } from '@logwisp/sources'
 * import { include } from '@logwisp/filters'
 * import { consoleSink } from '@logwisp/sinks'
 *
 * await pipeline(fileSource('/var/log/app.log'), include(/ERROR|WARN/), consoleSink())
 * ```
 */
export function fileSource(path: string, options: FileSourceOptions = {}): FileSource {
  checkArgument('fileSource', 'path', path, option.text)
  checkOptions('fileSource', options, rules)
  return new FileSourceStream(path, options, realFileSystem)
}
