/** The configuration as it stands, in a real nginx with everything else by default: entries in and out, across its restart. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { EntrySource, LogEntry } from '@logwisp/core'
import { sseSource, webSocketSource } from '@logwisp/sources'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'

const hasNginx = spawnSync('nginx', ['-v']).status === 0
if (!hasNginx) console.warn('SKIPPED: no nginx; apt-get install nginx-light to run the example behind it')

const root = fileURLToPath(new URL('..', import.meta.url))
const children: ChildProcess[] = []
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-nginx-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) await stop(child, 'SIGKILL')
  await rm(directory, { recursive: true })
})

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Starts the program; resolves with its port. */
async function startProgram(): Promise<number> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@logwisp/source', 'src/main.ts'], {
    cwd: root,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const failed = once(child, 'exit').then(() => Promise.reject(new Error('the program ended, see above')))
  const [line] = (await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), failed])) as [Buffer]
  failed.catch(() => {})
  return Number(/:(\d+)\//.exec(line.toString())?.[1])
}

/** The example's file, with the test's ports, in a configuration that says nothing else but where nginx may write. */
async function startNginx(listen: number, upstream: number): Promise<ChildProcess> {
  const file = await readFile(join(root, 'nginx.conf'), 'utf8')
  expect(file).toContain('127.0.0.1:8000;')
  const ours = file
    .replace('127.0.0.1:8000;', `127.0.0.1:${listen};`)
    .replace('127.0.0.1:8080;', `127.0.0.1:${upstream};`)
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${directory}/${name};`,
  )
  await writeFile(
    join(directory, 'nginx.conf'),
    `daemon off; master_process off; pid ${directory}/pid; error_log stderr crit;
     events {} http { access_log off; ${paths.join(' ')} ${ours} }`,
  )
  const child = spawn('nginx', ['-p', directory, '-c', 'nginx.conf'], { stdio: ['ignore', 'ignore', 'inherit'] })
  children.push(child)
  const answers = async () => expect((await fetch(`http://127.0.0.1:${listen}/logs/status`)).status).toBe(200)
  await vi.waitFor(answers, { timeout: 10_000 })
  return child
}

function messagesOf(source: EntrySource): string[] {
  const messages: string[] = []
  source.on('data', ({ message }: LogEntry) => messages.push(message))
  return messages
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `entry ${i}`)

test.skipIf(!hasNginx)(
  'in and out by events and WebSocket, at once, and none lost or doubled when nginx restarts',
  async () => {
    const program = await startProgram()
    const port = await freePort()
    let nginx = await startNginx(port, program)
    const options = { retryDelayMs: 20, maxRetryDelayMs: 200 }
    const stream = sseSource(`http://127.0.0.1:${port}/logs/stream`, options)
    const socket = webSocketSource(`ws://127.0.0.1:${port}/logs/socket`, options)
    const received = [messagesOf(stream), messagesOf(socket)]
    await Promise.all([once(stream, 'open'), once(socket, 'open')])
    let sent = 0
    const sender = new WebSocket(`ws://127.0.0.1:${port}/logs/ingest`)
    await new Promise((resolve) => sender.addEventListener('open', resolve))
    const all = (): Promise<void> =>
      vi.waitFor(() => expect(received.map(({ length }) => length)).toEqual([sent, sent]), {
        timeout: 20_000,
        interval: 5,
      })
    for (let i = 0; i < 20; i++) {
      // The next one is sent only when this one has come through: a proxy that waited for more would wait for ever.
      sender.send(JSON.stringify({ message: `entry ${sent++}` }))
      await all()
    }
    // From here on past nginx, which goes away three times while entries flow.
    sender.close()
    const direct = new WebSocket(`ws://127.0.0.1:${program}/ingest`)
    await new Promise((resolve) => direct.addEventListener('open', resolve))
    for (let round = 0; round < 3; round++) {
      const sendSome = (): void => {
        for (let i = 0; i < 200; i++) direct.send(JSON.stringify({ message: `entry ${sent++}` }))
      }
      sendSome()
      await stop(nginx, 'SIGKILL')
      sendSome()
      nginx = await startNginx(port, program)
      sendSome()
      await all()
    }
    direct.close()
    for (const messages of received) expect(messages).toEqual(numbered(sent))
    expect([stream.stats.connections, socket.stats.connections]).toEqual([4, 4])
    stream.destroy()
    socket.destroy()
    await stop(nginx, 'SIGTERM')
    for (const child of children) await stop(child, 'SIGTERM')
    expect(children[0]?.exitCode).toBe(0)
  },
)

test.skipIf(!hasNginx)('a page of another origin is told from one of the same', async () => {
  const program = await startProgram()
  const port = await freePort()
  await startNginx(port, program)
  const upgrade = (origin: string, path: string) =>
    new Promise<number>((resolve) => {
      const source = webSocketSource(`ws://127.0.0.1:${port}/logs/${path}`, {
        headers: { Origin: origin },
        maxRetries: 0,
      })
      const settle = (status: number): void => {
        source.destroy()
        resolve(status)
      }
      source.on('error', ({ message }: Error) => settle(Number(/answered (\d+)/.exec(message)?.[1])))
      source.on('open', () => settle(101))
      source.resume()
    })
  for (const path of ['socket', 'ingest']) {
    expect(await upgrade(`http://127.0.0.1:${port}`, path)).toBe(101)
    expect(await upgrade('https://evil.example', path)).toBe(403)
  }
})
