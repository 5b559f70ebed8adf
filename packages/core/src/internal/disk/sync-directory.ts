/** Makes a directory's list of files safe from a power cut. */

import type { FileSystem } from '../file-system.ts'

export async function syncDirectory(fileSystem: FileSystem, directory: string): Promise<void> {
  const handle = await fileSystem.open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
