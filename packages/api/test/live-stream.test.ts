/** The stream: no gap, no bound that is not reached, and nobody who is held up. */

import { once } from 'node:events'
import { connect } from 'node:net'
import { LogwispError } from '@logwisp/core'
import type { Store } from '@logwisp/store'
import { describe, expect, test } from 'vitest'
import { messagesOf, readEvents } from './event-client.ts'
import { serving, sharedStore, someEntries, storeWith } from './serving.ts'

const store = sharedStore()

/** Names of a test's own, since the store is shared. */
let round = 0
function ownNames(): { readonly source: string; readonly q: string } {
  const source = `round-${++round}`
  return { source, q: `q=source:${source}` }
}

const lines = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => `line ${from + at}`)

describe('the stream', () => {
  test('begins with where it begins, and then has what is stored, an event each', async () => {
    const { source, q } = ownNames()
    const { port } = await serving(store(), { retryMs: 1234 })
    await store().append(someEntries(2, () => ({ source })))
    const client = await readEvents(port, `/logs/stream?${q}`)
    await client.until(({ length }) => length === 1)
    expect(client.res.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
    })
    const { live } = JSON.parse(client.events[0]?.data ?? '')
    expect(client.events[0]).toMatchObject({ event: 'open', id: live })
    expect(client.retryMs).toBe(1234)
    await store().append(someEntries(3, () => ({ source, level: 'warn' })))
    await client.until((events) => messagesOf(events).length === 3)
    const [, ...events] = client.events
    expect(events.map(({ event }) => event)).toEqual([undefined, undefined, undefined])
    expect(JSON.parse(events[0]?.data ?? '')).toEqual({
      id: expect.any(String),
      time: '2026-01-31T12:00:00.000Z',
      source,
      level: 'warn',
      message: 'line 0',
    })
    expect(events.map(({ id }) => id)).toEqual([undefined, undefined, expect.stringMatching(/^\d+\.\d+$/)])
  })

  test('has entries in batches when that is asked for, in events of a bounded size', async () => {
    const { source, q } = ownNames()
    const { port } = await serving(store())
    const client = await readEvents(port, `/logs/stream?${q}&batch=1`)
    await store().append(someEntries(1200, () => ({ source })))
    await client.until((events) => messagesOf(events).length === 1200)
    const batches = client.events.filter(({ event }) => event === 'entries')
    expect(messagesOf(batches)).toEqual(lines(0, 1200))
    for (const { data } of batches) expect(JSON.parse(data).length).toBeLessThanOrEqual(500)
  })

  test('goes on where a page ended, with neither gap nor repeat', async () => {
    const { source, q } = ownNames()
    const { port, ask } = await serving(store())
    let appended = 0
    const append = async (): Promise<void> => {
      await store().append([{ time: Date.now(), source, message: `line ${appended++}` }])
    }
    for (let round = 0; round < 10; round++) {
      await append()
      const appending = Promise.all([append(), append()])
      const page = (await ask(`/logs?format=entries&${q}`)).json
      const client = await readEvents(port, `/logs/stream?${q}&after=${page.live}`)
      await appending
      await append()
      const paged = page.entries.map(({ message }: { message: string }) => message)
      await client.until((events) => paged.length + messagesOf(events).length >= appended)
      expect([...paged, ...messagesOf(client.events)].sort()).toEqual(lines(0, appended).sort())
      client.leave()
    }
  })

  test('goes on after the last id that was seen, which wins over the parameter', async () => {
    const { source, q } = ownNames()
    const { port } = await serving(store())
    const first = await readEvents(port, `/logs/stream?${q}`)
    await first.until(({ length }) => length === 1)
    const begun = first.events[0]?.id
    await store().append(someEntries(2, () => ({ source })))
    await first.until((events) => messagesOf(events).length === 2)
    first.leave()
    await store().append(someEntries(3, (at) => ({ source, message: `later ${at}` })))
    const headers = { 'last-event-id': first.events.at(-1)?.id ?? '' }
    const second = await readEvents(port, `/logs/stream?${q}&after=${begun}`, { headers })
    await second.until((events) => messagesOf(events).length === 3)
    expect(messagesOf(second.events)).toEqual(['later 0', 'later 1', 'later 2'])
    const third = await readEvents(port, `/logs/stream?${q}&after=${begun}`)
    await third.until((events) => messagesOf(events).length === 5)
  })

  test('a viewer that was away for too long is told of a gap, and goes on', async () => {
    const { source, q } = ownNames()
    const { port, ask } = await serving(store(), { maxBehindEntries: 10 })
    const { live } = (await ask('/logs?format=entries&limit=1')).json
    for (let at = 0; at < 20; at++) await store().append(someEntries(5, () => ({ source })))
    const client = await readEvents(port, `/logs/stream?${q}&after=${live}`)
    await client.until((events) => events.some(({ event }) => event === 'gap'))
    const gap = client.events.find(({ event }) => event === 'gap')
    expect(gap?.id).toMatch(/^\d+\.\d+$/)
    expect(JSON.parse(gap?.data ?? '')).toEqual({
      entries: expect.toSatisfy((value) => value === null || value >= 80),
      from: expect.toSatisfy((value) => value === null || typeof value === 'number'),
      to: expect.toSatisfy((value) => value === null || typeof value === 'number'),
    })
    await store().append(someEntries(1, () => ({ source, message: 'after the gap' })))
    await client.until((events) => messagesOf(events).includes('after the gap'))
  })

  test('a position of another store, or one that never was, is no error but a gap or the end', async () => {
    const { source, q } = ownNames()
    const { port } = await serving(store())
    const client = await readEvents(port, `/logs/stream?${q}&after=9999999999999.0`)
    expect(client.status).toBe(200)
    await client.until(({ length }) => length >= 2)
    await store().append(someEntries(1, () => ({ source, message: 'now' })))
    await client.until((events) => messagesOf(events).includes('now'))
  })

  test('says that it lives when nothing comes', async () => {
    const { q } = ownNames()
    const { port } = await serving(store(), { heartbeatIntervalMs: 100 })
    const client = await readEvents(port, `/logs/stream?${q}`)
    while (client.comments.length < 2) await once(client.res, 'data')
    expect(client.comments).toContain('heartbeat')
  })

  test('ends with an event when the service stops, and with another when the store fails', async () => {
    const { q } = ownNames()
    const { port, api } = await serving(store())
    const client = await readEvents(port, `/logs/stream?${q}`)
    await client.until(({ length }) => length === 1)
    await api.close()
    await client.ended
    expect(client.events.at(-1)).toMatchObject({ event: 'end', data: '{"reason":"stopped"}' })
    const tail: Store['tail'] = async function* () {
      yield { kind: 'entries', entries: [], live: '7.0' }
      throw new LogwispError('STORE_FAILED', 'broken')
    }
    const failing = await serving(storeWith(store(), { tail }))
    const warned = once(failing.api, 'warning')
    const other = await readEvents(failing.port, '/logs/stream')
    await other.ended
    expect(other.events.at(-1)).toMatchObject({ event: 'end', data: '{"reason":"failed"}' })
    expect((await warned)[0]).toMatchObject({ code: 'STORE_FAILED' })
  })
})

