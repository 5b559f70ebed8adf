/** What is published: the packages, and the names that each can be imported by. Read by tests and checks. */

import { execFileSync } from 'node:child_process'
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
  /** What comes after the package's name: the barrel `.`, and each file of `src`, as `./batch`. */
  readonly subpaths: readonly string[]
}

/** Every folder of `packages` that holds a package.json which isn't private. */
export const publishedPackages: readonly PublishedPackage[] = readdirSync(join(root, 'packages'))
  .map((name) => ({ name, folder: join(root, 'packages', name) }))
  .filter(({ folder }) => existsSync(join(folder, 'package.json')) && readManifest(folder).private !== true)
  .map(({ name, folder }) => ({ name, folder, subpaths: subpathsOf(folder) }))

/** The environment, but for what an npm or pnpm that runs this says of itself: it would configure one that we run. */
export const outerEnvironment: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')),
)

/** Packs what is to be published, as `pnpm publish` would, and returns the tarball's path. Needs a build. */
export function packInto(directory: string, { name, folder }: PublishedPackage): string {
  if (!existsSync(join(folder, 'dist'))) throw new Error(`@logwisp/${name} has no dist: run \`npx pnpm build\` first`)
  const tarball = join(directory, `${name}.tgz`)
  execFileSync('npx', ['-y', 'pnpm', 'pack', '--out', tarball], {
    cwd: folder,
    env: outerEnvironment,
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 100_000,
  })
  return tarball
}

interface Manifest {
  readonly private?: boolean
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

function subpathsOf(folder: string): string[] {
  return readdirSync(join(folder, 'src'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => (file === 'index.ts' ? '.' : `./${file.slice(0, -'.ts'.length)}`))
    .sort()
}
