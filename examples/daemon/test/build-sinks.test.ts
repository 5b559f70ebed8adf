/** Sinks as the configuration describes them, with real files and sockets. */

import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { LogEntry } from '@logwisp/core'
import { generate } from 'selfsigned'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { dial, give, type Line, sinkOf, sourceOf, Taken, temporaryDirectory, testPorts } from './build-kit.ts'

const time = Date.UTC(2026, 0, 31, 23, 59, 59, 999)
const entry: LogEntry = { time, source: 'app.log', level: 'error', message: 'out of disk', fields: { code: 28 } }
const asJson =
  '{"code":28,"level":"ERROR","message":"out of disk","source":"app.log","timestamp":"2026-01-31T23:59:59.999Z"}'

/** An open stream of events, and what of it has come. */
async function watch(port: number, path = '/stream', headers: Record<string, string> = {}): Promise<Line> {
  const line = await dial(port)
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  line.socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${more.join('')}\r\n`)
  await line.until((found) => found.includes('\r\n\r\n'))
  return line
}

/** A server that answers as it is told, and keeps what it was sent. */
async function receiver(
  answer: (request: IncomingMessage, response: ServerResponse, body: string, count: number) => void,
): Promise<{ readonly url: string; readonly bodies: string[] }> {
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    bodies.push(body)
    answer(request, response, body, bodies.length)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}/`, bodies }
}

describe('http', () => {
  test('W4: without a heartbeat table stream and status are served', async () => {
    const { stream, port, viewers } = await sinkOf({ type: 'http', options: { port: 0 } })
    const line = await watch(port)
    expect(line.text).toContain('Content-Type: text/event-stream')
    await give(stream, entry)
    await line.until((found) => found.includes(`data: ${asJson}\n`))
    expect(viewers?.()).toMatchObject([{ address: '127.0.0.1', sent: 1, missed: 0, lag: 0 }])
    expect(await (await fetch(`http://127.0.0.1:${port}/status`)).text()).toBe('a status')
  })

  test('with router, its paths are below the name of its pipeline, and nowhere else', async () => {
    const { port } = await sinkOf({ type: 'http', options: { port: 0 } }, {}, { router: true })
    expect((await watch(port, '/app/stream')).text).toMatch(/^HTTP\/1.1 200/)
    expect((await watch(port, '/app/status')).text).toMatch(/^HTTP\/1.1 200/)
    for (const path of ['/stream', '/apple/stream', '/app2/stream', '/app/stream/'])
      expect((await watch(port, path)).text).toMatch(/^HTTP\/1.1 (404|503)/)
  })

  test('a source, an event stream and a WebSocket stream share a port', async () => {
    const ports = testPorts()
    const http = await sinkOf({ type: 'http', options: { port: 0 } }, {}, { ports })
    const socket = await sinkOf({ type: 'websocket', options: { port: 0, stream_path: '/socket' } }, {}, { ports })
    const source = await sourceOf({ type: 'http', options: { port: 0 } }, {}, { ports })
    expect(new Set([http.port, socket.port, source.port]).size).toBe(1)
    const taken = new Taken(source.stream)
    await fetch(`http://127.0.0.1:${http.port}/ingest`, { method: 'POST', body: 'a line' })
    await taken.until(1)
    expect((await watch(http.port)).text).toMatch(/^HTTP\/1.1 200/)
  })

  test('11.3: heartbeats are comments, with the time when it is wanted', async () => {
    const beat = { interval_seconds: 0.1, include_timestamp: true, include_stats: true }
    const { port } = await sinkOf({ type: 'http', options: { port: 0, heartbeat: beat } })
    const line = await watch(port)
    await line.until((found) => /^: heartbeat time=\d{4}-\d\d-\d\dT[\d:.]+Z viewers=1 uptimeMs=\d+$/m.test(found))
    expect(line.text).not.toContain('data:')
  })

  test('11.3: heartbeats are events with `json`, and have no time when none is wanted', async () => {
    const heartbeat = { interval_seconds: 0.1, include_timestamp: false, format: 'json' }
    const { port } = await sinkOf({ type: 'http', options: { port: 0, heartbeat } })
    const line = await watch(port)
    await line.until((found) => found.includes('event: heartbeat\ndata: {}\n'))
  })

  test('W27: no page of another origin may read, and none that DNS rebinding brings here', async () => {
    const { port } = await sinkOf({ type: 'http', options: { port: 0 } })
    const answer = await fetch(`http://127.0.0.1:${port}/stream`, { headers: { Origin: 'https://evil.example' } })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    await answer.body?.cancel()
    const rebound = await dial(port)
    rebound.socket.write('GET /stream HTTP/1.1\r\nHost: evil.example\r\n\r\n')
    await rebound.until((found) => found.includes('\r\n'))
    expect(rebound.text).toMatch(/^HTTP\/1.1 403/)
  })

  test('W27: it listens on loopback unless something else is asked for', async () => {
    const ports = testPorts()
    await sinkOf({ type: 'http', options: { port: 0 } }, {}, { ports })
    expect(ports.listeners).toMatchObject([{ host: '127.0.0.1' }])
  })

  test('a page of an origin that the configuration names may read', async () => {
    const options = { port: 0, allow_origin: 'https://app.example' }
    const { port } = await sinkOf({ type: 'http', options })
    const answer = await fetch(`http://127.0.0.1:${port}/stream`, { headers: { Origin: 'https://app.example' } })
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example')
    await answer.body?.cancel()
  })
})

