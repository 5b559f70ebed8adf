/** `webSocketSource` as a client of servers that cut, refuse and hang, and as a server of clients that do; real sockets. */

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { constants, deflateRawSync } from 'node:zlib'
import {
  acknowledge,
  type EntrySource,
  EntryWritable,
  entryTransform,
  type LogEntry,
  type LogwispError,
} from '@logwisp/core'
import { accessControl, hashToken } from '@logwisp/core/server'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import {
  type WebSocketIngest,
  type WebSocketIngestOptions,
  type WebSocketSourceOptions,
  webSocketSource,
} from '../src/index.ts'
import { type Collected, collect } from './collect.ts'

const json = (message: string, id?: string): string =>
  JSON.stringify({ ...(id !== undefined && { 'logwisp.id': id }), message })

const numbered = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `${from + i}`)

interface Serving {
  readonly url: string
  readonly requests: IncomingMessage[]
}

/** A WebSocket server; `serve` gets each connection and its number, from 0. */
async function serving(
  serve: (socket: WebSocket, req: IncomingMessage, number: number) => void,
  options: { readonly perMessageDeflate?: boolean } = {},
): Promise<Serving> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options })
  const requests: IncomingMessage[] = []
  server.on('connection', (socket, req) => {
    socket.on('error', () => {})
    serve(socket, req, requests.push(req) - 1)
  })
  await once(server, 'listening')
  onTestFinished(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/socket`, requests }
}

/** A server that answers in plain HTTP. */
async function answering(answer: Parameters<typeof createServer>[1]): Promise<string> {
  const server: Server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/socket`
}

function follow(url: string, options: WebSocketSourceOptions = {}) {
  const source = webSocketSource(url, { retryDelayMs: 5, ...options })
  onTestFinished(() => void source.destroy())
  return collect(source)
}

async function failure(source: EntrySource): Promise<LogwispError> {
  onTestFinished(() => void source.destroy())
  source.resume()
  const [error] = (await once(source, 'error')) as [LogwispError]
  return error
}

