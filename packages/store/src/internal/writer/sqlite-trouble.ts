/** What an error of SQLite means for the one who writes. */

import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { LogwispError } from '@logwisp/core'

/** A disk with less is full, when SQLite can not write to it. */
const tooLittleBytes = 65_536

/**
 * - `disk-full`, `locked`: the same can be tried again later.
 * - `failed`: it can not.
 */
export interface SqliteTrouble {
  readonly kind: 'disk-full' | 'locked' | 'failed'
  readonly error: LogwispError
}

/** @param path the database's, for the words. */
export function sqliteTrouble(cause: unknown, path: string): SqliteTrouble {
  const { code = '', message = String(cause) } = cause as { code?: string; message?: string }
  if (cause instanceof LogwispError) return { kind: 'failed', error: cause }
  if (code === 'SQLITE_FULL' || isNoSpace(code, path)) {
    const words = `the disk of ${path} is full (${message}): free some space, or set the store's retention; entries wait meanwhile`
    return { kind: 'disk-full', error: new LogwispError('DISK_FULL', words, { cause }) }
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    const words = `${path} is locked by another program: end that one's transaction (is a shell open on it?); entries wait meanwhile`
    return { kind: 'locked', error: new LogwispError('STORE_BUSY', words, { cause }) }
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    const words = `${path} is no database, or a damaged one (${message}): put a backup in its place, or move it away and begin anew`
    return { kind: 'failed', error: new LogwispError('STORE_CORRUPT', words, { cause }) }
  }
  const words = `${path} could not be opened, read or written (${message}): see \`cause\``
  return { kind: 'failed', error: new LogwispError('STORE_FAILED', words, { cause }) }
}

/**
 * SQLite tells a full disk from other failures only where it wrote to a file; where it made a shared memory file longer, it
 * does not. A failed sync is none of these: what was written before is in doubt then.
 */
function isNoSpace(code: string, path: string): boolean {
  if (!code.startsWith('SQLITE_IOERR') || code === 'SQLITE_IOERR_FSYNC') return code === 'ENOSPC' || code === 'EDQUOT'
  try {
    const { bavail, bsize } = statfsSync(dirname(path))
    return bavail * bsize < tooLittleBytes
  } catch {
    return false
  }
}
