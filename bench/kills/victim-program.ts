/** The program that kills itself, as one file of plain JavaScript: it starts hundreds of times. */

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'

/** Makes it in a directory; from the packages' sources when this runs from its own, else from what is built. */
export async function victimProgram(directory: string): Promise<string> {
  const isSource = import.meta.url.endsWith('.ts')
  const entry = isSource ? '../actors/killed.ts' : './actors/killed.js'
  await build({
    config: false,
    entry: { killed: fileURLToPath(new URL(entry, import.meta.url)) },
    outDir: directory,
    outExtension: () => ({ js: '.mjs' }),
    format: ['esm'],
    platform: 'node',
    target: 'node20',
    noExternal: [/.*/],
    // The functions that count are put in place before the rest is loaded, which has to be a file of its own.
    splitting: true,
    silent: true,
    esbuildOptions: (options) => {
      if (isSource) options.conditions = ['@logwisp/source']
    },
  })
  return join(directory, 'killed.mjs')
}
