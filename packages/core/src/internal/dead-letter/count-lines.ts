/** How many lines a file has. */

import type { FileSystem } from '../file-system.ts'

const lineFeed = 10
const blockBytes = 65_536

/** Reads it block by block; what is behind the last line feed is no line. */
export async function countLines(fs: FileSystem, path: string): Promise<number> {
  const handle = await fs.open(path, 'r')
  try {
    const buffer = Buffer.allocUnsafe(blockBytes)
    let lines = 0
    for (let at = 0; ; ) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
      if (bytesRead === 0) return lines
      at += bytesRead
      for (const byte of buffer.subarray(0, bytesRead)) if (byte === lineFeed) lines++
    }
  } finally {
    await handle.close()
  }
}
