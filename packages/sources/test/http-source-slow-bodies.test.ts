/** Bodies that trickle take no place, and no memory, from those that send. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { HttpSourceOptions } from '../src/index.ts'
import { WaitedBodies, WaitedBody } from '../src/internal/http/waited-bodies.ts'
import { post, type Serving, serving } from './http-client.ts'

const ndjson = { 'content-type': 'application/x-ndjson' }
const running: Serving[] = []
const crowd = new Set<Socket>()
let isOver = false

async function start(options: HttpSourceOptions = {}): Promise<Serving> {
  const server = await serving((source, sink) => pipeline(source, sink), options)
  running.push(server)
  return server
}

/** Sends a head and a part of a body; comes back when it is cut off. */
async function besiege(port: number, localAddress: string, begin: string): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  crowd.add(socket)
  socket.on('error', () => {}).resume()
  socket.once('close', () => {
    crowd.delete(socket)
    if (!isOver) setTimeout(() => isOver || void besiege(port, localAddress, begin), 50)
  })
  socket.once('connect', () => {
    const head = 'POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n'
    socket.write(`${head}Content-Length: 1000000\r\n\r\n{"message":"${begin}`)
  })
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {})
}

afterEach(async () => {
  isOver = true
  for (const socket of crowd) socket.destroy()
  for (const { source, done } of running.splice(0)) {
    source.destroy()
    await done.catch(() => {})
  }
  isOver = false
})

/** A body that takes several packets, and time. */
const large = Array.from({ length: 8 }, (_, n) => Buffer.from(`{"message":"${String(n).repeat(50_000)}"}\n`))

test.each([
  ['one address', ['127.0.0.1']],
  // Only Linux has all of 127.0.0.0/8 without being told.
  [
    'several addresses',
    process.platform === 'linux' ? ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'] : ['127.0.0.1'],
  ],
])(
  '1,000 slow bodies from %s: a well-behaved client is served all the while, and memory stays',
  async (_, addresses) => {
    const server = await start({ maxConnections: 1100, maxHeldBytes: 64 * 1024 * 1024 })
    const { port, source, sink } = server
    const begin = 'x'.repeat(10_000)
    const besieging = (async () => {
      for (let from = 0; from < 1000; from += 50) {
        const some = Array.from({ length: 50 }, (_, n) => addresses[(from + n) % addresses.length] as string)
        await Promise.all(some.map((address) => besiege(port, address, begin)))
      }
      return true
    })()
    const dripping = setInterval(() => {
      for (const socket of crowd) if (socket.readyState === 'open') socket.write('y')
    }, 100)
    const rssBefore = process.memoryUsage.rss()
    let highest = 0
    let count = 0
    let afterAll = 0
    while (afterAll < 50) {
      const message = `n${count}`
      expect(await post(port, JSON.stringify({ message }))).toMatchObject({ status: 202, json: { accepted: 1 } })
      count++
      highest = Math.max(highest, source.stats.requests.underWay)
      if (await Promise.race([besieging, delay(10, false)])) afterAll++
    }
    // From here all places that waiting may have are taken; one that takes longer than a packet is served too.
    expect(await post(port, large, { headers: ndjson })).toMatchObject({ status: 202, json: { accepted: 8 } })
    clearInterval(dripping)
    const { refused, underWay } = source.stats.requests
    expect(highest).toBeLessThanOrEqual(256)
    expect(underWay).toBeGreaterThan(200)
    expect(refused['408']).toBeGreaterThan(700)
    // Besiegers and besieged are one process here: what they hold together is far below what was sent.
    expect(process.memoryUsage.rss() - rssBefore).toBeLessThan(150 * 1024 * 1024)
    expect((await sink.received(count + 8)).filter((message) => message.startsWith('n'))).toHaveLength(count)
  },
  30_000,
)

test('memory that slow bodies sit on goes to whoever sends', async () => {
  const { port, source } = await start({ maxHeldBytes: 300_000, maxEntryBytes: 250_000 })
  await Promise.all([1, 2, 3, 4].map(() => besiege(port, '127.0.0.1', 'x'.repeat(60_000))))
  while (source.stats.bytesIn < 4 * 60_000) await delay(5)
  // Beyond the time for which a body keeps what it has: it is time itself that makes them slow.
  await delay(300)
  isOver = true
  expect(await post(port, `{"message":"${'z'.repeat(100_000)}"}`)).toMatchObject({ status: 202 })
  expect(source.stats.requests.refused['408']).toBeGreaterThan(0)
  expect(source.stats.requests.refused['503']).toBeUndefined()
})

test('who is cut for others is told so, with what was taken', async () => {
  const { port, source } = await start({ maxRequests: 8, whenInvalid: 'skip' })
  const first = connect(port, '127.0.0.1').setEncoding('utf8')
  crowd.add(first)
  first.write(
    'POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: 99\r\n\r\n',
  )
  first.write('{"message":"a"}\n')
  while (source.stats.entriesIn < 1) await delay(5)
  for (let n = 0; n < 7; n++) await besiege(port, '127.0.0.1', '')
  const [answer] = (await once(first, 'data')) as [string]
  expect(answer).toMatch(/^HTTP\/1.1 408 [\s\S]*others had no place left[\s\S]*"accepted":1/)
})

describe('WaitedBodies', () => {
  const body = (all: WaitedBodies, cut: string[], name: string, heldBytes = 0): WaitedBody =>
    new WaitedBody(all, { heldBytes, release() {} }, () => cut.push(name))

  test('cuts whoever is furthest behind, not who came first, and not who sent the last byte longest ago', () => {
    const all = new WaitedBodies(4)
    const cut: string[] = []
    const [sends, trickles, late] = ['sends', 'trickles', 'late'].map((name) => body(all, cut, name)) as [
      WaitedBody,
      WaitedBody,
      WaitedBody,
    ]
    sends.start(0)
    trickles.start(0)
    late.start(900)
    for (let ms = 10; ms <= 1000; ms += 10) trickles.came(1, ms)
    sends.came(65_536, 950)
    expect(all.makePlace(1001)).toBe(true)
    expect(cut).toEqual(['trickles'])
    expect(all.makePlace(1001)).toBe(true)
    expect(cut).toEqual(['trickles', 'late'])
    expect(all.makePlace(1001)).toBe(false)
  })

  test('time in which it is not the client that is waited for does not count, and nothing is saved up', () => {
    const all = new WaitedBodies(4)
    const one = body(all, [], 'one')
    one.start(0)
    one.came(10_000_000, 50)
    one.stop(80)
    expect(all.makePlace(10_000)).toBe(false)
    one.start(10_000)
    expect(one.behindMs(10_050)).toBe(80)
  })

  test('an eighth of the places is kept free of them at once, however short they have waited', () => {
    const all = new WaitedBodies(16)
    const cut: string[] = []
    for (let n = 0; n < 16; n++) body(all, cut, String(n)).start(n)
    expect(all.waiting).toBe(14)
    expect(cut).toEqual(['0', '1'])
  })

  test('for memory it cuts only who holds some, and never for the one that is furthest behind itself', () => {
    const all = new WaitedBodies(4)
    const cut: string[] = []
    const own = { heldBytes: 10, release() {} }
    body(all, cut, 'empty').start(0)
    body(all, cut, 'holds', 10).start(10)
    new WaitedBody(all, own, () => cut.push('own')).start(20)
    expect(all.makeMemory(200, own)).toBe(true)
    expect(all.makeMemory(200, own)).toBe(false)
    expect(cut).toEqual(['holds'])
  })
})
