/** The examples of docs/testing.md are run, each by its own test runner, as a project that has installed the packages. */

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { publishedPackages, root } from '../../.config/published-packages.ts'

const page = readFileSync(join(root, 'docs/testing.md'), 'utf8')

/** The example that is to be run with this. */
function example(runner: string): string {
  return new RegExp(`<!-- run: ${runner} -->\\n\`\`\`ts\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? ''
}

let project: string

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'logwisp-docs-testing-'))
  const link = (name: string, to: string): void => {
    const path = join(project, 'node_modules', name)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(to, path)
  }
  for (const { name, folder } of publishedPackages) link(`@logwisp/${name}`, folder)
  link('vitest', join(root, 'node_modules/vitest'))
  const conditions = "['@logwisp/source', 'node']"
  const threads = pathToFileURL(join(root, '.config/typescript-threads.mjs')).href
  const options = `execArgv: ['--import', ${JSON.stringify(threads)}, '--conditions=@logwisp/source']`
  const config = `resolve: { conditions: ${conditions} }, ssr: { resolve: { conditions: ${conditions} } }, test: { ${options} }`
  writeFileSync(join(project, 'package.json'), '{"type":"module"}')
  writeFileSync(join(project, 'vitest.config.js'), `export default { ${config} }\n`)
  writeFileSync(join(project, 'node.test.ts'), example('node'))
  writeFileSync(join(project, 'vitest.test.ts'), example('vitest'))
})

afterAll(() => rmSync(project, { recursive: true }))

/** A program that compiles everything it imports: on a busy machine that takes a while. */
const timeoutMs = 120_000

/** Runs a program of Node in the project; what it says, and whether all went well. */
function run(...args: string[]): Promise<{ isGood: boolean; output: string }> {
  // This process is a runner's too, and says so to its children.
  const { NODE_OPTIONS: _1, NODE_TEST_CONTEXT: _2, VITEST: _3, ...env } = process.env
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: project, env }, (error, stdout, stderr) => {
      resolve({ isGood: error === null, output: stdout + stderr })
    })
  })
}

test(
  'the example for node:test passes',
  async () => {
    const tsx = pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href
    const { isGood, output } = await run('--import', tsx, '--conditions=@logwisp/source', '--test', 'node.test.ts')
    expect(output).toMatch(/pass 5$/m)
    expect(isGood, output).toBe(true)
  },
  timeoutMs,
)

test(
  'the example for vitest passes',
  async () => {
    const { isGood, output } = await run(join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'vitest.test.ts')
    expect(output).toMatch(/1 passed/)
    expect(isGood, output).toBe(true)
  },
  timeoutMs,
)
