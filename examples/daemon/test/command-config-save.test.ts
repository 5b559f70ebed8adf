/** `logwisp config --save`: overrides become permanent, and it says which. How files are edited: config-save.test.ts. */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CommandResult, command, removeDirectory, temporaryDirectory } from './command-process.ts'

const before = `# Ours
[[pipelines]]
name = "app"
sources = [{ type = "stdin" }]
sinks = [{ type = "http", options = { port = 8080, auth = { type = "bearer" } } }] # live
`

let cwd: string
beforeEach(async () => {
  cwd = await temporaryDirectory()
})
afterEach(() => removeDirectory(cwd))

const file = (): string => join(cwd, 'logwisp.toml')
const save = (words: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<CommandResult> =>
  command(['config', '--save', ...words], { cwd, environment })

test('writes what flags and variables say, tells each with where it came from, and withholds secrets', async () => {
  await writeFile(file(), before)
  const secret = 'a-token-of-my-own-0123456789'
  const words = ['--logging.level', 'debug', '--pipelines.0.sinks.0.options.auth.bearer_auth.tokens', secret]
  const first = await save(words, { LOGWISP_QUIET: 'true' })
  expect(first.code, first.stderr).toBe(0)
  expect(first.stdout).toBe(`${file()}: written\n  quiet  from LOGWISP_QUIET\n  logging.level  from --logging.level\n`)
  expect(first.stderr).toContain('not written, for they are secret; keep a secret in a file of its own')
  expect(first.stderr).toContain(
    '  pipelines.0.sinks.0.options.auth.bearer_auth.tokens  from --pipelines.0.sinks.0.options.auth',
  )
  const after = await readFile(file(), 'utf8')
  expect(after).toContain('quiet = true')
  expect(after).toContain('level = "debug"')
  expect(after).toContain('# live')
  expect([after, first.stdout, first.stderr].join('\n')).not.toContain(secret)
})

test('what it saved holds without flags from then on, and there is nothing more to write', async () => {
  await writeFile(file(), before.replace(', auth = { type = "bearer" }', ''))
  expect((await save(['--logging.level', 'debug'])).code).toBe(0)
  const text = await readFile(file(), 'utf8')
  const again = await save([])
  expect(again).toMatchObject({ code: 0, stdout: `${file()}: nothing to write\n`, stderr: '' })
  expect(await readFile(file(), 'utf8')).toBe(text)
  const shown = await command(['config', '--diff'], { cwd })
  expect(shown.stdout).toMatch(/^logging\.level += "debug" +logwisp\.toml:\d+:\d+$/m)
})

test('says as JSON what it did', async () => {
  await writeFile(file(), before.replace(', auth = { type = "bearer" }', ''))
  const { code, stdout } = await save(['--json', '--quiet'])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ file: file(), written: ['quiet'], withheld: [] })
})

test('refuses without a file, with what would be printed too, and leaves a file alone that it makes wrong', async () => {
  const none = await save(['--quiet'])
  expect([none.code, none.stdout]).toEqual([2, ''])
  expect(none.stderr).toContain('there is no file to save to: name one with --config FILE')

  await writeFile(file(), before)
  const both = await save(['--toml'])
  expect([both.code, both.stdout]).toEqual([2, ''])
  expect(both.stderr).toContain('--save prints what it wrote: leave out --toml')

  const wrong = await save(['--pipelines.0.sinks.0.options.port', '70000'])
  expect([wrong.code, wrong.stdout]).toEqual([2, ''])
  expect(await readFile(file(), 'utf8')).toBe(before)
})
