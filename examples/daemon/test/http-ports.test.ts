/** The port host: who answers what, and what becomes of connections while stages are exchanged; all on real sockets. */

import { once } from 'node:events'
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { request as requestTls } from 'node:https'
import { connect, createServer, type Socket } from 'node:net'
import type { LogwispError } from '@logwisp/core'
import { accessControl, serverTls } from '@logwisp/core/server'
import { generate } from 'selfsigned'
import { afterEach, describe, expect, test } from 'vitest'
import type { Endpoint, HttpMount, PortHost } from '../src/http/port-host.ts'
import { createPortHost } from '../src/http/ports.ts'
import { freePort } from './config-run/free-ports.ts'
import { answerTo, ask } from './http-ask.ts'

const hosts: PortHost[] = []
const warnings: LogwispError[] = []

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close(0)))
  expect(warnings.splice(0)).toEqual([])
})

/** Its home says of every request that no stage answered it. */
function portHost(): PortHost {
  const home = (_req: IncomingMessage, res: ServerResponse, port: { isSettled: boolean }): void => {
    res.writeHead(404).end(port.isSettled ? 'home' : 'home, unsettled')
  }
  const host = createPortHost({ home, onWarning: (warning) => void warnings.push(warning) })
  hosts.push(host)
  return host
}

const local: Endpoint = {
  protocol: 'http',
  host: '127.0.0.1',
  port: 0,
  tls: undefined,
  connections: undefined,
  maxConnections: 2000,
}
const tcp: Endpoint = { ...local, protocol: 'tcp' }

function saying(text: string, path: string, more: Partial<HttpMount> = {}): HttpMount {
  const handler = (_req: IncomingMessage, res: ServerResponse): void => void res.end(text)
  return { pipeline: 'app', paths: [path], kind: 'stream', access: undefined, handler, ...more }
}

async function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const what = await Promise.race([
    once(socket, 'connect').then(() => 'open'),
    once(socket, 'error').then(() => 'refused'),
  ]).catch(() => 'refused')
  socket.destroy()
  return what === 'refused'
}

