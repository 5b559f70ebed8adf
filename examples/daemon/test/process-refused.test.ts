/** A file with a stage that cannot be made is refused as a whole: at the start, and when it is read anew. */

import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { configured, startDaemon, temporaryDirectory } from './process-fixtures.ts'

const broken =
  '[[pipelines.sinks]]\ntype = "stderr"\noptions = { format = "text", format_options = { template = "{{if}}" } }'

function copying(directory: string, name: string, more = ''): string {
  return `status = { port = 0 }
[[pipelines]]
name = "app"
sources = [{ type = "file", options = { path = ${JSON.stringify(join(directory, 'in.log'))} } }]
[[pipelines.sinks]]
type = "file"
options = { directory = ${JSON.stringify(directory)}, name = ${JSON.stringify(name)} }
${more}`
}

test('at the start: exit 2, everything that is wrong with its place, nothing begun', async () => {
  const directory = await temporaryDirectory()
  const daemon = startDaemon(await configured(directory, `max_restart = 1\n${copying(directory, 'out', broken)}`))
  expect(await daemon.exit).toBe(2)
  expect(daemon.output()).toMatch(/logwisp\.toml:2:1: max_restart: is not known here/)
  expect(daemon.output()).toMatch(
    /logwisp\.toml:\d+:\d+: pipelines\.0\.sinks\.1\.options\.format_options\.template: .*value is missing/,
  )
  await expect(readFile(join(directory, 'out.log'))).rejects.toThrow('ENOENT')
})

test('at a reload: nothing changes, the log and the status say why', async () => {
  const directory = await temporaryDirectory()
  const daemon = startDaemon(await configured(directory, copying(directory, 'out')))
  const listening = await daemon.says(/listening.*?(http:\/\/127\.0\.0\.1:\d+)/)
  await configured(directory, copying(directory, 'other', broken))
  daemon.child.kill('SIGHUP')
  await daemon.says(/ERROR .*logwisp\.toml:\d+:\d+: pipelines\.0\.sinks\.1\.options\.format_options\.template: /)
  await daemon.says(/the configuration is not taken/)
  const status = (await (await fetch(`${listening[1]}/status`)).json()) as { last_reload: object }
  expect(status.last_reload).toMatchObject({ result: 'refused', error: expect.stringContaining('value is missing') })
  await appendFile(join(directory, 'in.log'), 'one\n')
  await vi.waitFor(async () => expect(await readFile(join(directory, 'out.log'), 'utf8')).toBe('one\n'), 10_000)
})
