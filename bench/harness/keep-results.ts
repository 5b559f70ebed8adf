/** Where the results of a command are kept: a page to read, and beside it what that was made of. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { print } from './bench-command.ts'

/** Writes the page into a directory and each of the details, by their names, into `results` there; says where they are. */
export async function keepResults(
  directory: string,
  page: { readonly name: string; readonly text: string },
  details: Readonly<Record<string, string>>,
): Promise<void> {
  const results = join(directory, 'results')
  await mkdir(results, { recursive: true })
  for (const [name, text] of Object.entries(details)) await writeFile(join(results, name), text)
  const path = join(directory, page.name)
  await writeFile(path, page.text)
  print(`\nwritten: ${path}, with ${results}\n`)
}
