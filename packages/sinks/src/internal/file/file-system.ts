/** The few calls that a file sink makes to the file system: what a test replaces to make a disk fail. */

import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { lockFile } from '@logwisp/core'

/** What is used of an open file or directory. */
export type OpenFile = Pick<
  FileHandle,
  'writev' | 'read' | 'stat' | 'truncate' | 'datasync' | 'sync' | 'utimes' | 'close'
>

/** What is used of `node:fs/promises`, and the lock. */
export interface FileSystem {
  open(path: string, flags: 'a+' | 'r' | 'w', mode?: number): Promise<OpenFile>
  readonly lockFile: typeof lockFile
  mkdir: typeof mkdir
  readdir(path: string): Promise<string[]>
  rename: typeof rename
  rm: typeof rm
  stat: typeof stat
  statfs: typeof statfs
}

/** The disk itself. */
export const realFileSystem: FileSystem = { open, lockFile, mkdir, readdir, rename, rm, stat, statfs }

/** Whether an error means that there is no room: it passes once somebody makes some. */
export function isOutOfSpace(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}

/** Whether an error means that there is nothing at that path. */
export function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
