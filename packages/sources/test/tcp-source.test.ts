/** `tcpSource` with real connections: what is taken, what is told, who waits, and who is closed. */

import { once } from 'node:events'
import { createServer } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { encodeEntryWithId, type LogEntry, type Origin } from '@logwisp/core'
import type { AccessControl, Identity, Refusal } from '@logwisp/core/server'
import { collectingSink } from '@logwisp/core/testing'
import { afterEach, expect, test } from 'vitest'
import { type TcpSource, type TcpSourceOptions, tcpSource } from '../src/tcp-source.ts'
import { type Collected, collect } from './collect.ts'
import { connectTo } from './tcp-client.ts'

const open: TcpSource[] = []

function listening(options: TcpSourceOptions = {}, acknowledges = true): Collected<TcpSource> {
  const source = tcpSource({ port: 0, ...options })
  open.push(source)
  return collect(source, acknowledges)
}

afterEach(async () => {
  for (const source of open.splice(0)) {
    if (source.closed) continue
    const closed = once(source, 'close')
    source.destroy()
    await closed
  }
})

const tracker = { acknowledge: (): void => {} }
const originOf = (sequence: number): Origin => ({ tracker, sequence, id: `id-${sequence}` })

/** An entry as one LogWisp sends it to another. */
function wireLine(n: number): string {
  const entry: LogEntry = { time: n, source: 'app.log', message: `line ${n}`, origin: originOf(n) }
  return `${encodeEntryWithId(entry)}\n`
}

test('W2: lines that come in segments of one byte are whole, UTF-8 and carriage returns too', async () => {
  const read = listening()
  const peer = await connectTo(read.source)
  await peer.sendPieces(Buffer.from('größer ✓\r\nsecond\n{"message":"漢字","level":"warn"}\nunterminated €'))
  peer.socket.end()
  expect(await read.messages(4)).toEqual(['größer ✓', 'second', '漢字', 'unterminated €'])
  expect(read.entries[2]).toMatchObject({ level: 'warn', source: 'tcp' })
  expect(read.source.stats).toMatchObject({ entriesIn: 4, entriesOut: 4, linesInvalid: 0, unfinishedBytes: 0 })
})

test('W6, W28: a port in use ends the pipeline with a clear error', async () => {
  const other = createServer()
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const failure = pipeline(tcpSource({ port }), collectingSink())
  await expect(failure).rejects.toMatchObject({ code: 'LISTEN_FAILED', message: expect.stringMatching(/in use/) })
  other.close()
})

test('W19: connections that are refused never make the count of open ones wrong', async () => {
  const read = listening({ maxConnections: 2 })
  const first = await connectTo(read.source)
  const second = await connectTo(read.source)
  await first.send('a\n')
  await second.send('b\n')
  await read.messages(2)
  for (let i = 0; i < 20; i++) {
    const refused = await connectTo(read.source)
    await refused.closed
  }
  expect(read.source.stats.connections).toEqual({ open: 2, accepted: 2, refused: 20 })
  first.socket.destroy()
  second.socket.destroy()
  while (read.source.stats.connections.open > 0) await new Promise((resolve) => setImmediate(resolve))
  const third = await connectTo(read.source)
  await third.send('c\n')
  await read.messages(3)
  expect(read.source.stats.connections).toEqual({ open: 1, accepted: 3, refused: 20 })
})

test('the format says what is JSON, and what becomes of a line that should be and is none', async () => {
  const text = 'plain\n\n{"msg":"json","ts":1700000000}\n{torn\n{"no":"message"}\n'
  const messages = async (options: TcpSourceOptions): Promise<[string[], TcpSource['stats']]> => {
    const read = listening(options)
    const peer = await connectTo(read.source)
    await peer.send(text)
    peer.socket.end()
    await peer.closed
    return [await read.stop(), read.source.stats]
  }
  const [auto, autoStats] = await messages({})
  expect(auto).toEqual(['plain', '', 'json', '{torn', '{"no":"message"}'])
  expect(autoStats).toMatchObject({ linesInvalid: 2, entriesDropped: 0 })
  const [strict, strictStats] = await messages({ format: 'json', whenInvalid: 'drop' })
  expect(strict).toEqual(['json'])
  expect(strictStats).toMatchObject({ linesInvalid: 3, dropped: { invalid: 3 }, entriesIn: 4, entriesOut: 1 })
  const [plain] = await messages({ format: 'text' })
  expect(plain).toEqual(text.split('\n').slice(0, -1))
})

