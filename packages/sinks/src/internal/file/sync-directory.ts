/** Makes the names in a directory safe from a power cut. */

import type { FileSystem } from './file-system.ts'

/** Syncs the directory; does nothing where that is not possible (Windows). */
export async function syncDirectory(fs: FileSystem, path: string): Promise<void> {
  try {
    const handle = await fs.open(path, 'r')
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    if (process.platform !== 'win32') throw error
  }
}
