/** `webSocketSource` keeps the contract of sources: as a client of a server, and as a server of clients. */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { checkOptionErrors, sampleLines, sourceContract } from '@logwisp/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { type WebSocketPlace, webSocketSource } from '../src/index.ts'

const messages = sampleLines(400)
const frames = messages.map((message, i) => JSON.stringify({ 'logwisp.id': `line-${i}`, message }))

describe('of a server', () => {
  let server: WebSocketServer
  let url: string
  beforeAll(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    server.on('connection', (socket, req) => {
      socket.on('error', () => {})
      for (const frame of frames) socket.send(frame)
      if (req.url !== '/ending') return
      socket.send('{"logwisp":"end","reason":"stopped"}')
      socket.close(1001, 'stopped')
    })
    await once(server, 'listening')
    url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })

  describe('that ends', () => {
    const make = () => webSocketSource(`${url}/ending`, { whenEnded: 'end' })
    for (const { name, run } of sourceContract(make, { messages, rereads: true })) test(name, run)
  })

  describe('that goes on', () => {
    const make = () => webSocketSource(url)
    for (const { name, run } of sourceContract(make, { messages, rereads: true, endless: true })) test(name, run)
  })
})

describe('of clients', () => {
  const make = () => {
    const source = webSocketSource({ port: 0 })
    source.on('listening', ({ port }) => {
      const client = new WebSocket(`ws://127.0.0.1:${port}/ingest`)
      client.on('error', () => {})
      client.on('open', () => {
        for (let at = 0; at < frames.length; at += 10) client.send(frames.slice(at, at + 10).join('\n'))
      })
    })
    return source
  }
  for (const { name, run } of sourceContract(make, { messages, endless: true })) test(name, run)
})

test('refuses bad options', () => {
  checkOptionErrors((options) => webSocketSource('ws://127.0.0.1/', options), {
    source: [''],
    auth: [{}],
    headers: ['a'],
    maxFrameBytes: [1023],
    compress: ['yes'],
    whenEnded: ['stop'],
    idleTimeoutMs: [0],
  })
  checkOptionErrors((options) => webSocketSource({ port: 0 }, options), {
    host: [''],
    path: ['ingest', '/a b'],
    access: [{}],
    tls: [{}],
    source: ['', 1],
    maxFrameBytes: [1023],
    maxWaitingBytes: [1],
    maxConnections: [0],
    maxRememberedIds: [0],
    pingIntervalMs: [0],
    drainTimeoutMs: [0],
    compress: [1],
    allowedHosts: ['all', []],
    allowOrigin: ['', []],
  })
  for (const url of ['http://host/', 'host', 'ws://user:secret@host/', '']) {
    expect(() => webSocketSource(url)).toThrow(/`url` must be a URL/)
  }
  for (const place of [
    {},
    { port: -1 },
    { port: 1, mounted: true },
    { mounted: false },
    { port: 1, host: 'x' },
    null,
  ]) {
    expect(() => webSocketSource(place as WebSocketPlace)).toThrow(/`place` must be a URL, /)
  }
})
