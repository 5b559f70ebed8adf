/** Which LogWisp this is. */

import { readFile } from 'node:fs/promises'

/** The version of the program, e.g. `1.2.3`. */
export async function ownVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return version
}
