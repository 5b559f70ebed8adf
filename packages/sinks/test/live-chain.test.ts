/** What the sinks for live viewers send, the sources of LogWisp read: every entry, whole, once and in order. */

import { once } from 'node:events'
import { connect } from 'node:net'
import { pipeline } from 'node:stream/promises'
import type { LogEntry } from '@logwisp/core'
import { collectingSink } from '@logwisp/core/testing'
import { sseSource, tcpSource, webSocketSource } from '@logwisp/sources'
import { expect, test, vi } from 'vitest'
import { type LiveSink, sseSink, tcpSink, webSocketSink } from '../src/index.ts'

const entries: LogEntry[] = Array.from({ length: 2000 }, (_, i) => ({
  time: Date.parse('2026-11-21T10:00:00.000Z') + i,
  source: i % 2 === 0 ? 'app.log' : '/var/log/ü.log',
  ...(i % 3 === 0 && { level: 'warn' as const }),
  message: `message ${i}${i % 7 === 0 ? '\nof two lines' : ''} é`,
  ...(i % 5 === 0 && { fields: { user: `u${i}`, nested: { list: [1, null, 'x'] }, big: 2n ** 70n } }),
}))

async function listening<Sink extends LiveSink>(sink: Sink): Promise<number> {
  await once(sink, 'listening')
  return sink.address?.port ?? 0
}

const plain = ({ origin: _, ...entry }: LogEntry): LogEntry => JSON.parse(JSON.stringify(entry, withBigInts))
const withBigInts = (_name: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value)

async function arrives(sink: LiveSink, received: () => readonly LogEntry[]): Promise<void> {
  await vi.waitFor(() => expect(sink.stats.viewers.connected).toBe(1), { timeout: 10_000 })
  for (const entry of entries) sink.write(entry)
  await vi.waitFor(() => expect(received()).toHaveLength(entries.length), { timeout: 20_000 })
  expect(received().map(plain)).toEqual(entries.map(plain))
}

test('tcpSink → a connection → tcpSource', async () => {
  const sink = tcpSink({ port: 0 })
  const source = tcpSource({ port: 0 })
  const received = collectingSink()
  const done = pipeline(source, received)
  const [from] = await Promise.all([listening(sink), once(source, 'listening')])
  const wire = connect(from, '127.0.0.1')
  wire.pipe(connect(source.address?.port ?? 0, '127.0.0.1'))
  await arrives(sink, () => received.entries)
  sink.end()
  await once(sink, 'close')
  source.stop()
  await done
})

test('sseSink → sseSource', async () => {
  const sink = sseSink({ port: 0 })
  const source = sseSource(`http://127.0.0.1:${await listening(sink)}/stream`)
  const received = collectingSink()
  const done = pipeline(source, received)
  await arrives(sink, () => received.entries)
  source.stop()
  await done
  await once(sink.end(), 'close')
})

test.each(['entry', 'lines'] as const)('webSocketSink that frames each %s → webSocketSource', async (framing) => {
  const sink = webSocketSink({ port: 0, framing })
  const source = webSocketSource(`ws://127.0.0.1:${await listening(sink)}/socket`)
  const received = collectingSink()
  const done = pipeline(source, received)
  await arrives(sink, () => received.entries)
  source.stop()
  await done
  await once(sink.end(), 'close')
})
