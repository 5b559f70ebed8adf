/** Files that commands make. */

import { randomBytes } from 'node:crypto'
import { link, rename, rm, writeFile } from 'node:fs/promises'
import { UsageError } from './usage-error.ts'

/**
 * Writes a file as a whole or not at all, with this mode from its first byte on. One that is there is replaced with
 * `force` only.
 *
 * @throws UsageError when it is there
 */
export async function writeNewFile(
  path: string,
  text: string,
  { mode, force }: { readonly mode: number; readonly force: boolean },
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await writeFile(temporary, text, { mode, flag: 'wx', flush: true })
    if (force) await rename(temporary, path)
    // A link fails where a rename would replace.
    else await link(temporary, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new UsageError(`${path} is there already, and is left as it is: choose another name, or remove it`)
  } finally {
    await rm(temporary, { force: true })
  }
}
