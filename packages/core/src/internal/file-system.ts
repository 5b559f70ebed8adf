/** What core uses of `node:fs/promises`, so that a test can put a failing or a crashing file system in its place. */

import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'

/** What is used of an open file or directory. */
export type OpenFile = Pick<
  FileHandle,
  'read' | 'writev' | 'writeFile' | 'stat' | 'truncate' | 'datasync' | 'sync' | 'close'
>

/** What is used of the file system; each as `node:fs/promises` has it. */
export interface FileSystem {
  open(path: string, flags: string | number, mode?: number): Promise<OpenFile>
  readonly mkdir: typeof mkdir
  readdir(path: string): Promise<string[]>
  readFile(path: string, encoding: 'utf8'): Promise<string>
  readonly rename: typeof rename
  readonly rm: typeof rm
  readonly stat: typeof stat
}

/** The disk itself. */
export const realFileSystem: FileSystem = { open, mkdir, readdir, readFile, rename, rm, stat }

/** Whether an error means that there is nothing at that path. */
export function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

/** Whether an error means that there is no room: it passes once somebody makes some. */
export function isOutOfSpace(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}