describe('tcp', () => {
  test('W4: without a heartbeat table it starts, and shows lines and nothing else', async () => {
    const { stream, port } = await sinkOf({ type: 'tcp', options: { port: 0 } })
    const line = await dial(port)
    await expect.poll(() => stream.stats).toMatchObject({ viewers: { connected: 1 } })
    await give(stream, entry)
    expect(await line.until((found) => found.endsWith('\n'))).toBe(`${asJson}\n`)
  })

  test('has heartbeats by line when they are wanted', async () => {
    const heartbeat = { enabled: true, interval_seconds: 0.1 }
    const { port } = await sinkOf({ type: 'tcp', options: { port: 0, heartbeat } })
    const line = await dial(port)
    await line.until((found) => found.includes('\n'))
    expect(JSON.parse(line.text.split('\n')[0] ?? '')).toEqual({ logwisp: 'heartbeat', time: expect.any(String) })
  })
})

test('websocket: frames are the JSON objects of the format, with the id in front', async () => {
  const { stream, port } = await sinkOf({ type: 'websocket', options: { port: 0 } })
  const socket = new WebSocket(`ws://127.0.0.1:${port}/stream`)
  onTestFinished(() => socket.terminate())
  const frames: string[] = []
  socket.on('message', (data) => frames.push(String(data)))
  await once(socket, 'message')
  const came = once(socket, 'message')
  await give(stream, entry)
  await came
  expect(frames[1]).toMatch(/^\{"logwisp\.id":"[^"]+","code":28,"level":"ERROR"/)
})

describe('http_client', () => {
  const options = { batch_delay_ms: 20, retry_delay_ms: 1, max_retry_delay_seconds: 0.1 }

  test('sends a JSON array of the ancestor’s objects, with its headers and its token', async () => {
    const heads: IncomingMessage['headers'][] = []
    const { url, bodies } = await receiver((request, response) => {
      heads.push(request.headers)
      response.writeHead(202).end()
    })
    const more = { headers: { 'X-Tenant': 'ops' }, auth: { token: 'secret-token' } }
    const { stream } = await sinkOf({ type: 'http_client', options: { ...options, url, ...more } })
    await give(stream, entry)
    await new Promise<void>((resolve) => stream.end(resolve))
    expect(bodies).toEqual([`[${asJson}]`])
    expect(heads[0]).toMatchObject({
      'content-type': 'application/json',
      'x-tenant': 'ops',
      authorization: 'Bearer secret-token',
    })
  })

  test('W14: 429 and 408 are tried again, and a redirect is not', async () => {
    const { url, bodies } = await receiver((_request, response, _body, count) => {
      response.writeHead(count === 1 ? 429 : count === 2 ? 408 : 202).end()
    })
    const { stream } = await sinkOf({ type: 'http_client', options: { ...options, url } })
    stream.write(entry)
    await new Promise<void>((resolve) => stream.end(resolve))
    expect(bodies).toHaveLength(3)

    const moved = await receiver((_request, response) => void response.writeHead(302, { Location: '/x' }).end())
    const other = await sinkOf({ type: 'http_client', options: { ...options, url: moved.url } })
    const failed = once(other.stream, 'error')
    other.stream.write(entry)
    expect((await failed)[0]).toMatchObject({ code: 'PEER_REFUSED' })
    expect(moved.bodies).toHaveLength(1)
  })

  test('with `max_retries` what cannot be delivered is dropped in the end, and counted', async () => {
    const { url, bodies } = await receiver((_request, response) => void response.writeHead(500).end())
    const { stream, warnings } = await sinkOf({ type: 'http_client', options: { ...options, url, max_retries: 2 } })
    await give(stream, entry)
    await new Promise<void>((resolve) => stream.end(resolve))
    expect(bodies).toHaveLength(3)
    expect(stream.stats.dropped).toEqual({ rejected: 1 })
    expect(warnings).toContainEqual(expect.objectContaining({ code: 'ENTRY_REJECTED' }))
  })

  test('11.3: it fails over to the next of several servers', async () => {
    const dead = createTcpServer().listen(0, '127.0.0.1')
    await once(dead, 'listening')
    const { port } = dead.address() as { port: number }
    await new Promise((resolve) => dead.close(resolve))
    const { url, bodies } = await receiver((_request, response) => void response.writeHead(202).end())
    const urls = [`http://127.0.0.1:${port}/`, url]
    const { stream } = await sinkOf({ type: 'http_client', options: { ...options, url: urls } })
    await give(stream, entry)
    await new Promise<void>((resolve) => stream.end(resolve))
    expect(bodies).toEqual([`[${asJson}]`])
  })

  test('W7: what arrives at another LogWisp has its time, level, source and fields, whatever its message is', async () => {
    const source = await sourceOf({ type: 'http', options: { port: 0 } })
    const taken = new Taken(source.stream)
    const url = `http://127.0.0.1:${source.port}/ingest`
    const { stream } = await sinkOf({ type: 'http_client', options: { ...options, url } })
    const inside = { ...entry, message: '{"event":"login","n":12345678901234567890}', fields: { host: 'a' } }
    await give(stream, entry, inside, { ...entry, level: undefined, message: '{"message":null}', fields: undefined })
    await taken.until(3)
    expect(taken.entries).toMatchObject([
      { time, source: 'app.log', level: 'error', message: 'out of disk', fields: { code: 28 } },
      { time, source: 'app.log', level: 'error', fields: { host: 'a', event: 'login', n: 12345678901234567890n } },
      { time, source: 'app.log', message: '' },
    ])
    expect(taken.entries[2]?.fields).toBeUndefined()
  })
})

test('W13: tcp_client keeps what comes during an outage, and closes what it leaves', async () => {
  const received: string[] = []
  const connections: Socket[] = []
  const serve = (socket: Socket): void => {
    connections.push(socket)
    socket.setEncoding('utf8').on('error', () => {})
    socket.on('data', (data) => {
      received.push(...String(data).split('\n').filter(Boolean))
      server.emit('received')
    })
  }
  const server = createTcpServer(serve).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const options = {
    address: `127.0.0.1:${port}`,
    format: 'raw',
    reconnect_delay_ms: 1,
    max_reconnect_delay_seconds: 0.1,
  }
  const { stream } = await sinkOf({ type: 'tcp_client', options })
  const lines = async (count: number): Promise<void> => {
    while (received.length < count) await once(server, 'received')
  }
  await give(stream, { ...entry, message: 'before' })
  await lines(1)
  const closed = new Promise((resolve) => server.close(resolve))
  for (const socket of connections) socket.destroy()
  await closed
  await expect.poll(() => stream.stats).toMatchObject({ connectedTo: undefined })
  for (let n = 1; n <= 5; n++) stream.write({ ...entry, message: `during ${n}` })
  server.listen(port, '127.0.0.1')
  await lines(6)
  expect(received).toEqual(['before', ...[1, 2, 3, 4, 5].map((n) => `during ${n}`)])
  const ended = new Promise<void>((resolve) => stream.end(resolve))
  await ended
  await new Promise((resolve) => server.close(resolve))
})

test('tcp_client with `protocol = "logwisp"` sends all that an entry has, and hears when it is delivered', async () => {
  const source = await sourceOf({ type: 'tcp', options: { port: 0 } })
  const taken = new Taken(source.stream)
  const options = { address: `127.0.0.1:${source.port}`, protocol: 'logwisp' }
  // The pipeline's format is not that of this protocol.
  const { stream } = await sinkOf({ type: 'tcp_client', options }, { format: 'raw' })
  await give(stream, entry)
  expect(await taken.until(1)).toMatchObject([entry])
  await new Promise<void>((resolve) => stream.end(resolve))
})

describe('file', () => {
  test('11.3: what is said of its defaults is what it does', async () => {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, 'other-app.log'), 'not ours')
    const { stream } = await sinkOf({ type: 'file', options: { directory, name: 'out', min_disk_free_mb: 0 } })
    const long = 'x'.repeat(1_500_000)
    for (let n = 0; n < 6; n++) await give(stream, { ...entry, message: long })
    await give(stream, entry)
    await new Promise<void>((resolve) => stream.end(resolve))
    // One file, since 100 MB are far; no line of its own; nothing of others removed; no bound of 5 MB.
    expect((await readdir(directory)).filter((name) => !name.startsWith('.')).sort()).toEqual([
      'other-app.log',
      'out.log',
    ])
    const written = await readFile(join(directory, 'out.log'), 'utf8')
    expect(written.split('\n')).toEqual([...Array.from({ length: 6 }, () => long), 'out of disk', ''])
  })

  test('is rotated at `max_size_mb` of 1,000,000 bytes, and bounded by `max_total_size_mb`', async () => {
    const directory = await temporaryDirectory()
    const sizes = { max_size_mb: 0.001, max_total_size_mb: 0.003, min_disk_free_mb: 0, fsync: 'never' }
    const { stream } = await sinkOf({ type: 'file', options: { directory, name: 'out', ...sizes } })
    for (let n = 0; n < 20; n++) await give(stream, { ...entry, message: 'y'.repeat(499) })
    await new Promise<void>((resolve) => stream.end(resolve))
    const names = (await readdir(directory)).filter((name) => name.endsWith('.log'))
    const all = await Promise.all(names.map(async (name) => (await readFile(join(directory, name))).length))
    expect(Math.max(...all)).toBe(1000)
    expect(all.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(3000)
    expect(names.length).toBeGreaterThan(1)
  })

  test('nothing of an entry is ever a path', async () => {
    const directory = await temporaryDirectory()
    const { stream } = await sinkOf({ type: 'file', options: { directory, name: 'out', min_disk_free_mb: 0 } })
    await give(stream, { ...entry, source: '../../stolen', message: '../x', fields: { name: '/etc/passwd' } })
    await new Promise<void>((resolve) => stream.end(resolve))
    expect((await readdir(directory)).filter((name) => !name.startsWith('.'))).toEqual(['out.log'])
    const inside = sinkOf({ type: 'file', options: { directory, name: '../out' } })
    await expect(inside).rejects.toThrow(/name/)
  })
})

