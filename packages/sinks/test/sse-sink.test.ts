/** The live stream as a whole: what a client on the other end of a real socket gets. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Batch, type LogEntry, type OriginTracker } from '@logwisp/core'
import { accessControl, hashToken } from '@logwisp/core/server'
import { memoryInUse } from '@logwisp/core/testing'
import express from 'express'
import { afterEach, expect, test, vi } from 'vitest'
import { type SseSink, type SseSinkOptions, sseSink } from '../src/index.ts'
import { version } from '../src/internal/live/version.ts'
import { ask, openStream } from './sse-client.ts'

const sinks: SseSink[] = []

async function listening(options: SseSinkOptions = {}): Promise<SseSink> {
  const sink = sseSink({ port: 0, format: 'raw', ...options })
  sinks.push(sink)
  await once(sink, 'listening')
  return sink
}

afterEach(async () => {
  for (const sink of sinks.splice(0)) if (!sink.closed) await once(sink.destroy(), 'close')
  // The other ends are in this process too, and hear of it a moment later.
  await vi.waitFor(() => expect(process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'))).toEqual([]))
})

function entry(message: string, more: Partial<LogEntry> = {}): LogEntry {
  return { time: 0, source: 'app', message, ...more }
}

const tracker: OriginTracker = { acknowledge: () => {} }
const told = (message: string, id: string): LogEntry => entry(message, { origin: { tracker, sequence: 1, id } })

/** Resolves once the sink has taken all that was written. */
const taken = (sink: SseSink, item: LogEntry | Batch): Promise<void> =>
  new Promise((resolve, reject) => sink.write(item, (error) => (error == null ? resolve() : reject(error))))

test('W12: sends one event per entry, of the media type and form that EventSource takes', async () => {
  const sink = await listening({ format: 'json' })
  const client = await openStream(sink)
  expect(client.headers['content-type']).toBe('text/event-stream; charset=utf-8')
  sink.write(entry('one', { level: 'warn' }))
  sink.end(entry('two'))
  await client.closed
  expect(client.events.map(({ event, data }) => [event, data])).toEqual([
    [undefined, '{"time":"1970-01-01T00:00:00.000Z","source":"app","level":"warn","message":"one"}'],
    [undefined, '{"time":"1970-01-01T00:00:00.000Z","source":"app","message":"two"}'],
    ['end', '{"reason":"stopped"}'],
  ])
})

