/** The live stream of lines: what a client on the other end of a real connection gets. */

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Batch, encodeEntryWithId, type LogEntry, textFormat } from '@logwisp/core'
import { accessControl, hashToken } from '@logwisp/core/server'
import { memoryInUse } from '@logwisp/core/testing'
import { afterEach, expect, test, vi } from 'vitest'
import { type TcpSink, type TcpSinkOptions, tcpSink } from '../src/index.ts'
import { LineClient } from './line-client.ts'

const sinks: TcpSink[] = []

async function listening(options: TcpSinkOptions = {}): Promise<TcpSink> {
  const sink = tcpSink({ port: 0, format: 'raw', ...options })
  sinks.push(sink)
  await once(sink, 'listening')
  return sink
}

const sockets: Socket[] = []

/** Connects, for as long as the test lasts. */
function dial(port: number): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  sockets.push(socket)
  return socket
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const sink of sinks.splice(0)) if (!sink.closed) await once(sink.destroy(), 'close')
  await vi.waitFor(() => expect(process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'))).toEqual([]))
})

const portOf = (sink: TcpSink): number => sink.address?.port ?? 0

/** A viewer that is there: what is written from now on comes to it. */
async function viewerOf(sink: TcpSink): Promise<LineClient> {
  const { accepted } = sink.stats.viewers
  const client = new LineClient(dial(portOf(sink)))
  await vi.waitFor(() => expect(sink.stats.viewers.accepted).toBe(accepted + 1))
  return client
}

function entry(message: string, more: Partial<LogEntry> = {}): LogEntry {
  return { time: 0, source: 'app', message, ...more }
}

const taken = (sink: TcpSink, item: LogEntry | Batch): Promise<void> =>
  new Promise((resolve, reject) => sink.write(item, (error) => (error == null ? resolve() : reject(error))))

