/** The live stream by WebSocket: what a client on the other end of a real connection gets. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Batch, type LogEntry } from '@logwisp/core'
import { accessControl, hashToken } from '@logwisp/core/server'
import { memoryInUse } from '@logwisp/core/testing'
import { afterEach, expect, test, vi } from 'vitest'
import { type WebSocketSink, type WebSocketSinkOptions, webSocketSink } from '../src/index.ts'
import { WebSocketClient } from './web-socket-client.ts'

const sinks: WebSocketSink[] = []
const clients: WebSocketClient[] = []
const sockets: Socket[] = []

async function listening(options: WebSocketSinkOptions = {}): Promise<WebSocketSink> {
  const sink = webSocketSink({ port: 0, ...options })
  sinks.push(sink)
  await once(sink, 'listening')
  return sink
}

const portOf = (sink: WebSocketSink): number => sink.address?.port ?? 0

function clientOf(sink: WebSocketSink, wish: ConstructorParameters<typeof WebSocketClient>[1] = {}): WebSocketClient {
  const client = new WebSocketClient(portOf(sink), wish)
  clients.push(client)
  return client
}

/** A client that has been greeted: what is written from now on comes to it. */
async function viewerOf(
  sink: WebSocketSink,
  wish: ConstructorParameters<typeof WebSocketClient>[1] = {},
): Promise<WebSocketClient> {
  const client = clientOf(sink, wish)
  await client.until(({ frames }) => frames.length > 0)
  return client
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const sink of sinks.splice(0)) if (!sink.closed) await once(sink.destroy(), 'close')
  await vi.waitFor(() => expect(process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'))).toEqual([]))
})

/** A connection that asks to become a WebSocket, and does nothing else by itself. */
function rawUpgrade(sink: WebSocketSink, version = 13): Socket {
  const socket = connect(portOf(sink), '127.0.0.1').on('error', () => {})
  sockets.push(socket)
  socket.write(
    'GET /socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      `Sec-WebSocket-Version: ${version}\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  )
  return socket
}

function entry(message: string, more: Partial<LogEntry> = {}): LogEntry {
  return { time: 0, source: 'app', message, ...more }
}

const tracker = { acknowledge: () => {} }
const told = (message: string, id: string): LogEntry => entry(message, { origin: { tracker, sequence: 1, id } })

const taken = (sink: WebSocketSink, item: LogEntry | Batch): Promise<void> =>
  new Promise((resolve, reject) => sink.write(item, (error) => (error == null ? resolve() : reject(error))))

test('sends a greeting, a text frame per entry with its id, and at the end why and the code 1001', async () => {
  const sink = await listening()
  const client = await viewerOf(sink)
  sink.write(told('one é', 'file:1'))
  sink.end(entry('two', { level: 'warn', fields: { a: 1 } }))
  await client.closed
  expect(client.frames).toEqual([
    expect.stringMatching(/^\{"logwisp":"open","id":"[0-9a-f]{12}-0"\}$/),
    '{"logwisp.id":"file:1","time":"1970-01-01T00:00:00.000Z","source":"app","message":"one é"}',
    expect.stringMatching(
      /^\{"logwisp.id":"[0-9a-f]{12}-2","time":"1970-01-01T00:00:00.000Z","source":"app","level":"warn","message":"two","fields":\{"a":1\}\}$/,
    ),
    '{"logwisp":"end","reason":"stopped"}',
  ])
  expect([client.code, client.reason]).toEqual([1001, 'stopped'])
})

test('with another format an entry is still told from what is none, whatever it says', async () => {
  const sink = await listening({ format: 'raw' })
  const client = await viewerOf(sink)
  sink.end(told('{"logwisp":"end"}\n', 'x'))
  await client.closed
  expect(client.told[1]).toEqual({ logwisp: 'entry', 'logwisp.id': 'x', text: '{"logwisp":"end"}\n' })
})

test('a format that gives JSON objects is sent as it is, behind the id', async () => {
  const format = ({ message }: LogEntry): string => message
  const sink = await listening({ format, formatGives: 'json-object' })
  const client = await viewerOf(sink)
  sink.write(told('{}', 'x'))
  sink.end(told('{"logwisp":"end"}', 'y'))
  await client.closed
  expect(client.frames.slice(1, 3)).toEqual(['{"logwisp.id":"x"}', '{"logwisp.id":"y","logwisp":"end"}'])
})

test.each([0, 125, 126, 65_535, 65_536, 200_000])('frames a message of %i bytes', async (length) => {
  const sink = await listening()
  const client = await viewerOf(sink)
  const messages = [length - 3, length, length + 3].map((size) => 'x'.repeat(Math.max(0, size)))
  await pipeline(Readable.from(messages.map((message) => entry(message))), sink)
  await client.closed
  expect(client.messages).toEqual(messages)
})

test('sends what comes together in one frame of lines, when that is asked for', async () => {
  const sink = await listening({ framing: 'lines' })
  const client = await viewerOf(sink)
  const bytes = Buffer.from(Array.from({ length: 100 }, (_, i) => `${i}\n`).join(''))
  sink.end(Batch.of({ bytes, source: 'x', time: 0 }))
  await client.closed
  expect(client.frames).toHaveLength(3)
  expect(client.messages).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`))
})

test('W11: gives every entry to each of several viewers', async () => {
  const sink = await listening()
  const viewers = [await viewerOf(sink), await viewerOf(sink), await viewerOf(sink)]
  viewers[0]?.close()
  await vi.waitFor(() => expect(sink.stats.viewers.connected).toBe(2))
  await pipeline(Readable.from(Array.from({ length: 50 }, (_, i) => entry(`${i}`))), sink)
  for (const viewer of viewers.slice(1)) {
    await viewer.closed
    expect(viewer.messages).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`))
  }
})

