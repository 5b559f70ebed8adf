/**
 * Tests run the packages' sources, and Node reads no TypeScript. A thread would have to be taught it each time, which takes
 * 0.6 s of a processor; instead one file is made of its sources, once for each process, and read in a tenth of that.
 */

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import threads from 'node:worker_threads'

/** Compiled: they stay where they are, and are found from the package that has the thread. */
const native = ['better-sqlite3']

const made = new Map()

function fileOf(source) {
  const { buildSync } = createRequire(import.meta.resolve('tsx'))('esbuild')
  const { outputFiles } = buildSync({
    entryPoints: [source],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    conditions: ['@logwisp/source'],
    external: native,
    define: { 'import.meta.url': 'ownUrl' },
    banner: { js: `const ownUrl = require('node:url').pathToFileURL(${JSON.stringify(source)}).href` },
    logLevel: 'silent',
  })
  const [{ contents }] = outputFiles
  let home = dirname(source)
  while (!existsSync(join(home, 'package.json'))) home = dirname(home)
  const directory = join(home, 'node_modules', '.cache', 'threads')
  const file = join(
    directory,
    `${basename(source, '.ts')}-${createHash('sha256').update(contents).digest('hex').slice(0, 16)}.cjs`,
  )
  if (!existsSync(file)) {
    mkdirSync(directory, { recursive: true })
    writeFileSync(`${file}.${process.pid}`, contents)
    renameSync(`${file}.${process.pid}`, file)
  }
  return file
}

threads.Worker = class extends threads.Worker {
  constructor(url, options) {
    const source = url instanceof URL && url.pathname.endsWith('.ts') ? fileURLToPath(url) : undefined
    if (source !== undefined && !made.has(source)) made.set(source, fileOf(source))
    super(source === undefined ? url : made.get(source), options)
  }
}
syncBuiltinESMExports()
