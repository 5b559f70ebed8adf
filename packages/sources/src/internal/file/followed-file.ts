/** How far a followed path was read, for those who watch over it. */

import type { BigIntStats } from 'node:fs'
import type { FileReader } from './file-reader.ts'
import { isSameFile } from './file-search.ts'

/** A path that is followed, and how far it was read when it was asked. */
export interface FollowedFile {
  readonly path: string
  /** Where the next read begins, in bytes: in the file that is read now, which may have been rotated away. */
  readonly offset: number
  /** How long the file at the path is, in bytes; 0 when there is none. */
  readonly sizeBytes: number
  /** Bytes that are there and were not read yet. Unknown, and 0, for a compressed file. */
  readonly lagBytes: number
}

/** `reader`: of the file that is read now; `shown`: what the path shows now. */
export function followedFile(
  path: string,
  reader: FileReader | undefined,
  shown: BigIntStats | undefined,
): FollowedFile {
  const sizeBytes = Number(shown?.size ?? 0n)
  if (reader === undefined) return { path, offset: 0, sizeBytes, lagBytes: sizeBytes }
  const { offset } = reader
  if (reader.readsCopy) return { path, offset, sizeBytes, lagBytes: 0 }
  if (shown !== undefined && isSameFile(shown, reader.stat)) {
    return { path, offset, sizeBytes, lagBytes: Math.max(0, sizeBytes - offset) }
  }
  const left = Math.max(0, Number(reader.stat.size) - offset)
  return { path, offset, sizeBytes, lagBytes: left + sizeBytes }
}
