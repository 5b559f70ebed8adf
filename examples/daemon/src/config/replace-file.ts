/** Replaces the text of a file as a whole, or not at all. */

import { randomUUID } from 'node:crypto'
import { type FileHandle, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Writes a text into a temporary file beside it, makes that safe from a power cut, and renames it. Symbolic links are
 * followed; mode and owner stay.
 *
 * @returns false when the file does not have the text `before` (any more), and nothing was written
 * @throws the system's errors; the file is then as it was
 */
export async function replaceFile(path: string, before: string, after: string): Promise<boolean> {
  const target = await realpath(path)
  const { mode, uid, gid } = await stat(target)
  if ((await textOf(target)) !== before) return false
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`)
  let handle: FileHandle | undefined
  try {
    handle = await open(temporary, 'wx', 0o600)
    const own = await handle.stat()
    // A file of somebody else's would not be read again.
    if (own.uid !== uid || own.gid !== gid) await handle.chown(uid, gid)
    await handle.chmod(mode & 0o7777)
    await handle.writeFile(after)
    await handle.sync()
    await handle.close()
    handle = undefined
    // Once more, as close to the renaming as can be: an editor may have saved meanwhile.
    if ((await textOf(target)) !== before) return false
    await rename(temporary, target)
  } finally {
    await handle?.close()
    await rm(temporary, { force: true })
  }
  await syncDirectory(dirname(target))
  return true
}

async function textOf(path: string): Promise<string> {
  return new TextDecoder('utf-8', { ignoreBOM: false }).decode(await readFile(path))
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