describe('from a server', () => {
  test('a frame is an entry, entries as lines, an array of them, or text', async () => {
    const { url } = await serving((socket) => {
      socket.send('{"time":"2026-01-31T23:59:59.999Z","source":"app","level":"error","message":"a","fields":{"n":1}}')
      socket.send('{"message":"b"}\n\nplain c\r\n{"no":"message"}\n')
      socket.send(' [{"message":"d"},"e",{"no":1}]')
      socket.send(Buffer.from('{"message":"f"}'))
      socket.send('[not json')
    })
    const { messages, entries } = follow(url, { source: 'them' })
    const expected = ['a', 'b', 'plain c', '{"no":"message"}', 'd', 'e', '{"no":1}', 'f', '[not json']
    expect(await messages(9)).toEqual(expected)
    expect(entries[0]).toMatchObject({ source: 'app', level: 'error', fields: { n: 1 } })
    expect(entries[1]?.source).toBe('them')
  })

  test('goes on after the last id, wherever the stream is cut, and drops what is repeated', async () => {
    let all = 0
    const { url, requests } = await serving((socket, req, number) => {
      const last = new URL(req.url ?? '', 'ws://x').searchParams.get('lastEventId')
      // Every third time it has forgotten, and sends all.
      const first = last === null || number % 3 === 2 ? 0 : Number(last) + 1
      const end = Math.max(all, first + 10)
      for (let id = first; id < end; id++) socket.send(json(`${id}`, `${id}`))
      all = end
      if (number === 12) return
      if (number % 2 === 0) socket.close(1001)
      else socket.send('{"logwisp":"heartbeat"}', () => socket.terminate())
    })
    const { messages, source } = follow(`${url}?level=warn`)
    await vi.waitFor(() => expect(requests).toHaveLength(13), { timeout: 10_000 })
    expect(await messages(all)).toEqual(numbered(all))
    expect(all).toBeGreaterThan(50)
    expect(source.stats.dropped['duplicate']).toBeGreaterThan(0)
    expect(requests[1]?.url).toContain('level=warn')
  })

  test("LogWisp's own frames are understood: where it begins, what was missed, its own format, heartbeats", async () => {
    const { url, requests } = await serving((socket, _req, number) => {
      if (number > 0) return
      socket.send('{"logwisp":"open","id":"ring-0"}')
      socket.send('{"logwisp":"dropped","entries":12,"reason":"too-slow"}')
      socket.send('{"logwisp":"entry","logwisp.id":"x:1","text":"INFO as it was written"}\n{"logwisp":"heartbeat"}')
      socket.send('{"logwisp":"theirs","message":"an entry with such a field"}')
      socket.send('{"logwisp":"heartbeat","id":"ring-9"}', () => socket.terminate())
    })
    const { messages, entries, source, warnings } = follow(url)
    expect(await messages(2)).toEqual(['INFO as it was written', 'an entry with such a field'])
    expect(entries[0]).toMatchObject({ level: 'info', origin: { id: 'x:1' } })
    expect(entries[1]?.fields).toEqual({ logwisp: 'theirs' })
    expect(source.stats).toMatchObject({ entriesMissed: 12, gaps: 1 })
    expect(warnings[0]?.code).toBe('ENTRIES_MISSED')
    await vi.waitFor(() => expect(requests).toHaveLength(2))
    expect(requests[1]?.url).toContain('lastEventId=ring-9')
  })

  test.each(['stopped', undefined])('an end that it tells (%s) is one by option', async (reason) => {
    const { url } = await serving((socket) => {
      socket.send(json('x'))
      socket.send(JSON.stringify({ logwisp: 'end', reason }))
      socket.close(1001)
    })
    expect(await follow(url, { whenEnded: 'end' }).ended()).toEqual(['x'])
  })

  test('an end because nothing came for long is none', async () => {
    const { url } = await serving((socket, _req, number) => {
      socket.send(json(`${number}`))
      socket.send('{"logwisp":"end","reason":"idle"}')
      socket.close(1000)
    })
    expect(await follow(url, { whenEnded: 'end' }).messages(2)).toEqual(['0', '1'])
  })

  test.each([
    [401, 'PEER_REFUSED'],
    [403, 'PEER_REFUSED'],
    [404, 'PEER_REFUSED'],
    [302, 'PEER_REFUSED'],
    [503, 'PEER_LOST'],
    [429, 'PEER_LOST'],
  ])('a %i ends it with %s, which is the end at once or after maxRetries', async (status, code) => {
    const url = await answering((_req, res) => void res.writeHead(status, { 'Retry-After': '1' }).end('no such luck'))
    const source = webSocketSource(`${url}?token=hidden`, { maxRetries: 1, maxRetryAfterMs: 1, retryDelayMs: 5 })
    const error = await failure(source)
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(`${status}: no such luck`)])
    expect(error.message).not.toContain('hidden')
    expect(source.stats.retries).toBe(code === 'PEER_LOST' ? 1 : 0)
  })

  test('a server that does not answer, is not there, or breaks the protocol is lost', async () => {
    const silent = await answering(() => {})
    const slow = await failure(webSocketSource(silent, { maxRetries: 0, connectTimeoutMs: 50 }))
    expect(slow.code).toBe('PEER_LOST')
    const gone = await failure(webSocketSource('ws://127.0.0.1:1/', { maxRetries: 0 }))
    expect([gone.code, gone.message]).toEqual(['PEER_LOST', expect.stringContaining('ECONNREFUSED')])
    const { url } = await serving((socket) => {
      // A frame with a reserved bit.
      ;(socket as unknown as { _socket: Socket })._socket.write(Buffer.from([0xf1, 0x01, 0x78]))
    })
    expect((await failure(webSocketSource(url, { maxRetries: 0 }))).code).toBe('PEER_LOST')
  })

  test('a frame beyond maxFrameBytes is an error, since it would come again and again', async () => {
    const { url } = await serving((socket) => socket.send(json('x'.repeat(5000))))
    expect((await failure(webSocketSource(url, { maxFrameBytes: 4096 }))).code).toBe('ENTRY_TOO_LARGE')
  })

  test('a quiet server is asked for a sign of life, and one that gives none is left', async () => {
    const { url, requests } = await serving((socket, _req, number) => {
      // One that is paused reads no ping, and so answers none.
      if (number === 1) socket.pause()
    })
    const { source, warnings } = follow(url, { idleTimeoutMs: 60 })
    await once(source, 'open')
    // Several times the time-out.
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(requests).toHaveLength(1)
    source.destroy()
    const other = follow(url, { idleTimeoutMs: 60 })
    await vi.waitFor(() => expect(requests).toHaveLength(3), { timeout: 10_000 })
    expect(warnings).toEqual([])
    expect(other.warnings[0]?.message).toContain('nothing came for 60 ms')
  })

  test('while nobody reads, the server has to wait', async () => {
    let sent = 0
    const { url } = await serving((socket) => {
      const send = (): void => {
        if (sent < 30_000) socket.send(json(`${sent++} ${'x'.repeat(1000)}`), send)
      }
      send()
    })
    const source = webSocketSource(url, { idleTimeoutMs: 50 })
    onTestFinished(() => void source.destroy())
    source.once('readable', () => {})
    await vi.waitFor(() => expect(source.stats.bytesIn).toBeGreaterThan(0))
    let before = -1
    while (before !== sent) {
      before = sent
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect(sent).toBeLessThan(30_000)
    expect(source.stats.entriesHeld).toBeLessThan(200)
    expect(source.stats.connections).toBe(1)
    const { messages } = collect(source)
    expect((await messages(30_000)).length).toBe(30_000)
  })

  test('says who it is', async () => {
    const { url, requests } = await serving(() => {})
    const { source } = follow(url, { auth: { token: 'secret' }, headers: { 'X-Team': 'ops' }, lastEventId: 'a b' })
    await once(source, 'open')
    expect(requests[0]?.headers).toMatchObject({ authorization: 'Bearer secret', 'x-team': 'ops' })
    expect(requests[0]?.url).toBe('/socket?lastEventId=a+b')
  })

  test('takes compressed frames by option only', async () => {
    const { url, requests } = await serving((socket) => socket.send(json('x'.repeat(5000))), {
      perMessageDeflate: true,
    })
    await follow(url).messages(1)
    await follow(url, { compress: true }).messages(1)
    const offered = requests.map(({ headers }) => headers['sec-websocket-extensions'])
    expect(offered).toEqual([undefined, expect.stringContaining('permessage-deflate')])
  })
})

