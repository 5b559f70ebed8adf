/** Compressing one file so that a crash at any moment leaves the file, or the compressed one, or both, whole. */

import { createReadStream, createWriteStream } from 'node:fs'
import { access, open, rename, rm, stat, utimes } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { isAbsent } from './file-system.ts'

/** What a compressed file's name ends in while it is being written. */
export const partialSuffix = '.partial'

/** Makes `<path>.gz`, with the file's own time and permissions, and removes the file. */
export async function compressFile(path: string, signal: AbortSignal): Promise<void> {
  const compressed = `${path}.gz`
  // It only gets this name when it is complete and on the disk: then a crash came before the last step.
  if (await exists(compressed)) return rm(path, { force: true })
  const partial = `${compressed}${partialSuffix}`
  try {
    const { mode, atime, mtime } = await stat(path)
    await pipeline(createReadStream(path), createGzip(), createWriteStream(partial, { mode }), { signal })
    await utimes(partial, atime, mtime)
    const handle = await open(partial, 'r+')
    await handle.sync().finally(() => handle.close())
    await rename(partial, compressed)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
  await rm(path, { force: true })
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
}
