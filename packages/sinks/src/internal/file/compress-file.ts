/** Compressing one file so that a crash at any moment leaves the file, or the compressed one, or both, whole. */

import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type FileSystem, isAbsent, type OpenFile } from './file-system.ts'
import { syncDirectory } from './sync-directory.ts'

/** What a compressed file's name ends in while it is being written. */
export const partialSuffix = '.partial'

/** How much is read at a time. */
const blockBytes = 65_536

/** Makes `<path>.gz`, with the file's own time and permissions, and removes the file. */
export async function compressFile(fs: FileSystem, path: string, signal: AbortSignal): Promise<void> {
  const compressed = `${path}.gz`
  // It only gets this name when it is complete and on the disk: then a crash came before the last step.
  if (!(await exists(fs, compressed))) {
    const partial = `${compressed}${partialSuffix}`
    try {
      await writeCompressed(fs, path, partial, signal)
      await fs.rename(partial, compressed)
    } catch (error) {
      await fs.rm(partial, { force: true })
      throw error
    }
  }
  // A power cut must not take the one name away and forget the other.
  await syncDirectory(fs, dirname(path))
  await fs.rm(path, { force: true })
}

async function writeCompressed(fs: FileSystem, path: string, partial: string, signal: AbortSignal): Promise<void> {
  const plain = await fs.open(path, 'r')
  try {
    const { mode, atime, mtime } = await plain.stat()
    const file = await fs.open(partial, 'w', mode)
    try {
      await pipeline(blocksOf(plain), createGzip(), (blocks) => writeAll(file, blocks), { signal })
      await file.utimes(atime, mtime)
      await file.sync()
    } finally {
      await file.close()
    }
  } finally {
    await plain.close()
  }
}

async function* blocksOf(file: OpenFile): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(blockBytes), 0, blockBytes, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function writeAll(file: OpenFile, blocks: AsyncIterable<Buffer>): Promise<void> {
  for await (const block of blocks) {
    for (let left = block; left.length > 0; ) {
      const { bytesWritten } = await file.writev([left])
      if (bytesWritten === 0) throw Object.assign(new Error('nothing was written'), { code: 'EIO' })
      left = left.subarray(bytesWritten)
    }
  }
}

async function exists(fs: FileSystem, path: string): Promise<boolean> {
  try {
    await fs.stat(path)
    return true
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
}
