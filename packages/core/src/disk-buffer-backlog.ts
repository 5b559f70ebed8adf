/** Says what waits in the directory of a disk buffer, without opening it. */

import { resolve } from 'node:path'
import { LogwispError } from './errors.ts'
import { backlogIn } from './internal/disk/backlog.ts'
import { realFileSystem } from './internal/file-system.ts'
import { checkArgument, option } from './options.ts'

/** What waits in the directory of a disk buffer. */
export interface DiskBufferBacklog {
  /**
   * Entries that are not acknowledged, as far as that was saved; undefined when the end of the newest segment does not tell,
   * as after a crash it may not.
   */
  readonly entries: number | undefined
  /** What they take. Unit: bytes. */
  readonly bytes: number
  /** The files that they are in. */
  readonly segments: number
}

/**
 * What `diskBuffer` or `spillBuffer` would find in a directory: what nobody has acknowledged yet. It reads the saved place,
 * the heads of the oldest and the newest segment and at most the last megabyte of that one, takes no lock and changes
 * nothing. Beside a buffer that is open it says about how much it was. A directory that is not there has nothing.
 *
 * @throws OptionError `BAD_OPTION`
 * @throws LogwispError (rejects) `BUFFER_FAILED` when the directory can not be read; `BUFFER_NEWER`.
 *
 * @example
 * ```ts
 * import { diskBufferBacklog } from '@logwisp/core'
 *
 * const { entries, bytes } = await diskBufferBacklog('./spool')
 * if (bytes > 0) console.log(`${entries ?? 'some'} entries wait in ./spool`)
 * ```
 */
export async function diskBufferBacklog(directory: string): Promise<DiskBufferBacklog> {
  checkArgument('diskBufferBacklog', 'directory', directory, option.text)
  const path = resolve(directory)
  try {
    return await backlogIn(realFileSystem, path)
  } catch (cause) {
    if (cause instanceof LogwispError && cause.code === 'BUFFER_NEWER') throw cause
    const message = `cannot look into the buffer in ${path} (${(cause as Error).message}): check the path and its permissions`
    throw new LogwispError('BUFFER_FAILED', message, { cause })
  }
}
