/**
 * What a user gets: the tarballs that `pnpm publish` would upload, installed by npm into an empty folder, then
 * imported, required, and type-checked by a consumer written in TypeScript. Needs a build (`pnpm test` makes one)
 * and the registry, for the packages' own dependencies.
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { outerEnvironment, packInto, publishedPackages } from '../../.config/published-packages.ts'

const folder = mkdtempSync(join(tmpdir(), 'logwisp-published-'))
/** Every name that something can be imported by, e.g. `@logwisp/core/batch`. */
const names = publishedPackages.flatMap(({ name, subpaths }) =>
  subpaths.map((path) => `@logwisp/${name}${path.slice(1)}`),
)

function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, {
    cwd: folder,
    env: outerEnvironment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 100_000,
  })
}

beforeAll(() => {
  const tarballs = publishedPackages.map((published) => packInto(folder, published))
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  // Without scripts: better-sqlite3 is compiled when it is installed, which takes minutes and proves nothing of ours. It needs
  // what was compiled only once a database is opened.
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
  run('npm', ['install', ...options, ...tarballs, '@types/node@20'])
}, 300_000)

afterAll(() => rmSync(folder, { recursive: true }))

test('a package brings its build, its sources, its licence and nothing else', () => {
  for (const { name } of publishedPackages) {
    const files = readdirSync(join(folder, 'node_modules/@logwisp', name))
    expect(files.filter((file) => file !== 'README.md').sort()).toEqual(['LICENSE', 'dist', 'package.json', 'src'])
  }
})

test('ESM and CommonJS give the same names under every subpath, and one class within each format', () => {
  const check = `
    const names = ${JSON.stringify(names)}
    const exported = {}
    for (const name of names) exported[name] = Object.keys(await load(name)).filter((key) => key !== 'default' && key !== 'module.exports').sort()
    const [barrel, errors] = [await load('@logwisp/core'), await load('@logwisp/core/errors')]
    console.log(JSON.stringify({ exported, same: barrel.LogwispError === errors.LogwispError }))`
  writeFileSync(join(folder, 'esm.mjs'), `const load = (name) => import(name)\n${check}`)
  writeFileSync(join(folder, 'cjs.cjs'), `const load = require\n;(async () => {${check}})()`)
  const esm = JSON.parse(run(process.execPath, ['esm.mjs']))
  const cjs = JSON.parse(run(process.execPath, ['cjs.cjs']))
  expect(esm.same).toBe(true)
  expect(cjs).toEqual(esm)
})

test('what is internal cannot be imported', () => {
  writeFileSync(join(folder, 'internal.mjs'), "await import('@logwisp/core/internal/outlet')")
  expect(() => run(process.execPath, ['internal.mjs'])).toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED')
})

test.each([
  { moduleResolution: 'node16', consumers: ['consumer.mts', 'consumer.cts'] },
  { moduleResolution: 'bundler', consumers: ['consumer.ts'] },
])(
  'types hold under moduleResolution $moduleResolution, in our declarations too',
  ({ moduleResolution, consumers }) => {
    const program = [
      ...names.map((name, index) => `import * as m${index} from '${name}'`),
      `export const all: object[] = [${names.map((_, index) => `m${index}`).join(', ')}]`,
      "import { errorCodes, type Entries, type LogEntry, LogwispError } from '@logwisp/core'",
      "import { LogwispError as TheSame } from '@logwisp/core/errors'",
      "const error: LogwispError = new TheSame('NOT_AN_ENTRY', 'text')",
      'export const code: keyof typeof errorCodes = error.code',
      'export async function* stage(entries: Entries): AsyncGenerator<LogEntry> { yield* entries }',
      '// @ts-expect-error: an entry has a message',
      'export const none: LogEntry = { time: 0, source: "" }',
    ]
    const paths = consumers.map((file) => join(folder, file))
    for (const path of paths) writeFileSync(path, program.join('\n'))
    const bundler = moduleResolution === 'bundler'
    const options: ts.CompilerOptions = {
      strict: true,
      noEmit: true,
      // Off, so that a declaration of ours that does not compile is seen.
      skipLibCheck: false,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2023.d.ts'],
      module: bundler ? ts.ModuleKind.ESNext : ts.ModuleKind.Node16,
      moduleResolution: bundler ? ts.ModuleResolutionKind.Bundler : ts.ModuleResolutionKind.Node16,
      types: ['node'],
      typeRoots: [join(folder, 'node_modules/@types')],
    }
    const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram(paths, options))
    expect(ts.formatDiagnostics(diagnostics, ts.createCompilerHost(options))).toBe('')
  },
)
