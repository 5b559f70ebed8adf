/**
 * How every package is built: `tsup --config ../../.config/tsup.ts`, run in its folder.
 *
 * The output mirrors the source, file by file: `src/batch.ts` becomes `dist/batch.js` (ESM), `dist/batch.cjs` and
 * the declarations of both. Files import each other as they do in the source, so a class is the same class whether
 * it comes from the barrel or from its subpath, a bundler drops what is unused file by file, and a stack trace
 * names the file that a reader will look for. A private package (an example) is not published: ESM alone will do.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { defineConfig, type Options } from 'tsup'
import ts from 'typescript'

type Format = 'esm' | 'cjs'
type EsbuildPlugin = NonNullable<Options['esbuildPlugins']>[number]

const javascript: Readonly<Record<Format, string>> = { esm: '.js', cjs: '.cjs' }
const declarations: Readonly<Record<Format, string>> = { esm: '.d.ts', cjs: '.d.cts' }

const isPublished = JSON.parse(readFileSync('package.json', 'utf8')).private !== true
const formats: Format[] = isPublished ? ['esm', 'cjs'] : ['esm']

/** Leaves `./batch.ts` an import of its own file, by the name that the file has once it is built. */
const keepFilesApart: EsbuildPlugin = {
  name: 'keep-files-apart',
  setup(build) {
    const extension = javascript[build.initialOptions.format === 'cjs' ? 'cjs' : 'esm']
    build.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ kind, path }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/\.ts$/, extension), external: true },
    )
  },
}

/** A file's own place, in CommonJS: who starts a thread or serves files must know it. */
const ownUrl: EsbuildPlugin = {
  name: 'own-url',
  setup(build) {
    if (build.initialOptions.format !== 'cjs') return
    build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
      if (!text.includes('import.meta.url')) return undefined
      const contents = text.replaceAll('import.meta.url', "require('node:url').pathToFileURL(__filename).href")
      return { contents, loader: 'ts' }
    })
  },
}

/**
 * Writes each file's declarations beside its JavaScript, from the package's own tsconfig.json. It is no type-check
 * (that is a step of `pnpm check`), but declarations that cannot be written end the build.
 */
function writeDeclarations(): void {
  const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile)
  const { fileNames, options } = ts.parseJsonConfigFileContent({ ...config, include: ['src'] }, ts.sys, process.cwd())
  const program = ts.createProgram(fileNames, {
    ...options,
    noEmit: false,
    emitDeclarationOnly: true,
    rootDir: 'src',
    outDir: 'dist',
  })
  const write = (path: string, text: string): void => {
    for (const format of formats) {
      const formatPath = path.replace(/\.d\.ts$/, declarations[format])
      mkdirSync(dirname(formatPath), { recursive: true })
      writeFileSync(formatPath, withImportsOf(format, text))
    }
  }
  // File by file: the program also holds the sources of the packages that this one imports.
  const diagnostics = fileNames.flatMap((name) => program.emit(program.getSourceFile(name), write).diagnostics)
  if (diagnostics.length > 0) throw new Error(ts.formatDiagnostics(diagnostics, ts.createCompilerHost(options)))
}

/** `./batch.ts` in a declaration file, as `./batch.js` or `./batch.cjs`. */
function withImportsOf(format: Format, text: string): string {
  const imports = ts.preProcessFile(text).importedFiles.filter(({ fileName }) => /^\.\.?\/.*\.ts$/.test(fileName))
  let result = text
  // From the last to the first, so that the places of those before stay true. `pos` is the opening quote's.
  for (const { fileName, pos } of imports.toReversed()) {
    const start = pos + 1
    result =
      result.slice(0, start) + fileName.replace(/\.ts$/, javascript[format]) + result.slice(start + fileName.length)
  }
  return result
}

export default defineConfig({
  entry: ['src/**/*.ts'],
  format: formats,
  target: 'node20.19',
  platform: 'node',
  sourcemap: true,
  clean: true,
  splitting: false,
  removeNodeProtocol: false,
  silent: true,
  outExtension: ({ format }) => ({ js: javascript[format as Format] }),
  esbuildPlugins: [keepFilesApart, ownUrl],
  esbuildOptions(options) {
    options.outbase = 'src'
    // Of `import.meta`, empty in CommonJS, only `url` is made up for: what works in one format alone must not be built.
    options.logOverride = { 'empty-import-meta': 'error' }
  },
  onSuccess: async () => {
    if (isPublished) writeDeclarations()
  },
})