test('W4: serves and tells its status without a single option about heartbeats', async () => {
  const sink = await listening({ heartbeat: undefined })
  await viewerOf(sink)
  const status = await (await fetch(`http://127.0.0.1:${portOf(sink)}/status`)).json()
  expect(status).toMatchObject({ service: 'LogWisp', viewers: { connected: 1 }, endpoints: { stream: '/socket' } })
})

test('W6: a port in use is an error that says so, and the pipeline fails with it', async () => {
  const port = portOf(await listening())
  await expect(pipeline(Readable.from([entry('a')]), webSocketSink({ port }))).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
    message: expect.stringContaining('the port is in use'),
  })
})

test('goes on after the last id that a viewer saw: none missing, none twice', async () => {
  const sink = await listening()
  const first = await viewerOf(sink)
  for (let i = 0; i < 10; i++) sink.write(i % 2 === 0 ? entry(`${i}`) : told(`${i}`, `/a b%/${i}`))
  await first.until(({ messages }) => messages.length === 10)
  const ids = first.told.slice(1).map((one) => one['logwisp.id'] as string)
  expect(ids[1]).toBe('/a b%/1')
  first.close()
  await taken(sink, entry('10'))
  for (const [seen, id] of ids.entries()) {
    const again = await viewerOf(sink, { path: `/socket?lastEventId=${encodeURIComponent(id)}` })
    await again.until(({ messages }) => messages.length === 10 - seen)
    expect(again.messages).toEqual(Array.from({ length: 10 - seen }, (_, i) => `${seen + 1 + i}`))
    expect(again.control).toEqual([])
  }
})

test('tells a viewer that comes back to a sink that was started anew that this is why', async () => {
  const old = await listening()
  const first = await viewerOf(old)
  await taken(old, entry('a'))
  await first.until(({ messages }) => messages.length === 1)
  const id = first.told[1]?.['logwisp.id'] as string
  const sink = await listening({ ringEntries: 2 })
  for (const message of ['b', 'c', 'd']) await taken(sink, entry(message))
  const again = await viewerOf(sink, { path: `/socket?lastEventId=${id}` })
  await again.until(({ messages }) => messages.length === 2)
  expect(again.control).toEqual([{ logwisp: 'dropped', entries: null, reason: 'restarted' }])
  expect(again.messages).toEqual(['c', 'd'])
})

