import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { request as requestTls } from 'node:https'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import {
  accessControl,
  guardConnections,
  type HttpTimeouts,
  hostCheck,
  isLoopback,
  type Listener,
  type ListenOptions,
  listenHttp,
  listenTcp,
  replyJson,
  serverTls,
} from '../../src/server.ts'
import { authority } from '../fixtures/authority.ts'

const listeners: Listener[] = []

afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.destroy()))
})

const local = { port: 0, host: '127.0.0.1', maxConnections: 2000 } as const

async function serveHttp(options: Partial<ListenOptions & HttpTimeouts> = {}): Promise<number> {
  const listener = await listenHttp((req, res) => replyJson(req, res, 200, { url: req.url }), { ...local, ...options })
  return kept(listener)
}

async function serveTcp(options: Partial<ListenOptions> = {}): Promise<number> {
  const echo = (socket: Socket): void => {
    socket.on('error', () => {})
    socket.pipe(socket)
  }
  return kept(await listenTcp(echo, { ...local, ...options }))
}

function kept(listener: Listener): number {
  listeners.push(listener)
  return listener.address?.port as number
}

/** All that the server says to what it is sent, until it closes the connection. */
async function answerTo(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('utf8')
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk
  })
  socket.on('error', () => {})
  socket.write(text)
  await once(socket, 'close')
  return answer
}

/** Whether a connection stays open: the server gives an answer, or else closes. */
async function isServed(port: number): Promise<{ served: boolean; socket: Socket }> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('x')
  const served = await new Promise<boolean>((resolve) => {
    socket.once('data', () => resolve(true)).once('close', () => resolve(false))
  })
  return { served, socket }
}

describe('listening', () => {
  test.each([
    ['HTTP', (port: number) => listenHttp(() => {}, { ...local, port })],
    ['TCP', (port: number) => listenTcp(() => {}, { ...local, port })],
  ])('W6, W28: a port in use is an error that says what to do, and nothing goes on: %s', async (_, listen) => {
    const other = createTcpServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await expect(listen(port)).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: `cannot listen on 127.0.0.1:${port}: the port is in use; stop what listens there, or choose another port (0 takes any free one)`,
      cause: expect.objectContaining({ code: 'EADDRINUSE' }),
    })
    await new Promise((resolve) => other.close(resolve))
    // The port is not held by what had failed.
    kept(await listenTcp(() => {}, { ...local, port }))
  })

  test('an address that is none of this machine is told', async () => {
    await expect(listenTcp(() => {}, { ...local, host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: expect.stringContaining('cannot listen on 192.0.2.1:0: this machine has no such address'),
    })
  })

  test('IPv6 works as IPv4 does', async () => {
    const listener = await listenHttp((req, res) => replyJson(req, res, 200, req.socket.remoteAddress), {
      ...local,
      host: '::1',
    })
    const port = kept(listener)
    expect(listener.address).toMatchObject({ address: '::1', family: 'IPv6' })
    expect(await (await fetch(`http://[::1]:${port}/`)).json()).toBe('::1')
  })

  test.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['127.8.8.8', true],
    ['::1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.168.0.1', false],
    ['localhost.example', false],
  ])('W27: %s is this machine alone: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected)
  })

  test('W27: an answer lets no page of another origin read it', async () => {
    const res = await fetch(`http://127.0.0.1:${await serveHttp()}/`, { headers: { origin: 'https://evil.example' } })
    expect([...res.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
  })
})