describe('paths', () => {
  test('stages share a port, and each path is one stage’s alone', async () => {
    const ports = portHost()
    const [one, other] = await Promise.all([ports.acquire(local), ports.acquire(local)])
    expect(other.address).toEqual(one.address)
    one.mount(saying('app', '/app/stream'))
    other.mount(saying('apple', '/apple/stream', { pipeline: 'apple' }))
    expect((await ask(one, '/app/stream')).text).toBe('app')
    expect((await ask(one, '/apple/stream?x=/app/stream')).text).toBe('apple')
    for (const path of ['/app', '/app/', '/app/stream/', '/app/streams', '/ap', '/APP/stream', '/apple']) {
      expect(await ask(one, path), path).toMatchObject({ status: 404 })
    }
    expect(() => other.mount(saying('again', '/app/stream', { pipeline: 'apple' }))).toThrow(
      /\/app\/stream on 127\.0\.0\.1:\d+ is that of the pipeline 'app' already: give one of them another path or port/,
    )
    expect(ports.listeners).toMatchObject([{ protocol: 'http', paths: ['/app/stream', '/apple/stream'] }])
    expect(ports.listeners[0]?.total_requests).toBe(9)
  })

  test('no trick with the path reaches another stage, and a whole URL is its path', async () => {
    const ports = portHost()
    const lease = await ports.acquire(local)
    lease.mount(saying('stream', '/app/stream'))
    const tricks = ['/..%2fapp/stream', '//app/stream', '/app/%00stream', '/app/./stream', '/app/x/../stream']
    for (const path of [...tricks, '/app%2fstream', '/app/stream%00', '/app/stream;x', '*', 'app/stream']) {
      const answer = await answerTo(lease, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
      expect(answer, path).toMatch(/^HTTP\/1\.1 40[04] /)
    }
    const whole = 'GET http://127.0.0.1/app/stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    expect(await answerTo(lease, whole)).toMatch(/^HTTP\/1\.1 200 [\s\S]*stream/)
  })

  test('what the daemon answers by itself may be several stages’', async () => {
    const ports = portHost()
    const [one, other] = await Promise.all([ports.acquire(local), ports.acquire(local)])
    const status: HttpMount = { pipeline: 'a', paths: ['/status'], kind: 'status', access: undefined }
    one.mount(status)
    other.mount({ ...status, pipeline: 'b' })
    expect((await ask(one, '/status')).text).toMatch(/^home/)
    expect(() => other.mount(saying('x', '/status'))).toThrow(/'a' already/)
    one.release()
    expect((await ask(other, '/status')).text).toMatch(/^home/)
  })

  test('on loopback a stage is answered under this machine’s names only, and those it was given', async () => {
    const ports = portHost()
    const lease = await ports.acquire(local)
    lease.mount(saying('open', '/stream', { allowedHosts: ['logs.example'] }))
    lease.mount(saying('closed', '/other'))
    const from = async (path: string, host: string): Promise<number> =>
      (await ask(lease, path, { headers: { host } })).status
    expect(await from('/stream', 'logs.example')).toBe(200)
    expect(await from('/stream', 'localhost:1')).toBe(200)
    expect(await from('/stream', 'evil.example')).toBe(403)
    expect(await from('/other', 'logs.example')).toBe(403)
  })
})

describe('an exchange', () => {
  test('paths that were there are awaited until the change is complete', async () => {
    const ports = portHost()
    const [stays, goes] = await Promise.all([ports.acquire(local), ports.acquire(local)])
    stays.mount(saying('stays', '/stays'))
    goes.mount(saying('before', '/goes', { kind: 'ingest' }))
    expect((await ask(stays, '/never')).text).toBe('home, unsettled')
    await ports.settle()
    expect((await ask(stays, '/never')).text).toBe('home')
    goes.release()
    const waiting = await ask(stays, '/goes', { method: 'POST' }, 'x'.repeat(100_000))
    expect(waiting).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    // An EventSource gives up on any error.
    const live = await ask(stays, '/goes', { headers: { accept: 'text/event-stream' } })
    expect(live).toMatchObject({ status: 200, headers: { 'content-type': /event-stream/ }, text: 'retry: 1000\n\n' })
    const next = await ports.acquire(local)
    next.mount(saying('after', '/goes', { kind: 'ingest' }))
    expect((await ask(stays, '/goes')).text).toBe('after')
    next.release()
    await ports.settle()
    expect((await ask(stays, '/goes')).text).toBe('home')
    expect((await ask(stays, '/stays')).text).toBe('stays')
  })

  test('a port is closed when a change leaves nobody who holds it, and not before', async () => {
    const ports = portHost()
    const lease = await ports.acquire(local)
    const { port } = lease.address
    lease.release()
    lease.release()
    expect(await isRefused(port)).toBe(false)
    expect(ports.listeners).toHaveLength(1)
    await ports.settle()
    expect(await isRefused(port)).toBe(true)
    expect(ports.listeners).toEqual([])
  })

  test('under load no connection is refused, and each request is answered or told to come again', async () => {
    const ports = portHost()
    let lease = await ports.acquire(local)
    lease.mount(saying('0', '/stream'))
    await ports.settle()
    const { port } = lease.address
    const statuses = new Map<number, number>()
    let isOver = false
    const client = async (keepAlive: boolean): Promise<void> => {
      const agent = new Agent({ keepAlive, maxSockets: 1 })
      while (!isOver) {
        const req = request({ host: '127.0.0.1', port, path: '/stream', agent }).end()
        const [res] = (await once(req, 'response')) as [IncomingMessage]
        res.resume()
        await once(res, 'end')
        statuses.set(res.statusCode as number, (statuses.get(res.statusCode as number) ?? 0) + 1)
      }
      agent.destroy()
    }
    const clients = Promise.all([true, true, true, true, false, false].map(client))
    for (let round = 1; round <= 30; round++) {
      lease.release()
      await new Promise((resolve) => setImmediate(resolve))
      lease = await ports.acquire({ ...local, maxConnections: 2000 - round })
      lease.mount(saying(String(round), '/stream'))
      await ports.settle()
      const { total_requests: before = 0 } = ports.listeners[0] ?? {}
      while ((ports.listeners[0]?.total_requests ?? 0) < before + 20) await new Promise((done) => setImmediate(done))
    }
    isOver = true
    await clients
    expect([...statuses.keys()].filter((status) => status !== 200 && status !== 503)).toEqual([])
    expect(statuses.get(200)).toBeGreaterThan(500)
    expect(lease.address.port).toBe(port)
  })
})

describe('addresses', () => {
  test('W6: a port in use is an error that says what to do, and changes nothing', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const ports = portHost()
    const lease = await ports.acquire(local)
    for (const protocol of ['http', 'tcp'] as const) {
      await expect(ports.acquire({ ...local, protocol, port })).rejects.toMatchObject({
        code: 'LISTEN_FAILED',
        message: expect.stringContaining('choose another port'),
      })
    }
    expect(ports.listeners).toHaveLength(1)
    lease.mount(saying('fine', '/'))
    expect((await ask(lease, '/')).text).toBe('fine')
    taken.close()
    await once(taken, 'close')
    await ports.acquire({ ...local, port })
  })

  test('stages that share a port must agree in what it is', async () => {
    const ports = portHost()
    const first = await ports.acquire(local)
    const here: Endpoint = { ...local, port: first.address.port }
    // By its number it is another endpoint than by 0: the system refuses, and nothing breaks.
    await expect(ports.acquire(here)).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
    first.release()
    await ports.settle()
    await ports.acquire(here)
    await expect(ports.acquire({ ...here, maxConnections: 1 })).rejects.toThrow(/`max_connections` 2000, another 1/)
    await expect(ports.acquire({ ...here, protocol: 'tcp' })).rejects.toThrow(/speaks http, another tcp/)
    const connections = { key: 'x', make: () => accessControl() }
    await expect(ports.acquire({ ...here, connections })).rejects.toThrow(/`net_limit` and `auth`/)
    const tls = { key: 'x', make: () => expect.unreachable() as never }
    await expect(ports.acquire({ ...here, tls })).rejects.toThrow(/`ssl` differs/)
    expect((await ports.acquire(here)).address.port).toBe(here.port)
  })

  test('bounds of connections change while it listens, and hold for new ones', async () => {
    const ports = portHost()
    const before = await ports.acquire(local)
    before.mount(saying('open', '/'))
    const kept = new Agent({ keepAlive: true, maxSockets: 1 })
    expect((await ask(before, '/', { agent: kept })).text).toBe('open')
    before.release()
    const connections = { key: 'nobody', make: () => accessControl({ deny: ['loopback'] }) }
    const after = await ports.acquire({ ...local, connections })
    expect(after.address).toEqual(before.address)
    after.mount(saying('still', '/'))
    expect((await ask(after, '/', { agent: kept })).text).toBe('still')
    expect(await answerTo(after, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('')
    kept.destroy()
  })

  test('a port whose TLS changes is opened anew at the same place, and answers under way are finished', async () => {
    const ports = portHost()
    const port = await freePort()
    const plain = await ports.acquire({ ...local, port })
    let finish = (): void => {}
    plain.mount({ ...saying('', '/'), handler: (_req, res) => (finish = () => void res.end('plain')) })
    const slow = ask(plain, '/')
    await expect.poll(() => ports.listeners[0]?.total_requests).toBe(1)
    plain.release()
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }])
    const broken = { key: 'broken', make: () => serverTls({ cert, key: cert }) }
    await expect(ports.acquire({ ...local, port, tls: broken })).rejects.toMatchObject({ code: 'BAD_CERTIFICATE' })
    expect(ports.listeners).toMatchObject([{ protocol: 'http', url: `http://127.0.0.1:${port}/` }])
    const secret = await ports.acquire({ ...local, port, tls: { key: 'good', make: () => serverTls({ cert, key }) } })
    secret.mount(saying('secret', '/'))
    expect(ports.listeners).toMatchObject([{ protocol: 'https', url: `https://127.0.0.1:${port}/` }])
    const req = requestTls({ host: '127.0.0.1', port, rejectUnauthorized: false, agent: false }).end()
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    expect(res.resume().statusCode).toBe(200)
    finish()
    expect((await slow).text).toBe('plain')
  })

  test('a certificate that gives trouble later is heard of', async () => {
    const ports = portHost()
    const past = { notBeforeDate: new Date(0), notAfterDate: new Date(86_400_000) }
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], past)
    await ports.acquire({ ...local, tls: { key: 'past', make: () => serverTls({ cert, key }) } })
    await expect.poll(() => warnings).toMatchObject([{ code: 'BAD_CERTIFICATE' }])
    warnings.length = 0
  })

  test('the same number on two hosts is two ports, but not beside all addresses at once', async () => {
    const ports = portHost()
    const port = await freePort()
    const one = await ports.acquire({ ...local, port })
    const other = await ports.acquire({ ...local, host: '127.0.0.2', port })
    one.mount(saying('one', '/'))
    other.mount(saying('other', '/'))
    expect((await ask(one, '/')).text + (await ask(other, '/')).text).toBe('oneother')
    await expect(ports.acquire({ ...local, host: '0.0.0.0', port })).rejects.toThrow(
      /this daemon listens on 127\.0\.0\.1:\d+, which is the same to the system; give both stages the same host/,
    )
  })
})

