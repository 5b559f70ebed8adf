/** Signals and changed files: the configuration is taken anew, or refused and everything goes on. */

import { appendFile, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { DaemonProcess } from './daemon-process.ts'
import { configured, startDaemon, temporaryDirectory } from './process-fixtures.ts'

function copying(directory: string, name: string, more = ''): string {
  return `
    ${more}
    [[pipelines]]
    name = "app"
    sources = [{ type = "directory", options = { path = ${JSON.stringify(directory)}, pattern = "app.log" } }]
    sinks = [{ type = "file", options = { directory = ${JSON.stringify(directory)}, name = ${JSON.stringify(name)} } }]
  `
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}

const soon = { timeout: 15_000, interval: 50 }

interface Running {
  readonly directory: string
  readonly daemon: DaemonProcess
  /** Writes a line, and waits until it is in `<name>.log`. */
  carries(line: string, name: string): Promise<void>
  /** Writes lines until one of them is in `<name>.log`. */
  comesTo(name: string): Promise<void>
}

async function running(more = '', words: readonly string[] = []): Promise<Running> {
  const directory = await temporaryDirectory()
  const daemon = startDaemon([...(await configured(directory, copying(directory, 'first', more))), ...words])
  await daemon.says(/INFO +LogWisp \d/)
  return {
    directory,
    daemon,
    comesTo: (name) =>
      vi.waitFor(async () => {
        await appendFile(join(directory, 'app.log'), 'another\n')
        expect(await textOf(join(directory, `${name}.log`))).toContain('another\n')
      }, soon),
    carries: async (line, name) => {
      await appendFile(join(directory, 'app.log'), `${line}\n`)
      await vi.waitFor(async () => expect(await textOf(join(directory, `${name}.log`))).toContain(`${line}\n`), soon)
    },
  }
}

test('SIGHUP: a broken file changes nothing and says all that is wrong; a good one is taken', async () => {
  const { directory, daemon, carries } = await running()
  await carries('one', 'first')
  await configured(directory, copying(directory, 'second', 'quite = true\nrooter = true'))
  daemon.child.kill('SIGHUP')
  await daemon.says(/ERROR .*logwisp\.toml:\d+:\d+: quite: /)
  await daemon.says(/ERROR .*logwisp\.toml:\d+:\d+: rooter: /)
  await daemon.says(/the configuration is not taken; going on with the one before/)
  await carries('two', 'first')

  await configured(directory, copying(directory, 'second'))
  daemon.child.kill('SIGHUP')
  await daemon.says(/the new configuration is in use/)
  await carries('three', 'second')
  daemon.child.kill('SIGTERM')
  expect(await daemon.exit).toBe(0)
  expect(await textOf(join(directory, 'first.log'))).toBe('one\ntwo\n')
  expect(await textOf(join(directory, 'second.log'))).toBe('three\n')
})

test('SIGHUP: the level of its own log changes too, and what only a new start changes is said', async () => {
  const { directory, daemon } = await running()
  const more = `logging = { level = "debug" }\npid_file = ${JSON.stringify(join(directory, 'pid'))}`
  await configured(directory, copying(directory, 'second', more))
  daemon.child.kill('SIGHUP')
  await daemon.says(/pid_file changes at the next start/)
  await daemon.says(/DEBUG the log has new settings/)
})

test('SIGHUP: a broken file shows in the status; the port that the status had of its own can go', async () => {
  const { directory, daemon } = await running('status = { port = 0 }')
  const [, first] = await daemon.says(/ listening url=(\S+)/)
  const status = async (): Promise<{ last_reload?: { result: string; error?: string }; pipelines: object }> =>
    (await fetch(`${first}status`)).json() as never
  expect(Object.keys((await status()).pipelines)).toEqual(['app'])
  expect((await fetch(`${first}readyz`)).status).toBe(200)
  await configured(directory, 'quite = true')
  daemon.child.kill('SIGHUP')
  await daemon.says(/is not taken/)
  const { last_reload } = await status()
  expect(last_reload?.result).toBe('refused')
  expect(last_reload?.error).toContain('quite')
  await configured(directory, copying(directory, 'first'))
  daemon.child.kill('SIGHUP')
  await vi.waitFor(() => expect(fetch(`${first}status`)).rejects.toThrow(), soon)
})

test('SIGHUP ten times at once ends in one configuration that runs', async () => {
  const { directory, daemon, comesTo } = await running()
  for (let i = 0; i < 10; i++) {
    await configured(directory, copying(directory, `copy-${i}`))
    daemon.child.kill('SIGHUP')
  }
  await comesTo('copy-9')
  daemon.child.kill('SIGTERM')
  expect(await daemon.exit).toBe(0)
})

test('config_auto_reload: a changed file is taken; a broken one is said once; without the file it goes on', async () => {
  const { directory, daemon, carries, comesTo } = await running('config_auto_reload = true')
  await carries('one', 'first')
  await configured(directory, copying(directory, 'second', 'config_auto_reload = true'))
  await daemon.says(/the new configuration is in use/)
  await carries('two', 'second')

  await writeFile(join(directory, 'logwisp.toml'), 'config_auto_reload = perhaps\n')
  await daemon.says(/the configuration is not taken/)
  await carries('three', 'second')
  await rm(join(directory, 'logwisp.toml'))
  await daemon.says(/the configuration file is gone; going on with what it said/)
  await carries('four', 'second')
  expect(daemon.output().match(/is not taken/g)).toHaveLength(1)
  expect(daemon.output().match(/is gone/g)).toHaveLength(1)

  // What is edited beside it and renamed, as editors do.
  await configured(directory, copying(directory, 'third', 'config_auto_reload = false'))
  await rename(join(directory, 'logwisp.toml'), join(directory, 'beside'))
  await rename(join(directory, 'beside'), join(directory, 'logwisp.toml'))
  await comesTo('third')
})

test('without config_auto_reload a changed file is not looked at', async () => {
  const { directory, carries } = await running()
  await configured(directory, copying(directory, 'second'))
  // Longer than the watch would take.
  await new Promise((resolve) => setTimeout(resolve, 3000))
  await carries('one', 'first')
})

test('SIGUSR1 opens the log file anew, SIGUSR2 logs the status', async () => {
  const directory = await temporaryDirectory()
  const logs = join(directory, 'logs')
  const more = `logging = { output = "file", file = { directory = ${JSON.stringify(logs)} } }`
  const daemon = startDaemon(await configured(directory, copying(directory, 'first', more)))
  const logged = (words: string): Promise<void> =>
    vi.waitFor(async () => expect(await textOf(join(logs, 'logwisp.log'))).toContain(words), soon)
  await logged('INFO  LogWisp')
  daemon.child.kill('SIGUSR2')
  await logged('status, as SIGUSR2 asks status={"service":"LogWisp"')
  await rename(join(logs, 'logwisp.log'), join(logs, 'moved'))
  daemon.child.kill('SIGUSR1')
  await logged('the log file is open anew, as SIGUSR1 asks')
  expect(await textOf(join(logs, 'logwisp.log'))).not.toContain('SIGUSR2')
  daemon.child.kill('SIGTERM')
  expect(await daemon.exit).toBe(0)
  expect(await textOf(join(logs, 'logwisp.log'))).toContain('stopped; everything that was read is delivered')
  expect(daemon.output()).toBe('')
})

test('config_save_on_exit keeps the file, its comments and what was for once', async () => {
  const { directory, daemon } = await running('# mine\nconfig_save_on_exit = true', ['--logging.level', 'debug'])
  daemon.child.kill('SIGTERM')
  expect(await daemon.exit).toBe(0)
  expect(daemon.output()).toContain('the configuration was saved')
  const saved = await textOf(join(directory, 'logwisp.toml'))
  expect(saved).toContain('# mine')
  expect(saved).not.toContain('debug')
})

test('at info it logs every status_interval_seconds what each pipeline did, when it did something', async () => {
  const { daemon, carries } = await running('status_interval_seconds = 1')
  await carries('one', 'first')
  await daemon.says(/INFO +status pipeline=app state=running entries_processed=1 .*entries_delivered=1/)
  const before = daemon.output().match(/ status pipeline=app/g)?.length
  await new Promise((resolve) => setTimeout(resolve, 3500))
  expect(daemon.output().match(/ status pipeline=app/g)).toHaveLength(before as number)
  await carries('two', 'first')
  await daemon.says(/entries_processed=2 .*entries_delivered=2/)
})

test('SIGHUP before it serves does not end it: the configuration is loaded again once it does', async () => {
  const directory = await temporaryDirectory()
  const daemon = startDaemon(await configured(directory, copying(directory, 'first')))
  const hangup = 1n
  // Node has no event for it: when the process would no longer be ended by the signal, the system shows.
  await vi.waitFor(
    async () => {
      const status = await readFile(`/proc/${daemon.child.pid}/status`, 'utf8')
      const caught = BigInt(`0x${/^SigCgt:\s+(\w+)$/m.exec(status)?.[1]}`)
      expect((caught >> (hangup - 1n)) & 1n).toBe(1n)
    },
    { timeout: 15_000, interval: 1 },
  )
  daemon.child.kill('SIGHUP')
  await daemon.says(/loading the configuration/)
  await daemon.says(/the pipelines are what they were/)
  daemon.child.kill('SIGTERM')
  expect(await daemon.exit).toBe(0)
})