test('a viewer changes its filter while it looks, and everything after the answer is by the new one', async () => {
  const sink = await listening()
  const client = await viewerOf(sink, { path: '/socket?level=info' })
  const write = (message: string, level: 'info' | 'warn' | 'error'): Promise<void> =>
    taken(sink, entry(message, { level }))
  await write('a', 'info')
  await client.until(({ messages }) => messages.length === 1)
  client.ask({ filter: { level: 'error', match: '^[bc]', source: ['app'] } })
  await client.until(({ control }) => control.length === 1)
  await write('b', 'info')
  await write('c', 'error')
  await write('d', 'error')
  client.ask({ filter: null, backlog: 2 })
  await client.until(({ control, messages }) => control.length === 2 && messages.length === 4)
  expect(client.told.slice(1).map((one) => one['logwisp'] ?? one['message'])).toEqual([
    'a',
    'accepted',
    'c',
    'accepted',
    'c',
    'd',
  ])
  const [seen] = client.told.slice(1).map((one) => one['logwisp.id'])
  client.ask({ resume: seen, filter: { match: 'b|d' } })
  await client.until(({ messages }) => messages.length === 6)
  expect(client.messages.slice(-2)).toEqual(['b', 'd'])
})

test.each<[string, object | string]>([
  ['request', 'nonsense'],
  ['request', '[1]'],
  ['request', '{}'],
  ['request', { filters: {} }],
  ['filter', { filter: 'warn' }],
  ['filter', { filter: { lvl: 'warn' } }],
  ['level', { filter: { level: 'loud' } }],
  ['level', { filter: { level: 4 } }],
  ['match', { filter: { match: '(' } }],
  ['match', { filter: { match: 'a'.repeat(2000) } }],
  ['source', { filter: { source: Array.from({ length: 101 }, (_, i) => `${i}`) } }],
  ['whenUnknown', { filter: { level: 'warn', whenUnknown: 'maybe' } }],
  ['resume', { resume: 5 }],
  ['backlog', { backlog: -1 }],
  ['backlog', { backlog: 1, resume: 'a' }],
])('refuses a request whose %s is wrong, says so, and changes nothing', async (parameter, request) => {
  const sink = await listening()
  const client = await viewerOf(sink)
  client.ask(request)
  await client.until(({ control }) => control.length === 1)
  expect(client.control).toEqual([{ logwisp: 'refused', parameter, message: expect.any(String) }])
  sink.end(entry('a'))
  await client.closed
  expect(client.messages).toEqual(['a'])
})

test('closes with the code that says what a viewer did wrong, and harms no other', async () => {
  const sink = await listening({ maxRequestBytes: 1000, maxRequestsPerSecond: 3 })
  const other = await viewerOf(sink)
  const closeOf = async (act: (client: WebSocketClient) => void): Promise<number | undefined> => {
    const client = await viewerOf(sink)
    act(client)
    await client.closed
    return client.code
  }
  expect(await closeOf(({ ws }) => ws.send(Buffer.from('{}'), { binary: true }))).toBe(1003)
  expect(await closeOf(({ ws }) => ws.send(Buffer.from([0xff]), { binary: false }))).toBe(1007)
  expect(await closeOf((client) => client.ask('x'.repeat(1001)))).toBe(1009)
  expect(
    await closeOf((client) => {
      for (let i = 0; i < 4; i++) client.ask({ filter: null })
    }),
  ).toBe(1008)
  expect(await closeOf(({ ws }) => ws.close(1000))).toBe(1000)
  sink.end(entry('a'))
  await other.closed
  expect(other.messages).toEqual(['a'])
})

