/** A copy of a file that does not change meanwhile: complete, and safe from a power cut, or not there. */

import { link, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

const chunkBytes = 1_048_576

/** So much is written before the disk is waited for: else the others who write to it would wait for all of it in the end. */
const syncBytes = 16_777_216

/**
 * Copies a file. Beside it stands `<path>.partial` until it is complete.
 *
 * @throws the system's errors; `EEXIST` when there is something at `to`. The signal's reason.
 */
export async function copyDatabase(from: string, to: string, signal: AbortSignal): Promise<void> {
  const partial = `${to}.partial`
  const source = await open(from, 'r')
  try {
    const target = await open(partial, 'w')
    try {
      const chunk = Buffer.allocUnsafe(chunkBytes)
      let unsynced = 0
      for (;;) {
        signal.throwIfAborted()
        const { bytesRead } = await source.read(chunk, 0, chunkBytes, null)
        if (bytesRead === 0) break
        await target.writeFile(chunk.subarray(0, bytesRead))
        unsynced += bytesRead
        if (unsynced >= syncBytes) {
          await target.datasync()
          unsynced = 0
        }
      }
      await target.sync()
    } finally {
      await target.close()
    }
    // Unlike a rename it never replaces what is there.
    await link(partial, to)
    const directory = await open(dirname(to), 'r')
    await directory.sync().finally(() => directory.close())
  } finally {
    await source.close()
    await rm(partial, { force: true })
  }
}
