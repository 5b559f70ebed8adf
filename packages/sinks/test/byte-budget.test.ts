/** Sinks that hold entries, under one bound: with real sockets whose other side takes nothing, and then takes all. */

import { once } from 'node:events'
import { createServer as createHttpServer, get, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { byteBudget, entrySize, type StageStats } from '@logwisp/core'
import { checkOptionErrors, givingSource, memoryInUse, RecordingTracker } from '@logwisp/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { httpClientSink, type LiveSink, sseSink, tcpClientSink, tcpSink, webSocketSink } from '../src/index.ts'

const linesPerBlock = 600
const numbered = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${String(from + i).padStart(7)} ${'x'.repeat(92)}`)
const blocks = function* (tracker: RecordingTracker, count: number) {
  for (let i = 0; i < count; i++) yield tracker.batch(numbered(i * linesPerBlock, linesPerBlock))
}
const blockBytes = entrySize(new RecordingTracker().batch(numbered(0, linesPerBlock)))

/** Until nothing moves any more. */
async function settled(stages: readonly { readonly stats: StageStats }[]): Promise<void> {
  const state = (): string =>
    JSON.stringify(stages.map(({ stats: { entriesIn, entriesOut } }) => [entriesIn, entriesOut]))
  for (let before = '', quiet = 0; quiet < 200; ) {
    await new Promise(setImmediate)
    quiet = state() === before ? quiet + 1 : 0
    before = state()
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

async function tcpServer(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    onSocket(socket.on('error', () => {}))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Answers nothing before it is opened. */
async function httpServer() {
  const bodies: string[] = []
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const server = createHttpServer(async (req, res) => {
    let body = ''
    for await (const piece of req) body += piece
    await opened
    bodies.push(body)
    res.end()
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close().closeAllConnections())
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, bodies, open }
}

async function slowReader(port: number): Promise<IncomingMessage> {
  const [response] = (await once(get({ port, host: '127.0.0.1', path: '/stream?backlog=1' }), 'response')) as [
    IncomingMessage,
  ]
  onTestFinished(() => void response.destroy())
  return response.pause()
}

/** Writes until what viewers do not read waits in each connection: the system holds some megabytes of each first. */
async function fillReaders(live: LiveSink, count: number): Promise<void> {
  const tracker = new RecordingTracker()
  let block = 0
  while (live.viewers().filter(({ bufferedBytes }) => bufferedBytes > 0).length < count) {
    live.write(tracker.batch(numbered(linesPerBlock * block++, linesPerBlock)))
    // Each viewer is sent a span at each turn, and must not fall behind before it is full.
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
  }
}

test('all kinds of them hold no more than they may together while nobody takes anything; later all of it arrives', async () => {
  const budget = byteBudget({ maxBytes: 4 * 1024 * 1024 })
  const received: Buffer[] = []
  const peers: Socket[] = []
  const tcpPort = await tcpServer((socket) => {
    peers.push(socket.on('data', (piece) => received.push(piece)).pause())
  })
  const far = await httpServer()
  const live = sseSink({ port: 0, budget })
  const tcp = tcpClientSink(`127.0.0.1:${tcpPort}`, {
    protocol: 'plain',
    format: 'raw',
    budget,
    writeTimeoutMs: Infinity,
  })
  const http = httpClientSink(far.url, { format: 'raw', maxInFlight: 4, maxBatchDelayMs: Infinity, budget })
  await once(live, 'listening')
  const readers = await Promise.all(Array.from({ length: 5 }, () => slowReader((live.address as AddressInfo).port)))
  const before = memoryInUse()
  const count = 300
  const done = [tcp, http].map((sink) => pipeline(givingSource(blocks(new RecordingTracker(), count)), sink))
  await fillReaders(live, readers.length)
  await settled([tcp, http])

  const { bytesHeld, peakBytes, maxBytes, holders } = budget.stats
  expect(holders.map(({ name }) => name)).toEqual(['sseSink', 'tcpClientSink', 'httpClientSink'])
  expect(bytesHeld).toBeGreaterThan(maxBytes / 2)
  // Beyond it, once for each at most: a block with the text that is made of it, which is the body of a request.
  expect(peakBytes).toBeLessThanOrEqual(maxBytes + 2 * blockBytes + (blockBytes + 1_048_576))
  for (const holder of holders) expect(holder.bytesHeld).toBeGreaterThan(maxBytes / 3 / 4)
  // 54 MB were offered. What else there is: 32 blocks at the end of each source and at the entrance of each sink, what
  // sockets hold, and what the receivers of this test have got.
  const got = received.reduce((sum, { length }) => sum + length, 0)
  expect(memoryInUse() - before - got).toBeLessThan(maxBytes + 3 * 34 * blockBytes + 16 * 1024 * 1024)

  for (const peer of peers) peer.resume()
  far.open()
  for (const reader of readers) reader.resume()
  live.end()
  await Promise.all([...done, once(live, 'close')])
  const all = numbered(0, count * linesPerBlock)
    .map((line) => `${line}\n`)
    .join('')
  await until(() => received.reduce((sum, { length }) => sum + length, 0) >= all.length)
  expect(Buffer.concat(received).toString() === all).toBe(true)
  expect(far.bodies.join('').length).toBe(all.length)
  expect(budget.stats).toMatchObject({ bytesHeld: 0, holders: [] })
})

test('a batch that may not grow any more goes as it is, though its time has not come', async () => {
  const budget = byteBudget({ maxBytes: 1 })
  const far = await httpServer()
  far.open()
  const http = httpClientSink(far.url, { format: 'raw', maxBatchDelayMs: Infinity, budget })
  await pipeline(givingSource(blocks(new RecordingTracker(), 20)), http)
  expect(far.bodies).toHaveLength(20)
  expect(far.bodies.join('').split('\n').slice(0, -1)).toEqual(numbered(0, 20 * linesPerBlock))
})

test('a TCP sink with hardly any budget goes on block by block', async () => {
  const budget = byteBudget({ maxBytes: 1 })
  let text = ''
  const port = await tcpServer((socket) => socket.on('data', (piece) => (text += piece)))
  const tcp = tcpClientSink(`127.0.0.1:${port}`, { protocol: 'plain', format: 'raw', budget })
  await pipeline(givingSource(blocks(new RecordingTracker(), 50)), tcp)
  await until(() => text.length >= 50 * linesPerBlock * 101)
  expect(text.split('\n').slice(0, -1)).toEqual(numbered(0, 50 * linesPerBlock))
  // The block, and its text.
  expect(budget.stats.peakBytes).toBeLessThanOrEqual(2 * blockBytes + 1000)
})

test('a ring takes what others leave, and gives it back as soon as one of them wants its own', async () => {
  const budget = byteBudget({ maxBytes: 3 * 1024 * 1024 })
  const live = tcpSink({ port: 0, budget })
  await once(live, 'listening')
  for (const block of blocks(new RecordingTracker(), 100)) live.write(block)
  await settled([live])
  expect(live.stats.ring.bytes).toBeGreaterThan(2.5 * 1024 * 1024)
  const share = budget.join({ name: 'other' })
  while (share.bytesHeld + blockBytes <= budget.stats.shareBytes) expect(share.take(blockBytes)).toBe(true)
  expect(live.stats.ring.bytes).toBeLessThanOrEqual(budget.stats.maxBytes - share.bytesHeld)
  expect(budget.stats.peakBytes).toBeLessThanOrEqual(3 * 1024 * 1024)
  share.leave()
  live.destroy()
  await once(live, 'close')
})

test('with hardly any budget a viewer that reads sees the newest entries, and is told what it missed', async () => {
  const budget = byteBudget({ maxBytes: 1 })
  const live = tcpSink({ port: 0, budget, format: 'raw' })
  await once(live, 'listening')
  const viewer = connect((live.address as AddressInfo).port, '127.0.0.1')
  let text = ''
  viewer.on('data', (piece) => (text += piece))
  await until(() => live.stats.viewers.connected === 1)
  for (const block of blocks(new RecordingTracker(), 50)) live.write(block)
  live.end()
  await once(viewer, 'close')
  expect(text).toContain(numbered(50 * linesPerBlock - 1, 1)[0])
  const { entriesSent, entriesMissed } = live.stats.viewers
  expect(entriesSent + entriesMissed).toBe(50 * linesPerBlock)
  // One block in the ring (counted with its text), and one that comes.
  expect(budget.stats.peakBytes).toBeLessThan(5 * blockBytes)
})

test('what was written for viewers is let go of when they have taken it or have gone', async () => {
  const budget = byteBudget({ maxBytes: 8 * 1024 * 1024 })
  const live = sseSink({ port: 0, budget, ringEntries: 2 * linesPerBlock })
  await once(live, 'listening')
  const port = (live.address as AddressInfo).port
  const readers = await Promise.all([slowReader(port), slowReader(port), slowReader(port)])
  await fillReaders(live, readers.length)
  for (const reader of readers) reader.destroy()
  await until(() => live.stats.viewers.connected === 0)
  // The ring's three blocks with their texts, and what is kept for who comes by next: at most 2 MiB.
  expect(budget.stats.bytesHeld).toBeLessThan(2 * 1024 * 1024 + 6 * blockBytes + 10_000)
  live.destroy()
  await once(live, 'close')
  expect(budget.stats.bytesHeld).toBe(0)
})

test('what is no budget is refused by all of them', () => {
  const bad = { budget: [1, {}, { maxBytes: 5 }] }
  checkOptionErrors((options) => tcpClientSink('127.0.0.1:1', options), bad)
  checkOptionErrors((options) => httpClientSink('http://127.0.0.1:1', options), bad)
  for (const make of [sseSink, webSocketSink, tcpSink] as ((options: never) => LiveSink)[]) {
    checkOptionErrors((options) => make(options), bad, make === (tcpSink as never) ? { port: 0 } : {})
  }
})