/** Acknowledges whatever comes. */
class AcceptingSink extends EntryWritable {
  protected override consume(): void {}
}

interface Taking extends Collected<WebSocketIngest> {
  readonly url: string
}

async function taking(options: WebSocketIngestOptions = {}, acknowledges = true): Promise<Taking> {
  const source = webSocketSource({ port: 0 }, options)
  onTestFinished(() => void source.destroy())
  const collected = collect(source, acknowledges)
  const [{ port }] = (await once(source, 'listening')) as [AddressInfo]
  return { ...collected, url: `ws://127.0.0.1:${port}/ingest` }
}

/** A client, and all that the server says to it. */
async function client(url: string, options: object = {}): Promise<{ socket: WebSocket; heard: string[] }> {
  const socket = new WebSocket(url, options)
  const heard: string[] = []
  socket.on('error', () => {})
  socket.on('message', (data) => heard.push(data.toString()))
  onTestFinished(() => socket.terminate())
  await once(socket, 'open')
  return { socket, heard }
}

/** The status that a client is refused with. */
async function refused(url: string, options: object = {}): Promise<{ status: number; headers: object; text: string }> {
  const socket = new WebSocket(url, options)
  socket.on('error', () => {})
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  let text = ''
  for await (const chunk of response) text += chunk
  return { status: response.statusCode ?? 0, headers: response.headers, text }
}