test('the first line that is no entry is warned of, and the place that is wrong with it, once for a connection', async () => {
  const read = listening({ format: 'json' })
  const peer = await connectTo(read.source)
  await peer.send('{"message":\n'.repeat(50))
  await read.messages(50)
  expect(read.warnings.map(({ code }) => code)).toEqual(['BAD_ENTRY'])
  expect(read.warnings[0]?.message).toMatch(/^127\.0\.0\.1 port \d+: /)
})

test('a source may be named after its sender', async () => {
  const read = listening({ source: ({ address, name }) => `${name ?? 'nobody'}@${address}` })
  const plain = await connectTo(read.source)
  await plain.send('a\n')
  await read.messages(1)
  const named = await connectTo(read.source)
  await named.send('LOGWISP/1 {"name":"host-a"}\nb\n{"message":"c","source":"own"}\n')
  await read.messages(3)
  expect(read.entries.map(({ source }) => source)).toEqual(['nobody@127.0.0.1', 'host-a@127.0.0.1', 'own'])
})

test('octet-counted texts keep their line feeds, and one that breaks the form is closed with a warning', async () => {
  const read = listening({ framing: 'octet-counted' })
  const peer = await connectTo(read.source)
  await peer.sendPieces(Buffer.from('11 hello\nworld18 {"message":"json"}7 <13>abc'))
  await peer.send('hello')
  await peer.closed
  expect(await read.messages(3)).toEqual(['hello\nworld', 'json', '<13>abc'])
  expect(read.warnings).toMatchObject([{ code: 'PEER_MISBEHAVED', message: expect.stringMatching(/length/) }])
})

test('a line too long is cut, skipped, or closes its connection, and the others go on', async () => {
  const text = `a\n${'x'.repeat(200)}\nb\n`
  const truncating = listening({ maxLineBytes: 100 })
  const one = await connectTo(truncating.source)
  await one.send(text)
  expect(await truncating.messages(3)).toEqual(['a', 'x'.repeat(100), 'b'])
  expect(truncating.entries[1]?.fields).toEqual({ truncated: true })
  const skipping = listening({ maxLineBytes: 100, whenLineTooLong: 'skip' })
  const two = await connectTo(skipping.source)
  await two.send(text)
  expect(await skipping.messages(2)).toEqual(['a', 'b'])
  expect(skipping.source.stats).toMatchObject({ linesTooLong: 1, dropped: { 'line-too-long': 1 } })
  const closing = listening({ maxLineBytes: 100, whenLineTooLong: 'close' })
  const three = await connectTo(closing.source)
  await three.send(text)
  await three.closed
  expect(await closing.messages(1)).toEqual(['a'])
  expect(closing.warnings.map(({ code }) => code)).toEqual(['LINE_TOO_LONG', 'PEER_MISBEHAVED'])
})

test('while the pipeline is full nobody is read, and everything comes once it is not', async () => {
  const source = tcpSource({ port: 0, format: 'text' })
  open.push(source)
  const sink = collectingSink({ held: true })
  const done = pipeline(source, sink)
  const peer = await connectTo(source)
  const line = `${'x'.repeat(999)}\n`
  let sent = 0
  // Until the kernel's buffers on both sides are full: no write is over for a while.
  peer.socket.on('drain', () => {})
  for (;;) {
    const isSent = await Promise.race([
      peer.send(line.repeat(1000)).then(() => true),
      new Promise<boolean>((resolve) => setTimeout(resolve, 300, false)),
    ])
    sent += 1000
    if (!isSent) break
    expect(sent).toBeLessThan(100_000)
  }
  // What one read brings, for each item that Node buffers, and the one in hand.
  expect(source.stats.bytesIn).toBeLessThan(64 * 1024 * 40)
  const read = source.stats.bytesIn
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(source.stats.bytesIn).toBe(read)
  sink.release()
  peer.socket.end()
  await peer.closed
  source.stop()
  await done
  expect(sink.entries).toHaveLength(sent)
})

