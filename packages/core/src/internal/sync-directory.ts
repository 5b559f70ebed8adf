/** Makes the names in a directory safe from a power cut. */

import type { FileSystem } from './file-system.ts'

/** Syncs the directory; does nothing where that is not possible (Windows). */
export async function syncDirectory(fileSystem: FileSystem, directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await fileSystem.open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
