/** The daemon as a user who may little: it works, and what it may not do it says. */

import { appendFile, chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { configured, startDaemon, temporaryDirectory } from './process-fixtures.ts'

/** `nobody` of Debian; as root in CI, files that are only root's are not its. */
const user = 65_534

const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn('skipped: what the daemon does without rights, since only root can start it as somebody else')

/** A directory of nobody's. */
async function ownDirectory(): Promise<string> {
  const directory = await temporaryDirectory()
  await chown(directory, user, user)
  return directory
}

function copying(directory: string): string {
  return `
    [[pipelines]]
    name = "app"
    sources = [{ type = "directory", options = { path = ${JSON.stringify(directory)}, pattern = "app*.log", start_at = "beginning" } }]
    sinks = [{ type = "file", options = { directory = ${JSON.stringify(directory)}, name = "copy" } }]
  `
}

const soon = { timeout: 15_000, interval: 50 }

test.skipIf(!isRoot)('carries lines, and says which file it may not read; it does once it may', async () => {
  const directory = await ownDirectory()
  await writeFile(join(directory, 'app.log'), 'one\n')
  await writeFile(join(directory, 'app-root.log'), 'hidden\n', { mode: 0o600 })
  const daemon = startDaemon(await configured(directory, copying(directory)), { user })
  await daemon.says(/WARN .*app-root\.log.*code=FILE_UNREADABLE/)
  const copied = (text: string): Promise<void> =>
    vi.waitFor(async () => expect(await readFile(join(directory, 'copy.log'), 'utf8')).toBe(text), soon)
  await copied('one\n')
  await appendFile(join(directory, 'app.log'), 'two\n')
  await copied('one\ntwo\n')
  await chmod(join(directory, 'app-root.log'), 0o644)
  await copied('one\ntwo\nhidden\n')
  daemon.child.kill('SIGTERM')
  expect(await daemon.exit).toBe(0)
})

test.skipIf(!isRoot)('a configuration that it may not read is an error that says so', async () => {
  const directory = await ownDirectory()
  const words = await configured(directory, copying(directory))
  await chmod(join(directory, 'logwisp.toml'), 0o600)
  const daemon = startDaemon(words, { user })
  expect(await daemon.exit).toBe(2)
  expect(daemon.output()).toMatch(/logwisp\.toml.*(EACCES|permission|may not)/i)
})

test.skipIf(!isRoot)('a state directory of somebody else is an error that says what to do', async () => {
  const directory = await ownDirectory()
  await mkdir(join(directory, 'state'), { mode: 0o700 })
  const daemon = startDaemon(await configured(directory, copying(directory)), { user })
  expect(await daemon.exit).toBe(1)
  expect(daemon.output()).toMatch(/cannot use the state directory .*EACCES.*make it writable/)
})
