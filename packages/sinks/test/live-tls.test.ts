/** The sinks for live viewers behind TLS, and who may look by a client's certificate. */

import { once } from 'node:events'
import { get } from 'node:https'
import { connect, type TLSSocket } from 'node:tls'
import { accessControl, serverTls } from '@logwisp/core/server'
import { generate } from 'selfsigned'
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { type LiveSink, sseSink, tcpSink, webSocketSink } from '../src/index.ts'

let server: { cert: string; key: string }
let client: { cert: string; key: string }
beforeAll(async () => {
  const made = await Promise.all(
    ['localhost', 'a-viewer'].map((name) => generate([{ name: 'commonName', value: name }], { keySize: 2048 })),
  )
  ;[server, client] = made.map(({ cert, private: key }) => ({ cert, key })) as [typeof server, typeof client]
})

const entry = { time: 0, source: 'app', message: 'hello' }

async function listening<Sink extends LiveSink>(sink: Sink): Promise<number> {
  await once(sink, 'listening')
  onTestFinished(() => void sink.destroy())
  return sink.address?.port ?? 0
}

test('sseSink serves https, and nobody who does not speak TLS', async () => {
  const sink = sseSink({ port: 0, format: 'raw', tls: serverTls(server) })
  const port = await listening(sink)
  await expect(fetch(`http://127.0.0.1:${port}/stream`)).rejects.toThrow()
  const request = get({
    host: 'localhost',
    port,
    path: '/stream',
    ca: server.cert,
    agent: false,
    checkServerIdentity: () => undefined,
  })
  const [response] = await once(request, 'response')
  sink.end(entry)
  let text = ''
  for await (const piece of response) text += piece
  expect(text).toContain('data: hello\n')
})

test('webSocketSink serves wss', async () => {
  const sink = webSocketSink({ port: 0, tls: serverTls(server) })
  const port = await listening(sink)
  const socket = new WebSocket(`wss://localhost:${port}/socket`, {
    ca: server.cert,
    checkServerIdentity: () => undefined,
  } as object)
  const frames: string[] = []
  socket.on('message', (data) => frames.push(data.toString()))
  await once(socket, 'open')
  sink.end(entry)
  await once(socket, 'close')
  expect(JSON.parse(frames[1] ?? '')).toMatchObject({ message: 'hello' })
})

test('tcpSink lets whoever shows a certificate look without a hello, and asks everybody else for one', async () => {
  const access = accessControl({ certificates: { 'a-viewer': { rights: ['stream'] } } } as object)
  const tls = serverTls({ ...server, ca: client.cert, requestCertificate: 'ask' })
  const sink = tcpSink({ port: 0, format: 'raw', access, tls, helloTimeoutMs: 300 })
  const port = await listening(sink)
  const dial = (more: object): TLSSocket =>
    connect({ host: 'localhost', port, ca: server.cert, checkServerIdentity: () => undefined, ...more }).on(
      'error',
      () => {},
    )
  const said = (socket: TLSSocket): { text: string } => {
    const told = { text: '' }
    socket.on('data', (piece) => (told.text += piece))
    return told
  }
  const stranger = dial({})
  const refused = said(stranger)
  await once(stranger, 'close')
  expect(refused.text).toMatch(/^LOGWISP\/1 \{"ok":false,"error":"no hello came/)
  const viewer = dial(client)
  const seen = said(viewer)
  await vi.waitFor(() => expect(sink.stats.viewers.connected).toBe(1), { timeout: 5000 })
  sink.end(entry)
  await once(viewer, 'close')
  expect(seen.text).toBe('hello\n')
})
