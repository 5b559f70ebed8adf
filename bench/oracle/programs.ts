/** How the programs of topologies are started: they see the packages as this process does, built or as sources. */

import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
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

/** A program of this package, as this one is run itself. */
export function actorWords(path: string, ...words: readonly string[]): string[] {
  return [...process.execArgv, path, ...words]
}