test('W27: listens on loopback, and lets no page of another origin connect, unless it is asked to', async () => {
  const sink = await listening()
  expect(sink.address?.address).toBe('127.0.0.1')
  const answerTo = async (to: WebSocketSink, origin: string): Promise<number | 'open'> => {
    const client = clientOf(to, { origin })
    await Promise.race([client.closed, client.until(({ frames }) => frames.length > 0)])
    return client.refused?.status ?? 'open'
  }
  expect(await answerTo(sink, 'https://elsewhere.example')).toBe(403)
  expect(await answerTo(sink, 'null')).toBe(403)
  expect(await answerTo(sink, `http://127.0.0.1:${portOf(sink) + 1}`)).toBe(403)
  expect(await answerTo(sink, `http://127.0.0.1:${portOf(sink)}`)).toBe('open')
  const named = await listening({ allowOrigin: ['https://a.example'] })
  expect(await answerTo(named, 'https://a.example')).toBe('open')
  expect(await answerTo(named, 'https://b.example')).toBe(403)
  expect(await answerTo(await listening({ allowOrigin: '*' }), 'https://b.example')).toBe('open')
})

const right = 'the-token-of-one-who-reads'
const other = 'the-token-of-one-who-writes'

test.each<[string, WebSocketSinkOptions, ConstructorParameters<typeof WebSocketClient>[1], number]>([
  ['another path', {}, { path: '/elsewhere' }, 404],
  ['a query that is no UTF-8', {}, { path: '/socket?match=%ff' }, 400],
  ['a filter that is none', {}, { path: '/socket?level=loud' }, 400],
  ['a query of 9,000 characters', {}, { path: `/socket?match=${'a'.repeat(9000)}` }, 414],
  ['a name that is not this machine', {}, { headers: { host: 'rebound.example' } }, 403],
  ['no token', { access: 'tokens' as never }, {}, 401],
  ['a wrong token', { access: 'tokens' as never }, { headers: { authorization: 'Bearer nobody-has-this-token' } }, 401],
  ['the token of somebody else', { access: 'tokens' as never }, { headers: { authorization: `Bearer ${other}` } }, 403],
  ['too many requests', { access: 'rate' as never }, {}, 429],
])('refuses %s in HTTP, before the protocol changes', async (_name, options, wish, status) => {
  const tokens = {
    reader: { hash: hashToken(right), rights: ['stream'] as const },
    writer: { hash: hashToken(other), rights: ['ingest'] as const },
  }
  const rate = accessControl({ requestRate: { perAddress: { ratePerSecond: 0.001, burst: 1 } } })
  await rate.request({ headers: {}, socket: { remoteAddress: '127.0.0.1' } } as never, 'stream')
  const access = { tokens: accessControl({ tokens }), rate }[options.access as unknown as 'tokens' | 'rate']
  const sink = await listening({ ...options, access })
  const client = clientOf(sink, wish)
  await client.closed
  expect(client.refused?.status).toBe(status)
  if (status === 401) expect(client.refused?.headers['www-authenticate']).toContain('Bearer')
  if (status === 429) expect(client.refused?.headers['retry-after']).toMatch(/^\d+$/)
  await vi.waitFor(() => expect(sink.stats.viewers).toMatchObject({ connected: 0, accepted: 0 }))
})

test('a page shows its token as a protocol, everybody else as a header', async () => {
  const access = accessControl({ tokens: { reader: { hash: hashToken(right), rights: ['stream'] } } })
  const sink = await listening({ access })
  const page = await viewerOf(sink, { protocols: ['logwisp', `logwisp.token.${right}`] })
  expect(page.ws.protocol).toBe('logwisp')
  await viewerOf(sink, { headers: { authorization: `Bearer ${right}` } })
  expect(sink.stats.viewers.connected).toBe(2)
  expect((await fetch(`http://127.0.0.1:${portOf(sink)}/status`)).status).toBe(401)
})

