/**
 * What the ancestor's documentation promised and its code did not do (11.3 of the list of its behaviour), and its defects
 * (W…), each as whoever runs the daemon would meet it. Those that need no whole daemon are beside what they are about:
 * `grep -rn "'11.3\|'W[0-9]" packages examples`.
 */

import { once } from 'node:events'
import { appendFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server as HttpServer } from 'node:http'
import { type AddressInfo, connect, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { ServiceStatus } from '../src/service/service-status.ts'
import { freePort } from './config-run/free-ports.ts'
import { readConfig } from './config-text.ts'
import { type DaemonProcess, startDaemonProcess } from './daemon-process.ts'
import { numbered, startDaemon, temporaryDirectory } from './process-fixtures.ts'

const json = { method: 'POST', headers: { 'content-type': 'application/json' } }
const soon = { timeout: 15_000, interval: 30 }

/** A directory for a daemon that several tests ask, and its end. */
async function home(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-promises-'))
  afterAll(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }))
  return directory
}

/** Starts it; resolves once it is ready. */
async function ready(daemon: DaemonProcess, port: number): Promise<DaemonProcess> {
  await Promise.race([
    vi.waitFor(async () => expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200), 25_000),
    daemon.exit.then((code) => {
      throw new Error(`it ended with ${code}:\n${daemon.output()}`)
    }),
  ])
  return daemon
}

async function statusOf(port: number): Promise<ServiceStatus> {
  return (await (await fetch(`http://127.0.0.1:${port}/status`)).json()) as ServiceStatus
}

function lines(path: string): Promise<string[]> {
  return readFile(path, 'utf8').then((text) => text.split('\n').slice(0, -1))
}

/** Everything that a server says, as it comes. */
class Heard {
  text = ''
  readonly #body: ReadableStream<Uint8Array>
  readonly #stop: AbortController
  private constructor(body: ReadableStream<Uint8Array>, stop: AbortController) {
    this.#body = body
    this.#stop = stop
    void this.#read()
  }

  static async at(url: string): Promise<Heard> {
    const stop = new AbortController()
    const answer = await fetch(url, { signal: stop.signal })
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/)
    return new Heard(answer.body as ReadableStream<Uint8Array>, stop)
  }

  /** The entries of whole events, which end with a blank line. */
  get messages(): string[] {
    const events = this.text.split('\n\n').slice(0, -1)
    return events.flatMap((event) => {
      const data = /^data: (.*)$/m.exec(event)?.[1]
      return data === undefined || /^event:/m.test(event) ? [] : [(JSON.parse(data) as { message: string }).message]
    })
  }

  isOver = false

  stop(): void {
    this.#stop.abort()
  }

  async #read(): Promise<void> {
    try {
      for await (const chunk of this.#body) this.text += Buffer.from(chunk).toString()
    } catch {
      // Stopped, or the daemon's end.
    }
    this.isOver = true
  }
}