describe('from clients', () => {
  test('takes entries, lines, arrays and text, from many, each in order', async () => {
    const { url, messages, entries } = await taking({ source: ({ address }) => `from ${address}` })
    const clients = await Promise.all(numbered(5).map(() => client(url)))
    for (let i = 0; i < 100; i++) {
      for (const [who, { socket }] of clients.entries()) {
        socket.send([json(`${who}:${i}`), `["${who}:${i}"]`, `${who}:${i}`][i % 3] as string)
      }
    }
    await messages(500)
    for (const who of clients.keys()) {
      const own = entries.filter(({ message }) => message.startsWith(`${who}:`)).map(({ message }) => message)
      expect(own).toEqual(numbered(100).map((i) => `${who}:${i}`))
    }
    expect(entries[0]?.source).toBe('from 127.0.0.1')
    expect(entries[0]?.origin).toBeUndefined()
  })

  test('tells a client that says hello how many of its entries are delivered, dropped ones counted', async () => {
    const { url, entries, messages } = await taking({}, false)
    const { socket, heard } = await client(url)
    const ack = (entries: number): string => JSON.stringify({ logwisp: 'ack', entries })
    socket.send('{"logwisp":"hello","acknowledge":true}')
    await vi.waitFor(() => expect(heard).toEqual([ack(0)]))
    socket.send(
      numbered(6)
        .map((i) => json(i, `id-${i}`))
        .join('\n'),
    )
    await messages(6)
    acknowledge(entries[3] as LogEntry)
    await turn()
    // The frame is told of once it is delivered as a whole.
    expect(heard).toHaveLength(1)
    acknowledge(entries[5] as LogEntry)
    await vi.waitFor(() => expect(heard).toEqual([ack(0), ack(6)]))
    // The same again over another connection: dropped, and told of all the same.
    const again = await client(url)
    again.socket.send('{"logwisp":"hello","acknowledge":true}')
    again.socket.send(
      numbered(6)
        .map((i) => json(i, `id-${i}`))
        .join('\n'),
    )
    await vi.waitFor(() => expect(again.heard).toEqual([ack(0), ack(6)]))
    expect(entries).toHaveLength(6)
  })

  test('behind a filter that drops them, they are told of too', async () => {
    const source = webSocketSource({ port: 0 })
    const [{ port }] = (await once(source, 'listening')) as [AddressInfo]
    const dropAll = entryTransform({ entry: () => undefined })
    source.pipe(dropAll).pipe(new AcceptingSink())
    onTestFinished(() => void source.destroy())
    const { socket, heard } = await client(`ws://127.0.0.1:${port}/ingest`)
    socket.send('{"logwisp":"hello","acknowledge":true}')
    socket.send(json('x'))
    await vi.waitFor(() => expect(heard.at(-1)).toBe('{"logwisp":"ack","entries":1}'))
  })

  test('a client is not read while its entries are not taken; all of them arrive', async () => {
    const source = webSocketSource({ port: 0 })
    onTestFinished(() => void source.destroy())
    const [{ port }] = (await once(source, 'listening')) as [AddressInfo]
    const { socket } = await client(`ws://127.0.0.1:${port}/ingest`)
    let sent = 0
    const send = (): void => {
      if (sent < 20_000) socket.send(`${sent++} ${'x'.repeat(1000)}`, send)
    }
    send()
    let before = -1
    while (before !== sent) {
      before = sent
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect(sent).toBeLessThan(20_000)
    expect(source.stats.waitingBytes).toBeLessThan(300_000)
    const got = await collect(source).messages(20_000)
    expect(got.map((text) => text.split(' ')[0])).toEqual(numbered(20_000))
  })

  test('clients whose frames unpack to more than maxWaitingBytes are closed', async () => {
    const source = webSocketSource({ port: 0 }, { compress: true, maxWaitingBytes: 1_000_000, maxFrameBytes: 300_000 })
    onTestFinished(() => void source.destroy())
    const warnings: LogwispError[] = []
    source.on('warning', (warning) => warnings.push(warning))
    const [{ port }] = (await once(source, 'listening')) as [AddressInfo]
    const { socket } = await client(`ws://127.0.0.1:${port}/ingest`, { perMessageDeflate: { threshold: 0 } })
    // In one write: frames that come one by one are made to wait before they are too many.
    const packed = deflateRawSync(Buffer.alloc(250_000, 'x'), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
    const head = Buffer.from([0xc1, 0xfe, packed.length >> 8, packed.length & 0xff, 0, 0, 0, 0])
    const raw = (socket as unknown as { _socket: Socket })._socket
    raw.write(Buffer.concat(Array.from({ length: 20 }, () => [head, packed]).flat()))
    const [code] = (await once(socket, 'close')) as [number]
    expect(code).toBe(1013)
    expect(warnings[0]?.code).toBe('PEER_MISBEHAVED')
    expect(source.stats.waitingBytes).toBeLessThan(2_000_000)
  })

  test('clients that together leave too much unfinished lose the one with the most', async () => {
    const { url, warnings } = await taking({ maxWaitingBytes: 100_000, maxFrameBytes: 1_000_000 })
    const large = await client(url)
    const small = await client(url)
    // A first fragment, without the last.
    large.socket.send('x'.repeat(90_000), { fin: false })
    small.socket.send('x'.repeat(20_000), { fin: false })
    await once(large.socket, 'close')
    expect(warnings[0]).toMatchObject({ code: 'PEER_MISBEHAVED', message: expect.stringContaining('unfinished') })
    expect(small.socket.readyState).toBe(WebSocket.OPEN)
  })

  test('a frame beyond maxFrameBytes closes its connection with 1009, also when it is small before it is unpacked', async () => {
    const { url, warnings, entries } = await taking({ maxFrameBytes: 10_000, compress: true })
    for (const perMessageDeflate of [false, { threshold: 0 }]) {
      const { socket } = await client(url, { perMessageDeflate })
      socket.send('x'.repeat(1_000_000))
      const [code] = (await once(socket, 'close')) as [number]
      expect(code).toBe(1009)
    }
    expect(warnings.map(({ code }) => code)).toEqual(['ENTRY_TOO_LARGE', 'ENTRY_TOO_LARGE'])
    expect(entries).toEqual([])
  })

  test('bytes that are no WebSocket, and texts that are no UTF-8, cost one connection', async () => {
    const { url, warnings, messages } = await taking()
    const { port } = new URL(url)
    const raw = connect(Number(port), '127.0.0.1')
      .on('error', () => {})
      .resume()
    raw.end('\u0000\u0001\u0002 nonsense\r\n\r\n')
    await once(raw, 'close')
    const { socket } = await client(url)
    ;(socket as unknown as { _socket: Socket })._socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]))
    const [code] = (await once(socket, 'close')) as [number]
    expect(code).toBe(1007)
    expect(warnings.map(({ code }) => code)).toEqual(['PEER_MISBEHAVED'])
    const good = await client(url)
    good.socket.send('still here')
    expect(await messages(1)).toEqual(['still here'])
  })

  test('one that answers no ping is cut; one that answers stays', async () => {
    const { url, source } = await taking({ pingIntervalMs: 50 })
    const dead = await client(url)
    dead.socket.pause()
    const alive = await client(url)
    await vi.waitFor(() => expect(source.stats.connections.open).toBe(1), { timeout: 10_000 })
    expect(alive.socket.readyState).toBe(WebSocket.OPEN)
    alive.socket.close()
    await vi.waitFor(() => expect(source.stats.connections.open).toBe(0))
  })

  test('beyond maxConnections a client gets a 503 with Retry-After, and its place is free again', async () => {
    const { url, source } = await taking({ maxConnections: 2 })
    const [first] = [await client(url), await client(url)]
    expect(await refused(url)).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
    first.socket.close()
    await vi.waitFor(() => expect(source.stats.connections.open).toBe(1))
    await client(url)
    expect(source.stats.connections).toEqual({ open: 2, accepted: 3, refused: 1 })
  })

  test('what access says is answered before the protocol changes', async () => {
    const token = randomBytes(32).toString('hex')
    const access = accessControl({ tokens: { shipper: { hash: hashToken(token), rights: ['ingest'] } } })
    const { url, messages, entries } = await taking({ access, source: ({ name }) => name ?? 'nobody' })
    expect((await refused(url)).status).toBe(401)
    expect((await refused(url, { headers: { Authorization: 'Bearer wrong' } })).status).toBe(401)
    const { socket } = await client(url, { headers: { Authorization: `Bearer ${token}` } })
    socket.send('x')
    await messages(1)
    expect(entries[0]?.source).toBe('shipper')
    // A page has no headers to send.
    const page = new WebSocket(url, ['logwisp', `logwisp.token.${token}`])
    await once(page, 'open')
    expect(page.protocol).toBe('logwisp')
    page.terminate()
  })

  test('pages of other origins, and other host names, are refused; named ones are not', async () => {
    const { url } = await taking()
    const { host } = new URL(url)
    expect((await refused(url, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await refused(url, { headers: { Host: 'evil.example' } })).status).toBe(403)
    await client(url, { origin: `http://${host}` })
    const open = await taking({ allowOrigin: 'https://app.example', allowedHosts: ['logs.example'] })
    await client(open.url, { origin: 'https://app.example', headers: { Host: 'logs.example' } })
    expect((await refused(open.url, { origin: 'null' })).status).toBe(403)
  })

  test('plain requests are told to upgrade, other paths are a 404', async () => {
    const { url } = await taking()
    const plain = await fetch(url.replace('ws:', 'http:'))
    expect([plain.status, plain.headers.get('upgrade')]).toEqual([426, 'websocket'])
    expect((await fetch(`${url.replace('ws:', 'http:')}/other`)).status).toBe(404)
    expect((await refused(`${url}/other`)).status).toBe(404)
  })

  test('mounted, it takes its path and leaves the others to the server', async () => {
    const source = webSocketSource({ mounted: true }, { path: '/logs/in' })
    const { messages } = collect(source)
    const server = createServer((req, res) => source.handler(req, res, () => void res.end('mine')))
    let others = 0
    server.on('upgrade', (req, socket, head) => {
      source.handleUpgrade(req, socket, head, () => {
        others++
        socket.destroy()
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      source.destroy()
      server.close()
    })
    const at = `127.0.0.1:${(server.address() as AddressInfo).port}`
    expect(await (await fetch(`http://${at}/`)).text()).toBe('mine')
    const other = new WebSocket(`ws://${at}/other`).on('error', () => {})
    await new Promise((resolve) => other.on('close', resolve))
    expect(others).toBe(1)
    const { socket } = await client(`ws://${at}/logs/in`)
    socket.send('x')
    expect(await messages(1)).toEqual(['x'])
  })

  test('stop() gives what came, tells what is delivered, and says good-bye', async () => {
    const { url, messages, stop, source } = await taking()
    const { socket, heard } = await client(url)
    socket.send('{"logwisp":"hello","acknowledge":true}')
    socket.send(numbered(50).join('\n'))
    await messages(50)
    const closed = once(socket, 'close')
    expect(await stop()).toHaveLength(50)
    expect((await closed)[0]).toBe(1001)
    expect(heard.at(-1)).toBe('{"logwisp":"ack","entries":50}')
    expect(source.stats).toMatchObject({ entriesIn: 50, entriesOut: 50 })
  })

  test('a port in use is told as it is', async () => {
    const { url } = await taking()
    const error = await failure(webSocketSource({ port: Number(new URL(url).port) }))
    expect(error.code).toBe('LISTEN_FAILED')
  })
})