test('a port on all addresses is shown under a name that one can open', async () => {
  const ports = portHost()
  const { address } = await ports.acquire({ ...local, host: '0.0.0.0' })
  expect(ports.listeners).toMatchObject([{ url: `http://localhost:${address.port}/`, host: '0.0.0.0' }])
})

describe('connections without HTTP', () => {
  const greeting = (text: string) => (socket: Socket) => void socket.end(text)

  test('wait for the next stage while one is exchanged', async () => {
    const ports = portHost()
    const lease = await ports.acquire(tcp)
    lease.serve(greeting('first'))
    expect(await answerTo(lease, '')).toBe('first')
    lease.release()
    const waiting = answerTo(lease, '')
    const next = await ports.acquire(tcp)
    expect(next.address).toEqual(lease.address)
    await expect.poll(() => ports.listeners[0]?.connections).toBe(1)
    next.serve(greeting('second'))
    expect(await waiting).toBe('second')
    expect(ports.listeners).toMatchObject([{ protocol: 'tcp', total_requests: 2, paths: [] }])
  })

  test('belong to one stage', async () => {
    const ports = portHost()
    const port = await freePort()
    const [one, other] = await Promise.all([ports.acquire({ ...tcp, port }), ports.acquire({ ...tcp, port })])
    one.serve(greeting('one'))
    expect(() => other.serve(greeting('other'))).toThrow(/another stage takes the connections .* another port/)
    // With 0 each gets its own.
    const [free, freeToo] = await Promise.all([ports.acquire(tcp), ports.acquire(tcp)])
    expect(free.address.port).not.toBe(freeToo.address.port)
  })

  test('wait in a bounded number only, and end with the port', async () => {
    const ports = portHost()
    const lease = await ports.acquire(tcp)
    lease.release()
    const ended: Promise<unknown>[] = []
    for (let count = 0; count < 257; count++) {
      const socket = connect(lease.address.port, '127.0.0.1')
      socket.on('error', () => {}).resume()
      ended.push(once(socket, 'close'))
    }
    await Promise.race(ended)
    await expect.poll(() => ports.listeners[0]?.connections).toBe(256)
    await ports.settle()
    await Promise.all(ended)
  })
})

