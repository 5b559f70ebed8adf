/** What a live sink says of each of its viewers. */

import { once } from 'node:events'
import { connect } from 'node:net'
import type { LogEntry } from '@logwisp/core'
import { accessControl, hashToken } from '@logwisp/core/server'
import { expect, test, vi } from 'vitest'
import { sseSink, tcpSink } from '../src/index.ts'
import { openStream } from './sse-client.ts'

const entry = (message: string): LogEntry => ({ time: 0, source: 'app', message })

test('tells who looks, for how long, and what each was sent', async () => {
  const token = 'a token that nobody guesses'
  const access = accessControl({ tokens: { dashboard: { hash: await hashToken(token), rights: ['stream'] } } })
  const sink = sseSink({ port: 0, access })
  await once(sink, 'listening')
  const client = await openStream(sink, { headers: { Authorization: `Bearer ${token}` } })
  sink.write(entry('one'))
  sink.write(entry('two'))
  await vi.waitFor(() => expect(client.events).toHaveLength(2))
  const [viewer, ...others] = sink.viewers()
  expect(others).toEqual([])
  expect(viewer).toMatchObject({
    address: '127.0.0.1',
    name: 'dashboard',
    lag: 0,
    entriesSent: 2,
    entriesMissed: 0,
    bufferedBytes: 0,
  })
  expect(Math.abs((viewer?.connectedAt ?? 0) - Date.now())).toBeLessThan(60_000)
  sink.end()
  await client.closed
  expect(sink.viewers()).toEqual([])
})

test('tells how far behind a viewer is that does not read, and what it missed', async () => {
  const sink = tcpSink({ port: 0, ringEntries: 10, maxViewers: 2 })
  await once(sink, 'listening')
  const socket = connect(sink.address?.port ?? 0).pause()
  await vi.waitFor(() => expect(sink.viewers()).toHaveLength(1))
  const line = 'x'.repeat(100_000)
  // Its connection takes some megabytes; what comes after that waits in the ring, which has ten places.
  await vi.waitFor(
    () => {
      for (let index = 0; index < 20; index++) sink.write(entry(line))
      const [viewer] = sink.viewers()
      expect(viewer?.lag).toBeGreaterThan(10)
      expect(viewer?.bufferedBytes).toBeGreaterThan(0)
    },
    { timeout: 10_000 },
  )
  socket.resume()
  await vi.waitFor(() => expect(sink.viewers()[0]).toMatchObject({ lag: 0, bufferedBytes: 0 }), { timeout: 10_000 })
  const { entriesIn } = sink.stats
  const [viewer] = sink.viewers()
  expect(viewer?.entriesMissed).toBeGreaterThan(0)
  expect((viewer?.entriesSent ?? 0) + (viewer?.entriesMissed ?? 0)).toBe(entriesIn)
  socket.destroy()
  await once(sink.destroy(), 'close')
})