test('a format that is no good is named with its place', async () => {
  const options = {
    directory: await temporaryDirectory(),
    name: 'a',
    format: 'text',
    format_options: { template: '{{' },
  }
  await expect(sinkOf({ type: 'file', options })).rejects.toThrow(
    /^app\.sinks\.0\.options\.format_options\.template: line 1/,
  )
})

describe('console', () => {
  const halves = async (sinks: readonly object[]): Promise<readonly string[]> => {
    const written: string[] = []
    const spies = (['stdout', 'stderr'] as const).map((name) =>
      vi.spyOn(process[name], 'write').mockImplementation((chunk, ...rest) => {
        written.push(`${name}: ${String(chunk).trimEnd()}`)
        const callback = rest.at(-1)
        if (typeof callback === 'function') callback()
        return true
      }),
    )
    try {
      for (const [index] of sinks.entries()) {
        // Each in its turn the one that is made, beside all of them.
        const order = [sinks[index] as object, ...sinks.filter((_sink, at) => at !== index)]
        const { stream } = await sinkOf(order[0] as object, { sinks: order })
        await give(stream, { ...entry, message: 'bad' }, { ...entry, level: 'info', message: 'good' })
        await new Promise<void>((resolve) => stream.end(resolve))
      }
    } finally {
      for (const spy of spies) spy.mockRestore()
    }
    return written.sort()
  }
  const split = (type: 'stdout' | 'stderr'): object => ({ type, options: { target: 'split', colors: false } })

  test('one sink that is split writes both halves', async () => {
    expect(await halves([split('stdout')])).toEqual(['stderr: bad', 'stdout: good'])
  })

  test('two sinks that are split write a half each, and nothing twice', async () => {
    expect(await halves([split('stdout'), split('stderr')])).toEqual(['stderr: bad', 'stdout: good'])
  })
})

