/** For peers that read files, and leave directories to their callers. */

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The path itself, or when it is a directory its files by name. */
export function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path)
    .sort()
    .map((name) => join(path, name))
}
