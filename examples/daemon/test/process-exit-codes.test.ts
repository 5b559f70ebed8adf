/** Every documented exit code, and `run --once`. 130 and 143, of a second signal, are in process-stop.test.ts. */

import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configured, numbered, receiver, startDaemon, temporaryDirectory } from './process-fixtures.ts'

function copying(directory: string, more = ''): string {
  return `
    ${more}
    [[pipelines]]
    name = "app"
    sources = [{ type = "directory", options = { path = ${JSON.stringify(join(directory, '.'))}, pattern = "app*.log" } }]
    sinks = [{ type = "file", options = { directory = ${JSON.stringify(directory)}, name = "copy" } }]
  `
}

test('0: --version and --help', async () => {
  const version = startDaemon(['--version'])
  const help = startDaemon(['--help'])
  expect(await version.exit).toBe(0)
  expect(version.output()).toMatch(/^\d+\.\d+\.\d+\n$/)
  expect(await help.exit).toBe(0)
  expect(help.output()).toContain('Exit codes:')
})

test('0: run --once carries what is there, and the next one goes on from there', async () => {
  const directory = await temporaryDirectory()
  await writeFile(join(directory, 'app.log'), numbered(1000))
  const words = ['run', '--once', ...(await configured(directory, copying(directory)))]
  expect(await startDaemon(words).exit).toBe(0)
  expect(await readFile(join(directory, 'copy.log'), 'utf8')).toBe(numbered(1000))
  await appendFile(join(directory, 'app.log'), 'more\n')
  expect(await startDaemon(words).exit).toBe(0)
  expect(await readFile(join(directory, 'copy.log'), 'utf8')).toBe(`${numbered(1000)}more\n`)
})

test('0: a standard input that ends, everything of it delivered (W8: 500 lines in, 500 out)', async () => {
  const directory = await temporaryDirectory()
  const toml = `
    [[pipelines]]
    name = "app"
    sources = [{ type = "stdin" }]
    sinks = [{ type = "stdout" }, { type = "file", options = { directory = ${JSON.stringify(directory)}, name = "copy" } }]
  `
  const daemon = startDaemon(await configured(directory, toml), { input: 'pipe' })
  daemon.child.stdin?.end(numbered(500))
  expect(await daemon.exit).toBe(0)
  expect(await readFile(join(directory, 'copy.log'), 'utf8')).toBe(numbered(500))
  expect(daemon.output().match(/^line \d+$/gm)).toHaveLength(500)
})

test('1: the state directory cannot be made, and it is said what to do (a port in use: process-daemon.test.ts)', async () => {
  const directory = await temporaryDirectory()
  const words = await configured(directory, copying(directory))
  const daemon = startDaemon([...words, '--state-directory', '/dev/null/x'])
  expect(await daemon.exit).toBe(1)
  expect(daemon.output()).toMatch(/FATAL cannot use the state directory \/dev\/null\/x .*--state-dir/)
})

test('1: the log file cannot be opened, and that is said on standard error', async () => {
  const directory = await temporaryDirectory()
  const toml = copying(directory, 'logging = { output = "file", file = { directory = "/dev/null/x" } }')
  const daemon = startDaemon(await configured(directory, toml))
  expect(await daemon.exit).toBe(1)
  expect(daemon.output()).toMatch(/^logwisp: cannot open the log: .*\/dev\/null\/x/)
})

test('2: a wrong flag, a configuration that is not there, one that is wrong: all of it at once, with its places', async () => {
  const directory = await temporaryDirectory()
  const flag = startDaemon(['--prot', '1'])
  const missing = startDaemon(['--config', join(directory, 'nothing.toml')])
  const words = await configured(directory, copying(directory, 'quite = true\nstop_timeout_seconds = "soon"'))
  const wrong = startDaemon(words)
  expect(await flag.exit).toBe(2)
  expect(flag.output()).toMatch(/^logwisp: --prot.* did you mean --port\b/)
  expect(await missing.exit).toBe(2)
  expect(missing.output()).toContain('nothing.toml')
  expect(await wrong.exit).toBe(2)
  expect(wrong.output()).toMatch(/^logwisp: \S+logwisp\.toml:\d+:\d+: quite: .*did you mean .?quiet/m)
  expect(wrong.output()).toMatch(/^logwisp: \S+logwisp\.toml:\d+:\d+: stop_timeout_seconds: /m)
})

test('3: run --once gives up when nothing was delivered for stop_timeout_seconds', async () => {
  const directory = await temporaryDirectory()
  const { url } = await receiver(Number.POSITIVE_INFINITY)
  await writeFile(join(directory, 'app.log'), numbered(20))
  const toml = `
    stop_timeout_seconds = 1
    [[pipelines]]
    name = "app"
    sources = [{ type = "file", options = { path = ${JSON.stringify(join(directory, 'app.log'))} } }]
    sinks = [{ type = "http_client", options = { url = ${JSON.stringify(url)}, batch_delay_ms = 10 } }]
  `
  const daemon = startDaemon(['run', '--once', ...(await configured(directory, toml))])
  expect(await daemon.exit).toBe(3)
  expect(daemon.output()).toContain('nothing was delivered for 1 s')
  expect(daemon.output()).toMatch(/20 entries were not delivered in time; they are read again/)
})
