/** What is published: the packages, and the names that each can be imported by. Read by tests and checks. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's folder. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/** A package that users install, e.g. `@logwisp/core`. */
export interface PublishedPackage {
  /** The name after the scope, which is the folder's too: `core`. */
  readonly name: string
  readonly folder: string
  /** The barrel `.`, each file of `src` as `./batch`, and what package.json names besides, as `./testing`. */
  readonly subpaths: readonly string[]
}

/** Every folder of `packages` that holds a package.json which isn't private. */
export const publishedPackages: readonly PublishedPackage[] = readdirSync(join(root, 'packages'))
  .map((name) => ({ name, folder: join(root, 'packages', name) }))
  .filter(({ folder }) => existsSync(join(folder, 'package.json')))
  .map(({ name, folder }) => ({ name, folder, manifest: readManifest(folder) }))
  .filter(({ manifest }) => manifest.private !== true)
  .map(({ name, folder, manifest }) => ({ name, folder, subpaths: subpathsOf(folder, manifest) }))

interface Manifest {
  readonly private?: boolean
  readonly exports: Readonly<Record<string, unknown>>
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

function subpathsOf(folder: string, manifest: Manifest): string[] {
  const named = Object.keys(manifest.exports).filter(
    (key) => !key.includes('*') && key !== './package.json' && manifest.exports[key] !== null,
  )
  const files = readdirSync(join(folder, 'src'))
    .filter((file) => file.endsWith('.ts') && file !== 'index.ts')
    .map((file) => `./${file.slice(0, -'.ts'.length)}`)
  return [...new Set([...named, ...files])].sort()
}