test('11.3: `insecure_skip_verify` skips nothing: who shows a certificate of nobody known gets no entry', async () => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 })
  let requests = 0
  const server = createHttpsServer({ cert, key }, (_request, response) => {
    requests++
    response.end()
  }).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  const url = `https://127.0.0.1:${(server.address() as { port: number }).port}/`
  const options = { url, insecure_skip_verify: true, batch_delay_ms: 1, retry_delay_ms: 1 }
  const { stream } = await sinkOf({ type: 'http_client', options })
  const warned = once(stream, 'warning')
  stream.write(entry)
  expect((await warned)[0]).toMatchObject({ code: 'PEER_FAILING', message: expect.stringMatching(/self.signed/) })
  expect(requests).toBe(0)
})

test.each([
  { type: 'tcp_client', options: { address: '127.0.0.1:1' } },
  { type: 'http_client', options: { url: 'http://127.0.0.1:1/' } },
])('$type: its end waits for a far side that is away as long as whoever ends it does', async (config) => {
  const { stream } = await sinkOf(config)
  stream.on('error', () => {})
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  stream.write(entry)
  stream.end()
  await vi.advanceTimersByTimeAsync(120_000)
  expect(stream.destroyed).toBe(false)
  expect(stream.stats.entriesHeld).toBe(1)
})