test('one peer that sends as fast as it can does not keep the others waiting', async () => {
  const source = tcpSource({ port: 0, source: ({ name }) => name ?? 'flood' })
  open.push(source)
  let flood = 0
  let polite = 0
  let floodMeanwhile = 0
  const sink = collectingSink({ onItem: () => {} })
  source.on('error', () => {})
  const done = pipeline(
    source,
    async function* (entries: AsyncIterable<LogEntry>) {
      for await (const entry of entries) {
        if (entry.source === 'flood') flood++
        else polite++
        yield entry
      }
    },
    sink,
  ).catch(() => {})
  const fast = await connectTo(source)
  const block = 'x'.repeat(99).concat('\n').repeat(10_000)
  const pour = (): void => {
    while (!fast.socket.destroyed && fast.socket.write(block));
  }
  fast.socket.on('drain', pour)
  pour()
  while (flood === 0) await new Promise((resolve) => setImmediate(resolve))
  const slow = await connectTo(source)
  await slow.send('LOGWISP/1 {"name":"polite"}\n')
  await slow.hears(/ok/)
  for (let i = 1; i <= 20; i++) {
    const before = flood
    await slow.send(`line ${i}\n`)
    while (polite < i) await new Promise((resolve) => setImmediate(resolve))
    floodMeanwhile = Math.max(floodMeanwhile, flood - before)
  }
  fast.socket.destroy()
  source.destroy()
  await done
  // A turn, and what was under way: a few blocks of 64 KiB, which are some 650 lines each, and never a queue of them.
  expect(floodMeanwhile).toBeLessThan(65_000)
})

test('a LogWisp is told how many of its lines are delivered: blank, invalid, dropped and repeated ones too', async () => {
  const read = listening({ format: 'json', whenInvalid: 'drop' })
  const peer = await connectTo(read.source)
  await peer.send('LOGWISP/1 {"acknowledge":true,"name":"a"}\n')
  await peer.hears(/^LOGWISP\/1 \{"ok":true,"heartbeatMs":10000\}\n/)
  await peer.send(wireLine(1) + wireLine(2))
  await peer.hears(/^ACK 2$/m)
  await peer.send(`\nnonsense\n${wireLine(2)}`)
  await peer.hears(/^ACK 5$/m)
  expect(read.source.stats).toMatchObject({ entriesIn: 4, entriesOut: 2, dropped: { invalid: 1, duplicate: 1 } })
  expect(read.entries.map(({ origin }) => origin?.id)).toEqual(['id-1', 'id-2'])
  // Cut off within a line: it comes again, so its half is nothing.
  await peer.send(wireLine(3).slice(0, 20))
  peer.socket.end()
  await peer.closed
  const again = await connectTo(read.source)
  await again.send(`LOGWISP/1 {"acknowledge":true,"name":"a"}\n${wireLine(3)}`)
  await again.hears(/^ACK 1$/m)
  expect(await read.messages(3)).toEqual(['line 1', 'line 2', 'line 3'])
})

test('nothing is told before it is acknowledged, and each connection is told its own', async () => {
  const read = listening({}, false)
  const [a, b] = [await connectTo(read.source), await connectTo(read.source)]
  await a.send(`LOGWISP/1 {"acknowledge":true,"name":"a","heartbeatMs":100}\n${wireLine(1)}`)
  await read.messages(1)
  await b.send(`LOGWISP/1 {"acknowledge":true,"name":"b","heartbeatMs":100}\n${wireLine(2)}`)
  await read.messages(2)
  await a.send(wireLine(3) + wireLine(4))
  await read.messages(4)
  // They hear that somebody is there, and no more.
  await a.hears(/ACK 0\nACK 0\n/)
  expect(a.heard).not.toMatch(/ACK [^0]/)
  const [first, , third] = read.entries as LogEntry[]
  first?.origin?.tracker.acknowledge(first.origin)
  await a.hears(/^ACK 1$/m)
  expect(b.heard).not.toMatch(/ACK [^0]/)
  // Of what a read brought nothing is told before all of it is safe.
  third?.origin?.tracker.acknowledge(third.origin)
  await b.hears(/^ACK 1$/m)
  const fourth = read.entries[3]
  fourth?.origin?.tracker.acknowledge(fourth.origin)
  await a.hears(/^ACK 3$/m)
})

