/** The few calls that a file sink makes to the file system: what a test replaces to make a disk fail. */

import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'

/** What is used of an open file. */
export type OpenFile = Pick<FileHandle, 'writev' | 'read' | 'stat' | 'truncate' | 'datasync' | 'close'>

/** What is used of `node:fs/promises` on the way of the entries. */
export interface FileSystem {
  open(path: string, flags: 'a+'): Promise<OpenFile>
  mkdir: typeof mkdir
  readdir(path: string): Promise<string[]>
  rename: typeof rename
  rm: typeof rm
  stat: typeof stat
  statfs: typeof statfs
}

/** The disk itself. */
export const realFileSystem: FileSystem = { open, mkdir, readdir, rename, rm, stat, statfs }

/** Whether an error means that there is no room: it passes once somebody makes some. */
export function isOutOfSpace(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}

/** Whether an error means that there is nothing at that path. */
export function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
