/** What systemd is told: the datagrams are received for real. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Readiness, readinessOf } from '../src/service/readiness.ts'
import { configured, startDaemon, temporaryDirectory } from './process-fixtures.ts'

function has(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const missing = ['systemd-notify', 'python3'].filter((program) => !has(program))
if (missing.length > 0) console.warn(`skipped: what systemd is told, since ${missing.join(' and ')} is not installed`)

/** Prints each datagram as a line of JSON. What systemd-notify waits for, a descriptor in one, is closed as systemd does. */
const receiver = `
import json, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
    data, fds, flags, address = socket.recv_fds(s, 65536, 8)
    for fd in fds: os.close(fd)
    print(json.dumps(data.decode()), flush=True)
`

interface Systemd {
  readonly socket: string
  /** Every datagram so far, without systemd-notify's own. */
  told(): string[]
}

async function systemd(): Promise<Systemd> {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-notify-'))
  const socket = join(directory, 'notify')
  const child: ChildProcess = spawn('python3', ['-c', receiver, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(async () => {
    child.kill()
    await rm(directory, { recursive: true, force: true })
  })
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await once(child.stdout as NodeJS.ReadableStream, 'data')
  const told = (): string[] =>
    text
      .split('\n')
      .slice(1, -1)
      .map((line) => JSON.parse(line) as string)
      .filter((datagram) => datagram !== 'BARRIER=1')
  return { socket, told }
}

function readiness(environment: NodeJS.ProcessEnv, isAlive = (): boolean => true): { it: Readiness; log(): string } {
  let log = ''
  const logger = pino({ base: null }, { write: (line: string) => void (log += line) })
  const it = readinessOf({ environment: { PATH: process.env['PATH'], ...environment }, log: logger, isAlive })
  onTestFinished(() => it.close())
  return { it, log: () => log }
}

describe.skipIf(missing.length > 0)('systemd', () => {
  let manager: Systemd

  beforeAll(() => {
    // The first run of a program from a cold disk.
    execFileSync('systemd-notify', ['--version'])
  })

  test('is told in order that we are ready, reload, are ready again and stop', { timeout: 60_000 }, async () => {
    manager = await systemd()
    const { it, log } = readiness({ NOTIFY_SOCKET: manager.socket })
    const before = process.hrtime.bigint() / 1000n
    it.ready('2 of 2 pipelines run')
    it.reloading()
    it.ready('1 of 2 pipelines run')
    it.stopping(10_000)
    await vi.waitFor(() => expect(manager.told()).toHaveLength(4), { timeout: 20_000 })
    const [ready, reloading, again, stopping] = manager.told()
    expect(ready).toBe('READY=1\nSTATUS=2 of 2 pipelines run')
    expect(reloading).toMatch(/^RELOADING=1\nMONOTONIC_USEC=\d+\nSTATUS=/)
    const at = BigInt(/MONOTONIC_USEC=(\d+)/.exec(reloading as string)?.[1] as string)
    expect(at >= before && at <= process.hrtime.bigint() / 1000n).toBe(true)
    expect(again).toBe('READY=1\nSTATUS=1 of 2 pipelines run')
    expect(stopping).toMatch(/^STOPPING=1\nEXTEND_TIMEOUT_USEC=15000000\nSTATUS=/)
    expect(log()).toBe('')
  })

  test('hears WATCHDOG=1 at half its time, and no more once we are not alive', { timeout: 60_000 }, async () => {
    manager = await systemd()
    let isAlive = true
    readiness({ NOTIFY_SOCKET: manager.socket, WATCHDOG_USEC: '400000' }, () => isAlive)
    await vi.waitFor(() => expect(manager.told().length).toBeGreaterThanOrEqual(3), { timeout: 20_000 })
    isAlive = false
    // One may be under way.
    await new Promise((resolve) => setTimeout(resolve, 500))
    const count = manager.told().length
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(manager.told()).toEqual(Array.from({ length: count }, () => 'WATCHDOG=1'))
  })

  test('is told by the daemon when it serves, reloads and stops', { timeout: 60_000 }, async () => {
    manager = await systemd()
    const directory = await temporaryDirectory()
    const toml = `
      [[pipelines]]
      name = "app"
      sources = [{ type = "directory", options = { path = ${JSON.stringify(directory)} } }]
      sinks = [{ type = "file", options = { directory = ${JSON.stringify(directory)}, name = "copy" } }]
    `
    const daemon = startDaemon(await configured(directory, toml), { environment: { NOTIFY_SOCKET: manager.socket } })
    const tells = (pattern: RegExp): Promise<void> =>
      vi.waitFor(() => expect(manager.told().at(-1)).toMatch(pattern), { timeout: 20_000 })
    await tells(/^READY=1\nSTATUS=1 of 1 pipelines run$/)
    daemon.child.kill('SIGHUP')
    await vi.waitFor(() => expect(manager.told()).toHaveLength(3), { timeout: 20_000 })
    expect(manager.told()[1]).toMatch(/^RELOADING=1\nMONOTONIC_USEC=\d+\n/)
    await tells(/^READY=1\n/)
    daemon.child.kill('SIGTERM')
    expect(await daemon.exit).toBe(0)
    await tells(/^STOPPING=1\n/)
  })

  test('is not told of our life when it watches another process', async () => {
    manager = await systemd()
    const { it } = readiness({ NOTIFY_SOCKET: manager.socket, WATCHDOG_USEC: '20000', WATCHDOG_PID: '1' })
    it.ready('x')
    await vi.waitFor(() => expect(manager.told()).toHaveLength(1), { timeout: 20_000 })
    expect(manager.told()[0]).toContain('READY=1')
  })
})

test('without systemd-notify it is said once what to do, and nothing else happens', async () => {
  const { it, log } = readiness({ NOTIFY_SOCKET: '/nowhere', PATH: '/nowhere' })
  it.ready('x')
  it.stopping(1)
  await it.close()
  expect(log().match(/systemd-notify cannot be run .*install it/g)).toHaveLength(1)
})

test('without systemd nothing is spawned', async () => {
  const { it, log } = readiness({ PATH: '/nowhere' })
  it.ready('x')
  it.reloading()
  await it.close()
  expect(log()).toBe('')
})
