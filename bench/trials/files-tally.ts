/** Which numbered lines stand in the files that sinks have written. */

import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Tally } from './numbered-lines.ts'

/** Reads `<name>.log` and its rotated files, of each name. */
export async function tallyOfFiles(directory: string, names: readonly string[]): Promise<Tally> {
  const tally = new Tally()
  for (const file of await readdir(directory)) {
    if (!names.some((name) => file === `${name}.log` || (file.startsWith(`${name}-`) && file.endsWith('.log'))))
      continue
    for await (const line of createInterface({ input: createReadStream(join(directory, file)) })) tally.add(line)
  }
  return tally
}