async function listening(server: Server, port = 0): Promise<number> {
  await once(server.listen(port, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

describe('a daemon of its default configuration file, in an environment full of other programs’ variables', () => {
  let directory: string
  let daemon: DaemonProcess
  let status: number
  let port: number
  let tcp: number
  let out: string

  beforeAll(async () => {
    directory = await home()
    await mkdir(join(directory, 'logs'))
    ;[status, port, tcp] = [await freePort(), await freePort(), await freePort()]
    out = join(directory, 'out.log')
    await writeFile(
      join(directory, 'logwisp.toml'),
      `state_directory = "state"
[status]
port = ${status}
[[pipelines]]
name = "app"
sources = [
  { type = "file", options = { path = "app.log" } },
  { type = "http", options = { port = ${port} } },
  { type = "tcp", options = { port = ${tcp}, net_limit = { enabled = true, max_connections_per_ip = 2 } } },
]
sinks = [
  { type = "http", options = { port = ${port} } },
  { type = "tcp", options = { port = ${await freePort()} } },
  { type = "file", options = { directory = ".", name = "out" } },
  { type = "file", options = { directory = ".", name = "text", format = "text" } },
]
`,
    )
    const foreign = {
      VERSION: '1.2.3',
      QUIET: 'true',
      ROUTER: 'true',
      BACKGROUND: 'true',
      PORT: '1',
      CONFIG: '/nowhere',
    }
    daemon = startDaemonProcess(['--log-level', 'debug'], {
      cwd: directory,
      environment: {
        ...foreign,
        LOGGING_LEVEL: 'error',
        LOGGING_OUTPUT: 'none',
        LOGWISP_LOGGING_CONSOLE_FORMAT: 'json',
      },
    })
    await ready(daemon, status)
  }, 60_000)

  afterAll(async () => {
    daemon.child.kill('SIGKILL')
    await daemon.exit
  })

  const post = (body: string): Promise<Response> => fetch(`http://127.0.0.1:${port}/ingest`, { ...json, body })
  const came = (text: string): Promise<void> => vi.waitFor(async () => expect(await lines(out)).toContain(text), soon)

  test('11.3 default config path: ./logwisp.toml is taken, and the stream is at /stream', async () => {
    expect((await statusOf(status)).config_file).toBe(join(directory, 'logwisp.toml'))
    const heard = await Heard.at(`http://127.0.0.1:${port}/stream`)
    heard.stop()
  })

  test('11.3 --log-level: is heard', async () => {
    const levels = (): string[] => [...daemon.output().matchAll(/"level":"(\w+)"/g)].map(([, level]) => level as string)
    daemon.child.kill('SIGHUP')
    await vi.waitFor(() => expect(levels()).toContain('debug'), soon)
  })

  test('W22: variables without LOGWISP_ never matter, those with it do', async () => {
    const { mode, version } = await statusOf(status)
    expect(mode).toBe('standalone')
    expect(version).not.toBe('1.2.3')
    expect(daemon.output()).toMatch(/^\{"level":"info"/m)
  })

  test('W1: an empty array, and anything else that is no entry, ends nothing', async () => {
    expect((await post('[]')).status).toBeLessThan(300)
    for (const body of ['', 'null', '[null]', '[[]]', '{', '{"message":""}', '[{}]', '\n\n']) {
      expect((await post(body)).status, body).toBeLessThan(500)
    }
    expect(await (await post('{"message":"after all that"}')).json()).toEqual({ accepted: 1, total: 1 })
    await came('after all that')
  })

  test('W2: a line that comes in pieces over TCP is one line', async () => {
    const socket = connect({ host: '127.0.0.1', port: tcp, noDelay: true })
    for (const piece of ['{"mess', 'age":"in th', 'ree pieces ', '\u00e4"}\r', '\n']) {
      socket.write(piece)
      // The next one must be read by itself.
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    socket.end()
    await came('in three pieces \u00e4')
  })

  test('W4: without a word of heartbeats, stream, status and TCP are served', async () => {
    expect((await fetch(`http://127.0.0.1:${port}/status`)).status).toBe(200)
    const { pipelines } = await statusOf(status)
    expect(pipelines['app']?.sinks.map(({ state, restarts }) => [state, restarts])).toEqual(
      Array(4).fill(['running', 0]),
    )
  })

  test('W19: of eight connections from one address two are open, however often it tries, and none is counted twice', async () => {
    const sockets: Socket[] = []
    const open = new Set<Socket>()
    for (let count = 0; count < 8; count++) {
      const socket = connect({ host: '127.0.0.1', port: tcp })
      sockets.push(socket)
      open.add(socket)
      socket
        .on('error', () => {})
        .on('close', () => open.delete(socket))
        .resume()
      await once(socket, 'connect')
    }
    await vi.waitFor(() => expect(open.size).toBe(2), soon)
    const connections = async (): Promise<unknown> =>
      (await statusOf(status)).pipelines['app']?.sources[2]?.active_connections
    expect(await connections()).toBe(2)
    for (const socket of sockets) socket.destroy()
    await vi.waitFor(async () => expect(await connections()).toBe(0), soon)
  })

  test('11.3 file source, rotation: what is written before, during and after a rename comes once, in order', async () => {
    const file = join(directory, 'app.log')
    const before = (await lines(out)).length
    const wanted: string[] = []
    for (let round = 0; round < 3; round++) {
      for (let count = 0; count < 50; count++) {
        wanted.push(`round ${round} line ${count}`)
        await appendFile(file, `${wanted.at(-1)}\n`)
      }
      await rename(file, `${file}.${round}`)
      // A writer that has not noticed, then the new file, which is larger than the old one.
      wanted.push(`late ${round}`)
      await appendFile(`${file}.${round}`, `late ${round}\n`)
      wanted.push(
        ...numbered(100)
          .split('\n')
          .slice(0, -1)
          .map((text) => `${text} of ${round}`),
      )
      await writeFile(file, `${wanted.slice(-100).join('\n')}\n`)
    }
    await vi.waitFor(async () => expect((await lines(out)).length - before).toBe(wanted.length), soon)
    expect((await lines(out)).slice(before).sort()).toEqual(wanted.toSorted())
  })

  test('11.3 text template: an entry without fields ends with its message', async () => {
    await post('{"message":"with fields","level":"warn","fields":{"a":1}}')
    await post('{"message":"without fields","level":"warn"}')
    const text = join(directory, 'text.log')
    await vi.waitFor(async () => expect((await lines(text)).at(-1)).toMatch(/\[WARN\] http - without fields$/), soon)
    expect((await lines(text)).at(-2)).toMatch(/^\[\d{4}-\S+\] \[WARN\] http - with fields \{"a":1\}$/)
  })

  test('11.3 status: has sources, filters, sinks and the rate limit, and their figures add up', async () => {
    await vi.waitFor(async () => {
      const { sources, filters, sinks, rate_limiter, total_processed } = (await statusOf(status)).pipelines[
        'app'
      ] as never
      expect({ sources, filters, sinks, rate_limiter }).toMatchObject({
        sources: [{ type: 'file' }, { type: 'http' }, { type: 'tcp' }],
        filters: { filter_count: 0 },
        sinks: Array(4).fill({ total_processed }),
        rate_limiter: { enabled: false },
      })
      const given = (sources as { total_entries: number }[]).map(({ total_entries }) => total_entries)
      expect(given.reduce((sum, each) => sum + each, 0)).toBe(total_processed)
    }, soon)
  })

  test('W11: each of two viewers sees every entry; W12: as events that end, of the type that browsers take', async () => {
    const [one, two, gone] = await Promise.all([1, 2, 3].map(() => Heard.at(`http://127.0.0.1:${port}/stream`)))
    gone?.stop()
    const wanted = Array.from({ length: 10 }, (_, index) => `entry ${index}`)
    await post(wanted.map((message) => JSON.stringify({ message })).join('\n'))
    await vi.waitFor(() => expect([one?.messages, two?.messages]).toEqual([wanted, wanted]), soon)
    one?.stop()
    two?.stop()
  })

  test('W21, 11.3 connections during a reload: a viewer stays, sees what comes after, and the new configuration holds', async () => {
    const heard = await Heard.at(`http://127.0.0.1:${port}/stream`)
    const file = join(directory, 'logwisp.toml')
    await appendFile(file, '[[pipelines.filters]]\ntype = "exclude"\npatterns = ["secret"]\n')
    daemon.child.kill('SIGHUP')
    await vi.waitFor(async () => expect((await statusOf(status)).last_reload?.result).toBe('changed'), soon)
    await post('{"message":"a secret"}')
    await post('{"message":"after the reload"}')
    await vi.waitFor(() => expect(heard.messages).toEqual(['after the reload']), soon)
    expect(heard.isOver).toBe(false)
    heard.stop()
  })

  test('ends with 0', async () => {
    daemon.child.kill('SIGTERM')
    expect(await daemon.exit).toBe(0)
  })
})

describe('a daemon whose far sides are bad', () => {
  let daemon: DaemonProcess
  let status: number
  let port: number
  let file: string
  let farTcp: number
  const received: string[] = []
  const connections = new Set<Socket>()
  let first: HttpServer
  let batches = 0

  const servers: HttpServer[] = []

  beforeAll(async () => {
    const directory = await home()
    ;[status, port, farTcp] = [await freePort(), await freePort(), await freePort()]
    const receiver = (name: string): HttpServer => {
      const server = createServer(async (request, response) => {
        let body = ''
        for await (const chunk of request.setEncoding('utf8')) body += chunk
        for (const { message } of JSON.parse(body) as { message: string }[]) received.push(`${name} ${message}`)
        batches++
        response.writeHead(200).end()
      })
      server.on('connection', (socket) => connections.add(socket))
      return server
    }
    first = receiver('first')
    const second = receiver('second')
    const hung = createServer(() => {})
    const ports = [await listening(first), await listening(second), await listening(hung)]
    servers.push(first, second, hung)
    file = join(directory, 'app.log')
    await writeFile(
      join(directory, 'named.toml'),
      `state_directory = ${JSON.stringify(join(directory, 'state'))}
status = { port = ${status} }
[[pipelines]]
name = "far"
sources = [{ type = "file", options = { path = ${JSON.stringify(file)} } }]
sinks = [
  { type = "http_client", options = { url = ["http://127.0.0.1:${ports[0]}/", "http://127.0.0.1:${ports[1]}/"], batch_delay_ms = 5, retry_delay_ms = 50 } },
  { type = "tcp_client", options = { address = "127.0.0.1:${farTcp}", reconnect_delay_ms = 50, format = "raw" } },
  { type = "http", options = { port = ${port}, heartbeat = { enabled = true, interval_seconds = 0.3, format = "comment", include_timestamp = false } } },
  { type = "websocket", options = { port = ${port}, stream_path = "/timed", heartbeat = { interval_seconds = 0.3, format = "json", include_timestamp = true } } },
]
[[pipelines]]
name = "dropping"
sources = [{ type = "file", options = { path = ${JSON.stringify(`${file}.many`)} } }]
sinks = [
  { type = "http_client", options = { url = "http://127.0.0.1:${ports[2]}/", when_full = "drop-oldest", buffer_size = 10, batch_size = 1 } },
]
[[pipelines]]
name = "held"
sources = [{ type = "http", options = { port = ${port}, busy_timeout_seconds = 0.5 } }]
sinks = [{ type = "http_client", options = { url = "http://127.0.0.1:${ports[2]}/" } }]
`,
    )
    daemon = startDaemonProcess(
      ['--quiet', '-c', join(directory, 'named.toml'), '--pipelines.2.name', 'renamed', '--stop-timeout-seconds=1'],
      {},
    )
    await ready(daemon, status)
  }, 60_000)

  afterAll(async () => {
    daemon.child.kill('SIGKILL')
    await daemon.exit
    for (const server of servers) server.close().closeAllConnections()
  })

  test('W23: --quiet -c FILE, dashes and flags within pipelines are heard', async () => {
    expect(Object.keys((await statusOf(status)).pipelines)).toEqual(['far', 'dropping', 'renamed'])
    expect(daemon.output()).toBe('')
  })

  test('11.3 connection pooling: many batches go over one connection', async () => {
    for (let count = 0; count < 10; count++) {
      await appendFile(file, `pooled ${count}\n`)
      await vi.waitFor(() => expect(received).toHaveLength(count + 1), soon)
    }
    expect(batches).toBe(10)
    expect(connections.size).toBe(1)
  })

  test('11.3 failover: when the first server goes, the second gets everything from there on', async () => {
    first.close()
    for (const socket of connections) socket.destroy()
    await appendFile(file, 'failed over\n')
    await vi.waitFor(() => expect(received.at(-1)).toBe('second failed over'), soon)
    expect(received).toHaveLength(11)
  })

  test('W13: what is written while the far side is away comes when it is there, also the second time', async () => {
    let text = ''
    const sockets = new Set<Socket>()
    const { createServer: createTcp } = await import('node:net')
    const server = createTcp((socket) => {
      sockets.add(socket)
      socket
        .on('error', () => {})
        .setEncoding('utf8')
        .on('data', (chunk: string) => {
          text += chunk
        })
    })
    const wanted = [...Array.from({ length: 10 }, (_, index) => `pooled ${index}`), 'failed over']
    await listening(server, farTcp)
    await vi.waitFor(() => expect(text.split('\n').slice(0, -1)).toEqual(wanted), soon)
    server.close()
    for (const socket of sockets) socket.destroy()
    await vi.waitFor(async () => {
      expect((await statusOf(status)).pipelines['far']?.sinks[1]?.active_connections).toBe(0)
    }, soon)
    const more = numbered(5).split('\n').slice(0, -1)
    await appendFile(file, numbered(5))
    await listening(server, farTcp)
    onTestFinished(() => {
      server.close()
      for (const socket of sockets) socket.destroy()
    })
    await vi.waitFor(() => expect(text.split('\n').slice(0, -1)).toEqual([...wanted, ...more]), soon)
  })

  test('11.3 counted drops, W8c: what a full queue drops is in the status, and every entry is accounted for', async () => {
    // More than a sink takes in hand.
    await appendFile(`${file}.many`, numbered(600_000))
    await vi.waitFor(async () => {
      const sink = (await statusOf(status)).pipelines['dropping']?.sinks[0]
      const dropped = Object.values(sink?.dropped ?? {}).reduce((sum, each) => sum + each, 0)
      expect(dropped).toBeGreaterThan(10_000)
      expect(dropped).toBe(sink?.total_dropped)
      expect(dropped + (sink?.queue.entries ?? 0)).toBe(600_000)
    }, soon)
  })

  test('11.3 back-pressure: behind a sink that takes nothing, senders are told to wait, and nothing is dropped', async () => {
    const body = JSON.stringify({ message: 'x'.repeat(1_000_000) })
    let taken = 0
    let answer: Response | undefined
    while (answer === undefined && taken < 400) {
      const next = await fetch(`http://127.0.0.1:${port}/ingest`, { ...json, body })
      if (next.status === 503) answer = next
      else {
        expect(next.status).toBe(202)
        taken++
      }
    }
    expect(answer?.headers.get('retry-after')).toMatch(/^\d+$/)
    const { total_processed, dropped } = (await statusOf(status)).pipelines['renamed'] ?? {}
    expect(total_processed).toBeLessThanOrEqual(taken + 1)
    expect(dropped).toEqual({})
  })

  test('11.3 heartbeats: comments over SSE without the time; with the time where it is wanted', async () => {
    const heard = await Heard.at(`http://127.0.0.1:${port}/stream`)
    await vi.waitFor(() => expect(heard.text).toMatch(/^:.*heartbeat.*$/m), soon)
    heard.stop()
    expect(/^:.*heartbeat.*$/m.exec(heard.text)?.[0]).not.toMatch(/\d{4}-\d\d-\d\dT/)
    const socket = new (await import('ws')).WebSocket(`ws://127.0.0.1:${port}/timed`)
    const frames: string[] = []
    socket.on('message', (frame) => frames.push(String(frame)))
    await vi.waitFor(
      () => expect(frames.find((frame) => frame.includes('heartbeat'))).toMatch(/\d{4}-\d\d-\d\dT/),
      soon,
    )
    socket.terminate()
  })
})

test('W24: with --router pipelines share a port, each below its name; W28: one that cannot listen takes none along; W27: no other origin reads, no other machine comes', async () => {
  const directory = await temporaryDirectory()
  const [status, port, taken] = [await freePort(), await freePort(), await freePort()]
  const { createServer: createTcp } = await import('node:net')
  const other = createTcp()
  await listening(other, taken)
  onTestFinished(() => void other.close())
  const pipeline = (name: string): string => `[[pipelines]]
name = "${name}"
sources = [{ type = "http", options = { port = ${port} } }]
sinks = [{ type = "http", options = { port = ${port} } }]
`
  const busy = `[[pipelines]]
name = "busy"
sources = [{ type = "tcp", options = { port = ${taken} } }]
sinks = [{ type = "stderr" }]
`
  const file = await written(directory, `status = { port = ${status} }\n${pipeline('app')}${pipeline('apple')}${busy}`)
  const daemon = startDaemon(['--router', '--config', file])
  const base = `http://127.0.0.1:${port}`
  await daemon.says(/ listening url=/)
  const { pipelines, mode } = await statusOf(status)
  expect(mode).toBe('router')
  const states = Object.values(pipelines).flatMap(({ sources }) => sources.map(({ state }) => state))
  expect(states).toEqual(['running', 'running', 'restarting'])
  expect(pipelines['busy']?.sources[0]?.last_error).toContain(`cannot listen on 127.0.0.1:${taken}: the port is in use`)

  const viewers = await Promise.all(['app', 'apple'].map((name) => Heard.at(`${base}/${name}/stream`)))
  for (const name of ['app', 'apple']) {
    expect((await fetch(`${base}/${name}/ingest`, { ...json, body: `{"message":"for ${name}"}` })).status).toBe(202)
  }
  for (const [index, name] of ['app', 'apple'].entries()) {
    await vi.waitFor(() => expect(viewers[index]?.messages).toEqual([`for ${name}`]), soon)
    viewers[index]?.stop()
  }
  const answer = await fetch(`${base}/app/status`, { headers: { origin: 'https://evil.example' } })
  expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  const { networkInterfaces } = await import('node:os')
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.internal === false && each.family === 'IPv4')
  if (outside !== undefined) {
    const socket = connect({ host: outside.address, port })
    const [error] = await once(socket, 'error')
    expect(error.code).toBe('ECONNREFUSED')
  }
  daemon.child.kill('SIGTERM')
  expect(await daemon.exit).toBe(0)
})

test('W8: 500 lines that are piped in at once come out of stdout and of the stream, for each of two late viewers', async () => {
  const directory = await temporaryDirectory()
  const [status, port] = [await freePort(), await freePort()]
  const daemon = startDaemon(
    [
      ...['--config', await written(directory, `[[pipelines]]\nname = "app"\nsources = [{ type = "stdin" }]`)],
      ...[
        '--pipelines.0.sinks.0.type=stdout',
        '--pipelines.0.sinks.1.type=http',
        `--pipelines.0.sinks.1.options.port=${port}`,
      ],
      `--status.port=${status}`,
    ],
    { input: 'pipe' },
  )
  daemon.child.stdin?.write(numbered(500))
  await ready(daemon, status)
  const wanted = numbered(500).split('\n').slice(0, -1)
  await vi.waitFor(() => expect(daemon.output().match(/^line \d+$/gm)).toEqual(wanted), soon)
  const viewers = await Promise.all([1, 2].map(() => Heard.at(`http://127.0.0.1:${port}/stream?backlog=1000`)))
  for (const viewer of viewers) await vi.waitFor(() => expect(viewer.messages).toEqual(wanted), soon)
  for (const viewer of viewers) viewer.stop()
  daemon.child.stdin?.end()
  expect(await daemon.exit).toBe(0)
})

test('W8b: 100,000 piped lines in, 100,000 out; W9: a TCP viewer that never reads costs no more than its bound', {
  timeout: 60_000,
}, async () => {
  const directory = await temporaryDirectory()
  const [status, port] = [await freePort(), await freePort()]
  const toml = `status = { port = ${status} }
[[pipelines]]
name = "app"
sources = [{ type = "stdin" }]
sinks = [{ type = "stdout" }, { type = "tcp", options = { port = ${port} } }]`
  const daemon = startDaemon(['--config', await written(directory, toml)], { input: 'pipe' })
  await ready(daemon, status)
  const stuck = connect({ host: '127.0.0.1', port })
  stuck.on('error', () => {})
  onTestFinished(() => void stuck.destroy())
  const viewers = async (): Promise<unknown> => (await statusOf(status)).pipelines['app']?.sinks[1]?.active_connections
  await vi.waitFor(async () => expect(await viewers()).toBe(1), soon)
  const before = (await statusOf(status)).memory.rss_bytes
  const padding = 'x'.repeat(600)
  const total = 100_000
  for (let from = 0; from < total; from += 10_000) {
    const part = Array.from({ length: 10_000 }, (_, index) => `line ${from + index} ${padding}\n`).join('')
    if (daemon.child.stdin?.write(part) === false) await once(daemon.child.stdin, 'drain')
  }
  await vi.waitFor(
    async () => expect((await statusOf(status)).pipelines['app']?.sinks[0]?.total_delivered).toBe(total),
    {
      timeout: 40_000,
      interval: 200,
    },
  )
  // 62 MB went by; its ring is 16 MiB.
  expect((await statusOf(status)).memory.rss_bytes - before).toBeLessThan(200_000_000)
  daemon.child.stdin?.end()
  expect(await daemon.exit).toBe(0)
  const numbers = [...daemon.output().matchAll(/^line (\d+) x/gm)].map(([, number]) => Number(number))
  expect(numbers).toHaveLength(total)
  expect(numbers.every((number, index) => number === index)).toBe(true)
})

test('11.3 exit code 2: a configuration that is not there', async () => {
  const daemon = startDaemon(['--config', '/nowhere/logwisp.toml'])
  expect(await daemon.exit).toBe(2)
  expect(daemon.output()).toContain('/nowhere/logwisp.toml')
})

test('11.3 check_interval_ms: has a greatest value, and what is beyond it is refused', () => {
  const { problems } = readConfig(
    '[[pipelines]]\nname = "a"\nsources = [{ type = "directory", options = { path = ".", check_interval_ms = 3600001 } }]\nsinks = [{ type = "stdout" }]',
  )
  expect(problems).toMatchObject([{ path: 'pipelines.0.sources.0.options.check_interval_ms' }])
  expect(problems[0]?.message).toContain('3600000')
})

test('11.3 rate_limit in a source or sink: is its net_limit, and holds', () => {
  const { config } = readConfig(
    '[[pipelines]]\nname = "a"\nsources = [{ type = "http", options = { port = 1, rate_limit = { enabled = true, requests_per_second = 2.5 } } }]\nsinks = [{ type = "stdout" }]',
  )
  expect(config?.pipelines[0]?.sources[0]).toMatchObject({
    options: { net_limit: { enabled: true, requests_per_second: 2.5 } },
  })
})

/** Writes it, with a state directory of its own. */
async function written(directory: string, toml: string): Promise<string> {
  const path = join(directory, 'logwisp.toml')
  await writeFile(path, `state_directory = ${JSON.stringify(join(directory, 'state'))}\n${toml}`)
  return path
}
