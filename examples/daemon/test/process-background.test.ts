/** `--background`: a session of its own, a PID file, and a parent that answers only when the child serves. Parity 9.8. */

import { existsSync, readFileSync } from 'node:fs'
import { appendFile, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { configured, startDaemon, temporaryDirectory } from './process-fixtures.ts'

interface Background {
  readonly exit: number | string
  readonly output: string
  readonly pid: number | undefined
}

const onLinux = process.platform === 'linux'

/** Starts one, waits for the parent, and sees to it that the child is ended. */
async function startInBackground(words: readonly string[]): Promise<Background> {
  const parent = startDaemon([...words, '--background'])
  const exit = await parent.exit
  const output = parent.output()
  const pid = Number(/\(PID: (\d+)\)/.exec(output)?.[1])
  if (Number.isNaN(pid)) return { exit, output, pid: undefined }
  onTestFinished(async () => {
    if (!isAlive(pid)) return
    process.kill(pid, 'SIGKILL')
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 10_000)
  })
  return { exit, output, pid }
}

/** One that has ended and that nobody has asked for yet, as in a container without an init, counts as gone. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !onLinux || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

/** Of /proc/<pid>/stat: the parent, the process group, the session. */
async function familyOf(pid: number): Promise<{ parent: number; group: number; session: number; terminal: number }> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1')
  const [parent, group, session, terminal] = text
    .slice(text.lastIndexOf(')') + 4)
    .split(' ')
    .map(Number)
  return { parent, group, session, terminal } as never
}

test.skipIf(!onLinux)(
  'the child has a session of its own and no terminal, writes its number, serves, and stops',
  async () => {
    const directory = await temporaryDirectory()
    const pidFile = join(directory, 'logwisp.pid')
    const toml = `
    pid_file = ${JSON.stringify(pidFile)}
    [[pipelines]]
    name = "app"
    sources = [{ type = "directory", options = { path = ${JSON.stringify(directory)}, pattern = "app.log" } }]
    sinks = [{ type = "file", options = { directory = ${JSON.stringify(directory)}, name = "copy" } }, { type = "stderr" }]
  `
    const { exit, output, pid } = await startInBackground(await configured(directory, toml))
    expect(exit).toBe(0)
    expect(output).toMatch(/^Started LogWisp in background \(PID: \d+\)$/m)
    expect(await readFile(pidFile, 'utf8')).toBe(`${pid}\n`)
    const family = await familyOf(pid as number)
    expect(family).toMatchObject({ group: pid, session: pid, terminal: 0 })
    expect(family.parent).not.toBe(process.pid)
    expect(await readlink(`/proc/${pid}/fd/0`)).toBe('/dev/null')
    expect(await readlink(`/proc/${pid}/fd/1`)).toBe('/dev/null')

    // It served when the parent answered: what comes from then on arrives, a stderr sink that nobody reads included.
    await writeFile(join(directory, 'app.log'), 'one\n')
    await vi.waitFor(async () => expect(await readFile(join(directory, 'copy.log'), 'utf8')).toBe('one\n'), 10_000)
    await appendFile(join(directory, 'app.log'), 'two\n')
    await vi.waitFor(async () => expect(await readFile(join(directory, 'copy.log'), 'utf8')).toBe('one\ntwo\n'), 10_000)

    process.kill(pid as number, 'SIGTERM')
    await vi.waitFor(() => expect(isAlive(pid as number)).toBe(false), 10_000)
    expect(await readdir(directory)).not.toContain('logwisp.pid')
  },
)

test('a child that cannot start: the parent shows its words, and ends with its exit code', async () => {
  const directory = await temporaryDirectory()
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  const pidFile = join(directory, 'logwisp.pid')
  const words = [directory, '--port', String(port), '--state-dir', join(directory, 'state'), '--pid-file', pidFile]
  const { exit, output, pid } = await startInBackground(words)
  expect(exit).toBe(1)
  expect(pid).toBeUndefined()
  expect(output).toContain(`cannot listen on 127.0.0.1:${port}: the port is in use`)
  expect(output).not.toContain('Started')
  expect(existsSync(pidFile)).toBe(false)
})

test('a configuration that is wrong ends the parent with 2, before there is a child', async () => {
  const directory = await temporaryDirectory()
  const { exit, output } = await startInBackground(await configured(directory, 'pipelines = []'))
  expect(exit).toBe(2)
  expect(output).toMatch(/^logwisp: \S+logwisp\.toml:\d+:\d+: pipelines: /)
})

test('a second one with the same configuration is refused, with the number of the first', async () => {
  const directory = await temporaryDirectory()
  const words = [directory, '--port', '0', '--state-dir', join(directory, 'state')]
  const first = await startInBackground(words)
  expect(first.exit).toBe(0)
  const second = await startInBackground(words)
  expect(second.exit).toBe(1)
  expect(second.output).toContain(`as process ${first.pid}: stop it first`)
})

test('background in the file does it too, and --no-background undoes it', async () => {
  const directory = await temporaryDirectory()
  const toml = `
    background = true
    [[pipelines]]
    name = "app"
    sources = [{ type = "directory", options = { path = ${JSON.stringify(directory)} } }]
    sinks = [{ type = "file", options = { directory = ${JSON.stringify(directory)}, name = "copy" } }]
  `
  const words = await configured(directory, toml)
  const parent = startDaemon(words)
  expect(await parent.exit).toBe(0)
  const pid = Number(/\(PID: (\d+)\)/.exec(parent.output())?.[1])
  process.kill(pid, 'SIGTERM')
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 10_000)
  const foreground = startDaemon([...words, '--no-background'])
  await foreground.says(/INFO +LogWisp \d/)
  foreground.child.kill('SIGTERM')
  expect(await foreground.exit).toBe(0)
})
