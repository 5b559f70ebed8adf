/** `sseSource` and `webSocketSource` over TLS: an authority of one's own, and certificates on both sides. */

import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { EntrySource, LogEntry, LogwispError } from '@logwisp/core'
import { serverTls } from '@logwisp/core/server'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { type ClientTls, sseSource, webSocketSource } from '../src/index.ts'
import { event, stream } from './event-server.ts'

interface Certificate {
  readonly cert: string
  readonly key: string
}

let ca: string
let own: Certificate
let clients: Certificate
let server: Server
let port: number

beforeAll(async () => {
  const authority = await generate([{ name: 'commonName', value: 'authority' }], {
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
  })
  ca = authority.cert
  const issuer = { key: authority.private, cert: authority.cert }
  const altNames = [{ type: 2 as const, value: 'logs.example' }]
  const issued = await generate([{ name: 'commonName', value: 'logs.example' }], {
    ca: issuer,
    extensions: [{ name: 'subjectAltName', altNames }],
  })
  own = { cert: issued.cert, key: issued.private }
  const client = await generate([{ name: 'commonName', value: 'reader' }], { ca: issuer })
  clients = { cert: client.cert, key: client.private }
  const nameOf = (socket: TLSSocket): string =>
    socket.authorized ? String(socket.getPeerCertificate().subject.CN) : '-'
  server = createServer({ ...own, ca, requestCert: true, rejectUnauthorized: false }, (req, res) => {
    stream(res).write(event(1, nameOf(req.socket as TLSSocket)))
  })
  new WebSocketServer({ server }).on('connection', (socket, req) => socket.send(nameOf(req.socket as TLSSocket)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

describe.each([
  ['sseSource', (tls: ClientTls) => sseSource(`https://127.0.0.1:${port}/`, { tls, maxRetries: 0 })],
  ['webSocketSource', (tls: ClientTls) => webSocketSource(`wss://127.0.0.1:${port}/`, { tls, maxRetries: 0 })],
] as const)('%s', (_name, make: (tls: ClientTls) => EntrySource) => {
  const first = async (tls: ClientTls): Promise<string> => {
    const source = make(tls)
    onTestFinished(() => void source.destroy())
    const [{ message }] = (await once(source, 'data')) as [LogEntry]
    return message
  }
  const failure = async (tls: ClientTls): Promise<LogwispError> => {
    const source = make(tls)
    source.resume()
    return ((await once(source, 'error')) as [LogwispError])[0]
  }

  test('trusts the authority that it is given, under the name that it is given', async () => {
    expect(await first({ ca, servername: 'logs.example' })).toBe('-')
  })

  test('shows its own certificate', async () => {
    expect(await first({ ca, servername: 'logs.example', ...clients })).toBe('reader')
  })

  test('talks to nobody whom it does not trust, unless it is told to', async () => {
    expect(await failure({})).toMatchObject({ code: 'PEER_LOST', message: expect.stringContaining('certificate') })
    expect((await failure({ ca })).message).toMatch(/altnames/)
    expect(await first({ rejectUnauthorized: false })).toBe('-')
  })
})

test('webSocketSource takes clients over TLS', async () => {
  const source = webSocketSource({ port: 0 }, { tls: serverTls({ cert: own.cert, key: own.key }) })
  onTestFinished(() => void source.destroy())
  const given = once(source, 'data') as Promise<[LogEntry]>
  const [address] = (await once(source, 'listening')) as [AddressInfo]
  const client = new WebSocket(`wss://127.0.0.1:${address.port}/ingest`, {
    ca,
    ...({ servername: 'logs.example' } as object),
  })
  await once(client, 'open')
  client.send('sealed')
  expect((await given)[0].message).toBe('sealed')
  client.terminate()
})
