/** How the programs of topologies are started: they see the packages as this process does, built or as sources. */

import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { exampleWords } from '../trials/example-process.ts'

const require = createRequire(import.meta.url)
const daemonPackage = dirname(require.resolve('@logwisp/example-daemon/package.json'))

/** Whether this process sees the packages as sources. */
export const isFromSources: boolean = process.execArgv.some((word) => word.includes('@logwisp/source'))

/** The reference daemon with a configuration. */
export function daemonWords(configuration: string): string[] {
  const words = ['--config', configuration]
  if (!isFromSources) return [join(daemonPackage, 'dist', 'cli.js'), ...words]
  return [...process.execArgv, join(daemonPackage, 'src', 'cli.ts'), ...words]
}

/** A part of the example log-ingestion. */
export function ingestionWords(name: 'api' | 'collector', ...words: readonly string[]): string[] {
  const packages = isFromSources ? process.execArgv : []
  return [...packages, ...exampleWords({ example: 'log-ingestion', name, words })]
}

/** A part of the daemon's command other than running, with a configuration. */
export function commandWords(configuration: string, ...words: readonly string[]): string[] {
  const run = daemonWords(configuration)
  return [...run.slice(0, -2), ...words, ...run.slice(-2)]
}

/** A program of `bench/actors`, run as this one is. */
export function actorWords(name: string, ...words: readonly string[]): string[] {
  // Built, all of this is one file beside `actors`.
  const place = extname(import.meta.url) === '.ts' ? `../actors/${name}.ts` : `./actors/${name}.js`
  return [...process.execArgv, fileURLToPath(new URL(place, import.meta.url)), ...words]
}