test('W19: refusing viewers never changes the count of those that are there, and the limits hold', async () => {
  const sink = await listening({ maxViewers: 3, maxViewersPerAddress: 2 })
  const first = await viewerOf(sink)
  await viewerOf(sink)
  for (let round = 0; round < 20; round++) {
    const refused = clientOf(sink)
    await refused.closed
    expect(refused.refused).toMatchObject({ status: 429, headers: { 'retry-after': '2' } })
    expect(sink.stats.viewers).toMatchObject({ connected: 2, accepted: 2, refused: round + 1 })
  }
  // A handshake that ws refuses, after a place was taken, gives it back.
  first.close()
  await vi.waitFor(() => expect(sink.stats.viewers.connected).toBe(1))
  for (let round = 0; round < 5; round++) {
    const [answer] = await once(rawUpgrade(sink, 7), 'data')
    expect(String(answer)).toMatch(/^HTTP\/1.1 400 /)
  }
  await viewerOf(sink)
})

test('W9: clients that never read cost a bounded amount, slow nobody down, and are cut off', async () => {
  const sink = await listening({ ringBytes: 1_000_000, stuckTimeoutMs: 1000, heartbeat: { intervalMs: Infinity } })
  const reader = await viewerOf(sink)
  for (let i = 0; i < 10; i++) rawUpgrade(sink).pause()
  await vi.waitFor(() => expect(sink.stats.viewers.connected).toBe(11))
  const lines = 60
  const block = `${'x'.repeat(1000)}\n`.repeat(lines)
  const before = memoryInUse()
  let most = 0
  reader.frames.length = 0
  for (let count = 1; count <= 1000; count++) {
    await taken(sink, Batch.of({ bytes: Buffer.from(block), source: 'x', time: 0 }))
    await reader.until(({ frames }) => frames.length === lines)
    reader.frames.length = 0
    if (count % 200 === 0) most = Math.max(most, memoryInUse() - before)
  }
  expect(sink.stats.viewers.bytesBuffered).toBeLessThan(11 * 100_000)
  expect(most).toBeLessThan(20_000_000)
  await vi.waitFor(() => expect(sink.stats.viewers).toMatchObject({ connected: 1, cutOff: 10 }), { timeout: 10_000 })
})

test('cuts off a peer that answers no ping, and no other', async () => {
  const sink = await listening({ heartbeat: { intervalMs: 100 } })
  const alive = await viewerOf(sink)
  // Reads, and answers nothing.
  const dead = rawUpgrade(sink).resume()
  await once(dead, 'close')
  expect(sink.stats.viewers).toMatchObject({ connected: 1, cutOff: 1 })
  expect(alive.pings).toBeGreaterThanOrEqual(2)
  expect(alive.frames).toHaveLength(1)
})

test('a heartbeat that pages see is a frame, or an entry', async () => {
  const beat = async (heartbeat: WebSocketSinkOptions['heartbeat']): Promise<unknown> => {
    const client = await viewerOf(await listening({ heartbeat: { intervalMs: 100, ...heartbeat } }))
    await client.until(({ frames }) => frames.length === 2)
    return client.told[1]
  }
  expect(await beat({ format: 'frame' })).toEqual({ logwisp: 'heartbeat' })
  expect(await beat({ format: 'frame', includeStats: true })).toEqual({
    logwisp: 'heartbeat',
    viewers: 1,
    uptimeMs: expect.any(Number),
  })
  expect(await beat({ format: 'entry' })).toEqual({
    time: expect.any(String),
    source: 'logwisp',
    level: 'info',
    message: 'heartbeat',
  })
})

test('tells a viewer whose filter lets nothing pass the id to come back with', async () => {
  const sink = await listening({ heartbeat: { intervalMs: 100 } })
  const client = await viewerOf(sink, { path: '/socket?match=never' })
  await taken(sink, told('a', 'file:1'))
  await client.until(({ control }) => control.length > 0)
  expect(client.control[0]).toEqual({ logwisp: 'heartbeat', id: 'file:1' })
})

