/** The end of a pipeline as a viewer sees it that is slow, but takes all that is sent in time. */

import { once } from 'node:events'
import { Agent, type ClientRequest, get, type IncomingMessage } from 'node:http'
import { get as getSecurely } from 'node:https'
import { connect } from 'node:net'
import { setTimeout as after } from 'node:timers/promises'
import { serverTls } from '@logwisp/core/server'
import { generate } from 'selfsigned'
import { afterEach, expect, test, vi } from 'vitest'
import { type LiveSink, sseSink, tcpSink, webSocketSink } from '../src/index.ts'
import { LineClient } from './line-client.ts'
import { StreamClient } from './sse-client.ts'
import { WebSocketClient } from './web-socket-client.ts'

const sinks: LiveSink[] = []

async function listening<Sink extends LiveSink>(sink: Sink): Promise<number> {
  sinks.push(sink)
  await once(sink, 'listening')
  return sink.address?.port ?? 0
}

afterEach(async () => {
  for (const sink of sinks.splice(0)) if (!sink.closed) await once(sink.destroy(), 'close')
})

/** How long a viewer reads nothing after the end was said: long beside all that the end does at once. */
const slownessMs = 300

/** Gives the sink entries until the last of them waits for its viewer, who does not read, and ends it. */
async function endAheadOf(sink: LiveSink): Promise<string[]> {
  const messages: string[] = []
  await vi.waitFor(() => expect(sink.stats.viewers.connected).toBe(1))
  while (sink.stats.viewers.bytesBuffered === 0) {
    const message = String(messages.length).padEnd(65_536, '.')
    messages.push(message)
    await new Promise((taken) => sink.write({ time: 0, source: 'app', message }, taken))
    await vi.waitFor(() => expect(sink.stats.viewers.entriesSent).toBe(messages.length), { interval: 1 })
    // What the system has not taken by now, it does not take before the viewer reads.
    await after(5)
  }
  sink.end()
  return messages
}

async function seesTheEnd(sink: LiveSink, request: ClientRequest): Promise<void> {
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const client = new StreamClient(request, response)
  client.pause()
  const closed = once(sink, 'close')
  const messages = await endAheadOf(sink)
  await after(slownessMs)
  client.resume()
  await client.closed
  expect(response.complete).toBe(true)
  expect(client.events.at(-1)).toMatchObject({ event: 'end', data: '{"reason":"stopped"}' })
  expect(client.data).toEqual(messages)
  await closed
  expect(sink.stats.viewers.cutOff).toBe(0)
}

test('sseSink: a viewer that is slow at the end gets all of it, and a clean end', async () => {
  const sink = sseSink({ port: 0, format: 'raw' })
  await seesTheEnd(sink, get({ port: await listening(sink), path: '/stream', agent: false }))
})

test('sseSink: so does one that keeps connections for later', async () => {
  const sink = sseSink({ port: 0, format: 'raw' })
  const agent = new Agent({ keepAlive: true })
  await seesTheEnd(sink, get({ port: await listening(sink), path: '/stream', agent }))
  agent.destroy()
})

test('sseSink: so does one that reads over TLS', async () => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 })
  const sink = sseSink({ port: 0, format: 'raw', tls: serverTls({ cert, key }) })
  const port = await listening(sink)
  const trust = { ca: cert, checkServerIdentity: () => undefined }
  await seesTheEnd(sink, getSecurely({ port, path: '/stream', agent: false, ...trust }))
})

test('webSocketSink: a viewer that is slow at the end gets all of it, and a clean end', async () => {
  const sink = webSocketSink({ port: 0 })
  const client = new WebSocketClient(await listening(sink))
  await once(client.ws, 'open')
  client.ws.pause()
  const closed = once(sink, 'close')
  const messages = await endAheadOf(sink)
  await after(slownessMs)
  client.ws.resume()
  await client.closed
  expect([client.code, client.reason]).toEqual([1001, 'stopped'])
  expect(client.messages).toEqual(messages)
  await closed
  expect(sink.stats.viewers.cutOff).toBe(0)
})

test('tcpSink: a viewer that is slow at the end gets all of it, and a clean end', async () => {
  const sink = tcpSink({ port: 0, format: 'raw' })
  const socket = connect(await listening(sink), '127.0.0.1')
  const client = new LineClient(socket)
  client.pause()
  let ended = false
  socket.on('end', () => (ended = true))
  const closed = once(sink, 'close')
  const messages = await endAheadOf(sink)
  await after(slownessMs)
  client.resume()
  await client.closed
  expect(ended).toBe(true)
  expect(client.lines).toEqual(messages)
  await closed
  expect(sink.stats.viewers.cutOff).toBe(0)
})