test('the same id of another sender is another entry, and one without a name is its own', async () => {
  const read = listening()
  for (const name of ['"name":"a"', '"name":"b"', '"x":1']) {
    const peer = await connectTo(read.source)
    await peer.send(`LOGWISP/1 {"acknowledge":true,${name}}\n${wireLine(1)}`)
    await peer.hears(/ACK 1/)
  }
  expect(await read.messages(3)).toEqual(['line 1', 'line 1', 'line 1'])
})

test('a repeated line is dropped within the window of ids, and comes through beyond it', async () => {
  const read = listening({ rememberedIds: 20 })
  const peer = await connectTo(read.source)
  await peer.send(`LOGWISP/1 {"acknowledge":true}\n`)
  for (let n = 1; n <= 11; n++) await peer.send(wireLine(n))
  await peer.send(wireLine(8) + wireLine(11))
  await peer.hears(/ACK 13/)
  expect(read.source.stats.dropped).toEqual({ duplicate: 2 })
  for (let n = 12; n <= 40; n++) await peer.send(wireLine(n))
  await peer.send(wireLine(1))
  await peer.hears(/ACK 43/)
  expect(read.source.stats).toMatchObject({ entriesOut: 41, dropped: { duplicate: 2 } })
})

test('a greeting that makes no sense is answered and closed', async () => {
  const read = listening()
  for (const [greeting, error] of [
    ['LOGWISP/2 {}\n', /version 2/],
    ['LOGWISP/1 []\n', /JSON object/],
    ['LOGWISP/1 {"acknowledge":1}\n', /acknowledge/],
    ['LOGWISP/1 {"token":5}\n', /texts/],
    ['LOGWISP/x\n', /LOGWISP\/1/],
    [`LOGWISP/1 ${'x'.repeat(17_000)}`, /longer than/],
  ] as const) {
    const peer = await connectTo(read.source)
    await peer.send(greeting)
    const [, json] = await peer.hears(/^LOGWISP\/1 (.*)\n$/)
    expect(JSON.parse(json as string)).toEqual({ ok: false, error: expect.stringMatching(error) })
    await peer.closed
  }
  while (read.source.stats.connections.open > 0) await new Promise((resolve) => setImmediate(resolve))
  expect(read.source.stats.connections).toMatchObject({ open: 0, refused: 6 })
})

test('what begins almost like a greeting is a line', async () => {
  const read = listening()
  const peer = await connectTo(read.source)
  await peer.sendPieces(Buffer.from('LOGWISE\n'))
  const short = await connectTo(read.source)
  await short.send('LOGW')
  short.socket.end()
  expect((await read.messages(2)).toSorted()).toEqual(['LOGW', 'LOGWISE'])
})

/** Knows one token; counts what it is asked. */
function accessFor(token: string, waitMs = 0): AccessControl & { entriesTaken: number } {
  const refusal: Refusal = { reason: 'credentials-missing', status: 401, message: 'a token is needed' }
  const identity: Identity = { name: 'friend', provedBy: 'token', address: '127.0.0.1' }
  const access = {
    entriesTaken: 0,
    connect: () => ({ release: () => {} }),
    present: async (_socket: unknown, credentials: { token?: string | undefined }) =>
      credentials.token === token ? identity : refusal,
    entries: (_who: Identity, entries: number) => {
      access.entriesTaken += entries
      return waitMs
    },
  }
  return access as unknown as AccessControl & { entriesTaken: number }
}

test('with an access control only who shows the right token is read; others are told in words, or just closed', async () => {
  const access = accessFor('secret')
  const read = listening({ access, greetingTimeoutMs: 100 })
  const plain = await connectTo(read.source)
  await plain.send('let me in\n')
  await plain.closed
  expect(plain.heard).toBe('')
  const wrong = await connectTo(read.source)
  await wrong.send('LOGWISP/1 {"token":"guess"}\nline\n')
  await wrong.hears(/"ok":false,"error":"a token is needed"/)
  await wrong.closed
  const silent = await connectTo(read.source)
  await silent.closed
  const right = await connectTo(read.source)
  await right.send('LOGWISP/1 {"token":"secret"}\none\ntwo\n')
  expect(await read.messages(2)).toEqual(['one', 'two'])
  expect(access.entriesTaken).toBe(2)
  expect(read.source.stats.connections).toEqual({ open: 1, accepted: 4, refused: 3 })
})

