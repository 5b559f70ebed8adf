/**
 * Two LogWisps over TCP: whichever crashes, and however often, no line is lost; what comes twice is known by its id.
 * Here both are in one process; examples/chain kills processes.
 */

import { once } from 'node:events'
import { createServer } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import type { LogEntry } from '@logwisp/core'
import { accessControl, hashToken, serverTls } from '@logwisp/core/server'
import { collectingSink, givingSource, RecordingTracker } from '@logwisp/core/testing'
import { type TcpSource, type TcpSourceOptions, tcpSource } from '@logwisp/sources'
import { generate } from 'selfsigned'
import { expect, test } from 'vitest'
import { tcpClientSink } from '../src/tcp-client-sink.ts'

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await wait(1)
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function receiving(options: TcpSourceOptions): Promise<TcpSource> {
  const source = tcpSource({ port: 0, ...options })
  await once(source, 'listening')
  return source
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `line ${i + 1}`)

/** Entries that come slowly enough for something to happen meanwhile. */
async function* slowly(entries: readonly LogEntry[]): AsyncGenerator<LogEntry> {
  for (const [i, entry] of entries.entries()) {
    if (i % 100 === 0) await wait(1)
    yield entry
  }
}

test('a receiver that crashes within the process ten times gets every line, and the sender acknowledges no other', async () => {
  const port = await freePort()
  const tracker = new RecordingTracker()
  const lines = numbered(20_000)
  const entries = tracker.entries(lines)
  const sink = tcpClientSink(`127.0.0.1:${port}`, { retryDelayMs: 1, maxRetryDelayMs: 10 })
  const sending = pipeline(givingSource(slowly(entries)), sink)
  const seen: string[] = []
  let crashes = 0
  while (tracker.mark < tracker.end) {
    const source = await receiving({ port })
    const taken: string[] = []
    const isLast = crashes === 10
    const limit = 200 + crashes * 150
    const receiver = collectingSink({ takes: 'batches', onItem: () => taken.push('') })
    const over = pipeline(source, receiver).catch(() => {})
    await until(() => tracker.mark === tracker.end || (!isLast && taken.length >= limit))
    source.destroy()
    await over
    seen.push(...receiver.messages)
    crashes++
  }
  await sending
  expect(crashes).toBeGreaterThan(10)
  expect(new Set(seen)).toEqual(new Set(lines))
  // What came twice is part of what was sent twice.
  expect(seen.length - lines.length).toBeLessThanOrEqual(sink.stats.entriesRepeated)
  expect(sink.stats.entriesHeld).toBe(0)
})

test('a sender that crashes within the process repeats what was not acknowledged, and the receiver drops it', async () => {
  const source = await receiving({})
  const receiver = collectingSink()
  const over = pipeline(source, receiver)
  const tracker = new RecordingTracker()
  const lines = numbered(5000)
  const entries = tracker.entries(lines)
  let from = 0
  for (let crash = 0; crash < 5; crash++) {
    const sink = tcpClientSink(`127.0.0.1:${source.address?.port}`, { name: 'a' })
    const sending = pipeline(givingSource(slowly(entries.slice(from))), sink).catch(() => {})
    const mark = tracker.mark
    await until(() => tracker.mark > mark)
    sink.destroy()
    await sending
    from = entries.findIndex(({ origin }) => (origin?.sequence ?? 0) > tracker.mark)
    expect(from).toBeGreaterThan(0)
  }
  await pipeline(givingSource(entries.slice(from)), tcpClientSink(`127.0.0.1:${source.address?.port}`, { name: 'a' }))
  source.stop()
  await over
  expect(receiver.messages).toEqual(lines)
  expect(source.stats.entriesIn).toBe(lines.length + (source.stats.dropped['duplicate'] ?? 0))
})

test('a chain of three keeps entries as they were, ids too', async () => {
  const [last, middle] = [await receiving({}), await receiving({})]
  const end = collectingSink()
  const tracker = new RecordingTracker()
  const entries = tracker.entries(['2026-01-31T23:59:59.999Z ERROR a', 'b']).map((entry, i) => ({
    ...entry,
    fields: { big: 2n ** 70n, deep: { list: [1, 'two', null, i] } },
  }))
  const running = [
    pipeline(last, end),
    pipeline(middle, tcpClientSink(`127.0.0.1:${last.address?.port}`)),
    pipeline(givingSource(entries), tcpClientSink(`127.0.0.1:${middle.address?.port}`)),
  ]
  await running[2]
  expect(tracker.mark).toBe(tracker.end)
  middle.stop()
  await running[1]
  last.stop()
  await running[0]
  const plain = ({ origin, ...rest }: LogEntry): object => ({ ...rest, id: origin?.id })
  expect(end.entries.map(plain)).toEqual(entries.map(plain))
})

test('TLS with client certificates and a token: who has both is let in, and nobody else', async () => {
  const authority = await generate([{ name: 'commonName', value: 'authority' }], {
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
  })
  const ca = { key: authority.private, cert: authority.cert }
  const altNames = [{ type: 7 as const, ip: '127.0.0.1' }]
  const server = await generate([{ name: 'commonName', value: 'server' }], {
    ca,
    extensions: [{ name: 'subjectAltName', altNames }],
  })
  const client = await generate([{ name: 'commonName', value: 'host-a' }], { ca })
  const tls = serverTls({ cert: server.cert, key: server.private, ca: authority.cert, requestCertificate: 'require' })
  const access = accessControl({ tokens: { shipper: { hash: hashToken('a-long-enough-token-for-this') } } })
  const source = await receiving({ tls, access })
  const receiver = collectingSink()
  const over = pipeline(source, receiver)
  const address = `127.0.0.1:${source.address?.port}`
  const good = { ca: authority.cert, cert: client.cert, key: client.private }
  const auth = { token: 'a-long-enough-token-for-this' }
  await pipeline(givingSource(new RecordingTracker().entries(['let in'])), tcpClientSink(address, { tls: good, auth }))
  for (const options of [
    { tls: { ca: authority.cert }, auth },
    { tls: good, auth: { token: 'wrong' } },
    { tls: good },
    { auth },
  ]) {
    const sink = tcpClientSink(address, { ...options, connectTimeoutMs: 2000, giveUpAfterMs: 1, retryDelayMs: 1 })
    const failure = pipeline(givingSource(new RecordingTracker().entries(['kept out'])), sink)
    await expect(failure).rejects.toMatchObject({ code: expect.stringMatching(/PEER_(LOST|REFUSED|MISBEHAVED)/) })
  }
  source.stop()
  await over
  expect(receiver.messages).toEqual(['let in'])
})
