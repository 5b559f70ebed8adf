/** A file sink that cannot open its file: at the start, and in a reload. */

import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { configured, startDaemon, temporaryDirectory } from './process-fixtures.ts'

/** From `app.log` into `copy.log` of another directory. */
function copying(directory: string, to: string): string {
  return `
    [[pipelines]]
    name = "app"
    sources = [{ type = "directory", options = { path = ${JSON.stringify(directory)}, pattern = "app.log" } }]
    sinks = [{ type = "file", options = { directory = ${JSON.stringify(to)}, name = "copy" } }]
  `
}

test('of the only pipeline is no start: the daemon says why, and exits with 1', async () => {
  const directory = await temporaryDirectory()
  await writeFile(join(directory, 'file'), '')
  const daemon = startDaemon(await configured(directory, copying(directory, join(directory, 'file', 'out'))))
  expect(await daemon.exit).toBe(1)
  expect(daemon.output()).toMatch(/pipeline app: .*file\/out/)
  expect(daemon.output()).not.toMatch(/INFO +LogWisp \d/)
})

test('of a reload is refused with its place in the file, and the old one goes on', async () => {
  const directory = await temporaryDirectory()
  await writeFile(join(directory, 'file'), '')
  const out = join(directory, 'out')
  const daemon = startDaemon(await configured(directory, copying(directory, out)))
  await daemon.says(/INFO +LogWisp \d/)
  await appendFile(join(directory, 'app.log'), 'one\n')
  const copied = (): Promise<string> => readFile(join(out, 'copy.log'), 'utf8').catch(() => '')
  await vi.waitFor(async () => expect(await copied()).toBe('one\n'), 15_000)

  await configured(directory, copying(directory, join(directory, 'file', 'out')))
  daemon.child.kill('SIGHUP')
  await daemon.says(/ERROR .*logwisp\.toml:\d+:\d+: pipelines\.0\.sinks\.0\.options\.directory: .* is no directory/)
  await daemon.says(/the configuration is not taken; going on with the one before/)
  await appendFile(join(directory, 'app.log'), 'two\n')
  await vi.waitFor(async () => expect(await copied()).toBe('one\ntwo\n'), 15_000)
  daemon.child.kill('SIGTERM')
  expect(await daemon.exit).toBe(0)
})
