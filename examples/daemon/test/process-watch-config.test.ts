/**
 * When a changed configuration file is noticed, and when it is better not read. Each test has a file of its own and mostly
 * waits: so they run side by side.
 */

import { appendFile, chmod, chown, mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Logger, pino } from 'pino'
import { expect, type TestContext, test, vi } from 'vitest'
import { watchConfig } from '../src/service/watch-config.ts'

interface Watched {
  readonly directory: string
  readonly path: string
  /** How often a change was told. */
  changes(): number
  /** What was logged. */
  log(): string
}

async function watched(
  { onTestFinished }: TestContext,
  prepare?: (directory: string) => Promise<string>,
  readAt?: number,
): Promise<Watched> {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-watch-'))
  const path = prepare === undefined ? join(directory, 'logwisp.toml') : await prepare(directory)
  if (prepare === undefined) await writeFile(path, 'one')
  let text = ''
  const log: Logger = pino({ base: null }, { write: (line: string) => void (text += line) })
  let changes = 0
  const end = await watchConfig({
    path,
    readAt,
    log,
    onChange: async () => {
      changes++
    },
  })
  onTestFinished(async () => {
    end()
    await rm(directory, { recursive: true, force: true })
  })
  return { directory, path, changes: () => changes, log: () => text }
}

const soon = { timeout: 5000, interval: 20 }

test.concurrent('a file that was written anew is told of once, however many pieces it came in', async (context) => {
  const { path, changes } = await watched(context)
  for (let i = 0; i < 10; i++) {
    await appendFile(path, `more ${i}\n`)
    await wait(60)
  }
  await vi.waitFor(() => expect(changes()).toBe(1), soon)
  await wait(1500)
  expect(changes()).toBe(1)
})

test.concurrent('a file that was written after it was read, and before anybody watched it, is told of', async (context) => {
  const { changes } = await watched(context, undefined, Date.now())
  await vi.waitFor(() => expect(changes()).toBe(1), soon)
})

test.concurrent('a file that is as it was when it was read is not', async (context) => {
  const { path, changes } = await watched(context, undefined, Date.now() + 10_000)
  await wait(1500)
  expect(changes()).toBe(0)
  await writeFile(path, 'another')
  await vi.waitFor(() => expect(changes()).toBe(1), soon)
})

test.concurrent('a change is noticed where other files are written all the time', async (context) => {
  const { directory, path, changes } = await watched(context)
  const writing = setInterval(() => void writeFile(join(directory, 'app.log'), 'line\n'), 10)
  context.onTestFinished(() => clearInterval(writing))
  await writeFile(path, 'another')
  await vi.waitFor(() => expect(changes()).toBe(1), soon)
})

test.concurrent('an editor that writes beside and renames is noticed, again and again', async (context) => {
  const { path, changes } = await watched(context)
  for (let i = 1; i <= 2; i++) {
    await writeFile(`${path}.new`, `version ${i}`)
    await rename(`${path}.new`, path)
    await vi.waitFor(() => expect(changes()).toBe(i), soon)
  }
})

test.concurrent('a link that is exchanged elsewhere is noticed, as Kubernetes changes a ConfigMap', async (context) => {
  const { directory, changes } = await watched(context, async (root) => {
    for (const version of ['v1', 'v2', 'v3']) {
      await mkdir(join(root, version))
      await writeFile(join(root, version, 'logwisp.toml'), version)
    }
    await symlink('v1', join(root, '..data'))
    await symlink(join('..data', 'logwisp.toml'), join(root, 'logwisp.toml'))
    return join(root, 'logwisp.toml')
  })
  for (const [index, version] of ['v2', 'v3'].entries()) {
    await symlink(version, join(directory, '..tmp'))
    await rename(join(directory, '..tmp'), join(directory, '..data'))
    await vi.waitFor(() => expect(changes()).toBe(index + 1), soon)
  }
})

test.concurrent('a file that is gone is said once, and taken again when it is back', async (context) => {
  const { path, changes, log } = await watched(context)
  await unlink(path)
  await vi.waitFor(() => expect(log()).toContain('is gone'), soon)
  await wait(2500)
  expect(log().match(/is gone/g)).toHaveLength(1)
  expect(changes()).toBe(0)
  await writeFile(path, 'another')
  await vi.waitFor(() => expect(changes()).toBe(1), soon)
  expect(log()).toContain('is there again')
})

test.concurrent('a file that everybody may write is not read, which is said once; it is when that was mended', async (context) => {
  const { path, changes, log } = await watched(context)
  await writeFile(path, 'evil')
  await chmod(path, 0o666)
  await vi.waitFor(() => expect(log()).toContain('everybody may write it'), soon)
  await wait(2500)
  expect(log().match(/everybody may write it/g)).toHaveLength(1)
  expect(changes()).toBe(0)
  await chmod(path, 0o644)
  await vi.waitFor(() => expect(changes()).toBe(1), soon)
})

test.concurrent('a file that its group may write now and might not before is not read', async (context) => {
  const { path, changes, log } = await watched(context)
  await chmod(path, 0o664)
  await vi.waitFor(() => expect(log()).toContain('its group may write it'), soon)
  expect(changes()).toBe(0)
})

test.skipIf(process.getuid?.() !== 0)(
  'a file that belongs to somebody else now is not read',
  { concurrent: true },
  async (context) => {
    const { path, changes, log } = await watched(context)
    await writeFile(path, 'not yours')
    await chown(path, 12_345, 12_345)
    await vi.waitFor(() => expect(log()).toContain('it belongs to user 12345'), soon)
    expect(changes()).toBe(0)
  },
)

test.concurrent('rights that were taken away change nothing', async (context) => {
  const { path, changes, log } = await watched(context)
  await chmod(path, 0o600)
  await wait(2000)
  expect(changes()).toBe(0)
  expect(log()).toBe('')
})
