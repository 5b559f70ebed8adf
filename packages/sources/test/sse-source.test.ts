/** `sseSource` against servers that end, cut, refuse, lie and hang; real sockets. */

import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { LogwispError, openCheckpoint } from '@logwisp/core'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type SseSource, type SseSourceOptions, sseSource } from '../src/index.ts'
import { type Collected, collect } from './collect.ts'
import { type EventServer, event, eventServer, stream } from './event-server.ts'

const quick = { retryDelayMs: 5 } as const satisfies SseSourceOptions

function follow(server: EventServer, options: SseSourceOptions = {}): Collected<SseSource> {
  const source = sseSource(server.url, { ...quick, ...options })
  onTestFinished(() => void source.destroy())
  return collect(source)
}

async function failure(server: EventServer, options: SseSourceOptions = {}): Promise<LogwispError> {
  const { source, warnings } = follow(server, options)
  const [error] = (await once(source, 'error')) as [LogwispError]
  expect(error).toBeInstanceOf(LogwispError)
  expect(warnings.every(({ code }) => code === 'PEER_LOST')).toBe(true)
  return error
}

const json = (message: string): string => JSON.stringify({ message })

/** Ten events from the number after the last id that the client has. */
function tenFrom(last: unknown): string {
  const first = last === undefined ? 0 : Number(last) + 1
  return Array.from({ length: 10 }, (_, i) => event(first + i, json(`${first + i}`))).join('')
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`)

describe('what an event becomes', () => {
  test('an entry of the wire form comes back as it was, with its id', async () => {
    const sent = {
      time: '2026-01-31T23:59:59.999Z',
      source: 'app.log',
      level: 'error',
      message: 'out of disk',
      fields: { code: 28 },
    }
    const server = await eventServer((res) => stream(res).write(event('host:1', JSON.stringify(sent))))
    const { messages, entries } = follow(server)
    await messages(1)
    const { origin, ...entry } = entries[0] as (typeof entries)[0]
    expect(entry).toEqual({ ...sent, time: Date.parse(sent.time) })
    expect(origin?.id).toBe('host:1')
  })

  test('other text is a message, over several lines too, with the time and the level that it tells', async () => {
    const server = await eventServer((res) =>
      stream(res).write('data: 2026-01-02T03:04:05Z ERROR boom\ndata:   at x\n\ndata: {"no":"message"}\n\n'),
    )
    const { messages, entries } = follow(server, { source: 'them' })
    expect(await messages(2)).toEqual(['2026-01-02T03:04:05Z ERROR boom\n  at x', '{"no":"message"}'])
    expect(entries[0]).toMatchObject({ time: Date.parse('2026-01-02T03:04:05Z'), level: 'error', source: 'them' })
    expect(entries[0]?.origin).toBeUndefined()
    expect(entries[1]?.source).toBe('them')
  })

  test("an id in the entry's JSON survives the hop, beside the event's own", async () => {
    const server = await eventServer((res) =>
      stream(res).write(event('ring-7', '{"logwisp.id":"file:12","message":"x"}')),
    )
    const { messages, entries } = follow(server)
    await messages(1)
    expect(entries[0]?.origin?.id).toBe('file:12')
    expect(entries[0]?.fields).toBeUndefined()
  })

  test('events of other types are dropped and counted, or entries by option', async () => {
    const text = event(1, 'a') + event(2, 'b', 'audit') + event(3, 'c', 'heartbeat') + event(4, 'd')
    const server = await eventServer((res) => stream(res).write(text))
    const some = follow(server)
    expect(await some.messages(2)).toEqual(['a', 'd'])
    expect(some.source.stats).toMatchObject({ entriesIn: 3, entriesOut: 2, dropped: { 'other-type': 1 } })
    const more = follow(server, { eventTypes: ['message', 'audit'] })
    expect(await more.messages(3)).toEqual(['a', 'b', 'd'])
    expect(more.entries[1]?.fields).toEqual({ event: 'audit' })
    const all = follow(server, { eventTypes: 'any' })
    expect(await all.messages(4)).toEqual(['a', 'b', 'c', 'd'])
  })

  test('what the server says was missed is a warning, and counted', async () => {
    const gaps = event(1, '{"entries":12,"reason":"too-slow"}', 'dropped') + event(1, '{"entries":null}', 'dropped')
    const server = await eventServer((res) => stream(res).write(gaps + event(2, 'x')))
    const { messages, source, warnings } = follow(server)
    await messages(1)
    expect(source.stats).toMatchObject({ entriesMissed: 12, gaps: 2, entriesIn: 1 })
    expect(warnings.map(({ code }) => code)).toEqual(['ENTRIES_MISSED', 'ENTRIES_MISSED'])
    expect(warnings[0]?.message).toContain('12 entries')
  })

  test('an event beyond maxEventBytes is dropped and counted, and the stream goes on behind it', async () => {
    const server = await eventServer((res) =>
      stream(res).write(event(1, 'a') + event(2, 'x'.repeat(200_000)) + event(3, 'b')),
    )
    const { messages, source, warnings } = follow(server, { maxEventBytes: 100_000 })
    expect(await messages(2)).toEqual(['a', 'b'])
    expect(source.stats).toMatchObject({ entriesIn: 3, dropped: { 'entry-too-large': 1 }, connections: 1 })
    expect(warnings.map(({ code }) => code)).toEqual(['ENTRY_TOO_LARGE'])
  })
})

describe('going on', () => {
  test('asks for what comes after the last id, whatever cut the stream and wherever', async () => {
    const server = await eventServer((res, req, number) => {
      const text = tenFrom(req.headers['last-event-id'])
      stream(res)
      if (number === 20) return res.write(text)
      // Cut anywhere: within an event, a line, an id.
      const sent = text.slice(0, Math.floor((text.length * (number % 7)) / 6))
      if (number % 2 === 0) res.end(sent)
      else if (sent === '') res.destroy()
      else res.write(sent, () => setImmediate(() => res.destroy()))
      return undefined
    })
    const { messages, source } = follow(server)
    await server.asked(21)
    const got = await messages(50)
    expect(got).toEqual(numbered(got.length))
    expect(source.stats.dropped).toEqual({})
  })

  test('an id without an event counts too', async () => {
    const server = await eventServer((res, _req, number) => {
      if (number === 0) stream(res).end('id: ü 7\n\n')
      else stream(res)
    })
    follow(server)
    const requests = await server.asked(2)
    expect(requests[0]?.headers['last-event-id']).toBeUndefined()
    expect(Buffer.from(requests[1]?.headers['last-event-id'] as string, 'latin1').toString()).toBe('ü 7')
  })

  test('an id that no header can carry is not sent', async () => {
    const server = await eventServer((res, _req, number) => {
      if (number === 0) stream(res).end('id: a\u0001b\ndata: x\n\n')
      else stream(res)
    })
    follow(server)
    const requests = await server.asked(2)
    expect(requests[1]?.headers['last-event-id']).toBeUndefined()
  })

  test('what a server repeats that has forgotten the id is dropped and counted; ids are compared between connections only', async () => {
    const server = await eventServer((res, _req, number) => {
      // Two entries with the same id on one connection are two entries.
      const text = event('a', '1') + event('a', '2') + event('b', '3')
      if (number === 0) stream(res).end(text)
      else stream(res).write(event('a', '{"entries":null,"reason":"not-kept"}', 'dropped') + text + event('c', '4'))
    })
    const { messages, source } = follow(server)
    expect(await messages(4)).toEqual(['1', '2', '3', '4'])
    expect(source.stats).toMatchObject({ dropped: { duplicate: 3 }, gaps: 1, connections: 2 })
    const giving = follow(await eventServer((res) => stream(res).end(event('a', 'x'))), { whenRepeated: 'give' })
    expect(await giving.messages(3)).toEqual(['x', 'x', 'x'])
  })

  test('only the last maxRememberedIds are known again', async () => {
    const text = numbered(20)
      .map((id) => event(id, id))
      .join('')
    const server = await eventServer((res, _req, number) => {
      if (number === 0) stream(res).end(text)
      else stream(res).write(text)
    })
    const { messages, source } = follow(server, { maxRememberedIds: 5 })
    expect((await messages(35)).slice(20)).toEqual(numbered(15))
    // Of the five that were known, the first fifteen of the second time took the places.
    expect(source.stats.dropped['duplicate'] ?? 0).toBeLessThanOrEqual(5)
  })

  test('an end that the server tells is one by option', async () => {
    const server = await eventServer((res, _req, number) =>
      stream(res).end(event(number, `${number}`) + event(number, '{"reason":"stopped"}', 'end')),
    )
    expect(await follow(server, { whenEnded: 'end' }).ended()).toEqual(['0'])
    expect(await follow(server).messages(3)).toEqual(['1', '2', '3'])
  })

  test('204 is the end', async () => {
    const server = await eventServer((res, _req, number) => {
      if (number === 0) stream(res).end(event(1, 'x'))
      else res.writeHead(204).end()
    })
    expect(await follow(server).ended()).toEqual(['x'])
    expect(server.requests).toHaveLength(2)
  })

  test('a stream on which nothing comes is cut and made again; heartbeats keep it', async () => {
    let beat: NodeJS.Timeout | undefined
    onTestFinished(() => clearInterval(beat))
    const server = await eventServer((res, _req, number) => {
      stream(res)
      if (number === 1) beat = setInterval(() => res.write(': beat\n\n'), 10)
    })
    const { source, warnings } = follow(server, { idleTimeoutMs: 120 })
    await server.asked(2)
    expect(warnings.map(({ code, message }) => [code, message])).toEqual([
      ['PEER_LOST', expect.stringContaining('nothing came for 120 ms')],
    ])
    // Twice as long as the time-out, in heartbeats.
    const enough = source.stats.bytesIn + 24 * ': beat\n\n'.length
    await vi.waitFor(() => expect(source.stats.bytesIn).toBeGreaterThan(enough), { timeout: 10_000 })
    expect(server.requests).toHaveLength(2)
  })

  test('while nobody reads, a stream is not taken for idle, and its server has to wait', async () => {
    const server = await eventServer((res) => {
      stream(res)
      let id = 0
      const write = (): void => {
        while (res.write(event(id, `${id++} ${'x'.repeat(1000)}`))) if (id > 100_000) return
        res.once('drain', write)
      }
      write()
    })
    const source = sseSource(server.url, { idleTimeoutMs: 50 })
    onTestFinished(() => void source.destroy())
    source.once('readable', () => {})
    await vi.waitFor(() => expect(source.stats.bytesIn).toBeGreaterThan(0))
    const before = source.stats.bytesIn
    // Six times the time-out.
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(source.stats).toMatchObject({ bytesIn: before, connections: 1 })
    expect(source.stats.entriesHeld).toBeLessThan(200)
  })
})

describe('when the server cannot or will not', () => {
  test.each([408, 425, 429, 500, 502, 503, 504])('%i is tried again', async (status) => {
    const server = await eventServer((res, _req, number) => {
      if (number > 0) stream(res).write(event(1, 'x'))
      else res.writeHead(status).end('not now')
    })
    const { messages, warnings } = follow(server)
    await messages(1)
    expect(warnings).toMatchObject([{ code: 'PEER_LOST', message: expect.stringContaining(`${status}: not now`) }])
  })

  test('not before Retry-After', async () => {
    const asked: number[] = []
    const server = await eventServer((res, _req, number) => {
      asked.push(performance.now())
      if (number > 0) stream(res).write(event(1, 'x'))
      else res.writeHead(503, { 'Retry-After': '1' }).end()
    })
    await follow(server).messages(1)
    expect((asked[1] as number) - (asked[0] as number)).toBeGreaterThanOrEqual(995)
  })

  test('Retry-After as a date is honoured, and no wait is longer than maxRetryAfterMs', async () => {
    const server = await eventServer((res, _req, number) => {
      if (number > 1) stream(res)
      else {
        const at = number === 0 ? new Date(Date.now() + 3000).toUTCString() : '86400'
        res.writeHead(503, { 'Retry-After': at }).end()
      }
    })
    const { source } = follow(server, { maxRetryAfterMs: 40 })
    const waits: number[] = []
    source.on('retry', ({ delayMs }) => waits.push(delayMs))
    await server.asked(3)
    expect(waits).toHaveLength(2)
    for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(40)
    for (const wait of waits) expect(wait).toBeLessThanOrEqual(60)
  })

  test.each([400, 401, 403, 404, 410, 201, 304])('%i is an error', async (status) => {
    const server = await eventServer((res) => void res.writeHead(status).end(status === 304 ? undefined : 'go away'))
    const { code, message } = await failure(server)
    expect(code).toBe('PEER_REFUSED')
    expect(message).toContain(`answered ${status}`)
    if (status !== 304) expect(message).toContain('go away')
    expect(server.requests).toHaveLength(1)
  })

  test('another media type is an error, also when it comes at a later connection', async () => {
    const server = await eventServer((res, _req, number) => {
      if (number === 0) stream(res).end(event(1, 'x'))
      else res.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>maintenance</h1>')
    })
    const { code, message } = await failure(server)
    expect([code, message]).toEqual(['PEER_REFUSED', expect.stringContaining('text/html')])
  })

  test('a refusal whose body never ends is told all the same', async () => {
    const server = await eventServer((res) => void res.writeHead(404).write('x'.repeat(100)))
    const { message } = await failure(server, { connectTimeoutMs: 100 })
    expect(message).toContain('404')
  })

  test('neither the query nor a secret is told in an error', async () => {
    const server = await eventServer((res) => void res.writeHead(404).end())
    const source = sseSource(`${server.url}?token=hidden`, { auth: { token: 'secret' } })
    source.resume()
    const [error] = (await once(source, 'error')) as [LogwispError]
    expect(error.message).not.toMatch(/hidden|secret/)
  })

  test('a server that does not answer is left after connectTimeoutMs, and asked again', async () => {
    const server = await eventServer((res, _req, number) => {
      if (number > 0) stream(res).write(event(1, 'x'))
    })
    const { messages, warnings } = follow(server, { connectTimeoutMs: 50 })
    expect(await messages(1)).toEqual(['x'])
    expect(warnings[0]?.message).toContain('no answer within 50 ms')
  })

  test('a server that is not there is an error after maxRetries', async () => {
    const server = await eventServer(() => {})
    await server.close()
    const { source, warnings } = follow(server, { maxRetries: 3 })
    const [error] = (await once(source, 'error')) as [LogwispError]
    expect(error).toMatchObject({ code: 'PEER_LOST', message: expect.stringContaining('ECONNREFUSED') })
    expect(warnings).toHaveLength(3)
    expect(source.stats).toMatchObject({ retries: 3, connections: 0 })
  })

  test('waits grow, evenly drawn from nothing up to the ceiling', async () => {
    const server = await eventServer((res) => void res.writeHead(503).end())
    const { source } = follow(server, { retryDelayMs: 2, maxRetryDelayMs: 16 })
    const waits: number[] = []
    source.on('retry', ({ delayMs }) => waits.push(delayMs))
    await server.asked(40)
    expect(waits[0]).toBeLessThanOrEqual(2)
    expect(Math.max(...waits)).toBeLessThanOrEqual(16)
    expect(Math.max(...waits)).toBeGreaterThan(2)
  })

  test('a server that ends each stream at once is not asked in a busy loop', async () => {
    const server = await eventServer((res, req) => {
      const last = Number(req.headers['last-event-id'] ?? 0)
      stream(res).end(`retry: 200\n\n${event(last + 1, 'x')}`)
    })
    const { messages } = follow(server)
    const began = performance.now()
    await messages(6)
    // Five waits, each drawn evenly from 0 to 200 ms: below 50 ms in one of 10,000 runs, where a busy loop takes 5.
    expect(performance.now() - began).toBeGreaterThan(50)
  })
})

describe('the request', () => {
  test('says what is wanted, who asks, and keeps the query', async () => {
    const server = await eventServer((res) => stream(res))
    const source = sseSource(`${server.url}?level=warn&match=a%20b`, {
      auth: { user: 'me', password: 'pässword' },
      headers: { 'X-Team': 'ops' },
      lastEventId: 'from-here',
    })
    onTestFinished(() => void source.destroy())
    source.resume()
    const [request] = await server.asked(1)
    expect(request?.url).toBe('/stream?level=warn&match=a%20b')
    expect(request?.headers).toMatchObject({
      accept: 'text/event-stream',
      'accept-encoding': 'identity',
      authorization: `Basic ${Buffer.from('me:pässword').toString('base64')}`,
      'cache-control': 'no-cache',
      'last-event-id': 'from-here',
      'x-team': 'ops',
    })
  })

  test('follows redirects, and shows its secrets to no other origin', async () => {
    const other = await eventServer((res) => stream(res).write(event(1, 'x')))
    const server = await eventServer((res, req) => {
      const to = req.url === '/stream' ? '/next' : other.url
      res.writeHead(307, { Location: to }).end()
    })
    const { messages } = follow(server, { auth: { token: 'secret' }, headers: { 'X-Key': 'too' } })
    expect(await messages(1)).toEqual(['x'])
    expect(server.requests.map(({ url, headers }) => [url, headers.authorization, headers['x-key']])).toEqual([
      ['/stream', 'Bearer secret', 'too'],
      ['/next', 'Bearer secret', 'too'],
    ])
    expect(other.requests[0]?.headers).not.toHaveProperty('authorization')
    expect(other.requests[0]?.headers).not.toHaveProperty('x-key')
  })

  test('redirects that go round, or nowhere, are an error', async () => {
    const round = await eventServer((res) => void res.writeHead(302, { Location: '/stream' }).end())
    expect((await failure(round, { maxRedirects: 3 })).message).toContain('redirects more than 3 times')
    expect(round.requests).toHaveLength(4)
    const nowhere = await eventServer((res) => void res.writeHead(301, { Location: 'ftp://x/' }).end())
    expect((await failure(nowhere)).code).toBe('PEER_REFUSED')
  })

  test('takes a compressed stream as it comes, also when it is cut within', async () => {
    const server = await eventServer((res, req, number) => {
      expect(req.headers['accept-encoding']).toBe('gzip, deflate, br')
      const bytes = gzipSync(tenFrom(req.headers['last-event-id']))
      stream(res, { 'Content-Encoding': 'gzip' })
      if (number < 3) res.end(bytes.subarray(0, bytes.length - 8))
      else res.write(bytes)
    })
    const { messages } = follow(server, { compress: true })
    const got = await messages(20)
    expect(got).toEqual(numbered(got.length))
  })

  test('an encoding that is not known is an error', async () => {
    const server = await eventServer((res) => stream(res, { 'Content-Encoding': 'lzma' }).write('x'))
    expect((await failure(server)).message).toContain('lzma')
  })
})

describe('with a checkpoint', () => {
  const directory = async (): Promise<string> => {
    const path = await mkdtemp(join(tmpdir(), 'logwisp-sse-'))
    onTestFinished(() => rm(path, { recursive: true }))
    return join(path, 'positions.json')
  }

  test('a restart goes on after the last entry that was acknowledged', async () => {
    const path = await directory()
    const server = await eventServer((res, req) => stream(res).write(tenFrom(req.headers['last-event-id'])))
    const first = await openCheckpoint(path)
    const source = sseSource(server.url, { checkpoint: first })
    const { messages, entries, destroy } = collect(source, false)
    await messages(10)
    const seventh = entries[6]
    seventh?.origin?.tracker.acknowledge(seventh.origin)
    await destroy()
    await first.close()
    const second = await openCheckpoint(path)
    const again = collect(sseSource(server.url, { checkpoint: second }))
    expect((await again.messages(10))[0]).toBe('7')
    expect(server.requests[1]?.headers['last-event-id']).toBe('6')
    await again.destroy()
    await second.close()
  })

  test('where the server is before the first entry is saved at once', async () => {
    const path = await directory()
    const server = await eventServer((res) => stream(res).write('id: start\n\n'))
    const checkpoint = await openCheckpoint(path, { saveIntervalMs: 3_600_000 })
    const source = sseSource(`${server.url}?token=hidden`, { checkpoint })
    onTestFinished(async () => {
      source.destroy()
      await checkpoint.close()
    })
    source.resume()
    await vi.waitFor(async () => expect(await readFile(path, 'utf8')).toContain('start'))
    expect(await readFile(path, 'utf8')).not.toContain('hidden')
  })
})

test('a server that sends its events byte by byte loses nothing', async () => {
  const server = await eventServer((res) => {
    const bytes = Buffer.from(tenFrom(undefined))
    stream(res)
    const write = (at: number): void => {
      if (at < bytes.length) res.write(bytes.subarray(at, at + 1), () => write(at + 1))
    }
    write(0)
  })
  expect(await follow(server).messages(10)).toEqual(numbered(10))
})

test('stop() while it waits to connect again ends it at once', async () => {
  const server = await eventServer((res: ServerResponse) => void res.writeHead(503, { 'Retry-After': '100' }).end())
  const { source, stop } = follow(server)
  await once(source, 'retry')
  expect(await stop()).toEqual([])
})