test('who sends more entries than it may is not read for as long as the access control says', async () => {
  const access = accessFor('secret', 150)
  const read = listening({ access })
  const peer = await connectTo(read.source)
  await peer.send('LOGWISP/1 {"token":"secret"}\none\n')
  await read.messages(1)
  const before = performance.now()
  await peer.send('two\n')
  await read.messages(2)
  expect(performance.now() - before).toBeGreaterThan(100)
})

test('an idle connection is closed after its time, its unfinished line kept; one that waits for us is not', async () => {
  const read = listening({ idleTimeoutMs: 150 }, false)
  const waiting = await connectTo(read.source)
  await waiting.send(`LOGWISP/1 {"acknowledge":true}\n${wireLine(1)}`)
  await read.messages(1)
  const idle = await connectTo(read.source)
  await idle.send('unfinished')
  await idle.closed
  expect(await read.messages(2)).toEqual(['line 1', 'unfinished'])
  expect(waiting.socket.destroyed).toBe(false)
  const [entry] = read.entries as [LogEntry]
  entry.origin?.tracker.acknowledge(entry.origin)
  await waiting.hears(/ACK 1/)
  await waiting.closed
})

test('at the end, senders hear what the sinks finish late', async () => {
  const source = tcpSource({ port: 0 })
  open.push(source)
  const sink = collectingSink({ held: true })
  const done = pipeline(source, sink)
  const peer = await connectTo(source)
  await peer.send(`LOGWISP/1 {"acknowledge":true}\n${wireLine(1)}${wireLine(2)}`)
  while (source.stats.entriesIn < 2) await new Promise((resolve) => setImmediate(resolve))
  source.stop()
  sink.release()
  await peer.hears(/ACK 2\n$/)
  await peer.closed
  await done
})

test('1,000 idle connections with half a line each cost little, and more unfinished bytes than allowed close the greediest', async () => {
  const read = listening({ maxUnfinishedBytes: 4 * 1024 * 1024, maxConnections: 1100 })
  const peers = []
  for (let i = 0; i < 1000; i++) {
    const peer = await connectTo(read.source)
    await peer.send(`half a line of ${i}`)
    peers.push(peer)
  }
  while (read.source.stats.bytesIn < 16_890) await new Promise((resolve) => setImmediate(resolve))
  expect(read.source.stats.connections.open).toBe(1000)
  expect(read.source.stats.unfinishedBytes).toBeLessThanOrEqual(1000 * 1024)
  // Ten that never end their lines: each is below maxLineBytes, all of them are too much.
  const greedy = await Promise.all(Array.from({ length: 10 }, () => connectTo(read.source)))
  let most = 0
  await Promise.all(
    greedy.map(async (peer) => {
      for (let i = 0; i < 15 && !peer.socket.destroyed; i++) {
        await peer.send('x'.repeat(60_000)).catch(() => {})
        most = Math.max(most, read.source.stats.unfinishedBytes)
      }
    }),
  )
  while (!read.warnings.some(({ code }) => code === 'PEER_MISBEHAVED')) await new Promise((r) => setImmediate(r))
  expect(most).toBeLessThan(6 * 1024 * 1024)
  expect(peers.filter(({ socket }) => socket.destroyed)).toEqual([])
  await peers[500]?.send(' more\n')
  while (!read.entries.some(({ message }) => message === 'half a line of 500 more')) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (const peer of [...peers, ...greedy]) peer.socket.destroy()
})

test('a connection of a server of your own is read too', async () => {
  const read = listening({ port: undefined })
  const server = createServer({ allowHalfOpen: true }, read.source.handler)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const peer = await connectTo({ address: server.address() } as unknown as TcpSource)
  await peer.send('hello\n')
  expect(await read.messages(1)).toEqual(['hello'])
  server.close()
  peer.socket.destroy()
})

test('stop() gives what plain peers have sent, their unfinished lines too, before it ends', async () => {
  const read = listening({}, true)
  const peers = await Promise.all(Array.from({ length: 5 }, () => connectTo(read.source)))
  await Promise.all(peers.map((peer, i) => peer.send(`whole ${i}\nhalf ${i}`)))
  await read.messages(5)
  const messages = await read.stop()
  expect(messages.toSorted()).toEqual([0, 1, 2, 3, 4].flatMap((i) => [`whole ${i}`, `half ${i}`]).toSorted())
  await Promise.all(peers.map(({ closed }) => closed))
})
