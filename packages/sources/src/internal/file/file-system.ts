/** The part of `node:fs` that following files needs, so that tests can make it fail. */

import type { BigIntStats, Dirent } from 'node:fs'
import { constants, type FSWatcher, watch } from 'node:fs'
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises'

export interface FileSystem {
  open(path: string): Promise<FileHandle>
  stat(path: string): Promise<BigIntStats>
  readdir(path: string): Promise<Dirent[]>
  realpath(path: string): Promise<string>
  /** `isNew`: the name came, went or was given to another file; otherwise its file was written to. */
  watch(path: string, onChange: (name: string | null, isNew: boolean) => void): FSWatcher
}

/** Opening a named pipe waits for its writer, in one of the few threads that all files share, unless told not to. */
const readAtOnce = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

export const realFileSystem: FileSystem = {
  open: (path) => open(path, readAtOnce),
  stat: (path) => stat(path, { bigint: true }),
  realpath: (path) => realpath(path),
  readdir: (path) => readdir(path, { withFileTypes: true }),
  watch: (path, onChange) => watch(path, { persistent: false }, (event, name) => onChange(name, event === 'rename')),
}

/** The error's code, when the system gave one. */
export function systemCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code
}

/** Whether nothing is at the path, or something on the way to it is no directory. */
export function isMissing(error: unknown): boolean {
  const code = systemCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}
