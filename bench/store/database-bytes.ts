/** The size of a database. */

import { statSync } from 'node:fs'

/** With its write-ahead log, if it has one. Unit: bytes. */
export function databaseBytes(path: string): number {
  return ['', '-wal'].reduce((sum, end) => sum + (statSync(path + end, { throwIfNoEntry: false })?.size ?? 0), 0)
}
