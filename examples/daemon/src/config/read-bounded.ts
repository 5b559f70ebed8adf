/** Reads a whole file, up to a bound. */

import type { FileHandle } from 'node:fs/promises'

const blockBytes = 65_536

/** The bytes of an open file; undefined when there are more than `maxBytes`. Never reads far beyond these. */
export async function readBounded(handle: FileHandle, maxBytes: number): Promise<Buffer | undefined> {
  const blocks: Buffer[] = []
  let size = 0
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(blockBytes), 0, blockBytes, null)
    if (bytesRead === 0) return Buffer.concat(blocks)
    size += bytesRead
    if (size > maxBytes) return undefined
    blocks.push(buffer.subarray(0, bytesRead))
  }
}