test('sends its first bytes at once, with headers that no proxy holds back or changes', async () => {
  const sink = await listening({ retryMs: 750 })
  const { headers, text } = await openStream(sink)
  expect(headers).toMatchObject({ 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' })
  expect(text).toMatch(/^: logwisp\n\nretry: 750\n\nid: [0-9a-f]{12}-0\n\n$/)
})

test('W11: gives every entry to each of several viewers', async () => {
  const sink = await listening()
  const clients = await Promise.all([openStream(sink), openStream(sink), openStream(sink)])
  clients[0]?.close()
  await vi.waitFor(() => expect(sink.stats.viewers.connected).toBe(2))
  await pipeline(Readable.from(Array.from({ length: 50 }, (_, i) => entry(`${i}`))), sink)
  for (const client of clients.slice(1)) {
    await client.closed
    expect(client.data).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`))
  }
})

test('W4: answers the stream and the status page without a single option about heartbeats', async () => {
  const sink = await listening({ heartbeat: undefined })
  expect((await ask(sink, { path: '/status' })).status).toBe(200)
  expect((await openStream(sink)).status).toBe(200)
})

test('W6: a port in use is an error that says so, and the pipeline fails with it', async () => {
  const port = (await listening()).address?.port ?? 0
  const failed = pipeline(Readable.from([entry('a')]), sseSink({ port }))
  await expect(failed).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
    message: `cannot listen on 127.0.0.1:${port}: the port is in use; stop what listens there, or choose another port (0 takes any free one)`,
  })
})

test('an address that this machine does not have is such an error too', async () => {
  const [error] = await once(sseSink({ port: 0, host: '192.0.2.1' }), 'error').catch((reason) => [reason])
  expect(error).toMatchObject({ code: 'LISTEN_FAILED', message: expect.stringContaining('no such address') })
})

test('W27: listens on loopback, and lets no page of another origin read, unless it is asked to', async () => {
  const sink = await listening()
  expect(sink.address?.address).toBe('127.0.0.1')
  const { headers } = await ask(sink, { path: '/status', headers: { origin: 'https://elsewhere.example' } })
  expect(headers['access-control-allow-origin']).toBeUndefined()

  const open = await listening({ allowOrigin: '*' })
  expect((await openStream(open)).headers['access-control-allow-origin']).toBe('*')

  const one = await listening({ allowOrigin: ['https://a.example', 'https://b.example'] })
  const asked = async (origin: string) => (await ask(one, { path: '/status', headers: { origin } })).headers
  expect(await asked('https://b.example')).toMatchObject({
    'access-control-allow-origin': 'https://b.example',
    vary: 'Origin',
  })
  expect((await asked('https://c.example'))['access-control-allow-origin']).toBeUndefined()
})

test('refuses a host name that is not of this machine, against DNS rebinding', async () => {
  const sink = await listening()
  const asked = async (to: SseSink, host: string) => (await ask(to, { path: '/status', headers: { host } })).status
  for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1:8080', '[::1]:8080', 'app.localhost'])
    expect(await asked(sink, host)).toBe(200)
  for (const host of ['rebound.example', 'localhost.example', '127.0.0.1.example:80'])
    expect(await asked(sink, host)).toBe(403)
  const named = await listening({ allowedHosts: ['Logs.example'] })
  expect(await asked(named, 'logs.example:8080')).toBe(200)
  expect(await asked(named, 'other.example')).toBe(403)
  expect(await asked(await listening({ allowedHosts: 'any' }), 'rebound.example')).toBe(200)
})

test('goes on after the last id that a viewer saw: none missing, none twice', async () => {
  const sink = await listening()
  const first = await openStream(sink)
  for (let i = 0; i < 10; i++) sink.write(i % 2 === 0 ? entry(`${i}`) : told(`${i}`, `file:${i}`))
  await first.until(({ data }) => data.length === 10)
  const ids = first.events.map(({ id }) => id)
  expect(ids[1]).toBe('file:1')
  first.close()
  await taken(sink, entry('10'))
  for (const [seen, id] of ids.entries()) {
    const again = await openStream(sink, { headers: { 'last-event-id': id ?? '' } })
    await again.until(({ data }) => data.length === 10 - seen)
    expect(again.data).toEqual(Array.from({ length: 10 - seen }, (_, i) => `${seen + 1 + i}`))
    expect(again.events.filter(({ event }) => event === 'dropped')).toEqual([])
    again.close()
  }
})

test('a viewer that was cut off before its first entry misses none of those that follow', async () => {
  const sink = await listening()
  const first = await openStream(sink)
  const id = /^id: (.*)$/m.exec(first.text)?.[1] ?? ''
  first.close()
  await taken(sink, entry('meanwhile'))
  const again = await openStream(sink, { headers: { 'last-event-id': id } })
  await again.until(({ data }) => data.length === 1)
  expect(again.data).toEqual(['meanwhile'])
})

test('takes the last id from the query too; the header, which is newer, wins', async () => {
  const sink = await listening()
  for (const id of ['a', 'b', 'c']) await taken(sink, told(id, id))
  const byQuery = await openStream(sink, { path: '/stream?lastEventId=a' })
  await byQuery.until(({ data }) => data.length === 2)
  expect(byQuery.data).toEqual(['b', 'c'])
  const byBoth = await openStream(sink, { path: '/stream?lastEventId=a', headers: { 'last-event-id': 'b' } })
  await byBoth.until(({ data }) => data.length === 1)
  expect(byBoth.data).toEqual(['c'])
})

test('an id that the ring has lost: tells how many are missing, if it can, and gives all that it has', async () => {
  const sink = await listening({ ringEntries: 5 })
  const first = await openStream(sink)
  await taken(sink, entry('0'))
  await first.until(({ data }) => data.length === 1)
  const id = first.events[0]?.id ?? ''
  for (let i = 1; i < 20; i++) await taken(sink, entry(`${i}`))
  const expected = ['15', '16', '17', '18', '19']
  const known = await openStream(sink, { headers: { 'last-event-id': id } })
  await known.until(({ data }) => data.length === 5)
  expect(known.events[0]).toEqual({ id: undefined, event: 'dropped', data: '{"entries":14,"reason":"not-kept"}' })
  expect(known.data).toEqual(expected)
  const unknown = await openStream(sink, { headers: { 'last-event-id': 'of-another-life' } })
  await unknown.until(({ data }) => data.length === 5)
  expect(unknown.events[0]).toEqual({ id: undefined, event: 'dropped', data: '{"entries":null,"reason":"not-kept"}' })
  expect(unknown.data).toEqual(expected)
})

test('begins with what came last when it is asked to, and with the next entry otherwise', async () => {
  const sink = await listening()
  for (let i = 0; i < 9; i++) await taken(sink, entry(`${i}`, { level: i % 2 === 0 ? 'warn' : 'info' }))
  const clients = await Promise.all(
    ['', '?backlog=2', '?backlog=2&level=warn', '?backlog=99'].map((query) =>
      openStream(sink, { path: `/stream${query}` }),
    ),
  )
  sink.end(entry('9', { level: 'fatal' }))
  await Promise.all(clients.map(({ closed }) => closed))
  expect(clients.map(({ data }) => data.join(''))).toEqual(['9', '789', '689', '0123456789'])
})

test('filters for each viewer as it asks, in batches and in single entries', async () => {
  const sink = await listening()
  const queries = [
    'level=warn&whenUnknown=drop',
    'match=b%7Cc',
    'source=app',
    'level=error&match=d&source=x.log',
    'level=info',
  ]
  const clients = await Promise.all(queries.map((query) => openStream(sink, { path: `/stream?${query}` })))
  sink.write(entry('a', { level: 'warn' }))
  sink.write(Batch.of({ bytes: Buffer.from('INFO b\nERROR c\nERROR d\ne\n'), source: '/x.log', time: 0 }))
  sink.end(entry('b'))
  await Promise.all(clients.map(({ closed }) => closed))
  expect(clients.map(({ data }) => data)).toEqual([
    ['a', 'ERROR c', 'ERROR d'],
    ['INFO b', 'ERROR c', 'b'],
    ['a', 'b'],
    ['ERROR d'],
    ['a', 'INFO b', 'ERROR c', 'ERROR d', 'e', 'b'],
  ])
})

test.each([
  ['/stream?level=loud', 400, 'level'],
  ['/stream?match=(', 400, 'match'],
  ['/stream?backlog=many', 400, 'backlog'],
  ['/stream?lastEventId=a&lastEventId=b', 400, 'lastEventId'],
  ['/stream?match=%E0%A4%A', 400, undefined],
  ['/stream?match=%ff', 400, undefined],
  [`/stream?match=${'a'.repeat(9000)}`, 414, undefined],
  ['/nowhere', 404, undefined],
  ['/stream/', 404, undefined],
  ['//stream', 404, undefined],
  ['/%', 404, undefined],
  ['*', 404, undefined],
])('answers %.40s with %i, and says what is wrong', async (path, status, parameter) => {
  const sink = await listening()
  const reply = await ask(sink, { path })
  expect(reply.status).toBe(status)
  expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
  expect(JSON.parse(reply.body)).toMatchObject({
    error: expect.any(String),
    message: expect.any(String),
    ...(parameter && { parameter }),
  })
})

test('a request of 100 kB, or of no HTTP at all, is refused and harms nobody else', async () => {
  const sink = await listening()
  const client = await openStream(sink)
  // Node refuses it before it has read it all, and the answer may be lost on the way, as TCP has it.
  const large = ask(sink, { path: `/stream?match=${'a'.repeat(100_000)}` })
  expect(
    await large.then(
      ({ status }) => status,
      ({ code }) => code,
    ),
  ).toSatisfy((told) => [431, 'ECONNRESET', 'EPIPE'].includes(told))
  const socket = connect(sink.address?.port ?? 0, '127.0.0.1').end('\0\x01\x02nonsense\r\n\r\n')
  await once(socket.resume(), 'close')
  sink.end(entry('still here'))
  await client.closed
  expect(client.data).toEqual(['still here'])
})

test('takes a target with scheme and host, as proxies write it', async () => {
  const sink = await listening()
  expect((await ask(sink, { path: 'http://127.0.0.1/status?x=1' })).status).toBe(200)
})

test('names its endpoints to who asks for another path', async () => {
  const sink = await listening({ path: '/live', statusPath: '/health' })
  expect(JSON.parse((await ask(sink, { path: '/stream' })).body)).toEqual({
    error: 'Not Found',
    message: 'available endpoints: /live (live stream), /health (status)',
    endpoints: { stream: '/live', status: '/health' },
  })
})

test('answers HEAD with the head alone, and counts no viewer', async () => {
  const sink = await listening()
  for (const path of ['/stream', '/status']) {
    const [head, get] = [
      await ask(sink, { path, method: 'HEAD' }),
      path === '/stream' ? await openStream(sink) : await ask(sink, { path }),
    ]
    expect(head).toMatchObject({ status: 200, body: '' })
    expect(head.headers['content-type']).toBe(get.headers['content-type'])
  }
  expect(sink.stats.viewers.accepted).toBe(1)
})

test('refuses other methods with 405, and says which there are', async () => {
  const sink = await listening({ allowOrigin: 'https://a.example' })
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    const reply = await ask(sink, { method })
    expect([reply.status, reply.headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS'])
  }
  const options = await ask(sink, { method: 'OPTIONS', headers: { origin: 'https://a.example' } })
  expect([options.status, options.headers.allow, options.body]).toEqual([204, 'GET, HEAD, OPTIONS', ''])
  expect(options.headers['access-control-allow-headers']).toBe('Last-Event-ID, Cache-Control')
})

test('takes no more viewers than it may, and takes the next one when one has left', async () => {
  const sink = await listening({ maxViewers: 2, retryMs: 3000 })
  const [first] = [await openStream(sink), await openStream(sink)]
  const refused = await ask(sink)
  expect([refused.status, refused.headers['retry-after']]).toEqual([503, '3'])
  expect(JSON.parse(refused.body).message).toContain('2 viewers already')
  first.close()
  await vi.waitFor(() => expect(sink.stats.viewers.connected).toBe(1))
  expect((await openStream(sink)).status).toBe(200)
})

test('closes connections beyond what viewers and some others can need', async () => {
  const sink = await listening({ maxViewers: 1 })
  const open = (): Socket => connect(sink.address?.port ?? 0, '127.0.0.1').on('error', () => {})
  const idle = Array.from({ length: 65 }, open)
  await Promise.all(idle.map((socket) => once(socket, 'connect')))
  await once(open().resume(), 'close')
  idle[0]?.destroy()
  await vi.waitFor(async () => expect((await ask(sink, { path: '/status' })).status).toBe(200))
  for (const socket of idle) socket.destroy()
})

test('tells its status, and whatever the program adds to it', async () => {
  const sink = await listening({ ringEntries: 100, status: () => ({ service: 'mine', pipelines: { a: 1 } }) })
  await openStream(sink)
  await taken(sink, entry('a'))
  const reply = await ask(sink, { path: '/status' })
  expect(reply.headers['cache-control']).toBe('no-store')
  expect(JSON.parse(reply.body)).toEqual({
    service: 'mine',
    version,
    uptimeMs: expect.any(Number),
    endpoints: { stream: '/stream', status: '/status' },
    viewers: {
      connected: 1,
      accepted: 1,
      refused: 0,
      cutOff: 0,
      entriesSent: 1,
      entriesMissed: 0,
      bytesBuffered: 0,
      max: 100,
    },
    ring: { entries: 1, bytes: expect.any(Number), maxEntries: 100, maxBytes: 16_777_216 },
    stats: { entriesIn: 1, entriesOut: 1, entriesDropped: 0, dropped: {}, entriesHeld: 0 },
    pipelines: { a: 1 },
  })
})

test('a status that cannot be told is a 500, not the end', async () => {
  let status: () => object = () => {
    throw new Error('not now')
  }
  const sink = await listening({ status: () => status() })
  const told = async () => {
    const reply = await ask(sink, { path: '/status' })
    return [reply.status, JSON.parse(reply.body).message]
  }
  expect(await told()).toEqual([500, 'the status could not be told: not now'])
  status = () => ({ count: 10n })
  expect(await told()).toEqual([500, expect.stringContaining('BigInt')])
})

test('says the version that its package has', () => {
  expect(version).toBe(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version)
})

test('sends comments as heartbeats on a quiet connection', async () => {
  const sink = await listening({ heartbeat: { intervalMs: 100 } })
  const client = await openStream(sink)
  await client.until(({ comments }) => comments.filter((text) => text === 'heartbeat').length === 2)
  expect(client.events).toEqual([])
})

test('W4: a heartbeat is what was asked for: a comment with facts, an event, or an entry', async () => {
  const beat = async (heartbeat: SseSinkOptions['heartbeat'], format: SseSinkOptions['format'] = 'json') => {
    const client = await openStream(await listening({ format, heartbeat: { intervalMs: 100, ...heartbeat } }))
    await client.until(({ events, comments }) => events.length > 0 || comments.length > 1)
    return client.events[0] ?? client.comments[1]
  }
  expect(await beat({ includeStats: true })).toMatch(/^heartbeat viewers=1 uptimeMs=\d+$/)
  expect(await beat({ includeTime: true })).toMatch(/^heartbeat time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  expect(await beat({ format: 'event', includeTime: false })).toMatchObject({ event: 'heartbeat', data: '{}' })
  const event = (await beat({ format: 'event' })) as { event: string; data: string }
  expect([event.event, JSON.parse(event.data)]).toEqual(['heartbeat', { time: expect.any(String) }])
  const told = (await beat({ format: 'event', includeStats: true })) as { data: string }
  expect(JSON.parse(told.data)).toEqual({ time: expect.any(String), viewers: 1, uptimeMs: expect.any(Number) })
  const entryBeat = (await beat({ format: 'entry', includeStats: true })) as { event?: string; data: string }
  expect(entryBeat.event).toBeUndefined()
  expect(JSON.parse(entryBeat.data)).toMatchObject({ source: 'logwisp', message: 'heartbeat', fields: { viewers: 1 } })
  expect(await beat({ format: 'entry' }, 'raw')).toMatchObject({ data: 'heartbeat' })
})

test('an event that is a heartbeat brings the id to come back with, when the filter let nothing pass', async () => {
  const sink = await listening({ heartbeat: { format: 'event', intervalMs: 100 } })
  const client = await openStream(sink, { path: '/stream?match=never' })
  await taken(sink, told('a', 'file:1'))
  await client.until(({ events }) => events.length > 0)
  expect(client.events[0]).toMatchObject({ event: 'heartbeat', id: 'file:1' })
})

test('asks access for the right that each path needs, and lets browsers ask beforehand', async () => {
  const right = 'the-token-of-one-who-reads'
  const access = accessControl({ tokens: { reader: { hash: hashToken(right), rights: ['stream'] } } })
  const sink = await listening({ access, allowOrigin: ['https://a.example'] })
  const authorization = `Bearer ${right}`
  const status = async (path: string, headers = {}, method = 'GET') =>
    (await ask(sink, { path, headers, method })).status
  expect(await status('/stream')).toBe(401)
  expect(await status('/stream', { authorization: 'Bearer a-token-of-nobody-at-all' })).toBe(401)
  expect(await status('/status', { authorization })).toBe(403)
  expect(await status('/stream', { authorization }, 'HEAD')).toBe(200)
  const preflight = await ask(sink, { method: 'OPTIONS', headers: { origin: 'https://a.example' } })
  expect(preflight.headers).toMatchObject({
    'access-control-allow-credentials': 'true',
    'access-control-allow-headers': 'Last-Event-ID, Cache-Control, Authorization',
  })
  const client = await openStream(sink, { headers: { authorization } })
  sink.end(entry('a'))
  await client.closed
  expect(client.data).toEqual(['a'])
})

test('W19: refusing viewers never changes the count of those that are there, and the limits hold', async () => {
  const sink = await listening({ maxViewers: 3, maxViewersPerAddress: 2 })
  const first = await openStream(sink)
  await openStream(sink)
  for (let round = 0; round < 20; round++) {
    expect((await ask(sink)).status).toBe(429)
    expect(sink.stats.viewers).toMatchObject({ connected: 2, accepted: 2, refused: round + 1 })
  }
  first.close()
  await vi.waitFor(() => expect(sink.stats.viewers.connected).toBe(1))
  expect((await openStream(sink)).status).toBe(200)
})

test('tells a viewer that comes back to a sink that was started anew that this is why, whatever its id', async () => {
  const old = await listening()
  const first = await openStream(old)
  for (const item of [entry('a'), told('b', 'file:1')]) await taken(old, item)
  await first.until(({ data }) => data.length === 2)
  for (const { id } of first.events) {
    const sink = await listening()
    await taken(sink, entry('c'))
    const again = await openStream(sink, { headers: { 'last-event-id': id ?? '' } })
    await again.until(({ data }) => data.length === 1)
    expect(again.events.map(({ event, data }) => event ?? data)).toEqual(['dropped', 'c'])
    expect(again.events[0]?.data).toBe('{"entries":null,"reason":"restarted"}')
  }
})

test('says good-bye to who got no entry for too long', async () => {
  const client = await openStream(await listening({ idleTimeoutMs: 100 }))
  await client.closed
  expect(client.events.at(-1)).toMatchObject({ event: 'end', data: '{"reason":"idle"}' })
})

test('acknowledges what is in the ring, and its books balance', async () => {
  const acknowledged: number[] = []
  const origins = {
    at: (_: number, end: number) => ({
      tracker: { acknowledge: () => acknowledged.push(end) },
      sequence: end,
      id: `${end}`,
    }),
  }
  const sink = await listening()
  await taken(sink, Batch.of({ bytes: Buffer.from('a\nb\n'), source: 'x', time: 0, origins }))
  expect(acknowledged).toEqual([4])
  expect(sink.stats).toMatchObject({
    entriesIn: 2,
    entriesOut: 2,
    entriesDropped: 0,
    entriesHeld: 0,
    ring: { entries: 2 },
  })
})

test('without viewers the pipeline runs through, and the sink ends', async () => {
  const sink = sseSink({ ringEntries: 10 })
  await pipeline(Readable.from(Array.from({ length: 1000 }, (_, i) => entry(`${i}`))), sink)
  expect(sink.stats).toMatchObject({ entriesIn: 1000, entriesOut: 1000, ring: { entries: 10 } })
  expect(sink.address).toBeUndefined()
})

test('what a format throws kills the sink, not the process', async () => {
  const sink = await listening({
    format: () => {
      throw new Error('no such field')
    },
  })
  const client = await openStream(sink)
  const failed = once(sink, 'error')
  sink.write(entry('a'))
  expect((await failed)[0]).toMatchObject({ message: 'no such field' })
  await client.closed
})

test('destroyed, it cuts its viewers at once and gives the port back', async () => {
  const sink = await listening()
  const client = await openStream(sink)
  const port = sink.address?.port ?? 0
  await Promise.all([once(sink.destroy(), 'close'), client.closed])
  expect(client.events).toEqual([])
  await listening({ port })
})

test('refuses options that it does not know or cannot use, when it is made', () => {
  const refused: [object, string][] = [
    [{ prot: 8080 }, '`prot` is no option'],
    [{ port: 70_000 }, '`port` must be an integer from 0 to 65535, got 70000 (number)'],
    [{ path: 'stream' }, "`path` must be a path that begins with '/'"],
    [{ ringBytes: 1 }, '`ringBytes` must be'],
    [{ maxViewers: 0 }, '`maxViewers` must be'],
    [{ heartbeat: { intervalMs: 0 } }, '`heartbeat.intervalMs` must be'],
    [{ heartbeat: { interval: 1 } }, '`heartbeat.interval` is no option'],
    [{ heartbeat: false }, '`heartbeat` must be'],
    [{ heartbeat: { format: 'frame' } }, '`heartbeat.format` must be'],
    [{ format: 'xml' }, '`format` must be'],
    [{ path: '/a', statusPath: '/a' }, '`statusPath` must be another path than `path`'],
  ]
  for (const [options, message] of refused) {
    expect(() => sseSink(options)).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining(message) }),
    )
  }
})

test('mounted in Express below a path: answers its own paths there, and leaves others to the application', async () => {
  const sink = sseSink({ format: 'raw' })
  sinks.push(sink)
  const app = express()
  app.use('/logs', sink.handler)
  app.get('/logs/other', (_req, res) => void res.send('mine'))
  const server = await served(app)
  try {
    const mounted = { address: server.address() } as SseSink
    expect((await ask(mounted, { path: '/logs/other' })).body).toBe('mine')
    expect(JSON.parse((await ask(mounted, { path: '/logs/status' })).body).service).toBe('LogWisp')
    const client = await openStream(mounted, { path: '/logs/stream' })
    sink.end(entry('hello'))
    await client.closed
    expect(client.data).toEqual(['hello'])
    expect((await ask(mounted, { path: '/logs/stream' })).status).toBe(503)
    const browser = await ask(mounted, { path: '/logs/stream', headers: { accept: 'text/event-stream' } })
    expect([browser.status, browser.body]).toEqual([200, 'retry: 2000\n\nevent: end\ndata: {"reason":"stopped"}\n\n'])
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
})

test('mounted in node:http, with a wrapper that checks who asks', async () => {
  const sink = sseSink({ format: 'raw' })
  sinks.push(sink)
  const server = await served((req: IncomingMessage, res: ServerResponse) => {
    if (req.headers.authorization !== 'Bearer yes') return res.writeHead(401).end()
    sink.handler(req, res)
  })
  try {
    const mounted = { address: server.address() } as SseSink
    expect((await ask(mounted)).status).toBe(401)
    const client = await openStream(mounted, { headers: { authorization: 'Bearer yes' } })
    sink.end(entry('hello'))
    await client.closed
    expect(client.data).toEqual(['hello'])
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
})

test('mounted in an HTTP/2 server', async () => {
  const sink = sseSink({ format: 'raw' })
  sinks.push(sink)
  const server = createHttp2Server(sink.handler as never).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const request = session.request({ ':path': '/stream' })
  const [headers] = await once(request, 'response')
  expect(headers['content-type']).toBe('text/event-stream; charset=utf-8')
  let text = ''
  request.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  sink.end(entry('hello'))
  await once(request, 'close')
  expect(text).toContain('data: hello\n\n')
  session.close()
  await new Promise((resolve) => server.close(resolve))
})

async function served(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

test('W9: viewers that never read cost a bounded amount, slow nobody down, and are cut off', async () => {
  const sink = await listening({ ringBytes: 1_000_000, stuckTimeoutMs: 1000, heartbeat: { intervalMs: 60_000 } })
  const stuck: Socket[] = []
  for (let i = 0; i < 10; i++) {
    const socket = connect(sink.address?.port ?? 0, '127.0.0.1')
      .on('error', () => {})
      .pause()
    socket.write('GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n')
    stuck.push(socket)
  }
  const reader = await openStream(sink)
  await vi.waitFor(() => expect(sink.stats.viewers.connected).toBe(11))

  const text = 'x'.repeat(1000)
  const lines = 60
  const before = memoryInUse()
  let most = 0
  // 60 MB, each block once the one reader has the one before: what the others leave has to go somewhere.
  for (let block = 0; block < 1000; block++) {
    await taken(sink, Batch.of({ bytes: Buffer.from(`${text}\n`.repeat(lines)), source: 'x', time: 0 }))
    await reader.until(({ events }) => events.length === lines)
    expect(reader.events.every(({ data }) => data === text)).toBe(true)
    reader.events.length = 0
    reader.text = ''
    if (block % 200 === 199) most = Math.max(most, memoryInUse() - before)
  }
  expect(sink.stats.viewers.entriesSent).toBeGreaterThanOrEqual(lines * 1000)
  expect(sink.stats.ring.bytes).toBeLessThanOrEqual(1_000_000)
  // 600 MB had each of the ten a queue without a bound.
  expect(most).toBeLessThan(20_000_000)
  await vi.waitFor(() => expect(sink.stats.viewers).toMatchObject({ connected: 1, cutOff: 10 }), { timeout: 10_000 })
  for (const socket of stuck) socket.destroy()
})

test('a viewer that stops reading for a while is told how many entries it missed, and gets all others in order', async () => {
  const sink = await listening({ ringEntries: 2000, ringBytes: 50_000_000 })
  const client = await openStream(sink)
  client.pause()
  const total = 40_000
  const text = 'x'.repeat(500)
  for (let i = 0; i < total; i++) await taken(sink, entry(`${i} ${text}`))
  client.resume()
  sink.end()
  await client.closed
  let next = 0
  for (const { event, data } of client.events) {
    if (event === 'dropped') next += JSON.parse(data).entries
    else if (event === undefined) expect(Number.parseInt(data, 10)).toBe(next++)
  }
  expect(next).toBe(total)
  expect(sink.stats.viewers.entriesMissed).toBeGreaterThan(0)
  expect(client.data.length + sink.stats.viewers.entriesMissed).toBe(total)
})