test('compresses for viewers that offer it, only when that is asked for, and sends the same', async () => {
  for (const compress of [false, true]) {
    const sink = await listening({ compress })
    const client = await viewerOf(sink, { deflate: true })
    expect(client.ws.extensions.includes('permessage-deflate')).toBe(compress)
    const plain = await viewerOf(sink)
    const bytes = Buffer.from(Array.from({ length: 5000 }, (_, i) => `${i} ${'x'.repeat(i % 2000)}\n`).join(''))
    client.ask({ filter: null })
    await client.until(({ control }) => control.length === 1)
    sink.end(Batch.of({ bytes, source: 'x', time: 0 }))
    await Promise.all([client.closed, plain.closed])
    expect(client.messages).toEqual(plain.messages)
    expect(client.messages).toHaveLength(5000)
    expect(client.code).toBe(1001)
  }
})

test('an entry that a compressed request unpacks to more than its limit is refused', async () => {
  const sink = await listening({ compress: true, maxRequestBytes: 1000 })
  const client = await viewerOf(sink, { deflate: true })
  client.ask('x'.repeat(1_000_000))
  await client.closed
  expect(client.code).toBe(1009)
})

test('says good-bye with 1000 to who got no entry for too long', async () => {
  const sink = await listening({ idleTimeoutMs: 100 })
  const client = await viewerOf(sink)
  await client.closed
  expect([client.code, client.reason, client.control]).toEqual([1000, 'idle', [{ logwisp: 'end', reason: 'idle' }]])
})

test('a sink that fails says so with 1011', async () => {
  const sink = await listening({
    format: () => {
      throw new Error('no such field')
    },
  })
  const client = await viewerOf(sink)
  const failed = once(sink, 'error')
  sink.write(entry('a'))
  expect((await failed)[0]).toMatchObject({ message: 'no such field' })
  await client.closed
  expect(client.code).toBe(1011)
})

test('answers who comes without a WebSocket with 426, and other paths with 404', async () => {
  const sink = await listening()
  const at = (path: string, method = 'GET'): Promise<Response> =>
    fetch(`http://127.0.0.1:${portOf(sink)}${path}`, { method })
  const answer = await at('/socket')
  expect([answer.status, answer.headers.get('upgrade')]).toEqual([426, 'websocket'])
  expect((await at('/socket', 'POST')).status).toBe(405)
  expect((await at('/')).status).toBe(404)
})

test('mounted on a server of the program: its own paths stay its own', async () => {
  const sink = webSocketSink({ path: '/logs' })
  sinks.push(sink)
  const server = createServer((req, res) => sink.handler(req, res, () => res.end('mine')))
  server.on('upgrade', sink.handleUpgrade).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = new WebSocketClient(port, { path: '/logs' })
  await client.until(({ frames }) => frames.length > 0)
  expect(await (await fetch(`http://127.0.0.1:${port}/other`)).text()).toBe('mine')
  sink.end(entry('a'))
  await client.closed
  expect(client.messages).toEqual(['a'])
  const late = new WebSocketClient(port, { path: '/logs' })
  await late.closed
  expect(late.refused?.status).toBe(503)
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

test('destroyed, it cuts its viewers at once and gives the port back', async () => {
  const sink = await listening()
  const client = await viewerOf(sink)
  const port = portOf(sink)
  await Promise.all([once(sink.destroy(), 'close'), client.closed])
  expect(client.code).toBe(1006)
  await listening({ port })
})

test('the end does not wait for a viewer that never answers the close', async () => {
  const sink = await listening({ drainTimeoutMs: 200 })
  rawUpgrade(sink).resume()
  await vi.waitFor(() => expect(sink.stats.viewers.connected).toBe(1))
  await once(sink.end(), 'close')
})
