/**
 * Every `ts` block in README.md, packages/*\/README.md, docs/*.md and the comments of the public source files compiles,
 * as a module of its own, against the packages' sources. A block that is not meant to compile has `<!-- not compiled: the reason -->` on the line before it.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { publishedPackages, root } from '../../.config/published-packages.ts'

interface Snippet {
  /** Where a reader finds it, e.g. `README.md:12`. */
  readonly place: string
  readonly code: string
}

const packagePages = publishedPackages.map(({ name }) => `packages/${name}/README.md`)
const pages = [
  'README.md',
  ...packagePages,
  ...filesIn('docs', '.md'),
  ...publishedPackages.flatMap(({ name }) => filesIn(`packages/${name}/src`, '.ts')),
].filter((page) => existsSync(join(root, page)))

const snippets = pages.flatMap((page) => snippetsOf(page, readFileSync(join(root, page), 'utf8')))

test('README.md and every package have a page with a snippet', () => {
  const expected = ['README.md', ...packagePages]
  expect(expected.filter((page) => !snippets.some(({ place }) => place.startsWith(`${page}:`)))).toEqual([])
})

test('every snippet compiles', () => {
  const files = new Map(snippets.map(({ place, code }) => [join(root, `${place}.ts`), code]))
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, root)
  options.moduleDetection = ts.ModuleDetectionKind.Force
  // The root depends on no package of its own: their names are found by path, as the exports of each have them.
  options.paths = Object.fromEntries(
    publishedPackages.flatMap(({ name, folder }) => [
      [`@logwisp/${name}`, [join(folder, 'src/index.ts')]],
      [`@logwisp/${name}/*`, [join(folder, 'src/*.ts')]],
    ]),
  )
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (path) => files.has(path) || fileExists(path)
  host.readFile = (path) => files.get(path) ?? readFile(path)
  host.getSourceFile = (path, version, ...rest) => {
    const code = files.get(path)
    return code === undefined ? getSourceFile(path, version, ...rest) : ts.createSourceFile(path, code, version, true)
  }
  const program = ts.createProgram([...files.keys()], options, host)
  const diagnostics = [...files.keys()].flatMap((path) => {
    const file = program.getSourceFile(path)
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
  })
  expect(ts.formatDiagnostics(diagnostics, host)).toBe('')
})

function filesIn(folder: string, extension: string): string[] {
  return readdirSync(join(root, folder))
    .filter((file) => file.endsWith(extension))
    .map((file) => `${folder}/${file}`)
}

function snippetsOf(page: string, text: string): Snippet[] {
  // In a source file the block is inside a comment.
  const lines = text.split('\n').map((line) => (page.endsWith('.ts') ? line.replace(/^ *\* ?/, '') : line))
  return lines.flatMap((line, index) => {
    if (line !== '```ts' || /<!-- not compiled: .+ -->/.test(lines[index - 1] ?? '')) return []
    const code = lines.slice(index + 1, lines.indexOf('```', index + 1)).join('\n')
    return [{ place: `${page}:${index + 2}`, code }]
  })
}