describe('viewers', () => {
  test('are as many as there may be, in total and from one address; who leaves makes room', async () => {
    const { port, ask, api } = await serving(store(), { maxViewers: 3, maxViewersPerAddress: 2, retryMs: 3000 })
    const clients = [await readEvents(port, '/logs/stream'), await readEvents(port, '/logs/stream')]
    expect(await ask('/logs/stream')).toMatchObject({
      status: 429,
      headers: { 'retry-after': '3' },
      json: { reason: 'too-many-connections' },
    })
    expect(api.stats.viewers).toBe(2)
    const { port: all, ask: askAll } = await serving(store(), { maxViewers: 1 })
    await readEvents(all, '/logs/stream')
    expect((await askAll('/logs/stream')).status).toBe(503)
    clients[0]?.leave()
    while (api.stats.viewers > 1) await new Promise(setImmediate)
    expect((await readEvents(port, '/logs/stream')).status).toBe(200)
  })

  test('that read nothing are read for no further than what is on its way, and are cut off; others get everything', async () => {
    const { source, q } = ownNames()
    let taken = 0
    const tail: Store['tail'] = async function* (...args) {
      for await (const item of store().tail(...args)) {
        if (item.kind === 'entries') taken += item.entries.length
        yield item
      }
    }
    const { port, api } = await serving(store())
    const other = await serving(storeWith(store(), { tail }), { stuckTimeoutMs: 500 })
    const quick = await readEvents(port, `/logs/stream?${q}&batch=1`)
    const stuck = connect(other.port, '127.0.0.1')
    stuck.on('error', () => {}).pause()
    stuck.write(`GET /logs/stream?${q} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    while (other.api.stats.viewers < 1) await new Promise(setImmediate)
    for (let at = 0; at < 40; at++) {
      await store().append(someEntries(50, (i) => ({ source, message: `${at * 50 + i} ${'x'.repeat(20_000)}` })))
    }
    await quick.until((events) => events.at(-1)?.data.includes('"message":"1999 ') ?? false)
    expect(messagesOf(quick.events).map((message) => Number.parseInt(message, 10))).toEqual(
      Array.from({ length: 2000 }, (_, at) => at),
    )
    expect(api.stats.viewers).toBe(1)
    while (other.api.stats.viewers > 0) await new Promise(setImmediate)
    // 40 MB came; sockets of this machine hold up to some 6 MB, and a batch of the tail 1 MiB.
    expect(taken * 20_000).toBeLessThan(12_000_000)
    stuck.destroy()
  })

  test('that read slowly get everything in order, at their own pace', async () => {
    const { source, q } = ownNames()
    const { port } = await serving(store())
    const slow = await readEvents(port, `/logs/stream?${q}`, { isPaused: true })
    for (let at = 0; at < 10; at++) {
      await store().append(someEntries(100, (i) => ({ source, message: `${at * 100 + i} ${'x'.repeat(5000)}` })))
    }
    slow.res.resume()
    await slow.until(({ length }) => length === 1001)
    expect(messagesOf(slow.events).map((message) => Number.parseInt(message, 10))).toEqual(
      Array.from({ length: 1000 }, (_, at) => at),
    )
  })
})
