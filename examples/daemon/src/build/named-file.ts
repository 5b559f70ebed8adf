/** Files that the configuration names: read when a stage is made, and never secrets that others may read. */

import { readFileSync, statSync } from 'node:fs'
import { refuse } from './stage-place.ts'

/**
 * The text of a file.
 *
 * @throws LogwispError `BAD_OPTION`, with the place in the configuration, when it cannot be read.
 */
export function readNamed(path: string, place: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw unreadable(path, place, cause)
  }
}

/**
 * The text of a file with secrets.
 *
 * @throws LogwispError `BAD_OPTION` when it cannot be read, or when anybody on this machine may.
 */
export function readSecret(path: string, place: string): string {
  checkSecret(path, place)
  return readNamed(path, place)
}

/** Refuses a file with secrets that is missing, or that anybody on this machine may read. */
function checkSecret(path: string, place: string): void {
  let mode: number
  try {
    ;({ mode } = statSync(path))
  } catch (cause) {
    throw unreadable(path, place, cause)
  }
  // Windows has no such bits, and shows them as set.
  if (process.platform === 'win32' || (mode & 0o004) === 0) return
  throw refuse(place, `anybody on this machine may read ${path}: take that from them (chmod 600 ${path})`)
}

function unreadable(path: string, place: string, cause: unknown): Error {
  const { code, message } = cause as NodeJS.ErrnoException
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'the daemon may not read it',
    EISDIR: 'it is a directory',
  }
  return refuse(place, `cannot read ${path}: ${reasons[code ?? ''] ?? message}`, cause)
}