describe('connections', () => {
  test.each(['own server', 'guarded server'])(
    'W19: eight at a time, two allowed: two are served (%s)',
    async (kind) => {
      const access = accessControl({ maxConnectionsPerAddress: 2 })
      const port = kind === 'own server' ? await serveTcp({ access }) : await guarded(access)
      const first = await Promise.all(Array.from({ length: 8 }, () => isServed(port)))
      expect(first.filter(({ served }) => served)).toHaveLength(2)
      expect(access.stats).toMatchObject({ connections: 2, refused: { 'too-many-connections': 6 } })
      // Still, after all the others have closed.
      expect((await isServed(port)).served).toBe(false)
      const one = first.find(({ served }) => served)?.socket as Socket
      one.destroy()
      await once(one, 'close')
      await expect.poll(() => access.stats.connections).toBe(1)
      const next = await isServed(port)
      expect(next.served).toBe(true)
      expect((await isServed(port)).served).toBe(false)
      for (const { socket } of [...first, next]) socket.destroy()
      await expect.poll(() => access.stats.connections).toBe(0)
    },
  )

  async function guarded(access: ReturnType<typeof accessControl>): Promise<number> {
    const server = createTcpServer((socket) => socket.on('error', () => {}).pipe(socket))
    guardConnections(server, access)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    listeners.push({ destroy: async () => void server.close() } as Listener)
    return (server.address() as AddressInfo).port
  }

  test('a guard that is taken away guards no longer', async () => {
    const server = createServer((_, res) => res.end())
    const unguard = guardConnections(server, accessControl({ deny: ['loopback'] }))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    await expect(fetch(url)).rejects.toThrow()
    unguard()
    expect((await fetch(url)).status).toBe(200)
    server.close()
    server.closeAllConnections()
  })

  test('beyond the server’s own bound they are closed at once', async () => {
    const port = await serveTcp({ maxConnections: 3 })
    const visits = await Promise.all(Array.from({ length: 5 }, () => isServed(port)))
    expect(visits.filter(({ served }) => served)).toHaveLength(3)
  })

  test('one that is refused below TLS does no harm', async () => {
    const { cert, key } = await (await authority('servers')).issue('localhost')
    const access = accessControl({ maxConnections: 1 })
    const port = await serveTcp({ access, tls: serverTls({ cert, key }) })
    const options = { port, host: '127.0.0.1', rejectUnauthorized: false }
    const first = connectTls(options)
    await once(first, 'secureConnect')
    const second = connectTls(options)
    const [error] = (await once(second, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNRESET')
    first.write('x')
    expect(String((await once(first, 'data'))[0])).toBe('x')
    first.destroy()
    await expect.poll(() => access.stats.connections).toBe(0)
  })
})

describe('patience', () => {
  const limits = { headersTimeoutMs: 200, requestTimeoutMs: 400, keepAliveTimeoutMs: 200 } as const

  test.each([
    ['a connection that says nothing', ''],
    ['a head that never ends', 'GET / HTTP/1.1\r\nHost: a\r\nX-Slow: '],
    ['a body that never ends', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: nothing\r\n'],
  ])('%s gets a 408, and its connection closed', async (_, text) => {
    const started = performance.now()
    const answer = await answerTo(await serveHttp(limits), text)
    expect(performance.now() - started).toBeGreaterThan(190)
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
  })

  test('a head that comes byte by byte gets no more time than any other', async () => {
    const port = await serveHttp(limits)
    const socket = connect(port, '127.0.0.1').resume()
    socket.on('error', () => {})
    const dribble = setInterval(() => socket.write('a'), 20)
    socket.write('GET / HTTP/1.1\r\nX-Slow: ')
    const started = performance.now()
    await once(socket, 'close')
    clearInterval(dribble)
    expect(performance.now() - started).toBeLessThan(3000)
  })

  test('a body that comes too slowly is over after the time for a whole request', async () => {
    const listener = await listenHttp((req) => void req.on('error', () => {}).resume(), { ...local, ...limits })
    const answer = await answerTo(kept(listener), 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('an idle connection is closed', async () => {
    const answer = await answerTo(await serveHttp(limits), 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  })

  test('a head that is too large gets a 431', async () => {
    const port = await serveHttp()
    expect(await answerTo(port, `GET / HTTP/1.1\r\nHost: a\r\nX-Large: ${'a'.repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    )
  })

  test('a TLS handshake that does not get on is cut off', async () => {
    const { cert, key } = await (await authority('servers')).issue('localhost')
    const port = await serveHttp({ tls: serverTls({ cert, key, handshakeTimeoutMs: 100 }) })
    expect(await answerTo(port, '')).toBe('')
  })
})

describe('ending', () => {
  async function openMany(port: number, count: number): Promise<Socket[]> {
    return Promise.all(
      Array.from({ length: count }, async () => {
        const socket = connect(port, '127.0.0.1')
        socket.on('error', () => {})
        socket.write('GET /stream HTTP/1.1\r\nHost: a\r\n\r\n')
        await once(socket, 'data')
        return socket
      }),
    )
  }

  test('W17: destroying with 1,000 open connections is quick, and leaves nothing behind', async () => {
    const before = process.getActiveResourcesInfo().length
    const access = accessControl({ maxConnectionsPerAddress: 1000, requestRate: { perAddress: { ratePerSecond: 1 } } })
    const listener = await listenHttp((_, res) => void res.write('and on'), { ...local, access })
    const sockets = await openMany(listener.address?.port as number, 1000)
    expect(access.stats.connections).toBe(1000)
    const closed = Promise.all(sockets.map((socket) => socket.resume() && once(socket, 'close')))
    const started = performance.now()
    await listener.destroy()
    const tookMs = performance.now() - started
    await closed
    console.info(`1,000 connections destroyed in ${tookMs.toFixed(0)} ms`)
    expect(tookMs).toBeLessThan(2000)
    expect(access.stats.connections).toBe(0)
    expect(listener.address).toBeUndefined()
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before)
  })

  test('closing lets those that are at work finish, and closes idle ones', async () => {
    let finish: (() => void) | undefined
    const listener = await listenHttp(
      (req, res) => {
        if (req.url === '/slow') finish = () => void res.end('done')
        else res.end('quick')
      },
      { ...local, keepAliveTimeoutMs: 60_000 },
    )
    const { port } = listener.address as AddressInfo
    const agent = new Agent({ keepAlive: true })
    const get = async (path: string): Promise<IncomingMessage> =>
      (await once(request({ port, path, host: '127.0.0.1', agent }).end(), 'response'))[0] as IncomingMessage
    ;(await get('/quick')).resume()
    const slow = get('/slow')
    await expect.poll(() => finish).toBeDefined()
    let isClosed = false
    const closed = listener.close().then(() => {
      isClosed = true
    })
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow()
    expect(isClosed).toBe(false)
    finish?.()
    const response = await slow
    expect(String((await once(response, 'data'))[0])).toBe('done')
    await closed
    agent.destroy()
  })

  test.each(['http', 'https'])(
    'closing an %s server lets a peer that reads slowly have all of its answer',
    async (how) => {
      const { cert, key } = await (await authority('servers')).issue('localhost')
      const tls = how === 'https' ? serverTls({ cert, key }) : undefined
      let answered: ServerResponse | undefined
      const body = Buffer.alloc(32 * 1024 * 1024, 'all of it\n')
      const listener = await listenHttp((_, res) => (answered = res).end(body), { ...local, tls })
      const to = {
        host: 'localhost',
        port: kept(listener),
        family: 4,
        agent: false,
        checkServerIdentity: () => undefined,
      }
      const sent = tls === undefined ? request(to) : requestTls({ ...to, rejectUnauthorized: false })
      const [response] = (await once(sent.end(), 'response')) as [IncomingMessage]
      const closed = listener.close()
      // Idle connections are looked for several times meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect(answered?.writableFinished).toBe(false)
      let bytes = 0
      for await (const piece of response) bytes += piece.length
      expect(bytes).toBe(body.length)
      await closed
    },
  )

  test.each(['', 'GET / HTTP/1.1\r\nHo'])(
    'closing does not wait for connections that have asked nothing yet: after %j',
    async (head) => {
      const listener = await listenHttp(() => {}, { ...local, headersTimeoutMs: 20_000 })
      const port = kept(listener)
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      socket.resume().write(head)
      await once(socket, 'connect')
      const began = performance.now()
      await listener.close()
      expect(performance.now() - began).toBeLessThan(5000)
    },
  )

  test('a peer that takes nothing of its answer holds up the closing, and destroying ends that', async () => {
    const listener = await listenHttp((_, res) => res.end(Buffer.alloc(32 * 1024 * 1024)), local)
    const sent = request({ host: '127.0.0.1', port: kept(listener), agent: false }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const failed = once(response, 'error')
    let isClosed = false
    const closed = listener.close().then(() => {
      isClosed = true
    })
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(isClosed).toBe(false)
    await listener.destroy()
    await closed
    response.resume()
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }])
  })

  test('ending twice, or after it was over, does nothing', async () => {
    const listener = await listenTcp(() => {}, local)
    await Promise.all([listener.close(), listener.destroy()])
    await listener.destroy()
    await listener.close()
  })
})

describe('the Host header', () => {
  test.each([
    [undefined, true],
    ['localhost', true],
    ['LOCALHOST:8080', true],
    ['127.0.0.1:8080', true],
    ['[::1]', true],
    ['[::1]:8080', true],
    ['app.localhost', true],
    ['logs.example', true],
    ['logs.example:8080', true],
    ['evil.example', false],
    ['localhost.evil.example', false],
    ['127.0.0.1.evil.example', false],
    ['evil.example:localhost', false],
    ['', false],
  ])('%j may be answered: %s', (host, expected) => {
    expect(hostCheck(['Logs.Example'])(host)).toBe(expected)
  })
})