test('W11: gives every line to each of several viewers, whoever has left', async () => {
  const sink = await listening()
  const clients = [await viewerOf(sink), await viewerOf(sink), await viewerOf(sink)]
  clients[0]?.close()
  await vi.waitFor(() => expect(sink.stats.viewers.connected).toBe(2))
  await pipeline(Readable.from(Array.from({ length: 50 }, (_, i) => entry(`${i}`))), sink)
  for (const client of clients.slice(1)) {
    await client.closed
    expect(client.lines).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`))
  }
})

test.each<[string, TcpSinkOptions['format'], string]>([
  ['json', 'json', '{"time":"1970-01-01T00:00:00.000Z","source":"app","level":"warn","message":"é"}'],
  ['raw', 'raw', 'é'],
  ['text', textFormat('{level} {source}: {message}'), 'warn app: é'],
  [
    'json with ids',
    encodeEntryWithId,
    '{"logwisp.id":"file:7","time":"1970-01-01T00:00:00.000Z","source":"app","level":"warn","message":"é"}',
  ],
])('writes an entry as a line of %s', async (_name, format, line) => {
  const sink = await listening({ format })
  const client = await viewerOf(sink)
  const origin = { tracker: { acknowledge: () => {} }, sequence: 1, id: 'file:7' }
  sink.end(entry('é', { level: 'warn', origin }))
  await client.closed
  expect(client.lines).toEqual([line])
})

test('begins with what came last when it is asked to', async () => {
  const sink = await listening({ backlogEntries: 2 })
  for (const message of ['a', 'b', 'c']) await taken(sink, entry(message))
  const client = await viewerOf(sink)
  sink.end(entry('d'))
  await client.closed
  expect(client.lines).toEqual(['b', 'c', 'd'])
})

test('W6: a port in use is an error that says so, and the pipeline fails with it', async () => {
  const port = portOf(await listening())
  const failed = pipeline(Readable.from([entry('a')]), tcpSink({ port }))
  await expect(failed).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
    message: expect.stringContaining('the port is in use'),
  })
})

test('W4: listens and serves without a single option about heartbeats', async () => {
  const sink = await listening({ heartbeat: undefined })
  const client = await viewerOf(sink)
  sink.end(entry('a'))
  await client.closed
  expect(client.lines).toEqual(['a'])
})

test('W27: listens on loopback unless it is asked for more', async () => {
  expect((await listening()).address?.address).toBe('127.0.0.1')
})

test('W19: refusing viewers never changes the count of those that are there, and the limits hold', async () => {
  const sink = await listening({ maxViewers: 3, maxViewersPerAddress: 2 })
  const [first] = [await viewerOf(sink), await viewerOf(sink)]
  for (let round = 0; round < 20; round++) {
    const refused = new LineClient(dial(portOf(sink)))
    await refused.closed
    expect(refused.text).toBe('')
    expect(sink.stats.viewers).toMatchObject({ connected: 2, accepted: 2, refused: round + 1 })
  }
  first.close()
  await vi.waitFor(() => expect(sink.stats.viewers.connected).toBe(1))
  await viewerOf(sink)
  expect(sink.stats.viewers).toMatchObject({ connected: 2, accepted: 3, refused: 20 })
})

test('W9: clients that never read cost a bounded amount, slow nobody down, and are cut off', async () => {
  const sink = await listening({ ringBytes: 1_000_000, stuckTimeoutMs: 1000 })
  const reader = await viewerOf(sink)
  for (let i = 0; i < 10; i++) dial(portOf(sink)).pause()
  await vi.waitFor(() => expect(sink.stats.viewers.connected).toBe(11))
  const line = 'x'.repeat(1000)
  const lines = 60
  const block = Buffer.from(`${line}\n`.repeat(lines))
  const before = memoryInUse()
  let most = 0
  // 60 MB, each block once the one reader has the one before.
  for (let count = 1; count <= 1000; count++) {
    await taken(sink, Batch.of({ bytes: Buffer.from(block), source: 'x', time: 0 }))
    await reader.until(({ bytes }) => bytes === count * block.length)
    reader.forget()
    if (count % 200 === 0) most = Math.max(most, memoryInUse() - before)
  }
  // Its connection's own buffer, and one span that it shares with others.
  expect(sink.stats.viewers.bytesBuffered).toBeLessThan(11 * 100_000)
  expect(most).toBeLessThan(20_000_000)
  await vi.waitFor(() => expect(sink.stats.viewers).toMatchObject({ connected: 1, cutOff: 10 }), { timeout: 10_000 })
})

test('a line says how many entries a slow viewer missed, as the options have it', async () => {
  const forms: [TcpSinkOptions, (line: string) => number | undefined][] = [
    [
      { format: 'json' },
      (line) => {
        const { logwisp, reason, entries } = JSON.parse(line)
        return logwisp === 'dropped' && reason === 'too-slow' ? entries : undefined
      },
    ],
    [
      { dropped: ({ entries }) => `-- ${entries} missing --` },
      (line) => (line.startsWith('--') ? Number(line.split(' ')[1]) : undefined),
    ],
    [{}, () => undefined],
  ]
  for (const [options, missingIn] of forms) {
    const sink = await listening({ ringEntries: 2000, ringBytes: 50_000_000, ...options })
    const client = await viewerOf(sink)
    client.pause()
    const total = 40_000
    const text = 'x'.repeat(500)
    for (let i = 0; i < total; i++) await taken(sink, entry(`${i} ${text}`))
    client.resume()
    sink.end()
    await client.closed
    const gaps = client.lines.map(missingIn).filter((missing) => missing !== undefined)
    const { entriesMissed } = sink.stats.viewers
    expect(entriesMissed).toBeGreaterThan(0)
    const said = gaps.reduce((sum, missing) => sum + missing, 0)
    expect(said).toBe(options.format === undefined && options.dropped === undefined ? 0 : entriesMissed)
    expect(client.lines.length - gaps.length).toBe(total - entriesMissed)
  }
})

test('a heartbeat is no line by default, or one of JSON, or an entry', async () => {
  const heartbeatOf = async (options: TcpSinkOptions): Promise<unknown> => {
    const client = await viewerOf(await listening(options))
    await client.until(({ lines }) => lines.length > 0)
    return JSON.parse(client.lines[0] ?? '')
  }
  const intervalMs = 100
  const quiet = await viewerOf(await listening({ heartbeat: { intervalMs } }))
  expect(await heartbeatOf({ heartbeat: { format: 'json', intervalMs } })).toEqual({ logwisp: 'heartbeat' })
  expect(await heartbeatOf({ heartbeat: { format: 'json', intervalMs, includeStats: true } })).toEqual({
    logwisp: 'heartbeat',
    viewers: 1,
    uptimeMs: expect.any(Number),
  })
  const told = heartbeatOf({ format: 'json', heartbeat: { format: 'entry', intervalMs, includeStats: true } })
  expect(await told).toMatchObject({ source: 'logwisp', level: 'info', message: 'heartbeat', fields: { viewers: 1 } })
  expect(quiet.text).toBe('')
})

test('throws away what a viewer sends, and cuts off one that sends too much', async () => {
  const sink = await listening({ maxInputBytes: 10_000 })
  const [talks, shouts] = [await viewerOf(sink), await viewerOf(sink)]
  talks.send('x'.repeat(10_000))
  shouts.send('x'.repeat(10_001))
  await shouts.closed
  sink.end(entry('a'))
  await talks.closed
  expect(talks.lines).toEqual(['a'])
  expect(sink.stats.viewers).toMatchObject({ cutOff: 1, entriesSent: 1 })
})

test('a viewer that has said all it has to say still gets everything, when that is asked for', async () => {
  const sink = await listening({ allowHalfOpen: true })
  const client = await viewerOf(sink)
  client.endInput()
  await taken(sink, entry('a'))
  await client.until(({ lines }) => lines.length === 1)
  sink.end(entry('b'))
  await client.closed
  expect(client.lines).toEqual(['a', 'b'])
})

const right = 'the-token-of-one-who-reads'
const other = 'the-token-of-one-who-writes'
const access = () =>
  accessControl({
    tokens: {
      reader: { hash: hashToken(right), rights: ['stream'] },
      writer: { hash: hashToken(other), rights: ['ingest'] },
    },
  })

test('whoever has to say who it is does so in its first line, in pieces too, and is told that it may look', async () => {
  const sink = await listening({ access: access() })
  const client = new LineClient(dial(portOf(sink)))
  for (const piece of ['LOG', 'WISP/1 {"tok', `en":"${right}"}`, '\nmore']) {
    client.send(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await client.until(({ lines }) => lines.length === 1)
  expect(client.lines).toEqual(['LOGWISP/1 {"ok":true}'])
  sink.end(entry('a'))
  await client.closed
  expect(client.lines).toEqual(['LOGWISP/1 {"ok":true}', 'a'])
})

test.each([
  ['LOGWISP/1 {"token":"a-token-of-nobody-at-all"}\n', /token/],
  [`LOGWISP/1 {"token":"${other}"}\n`, /stream/],
  ['LOGWISP/1 {"user":"a","password":"b"}\n', /./],
  ['LOGWISP/1 {}\n', /./],
  ['LOGWISP/1 {"token"\n', /expected LOGWISP/],
  ['LOGWISP/1 [1]\n', /expected LOGWISP/],
  [`LOGWISP/2 {"token":"${right}"}\n`, /expected LOGWISP/],
  ['GET / HTTP/1.1\r\n\r\n', /expected LOGWISP/],
  ['\0\xff\n', /expected LOGWISP/],
  [`LOGWISP/1 ${' '.repeat(4090)}`, /longer than 4096 bytes/],
])('refuses whoever begins with %j, says why, and counts no viewer', async (hello, why) => {
  const sink = await listening({ access: access() })
  const client = new LineClient(dial(portOf(sink)))
  client.send(hello)
  await client.closed
  expect(client.lines).toHaveLength(1)
  const answer = JSON.parse((client.lines[0] ?? '').replace('LOGWISP/1 ', ''))
  expect(answer).toEqual({ ok: false, error: expect.stringMatching(why) })
  expect(answer.error).not.toContain(right)
  expect(sink.stats.viewers).toMatchObject({ connected: 0, accepted: 0 })
})

test('whoever says nothing, and had to, is told so in time and gives its place back', async () => {
  const sink = await listening({ access: access(), helloTimeoutMs: 100, maxViewers: 1 })
  const silent = new LineClient(dial(portOf(sink)))
  await silent.closed
  expect(silent.text).toContain('no hello came within 100 ms')
  const next = new LineClient(dial(portOf(sink)))
  next.send(`LOGWISP/1 {"token":"${right}"}\n`)
  await next.until(({ lines }) => lines.length === 1)
  expect(next.lines).toEqual(['LOGWISP/1 {"ok":true}'])
  next.close()
})

test('whoever may look without saying who it is gets lines at once', async () => {
  const sink = await listening({ access: accessControl({ anonymous: ['stream'] }) })
  const client = await viewerOf(sink)
  sink.end(entry('a'))
  await client.closed
  expect(client.text).toBe('a\n')
})

test('serves connections of a server of the program, and leaves that server alone', async () => {
  const sink = tcpSink({ format: 'raw' })
  sinks.push(sink)
  const server = createServer(sink.handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = new LineClient(dial(port))
  await vi.waitFor(() => expect(sink.stats.viewers.connected).toBe(1))
  sink.end(entry('a'))
  await client.closed
  expect(client.lines).toEqual(['a'])
  const late = new LineClient(dial(port))
  await late.closed
  expect([late.text, server.listening]).toEqual(['', true])
  await new Promise((resolve) => server.close(resolve))
})

test('destroyed, it cuts viewers and whoever has not said hello, and gives the port back', async () => {
  const sink = await listening({ access: access() })
  const waiting = new LineClient(dial(portOf(sink)))
  await once(waiting.socket, 'connect')
  const port = portOf(sink)
  await Promise.all([once(sink.destroy(), 'close'), waiting.closed])
  await listening({ port })
})

test('a viewer that is reset is a viewer less', async () => {
  const sink = await listening()
  const client = await viewerOf(sink)
  client.socket.resetAndDestroy()
  await vi.waitFor(() => expect(sink.stats.viewers.connected).toBe(0))
  await taken(sink, entry('a'))
})
