/** Reads a configuration file that nobody else could have written. */

import type { Stats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { relative, sep } from 'node:path'
import { ConfigError } from './loaded-config.ts'
import { readBounded } from './read-bounded.ts'
import { isOurGroup, ourUserId } from './who-we-are.ts'

/** The bytes of a file as they were read, to see later whether they still are. */
export interface FileAsRead {
  /** Absolute. */
  readonly path: string
  /** As shown to people: relative below the current directory. */
  readonly shown: string
  readonly text: string
}

/** The largest configuration file. */
export const maxFileBytes = 10_000_000

/**
 * Reads it.
 *
 * @throws {ConfigError} when it cannot be read, is larger than 10 MB, is not UTF-8, belongs to somebody else, or when
 *   others may write to it
 */
export async function readFile(path: string, cwd: string): Promise<FileAsRead> {
  const shown = shownPath(path, cwd)
  const refuse = (message: string): ConfigError =>
    new ConfigError([{ path: '', message: `${shown} ${message}`, origin: undefined }])
  let handle: FileHandle | undefined
  try {
    // It would wait for somebody to write into it, perhaps for ever. The shell's own (`<(…)`) are open already.
    if ((await stat(path)).isFIFO() && !/^\/(dev|proc)\//.test(path)) {
      throw refuse('is a named pipe; name a file, or let the shell open it: --config /dev/stdin < PIPE')
    }
    handle = await open(path, 'r')
    const stats = await handle.stat()
    if (stats.isDirectory()) throw refuse('is a directory; name the file in it')
    const danger = dangerOf(stats, shown)
    if (danger !== undefined) throw refuse(danger)
    const bytes = await readBounded(handle, maxFileBytes)
    if (bytes === undefined) throw refuse(`is larger than ${maxFileBytes / 1_000_000} MB`)
    return { path, shown, text: decode(bytes) }
  } catch (error) {
    if (error instanceof ConfigError) throw error
    if (error instanceof TypeError) throw refuse('is not a text in UTF-8; save it as one')
    throw refuse(`cannot be read: ${(error as Error).message}`)
  } finally {
    await handle?.close()
  }
}

function decode(bytes: Uint8Array): string {
  // Takes a byte order mark away, and throws a TypeError.
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
}

/** Relative below the current directory, where it is shorter and says the same. */
export function shownPath(path: string, cwd: string): string {
  const shorter = relative(cwd, path)
  const isBelow = shorter !== '' && shorter !== '..' && !shorter.startsWith(`..${sep}`)
  return isBelow ? shorter : path
}

/** What the file says is what the daemon does, with the daemon's rights: whoever writes it has them too. */
function dangerOf(stats: Stats, shown: string): string | undefined {
  const us = ourUserId()
  // A pipe of the shell (`--config <(…)`) has no rights to speak of; on Windows there is no such number.
  if (us === undefined || !stats.isFile()) return undefined
  if (stats.uid !== us && stats.uid !== 0 && stats.uid !== sudoUserId()) {
    return `belongs to another user (number ${stats.uid}), who could make this daemon do anything; chown ${us} ${shown}`
  }
  if ((stats.mode & 0o002) !== 0) return `may be written by everybody; chmod o-w ${shown}`
  if ((stats.mode & 0o020) !== 0 && !isOurGroup(stats.gid)) {
    return `may be written by a group that this process is not in (number ${stats.gid}); chmod g-w ${shown}`
  }
  return undefined
}

/** Whoever became root by `sudo` could be root in any other way. */
function sudoUserId(): number | undefined {
  const number = Number(process.env['SUDO_UID'] ?? Number.NaN)
  return process.geteuid?.() === 0 && Number.isInteger(number) ? number : undefined
}