describe('the end', () => {
  test('answers under way are finished, and idle connections and new ones are not waited for', async () => {
    const ports = portHost()
    const lease = await ports.acquire(local)
    let finish = (): void => {}
    lease.mount({
      ...saying('', '/slow'),
      handler: (_req, res) => {
        res.write('one ')
        finish = () => void res.end('two')
      },
    })
    const idle = connect(lease.address.port, '127.0.0.1')
    await once(idle, 'connect')
    const slow = ask(lease, '/slow', { agent: new Agent({ keepAlive: true }) })
    await expect.poll(() => ports.listeners[0]?.total_requests).toBe(1)
    const closed = ports.close(20_000)
    await once(idle.resume(), 'close')
    expect(await isRefused(lease.address.port)).toBe(true)
    finish()
    expect(await slow).toMatchObject({ status: 200, text: 'one two' })
    await closed
    await expect(ports.acquire(local)).rejects.toThrow('the daemon has closed its ports')
  })

  test('what has not come to its end by the deadline is cut', async () => {
    const ports = portHost()
    const lease = await ports.acquire(local)
    lease.mount({ ...saying('', '/endless'), handler: (_req, res) => void res.write('…') })
    const cut = answerTo(lease, 'GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await expect.poll(() => ports.listeners[0]?.total_requests).toBe(1)
    await ports.close(50)
    expect(await cut).toContain('…')
  })

  test('a thousand idle connections cost no request its answer, and end with the port', async () => {
    const ports = portHost()
    const lease = await ports.acquire(local)
    lease.mount(saying('here', '/'))
    const idle = Array.from({ length: 1000 }, () =>
      connect(lease.address.port, '127.0.0.1')
        .on('error', () => {})
        .resume(),
    )
    await Promise.all(idle.map((socket) => once(socket, 'connect')))
    expect((await ask(lease, '/')).text).toBe('here')
    expect(ports.listeners[0]?.connections).toBeGreaterThanOrEqual(1000)
    const ended = Promise.all(idle.map((socket) => once(socket, 'close')))
    await ports.close(20_000)
    await ended
  })
})

describe('upgrades', () => {
  const socketMount: HttpMount = {
    ...saying('page', '/app/socket'),
    handleUpgrade: (_req, socket) =>
      void socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello'),
  }
  const upgrade = (path: string, to = 'websocket', more = ''): string =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: ${to}\r\n${more}\r\n`

  test('go to the WebSocket of their path, and are refused elsewhere', async () => {
    const ports = portHost()
    const lease = await ports.acquire(local)
    lease.mount(saying('stream', '/app/stream'))
    lease.mount(socketMount)
    await ports.settle()
    expect(await answerTo(lease, upgrade('/app/socket'))).toMatch(/^HTTP\/1\.1 101 [\s\S]*hello$/)
    expect(await answerTo(lease, upgrade('/app/stream'))).toMatch(/^HTTP\/1\.1 400 [\s\S]*there is no WebSocket here/)
    expect(await answerTo(lease, upgrade('/nowhere'))).toMatch(/^HTTP\/1\.1 404 [\s\S]*home/)
    expect(await answerTo(lease, upgrade('/app/socket').replace('localhost', 'evil.example'))).toMatch(
      /^HTTP\/1\.1 403 /,
    )
    lease.release()
    const other = await ports.acquire(local)
    other.mount({ ...socketMount, paths: ['/other'] })
    expect(await answerTo(lease, upgrade('/app/socket'))).toMatch(/^HTTP\/1\.1 503 [\s\S]*Retry-After: 1\r\n/)
  })

  test('to other protocols are passed over', async () => {
    const ports = portHost()
    const lease = await ports.acquire(local)
    lease.mount(saying('stream', '/app/stream'))
    const h2c = 'Connection: close\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'
    expect(await answerTo(lease, upgrade('/app/stream', 'h2c', h2c))).toMatch(/^HTTP\/1\.1 200 [\s\S]*stream/)
    lease.mount(socketMount)
    expect(await answerTo(lease, upgrade('/app/stream', 'h2c'))).toMatch(/^HTTP\/1\.1 200 [\s\S]*stream/)
    expect(await answerTo(lease, upgrade('/app/stream', 'h2c', 'Content-Length: 2\r\n'))).toMatch(/^HTTP\/1\.1 501 /)
  })
})
