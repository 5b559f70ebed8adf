/** httpClientSink against real servers that refuse, stall, lie and vanish. */

import { once } from 'node:events'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { decodeEntry, type LogEntry } from '@logwisp/core'
import { collectingSink, givingSource, leavesNothing, RecordingTracker } from '@logwisp/core/testing'
import { type HttpSource, httpSource } from '@logwisp/sources'
import { afterEach, describe, expect, test } from 'vitest'
import { type HttpClientSink, type HttpClientSinkOptions, httpClientSink } from '../src/http-client-sink.ts'
import { answers, inTurn, type Receiver, type ReceiverOptions, receiver, takesAll } from './http-receiver.ts'

const receivers: Receiver[] = []
afterEach(async () => {
  for (const one of receivers.splice(0)) await one.close()
})

async function serve(options?: ReceiverOptions): Promise<Receiver> {
  const one = await receiver(options)
  receivers.push(one)
  return one
}

/** Quick, so that no test waits for a pause. */
const quick = { maxBatchDelayMs: 5, minRetryDelayMs: 1, maxRetryDelayMs: 5 } as const satisfies HttpClientSinkOptions

const numbered = (count: number, prefix = 'line'): string[] => Array.from({ length: count }, (_, n) => `${prefix} ${n}`)

interface Run {
  readonly sink: HttpClientSink
  readonly tracker: RecordingTracker
}

/** Sends lines through a pipeline of its own, and waits for its end. */
async function send(
  urls: string | string[],
  lines: readonly string[],
  options: HttpClientSinkOptions = {},
  listen: (sink: HttpClientSink) => void = () => {},
): Promise<Run> {
  const tracker = new RecordingTracker()
  const sink = httpClientSink(urls, { ...quick, ...options })
  listen(sink)
  await pipeline(givingSource([tracker.batch(lines)]), sink)
  return { sink, tracker }
}

const entry = (message: string, more: Partial<LogEntry> = {}): LogEntry => ({
  time: 0,
  source: 'app',
  message,
  ...more,
})

describe('bodies', () => {
  test('W7: an array body with a message that looks like JSON is read back as it was, by a strict receiver', async () => {
    const server = await serve()
    const sent: LogEntry[] = [
      entry('{"level":"error","nested":[1,2,"]}"]}', { level: 'info', fields: { code: 28, text: 'a\nb' } }),
      entry('[1,2'),
      entry('plain, with ] and \u2028 and "quotes"'),
      entry('two\nlines'),
    ]
    await pipeline(givingSource(sent), httpClientSink(server.url, { ...quick, body: 'array' }))
    const [{ headers, body } = { headers: {}, body: '' }] = server.requests
    expect(headers['content-type']).toBe('application/json')
    const read: unknown[] = JSON.parse(body)
    expect(read.map((one) => decodeEntry(JSON.stringify(one), { time: 1, source: '?' }))).toEqual(sent)
  })

  test('a body of lines is NDJSON with the id of each entry, or without when asked', async () => {
    const server = await serve()
    await send(server.url, ['a', 'b'])
    await send(server.url, ['a'], { ids: false })
    const [first, second] = server.requests
    expect(first?.headers).toMatchObject({ 'content-type': 'application/x-ndjson', 'user-agent': 'logwisp/0.1.0' })
    expect(
      first?.body
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)['logwisp.id']),
    ).toEqual(['sample.log:0', 'sample.log:2'])
    expect(second?.body).not.toContain('logwisp.id')
  })

  test('raw lines are text, with their line endings made one', async () => {
    const server = await serve()
    await send(server.url, ['a', '', 'ü'], { format: 'raw' })
    expect(server.requests[0]?.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(server.requests[0]?.body).toBe('a\n\nü\n')
  })

  test('batches end at maxBatchEntries and at maxBatchBytes, and a longer entry goes alone', async () => {
    const server = await serve()
    await send(server.url, [...numbered(25), 'x'.repeat(500), 'last'], {
      format: 'raw',
      maxBatchEntries: 10,
      maxBatchBytes: 70,
    })
    expect(server.taken).toEqual([...numbered(25), 'x'.repeat(500), 'last'])
    const sizes = server.requests.map(({ messages, body }) => ({ entries: messages.length, bytes: body.length }))
    expect(sizes).toContainEqual({ entries: 1, bytes: 501 })
    const others = sizes.filter(({ bytes }) => bytes !== 501)
    expect(Math.max(...others.map(({ entries }) => entries))).toBe(10)
    expect(Math.max(...others.map(({ bytes }) => bytes))).toBeLessThanOrEqual(70)
  })

  test('a batch that is not full leaves after maxBatchDelayMs, without an end', async () => {
    const server = await serve()
    const sink = httpClientSink(server.url, { maxBatchDelayMs: 20 })
    const [one] = new RecordingTracker().entries(['alone']) as [LogEntry]
    sink.write(one)
    await once(server.server, 'request')
    sink.end()
    await once(sink, 'finish')
    expect(server.taken).toEqual(['alone'])
  })

  test('compressed bodies unpack to what was sent', async () => {
    const server = await serve()
    const lines = numbered(3000)
    const { sink } = await send(server.url, lines, { compress: 'gzip' })
    expect(server.requests[0]?.headers['content-encoding']).toBe('gzip')
    expect(server.taken).toEqual(lines)
    const plain = server.requests.reduce((bytes, { body }) => bytes + body.length, 0)
    expect(sink.stats.bytesOut).toBeLessThan(plain / 5)
  })

  test('zstd is offered by the Nodes that have it, and refused clearly by the others', async () => {
    const hasZstd = 'zstdCompress' in (await import('node:zlib'))
    if (hasZstd) expect(() => httpClientSink('http://127.0.0.1:1/', { compress: 'zstd' })).not.toThrow()
    else expect(() => httpClientSink('http://127.0.0.1:1/', { compress: 'zstd' })).toThrow(/Node 22\.15/)
  })
})

describe('what is tried again', () => {
  test.each([408, 425, 429, 500, 502, 503, 504])(
    'W14: a batch that is answered with %i is sent again, with the same key',
    async (status) => {
      const server = await serve({ answer: inTurn(answers(status), answers(status), takesAll) })
      const retries: number[] = []
      const { sink, tracker } = await send(server.url, ['a', 'b'], {}, (sink) =>
        sink.on('retry', ({ attempt }) => retries.push(attempt)),
      )
      expect(server.requests).toHaveLength(3)
      expect(new Set(server.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
      expect(server.taken).toEqual(['a', 'b'])
      expect(retries).toEqual([1, 2])
      expect(sink.stats).toMatchObject({ retries: 2, rejected: 0, entriesOut: 2, batches: 1, warnings: 1 })
      expect(tracker.mark).toBe(tracker.end)
    },
  )

  test.each(['1', () => new Date(Date.now() + 2000).toUTCString()])(
    'W14: Retry-After is obeyed (%s)',
    async (value) => {
      const header = typeof value === 'string' ? value : value()
      const at: number[] = []
      const server = await serve({
        answer: (received, res) => {
          at.push(performance.now())
          return inTurn(answers(at.length === 1 ? 429 : 202, { 'retry-after': header }))(received, res)
        },
      })
      await send(server.url, ['a'])
      // A date has no fraction of a second.
      expect((at[1] as number) - (at[0] as number)).toBeGreaterThanOrEqual(990)
    },
  )

  test('a Retry-After beyond maxRetryAfterMs is cut to it', async () => {
    const server = await serve({ answer: inTurn(answers(503, { 'retry-after': '86400' }), takesAll) })
    await send(server.url, ['a'], { maxRetryAfterMs: 10 })
    expect(server.taken).toEqual(['a'])
  })

  test('statuses of retryStatuses are tried again too', async () => {
    const server = await serve({ answer: inTurn(answers(401), answers(404), takesAll) })
    await send(server.url, ['a'], { retryStatuses: [401, 404] })
    expect(server.taken).toEqual(['a'])
  })

  test('an answer that is cut in the middle of its body is none', async () => {
    const server = await serve({
      answer: inTurn((_received, res) => {
        res.writeHead(200, { 'content-length': 100 })
        res.write('half of it', () => res.destroy())
      }, takesAll),
    })
    const { sink } = await send(server.url, ['a'])
    expect(server.requests.map(({ messages }) => messages)).toEqual([['a'], ['a']])
    expect(sink.stats.retries).toBe(1)
  })

  test('an endpoint that is not there yet gets everything once it is', async () => {
    const first = await receiver()
    const { port } = first.server.address() as AddressInfo
    await first.close()
    const tracker = new RecordingTracker()
    const sink = httpClientSink(first.url, quick)
    const done = pipeline(givingSource([tracker.batch(['a', 'b'])]), sink)
    const [{ reason }] = (await once(sink, 'retry')) as [{ reason: string }]
    expect(reason).toContain('nobody listens there')
    expect(tracker.mark).toBe(0)
    const second = await serve({ port })
    await done
    expect(second.taken).toEqual(['a', 'b'])
  })

  test('retries and maxRetryMs bound it: the pipeline fails and nothing is acknowledged', async () => {
    const server = await serve({ answer: answers(503) })
    for (const bound of [{ retries: 2 }, { maxRetryMs: 50 }]) {
      const tracker = new RecordingTracker()
      const sink = httpClientSink(server.url, { ...quick, ...bound })
      const sent = pipeline(givingSource([tracker.batch(['a'])]), sink)
      await expect(sent).rejects.toMatchObject({ code: 'UNDELIVERED' })
      expect(tracker.acknowledged).toEqual([])
      if ('retries' in bound) expect(server.requests).toHaveLength(3)
    }
  })

  test('a connection that the server closes just as it is used again costs no pause and acknowledges nothing wrongly', async () => {
    // Answers once per connection, and closes it unannounced when the next request comes.
    const used = new WeakSet<Socket>()
    const server = await serve({
      early: (req) => {
        const isReused = used.has(req.socket)
        used.add(req.socket)
        if (isReused) req.socket.destroy()
        return isReused
      },
    })
    const lines = numbered(10)
    const { sink, tracker } = await send(server.url, lines, {
      maxBatchEntries: 1,
      minRetryDelayMs: 60_000,
      maxRetryDelayMs: 60_000,
    })
    expect(server.taken).toEqual(lines)
    expect(tracker.mark).toBe(tracker.end)
    expect(sink.stats).toMatchObject({ entriesOut: 10, batches: 10 })
  })

  test('a server that closes idle connections after a ms loses nothing and repeats nothing', async () => {
    const server = await serve()
    server.server.keepAliveTimeout = 1
    const sink = httpClientSink(server.url, { ...quick, maxBatchDelayMs: 1 })
    const tracker = new RecordingTracker()
    async function* slowly() {
      for (const one of tracker.entries(numbered(40))) {
        yield one
        await new Promise((resolve) => setTimeout(resolve, 3))
      }
    }
    await pipeline(slowly(), sink)
    expect(server.taken).toEqual(numbered(40))
  })
})

describe('what is refused', () => {
  test.each([301, 302, 307, 308])(
    'W14: a redirect (%i) is neither followed nor tried again, and the error says where to',
    async (status) => {
      const elsewhere = await serve()
      const server = await serve({ answer: answers(status, { location: `${elsewhere.url}?token=secret` }) })
      const error = await send(server.url, ['a']).catch((error: Error) => error)
      expect(error).toMatchObject({ code: 'PEER_REFUSED' })
      expect((error as Error).message).toContain(`here ${elsewhere.url})`)
      expect((error as Error).message).not.toContain('secret')
      expect([server.requests.length, elsewhere.requests.length]).toEqual([1, 0])
    },
  )

  test.each([401, 403, 404, 405, 415, 501])(
    '%i fails the pipeline at once, and nothing is acknowledged',
    async (status) => {
      const server = await serve({ answer: answers(status, {}, { error: 'No', message: 'not like this' }) })
      const tracker = new RecordingTracker()
      const sent = pipeline(givingSource([tracker.batch(['a'])]), httpClientSink(server.url, quick))
      await expect(sent).rejects.toMatchObject({
        code: 'PEER_REFUSED',
        message: expect.stringContaining(`HTTP ${status}: not like this`),
      })
      expect(server.requests).toHaveLength(1)
      expect(tracker.acknowledged).toEqual([])
    },
  )

  test("with whenUndeliverable: 'reject' the entries go to deadLetter and the pipeline goes on", async () => {
    const server = await serve({ answer: inTurn(answers(403), takesAll) })
    const sink = httpClientSink(server.url, { ...quick, maxBatchEntries: 2, whenUndeliverable: 'reject' })
    const dead = collectingSink()
    const reading = pipeline(sink.deadLetter, dead)
    const tracker = new RecordingTracker()
    await pipeline(givingSource([tracker.batch(['a', 'b', 'c'])]), sink)
    await reading
    expect(dead.messages).toEqual(['a', 'b'])
    expect(server.taken).toEqual(['c'])
    expect(tracker.mark).toBe(tracker.end)
  })

  test('a batch of thousands that is rejected as a whole takes no longer than its entries', async () => {
    const server = await serve({ answer: answers(403) })
    const startedAt = performance.now()
    const { sink } = await send(server.url, numbered(5000), { whenUndeliverable: 'reject' })
    expect(sink.stats).toMatchObject({ rejected: 5000, dropped: { rejected: 5000 } })
    expect(performance.now() - startedAt).toBeLessThan(3000)
  })

  test('no secret is in what is told, even when the server repeats it', async () => {
    const server = await serve({
      answer: ({ headers }, res) =>
        answers(503, {}, `bad: ${headers.authorization} ${headers['x-api-key']}`)({} as never, res),
    })
    const secrets = ['tok-12345', 'key-98765']
    for (const given of [
      { bearer: 'tok-12345' },
      { bearer: async () => 'tok-12345' },
      { basic: { user: 'me', password: 'tok-12345' } },
    ]) {
      const told: unknown[] = []
      const sink = httpClientSink(`${server.url}?key=key-98765`, {
        ...quick,
        retries: 1,
        headers: { 'X-API-Key': 'key-98765' },
        ...given,
      })
      sink.on('retry', (retry) => told.push(retry)).on('warning', ({ message }) => told.push(message))
      const error = await pipeline(givingSource([entry('a')]), sink).catch((error: Error) => error)
      told.push((error as Error).message, sink.stats)
      expect(told).toHaveLength(4)
      const text = JSON.stringify(told)
      for (const secret of [...secrets, Buffer.from('me:tok-12345').toString('base64')])
        expect(text).not.toContain(secret)
      expect(text).toContain('[hidden]')
    }
    expect(server.requests[0]?.headers).toMatchObject({ authorization: 'Bearer tok-12345', 'x-api-key': 'key-98765' })
    expect(server.requests[0]?.req.url).toBe('/ingest?key=key-98765')
    expect(server.requests.at(-1)?.headers.authorization).toBe(
      `Basic ${Buffer.from('me:tok-12345').toString('base64')}`,
    )
  })

  test('a function for the token is asked each time, and one that fails is tried again', async () => {
    const server = await serve({ answer: inTurn(answers(503), takesAll) })
    let asked = 0
    const bearer = () => {
      asked++
      if (asked === 1) throw new Error('the vault is sealed')
      if (asked === 2) return 'line\nbreak'
      return `token-${asked}`
    }
    await send(server.url, ['a'], { bearer })
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-3', 'Bearer token-4'])
  })
})

describe('entries that are refused', () => {
  /** Refuses bodies of more than `max` entries. */
  const atMost = (max: number, status = 413): ReceiverOptions => ({
    answer: (received, res) => (received.messages.length > max ? answers(status) : takesAll)(received, res),
  })

  test('413 halves a batch, down to the entry, in order', async () => {
    const server = await serve(atMost(3))
    const lines = numbered(20)
    const { sink, tracker } = await send(server.url, lines)
    expect(server.taken).toEqual(lines)
    expect(sink.stats).toMatchObject({ rejected: 0, entriesOut: 20, batches: 1 })
    expect(tracker.mark).toBe(tracker.end)
  })

  test('413 for one entry alone rejects it', async () => {
    const server = await serve({
      answer: (received, res) => (received.body.length > 400 ? answers(413) : takesAll)(received, res),
    })
    const lines = [...numbered(5), 'x'.repeat(1000), ...numbered(5, 'after')]
    const { sink, tracker } = await send(server.url, lines)
    expect(server.taken).toEqual(lines.filter((line) => line.length < 1000))
    expect(sink.stats).toMatchObject({ rejected: 1, entriesOut: 10, dropped: { rejected: 1 } })
    expect(tracker.mark).toBe(tracker.end)
  })

  test('a large body that only ever gets its connection cut is halved too', async () => {
    const server = await serve({
      early: (req) => {
        if (Number(req.headers['content-length']) < 50_000) return false
        req.socket.destroy()
        return true
      },
    })
    const lines = numbered(2000)
    await send(server.url, lines)
    expect(server.taken).toEqual(lines)
  })

  test('413 that comes before the body was read, and a connection closed after it, halve it as well', async () => {
    const server = await serve({
      early: (req, res) => {
        if (Number(req.headers['content-length']) < 300_000) return false
        res.writeHead(413, { connection: 'close' }).end(() => req.socket.destroy())
        return true
      },
    })
    const lines = numbered(2000).map((line) => `${line} ${'x'.repeat(2000)}`)
    const { sink } = await send(server.url, lines, { maxBatchBytes: 8_000_000 })
    expect(server.taken).toEqual(lines)
    expect(sink.stats).toMatchObject({ rejected: 0, entriesOut: 2000 })
  })

  /** Refuses bodies with an entry that says `bad`, all or nothing. */
  const refusing = (status: number, names: boolean): ReceiverOptions => ({
    answer: (received, res) => {
      const index = received.messages.findIndex((message) => message.includes('bad'))
      const answer = index === -1 ? takesAll : answers(status, {}, { message: 'bad entry', ...(names && { index }) })
      return answer(received, res)
    },
  })

  test.each([
    [400, false],
    [422, false],
    [400, true],
  ])('%i takes a batch apart until what is refused is alone (the answer names it: %s)', async (status, names) => {
    const server = await serve(refusing(status, names))
    const lines = numbered(200).map((line, n) => ([0, 77, 78, 199].includes(n) ? `bad ${n}` : line))
    const rejected: string[] = []
    const { sink, tracker } = await send(server.url, lines, {}, (sink) =>
      sink.on('reject', ({ entry, reason, status, endpoint }) =>
        rejected.push(`${entry.message} ${status} ${reason} ${endpoint}`),
      ),
    )
    expect(server.taken).toEqual(lines.filter((line) => !line.startsWith('bad')))
    expect(rejected).toEqual([0, 77, 78, 199].map((n) => `bad ${n} ${status} HTTP ${status}: bad entry ${server.url}`))
    expect(server.requests.length).toBeLessThan(names ? 20 : 60)
    expect(sink.stats).toMatchObject({
      entriesIn: 200,
      entriesOut: 196,
      dropped: { rejected: 4 },
      entriesHeld: 0,
      warnings: 1,
    })
    expect(tracker.mark).toBe(tracker.end)
  })

  test('an index that names the wrong entry rejects nobody but who is refused alone', async () => {
    const server = await serve({
      answer: (received, res) => {
        const isBad = received.messages.includes('bad')
        return (isBad ? answers(400, {}, { index: 0 }) : takesAll)(received, res)
      },
    })
    const { sink } = await send(server.url, ['a', 'b', 'bad', 'c'])
    expect(server.taken.toSorted()).toEqual(['a', 'b', 'c'])
    expect(sink.stats.rejected).toBe(1)
  })

  test('without isolateRejected the whole batch is rejected', async () => {
    const server = await serve(refusing(400, true))
    const { sink } = await send(server.url, ['a', 'bad', 'c', 'd'], { isolateRejected: false, maxBatchEntries: 3 })
    expect(server.taken).toEqual(['d'])
    expect(sink.stats).toMatchObject({ rejected: 3, entriesOut: 1 })
  })

  test('what an accepting answer names as left out is rejected, when its numbers add up', async () => {
    const leavesOut = { accepted: 2, total: 3, errors: [{ line: 2, message: 'no date' }] }
    const server = await serve({
      answer: inTurn(answers(202, {}, leavesOut), answers(200, {}, { ...leavesOut, total: 9 })),
    })
    const reasons: string[] = []
    const { sink } = await send(server.url, ['a', 'b', 'c', 'd', 'e', 'f'], { maxBatchEntries: 3 }, (sink) =>
      sink.on('reject', ({ entry, reason }) => reasons.push(`${entry.message}: ${reason}`)),
    )
    expect(reasons).toEqual(['b: no date'])
    expect(sink.stats).toMatchObject({ rejected: 1, entriesOut: 5 })
  })

  test('of an accepting answer that names only some of what it left out the others are found', async () => {
    const server = await serve({
      answer: ({ messages }, res) => {
        const bad = messages.flatMap((message, entry) => (message.includes('bad') ? [{ entry, message: 'no' }] : []))
        const value = { accepted: messages.length - bad.length, total: messages.length, errors: bad.slice(0, 2) }
        answers(bad.length === messages.length ? 400 : 202, {}, value)({} as never, res)
      },
    })
    const lines = numbered(40).map((line, n) => (n % 4 === 0 ? `bad ${n}` : line))
    const rejected = new Set<string>()
    const { sink } = await send(server.url, lines, {}, (sink) =>
      sink.on('reject', ({ entry }) => rejected.add(entry.message)),
    )
    expect([...rejected]).toEqual(lines.filter((line) => line.startsWith('bad')))
    expect(sink.stats).toMatchObject({ rejected: 10, entriesOut: 30 })
    expect(new Set(server.taken.filter((line) => !line.startsWith('bad')))).toEqual(
      new Set(lines.filter((line) => !line.startsWith('bad'))),
    )
  })

  test('deadLetter has the entry, why, and its id, but not its way back; and ends with the sink', async () => {
    const server = await serve(refusing(422, false))
    const sink = httpClientSink(server.url, quick)
    const dead: LogEntry[] = []
    const reading = (async () => {
      for await (const one of sink.deadLetter) dead.push(one)
    })()
    const tracker = new RecordingTracker()
    const [first, second] = tracker.entries(['fine', 'a bad one']) as [LogEntry, LogEntry]
    await pipeline(givingSource([first, { ...second, fields: { user: 'me' } }]), sink)
    await reading
    expect(dead).toEqual([
      {
        time: second.time,
        source: second.source,
        level: undefined,
        message: 'a bad one',
        fields: {
          user: 'me',
          'logwisp.rejected': {
            stage: 'httpClientSink',
            reason: 'HTTP 422: bad entry',
            status: 422,
            endpoint: server.url,
            id: second.origin?.id,
          },
        },
      },
    ])
    expect(sink.deadLetter.stats).toMatchObject({ entriesIn: 1, entriesOut: 1, entriesHeld: 0 })
  })

  test('a deadLetter that was asked for and is not read holds the sink back, and loses nothing', async () => {
    const server = await serve(refusing(400, true))
    const lines = numbered(400, 'bad')
    const sink = httpClientSink(server.url, { ...quick, maxBatchEntries: 10 })
    const { deadLetter } = sink
    const tracker = new RecordingTracker()
    const done = pipeline(givingSource(tracker.entries(lines)), sink)
    deadLetter.once('readable', () => {})
    await expect.poll(() => deadLetter.readableLength).toBeGreaterThanOrEqual(deadLetter.readableHighWaterMark)
    // A batch that is being taken apart when the reader is full is taken apart to its end; then no request follows.
    let requests = -1
    await expect
      .poll(() => requests === (requests = server.requests.length) && sink.stats.inFlight === 0, { interval: 50 })
      .toBe(true)
    expect(sink.stats.rejected).toBeLessThan(40)
    expect(tracker.mark).toBeLessThan(tracker.end)
    const dead = collectingSink()
    await Promise.all([pipeline(deadLetter, dead), done])
    expect(dead.messages).toEqual(lines)
    expect(tracker.mark).toBe(tracker.end)
  })

  test('a deadLetter whose reader went away is no longer waited for', async () => {
    const server = await serve(refusing(400, true))
    const sink = httpClientSink(server.url, { ...quick, maxBatchEntries: 10 })
    sink.deadLetter.destroy()
    const tracker = new RecordingTracker()
    await pipeline(givingSource(tracker.entries(numbered(100, 'bad'))), sink)
    expect(sink.stats).toMatchObject({ rejected: 100, dropped: { rejected: 100 } })
    expect(tracker.mark).toBe(tracker.end)
  })
})

describe('ends', () => {
  test('the end waits for what is not delivered, for drainTimeoutMs, and then fails with what is left', async () => {
    const server = await serve({ answer: () => {} })
    const tracker = new RecordingTracker()
    const sent = pipeline(
      givingSource([tracker.batch(['a', 'b'])]),
      httpClientSink(server.url, { ...quick, drainTimeoutMs: 50 }),
    )
    await expect(sent).rejects.toMatchObject({ code: 'UNDELIVERED', message: expect.stringMatching(/^2 entries/) })
    expect(tracker.acknowledged).toEqual([])
  })

  test('destroy() cancels requests at once and leaves nothing behind', async () => {
    const server = await serve({ answer: () => {} })
    await leavesNothing(5000, async () => {
      const sink = httpClientSink(server.url, { ...quick, maxInFlight: 4, maxBatchEntries: 1 })
      for (const one of new RecordingTracker().entries(numbered(8))) sink.write(one, () => {})
      await expect.poll(() => sink.stats.inFlight).toBe(4)
      await expect.poll(() => server.requests.length).toBe(4)
      const cut = once(server.requests[0]?.req.socket as Socket, 'close')
      sink.destroy()
      await once(sink, 'close')
      await cut
      expect(sink.stats.entriesHeld).toBe(sink.stats.entriesIn)
      await server.close()
    })
  })

  test('destroy() ends a pause, and a wait for the token', async () => {
    const server = await serve({ answer: answers(503, { 'retry-after': '300' }) })
    for (const options of [{}, { bearer: () => new Promise<string>(() => {}) }]) {
      const sink = httpClientSink(server.url, { ...quick, ...options })
      sink.write(entry('a'), () => {})
      await (options.bearer === undefined ? once(sink, 'retry') : expect.poll(() => sink.stats.inFlight).toBe(1))
      sink.destroy()
      await once(sink, 'close')
    }
  })
})

describe('several endpoints', () => {
  test('failover: the next one takes over at once, and the first is gone back to when it heals', async () => {
    const first = await serve({ answer: answers(503) })
    const second = await serve()
    const tracker = new RecordingTracker()
    const sink = httpClientSink([first.url, second.url], { ...quick, maxBatchEntries: 1 })
    const moves: string[] = []
    sink.on('failover', ({ from, to }) => moves.push(`${from} > ${to}`))
    const entries = tracker.entries(numbered(1000))
    let n = 0
    async function* flow() {
      while (first.taken.length === 0 && n < 1000) {
        if (n === 20) first.answer = takesAll
        yield entries[n++] as LogEntry
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      yield entries[n++] as LogEntry
    }
    await pipeline(flow(), sink)
    expect(moves).toEqual([`${first.url} > ${second.url}`, `${second.url} > ${first.url}`])
    expect([...second.taken, ...first.taken]).toEqual(numbered(n))
    expect(sink.stats.endpoints).toMatchObject([
      { url: first.url, state: 'healthy' },
      { url: second.url, failed: 0 },
    ])
  })

  test('an endpoint that hangs costs one request its time; it is found out about beside the batches after that', async () => {
    let asked = 0
    const hung = await serve({
      early: () => {
        asked++
        return true
      },
    })
    const works = await serve()
    const sink = httpClientSink([hung.url, works.url], { ...quick, maxBatchEntries: 1, requestTimeoutMs: 300 })
    const startedAt = performance.now()
    await pipeline(givingSource(new RecordingTracker().entries(numbered(100))), sink)
    expect(works.taken).toEqual(numbered(100))
    expect(asked).toBeGreaterThanOrEqual(1)
    expect(hung.taken).toEqual([])
    expect(performance.now() - startedAt).toBeLessThan(3000)
  })

  test('round-robin shares the batches, and leaves out who fails', async () => {
    const servers = [await serve(), await serve({ answer: answers(500) }), await serve()]
    const lines = numbered(60)
    const { tracker } = await send(
      servers.map(({ url }) => url),
      lines,
      { strategy: 'round-robin', maxBatchEntries: 1, minRetryDelayMs: 60_000, maxRetryDelayMs: 60_000 },
    )
    const [a, b, c] = servers.map(({ taken }) => taken.length) as [number, number, number]
    expect([a + c, b]).toEqual([60, 0])
    expect(Math.abs(a - c)).toBeLessThanOrEqual(3)
    expect(servers.flatMap(({ taken }) => taken).toSorted()).toEqual(lines.toSorted())
    expect(tracker.mark).toBe(tracker.end)
  })

  test('the pipeline fails only when all of them refuse', async () => {
    const refuses = await serve({ answer: answers(401) })
    const works = await serve()
    await send([refuses.url, works.url], ['a'])
    expect(works.taken).toEqual(['a'])
    const also = await serve({ answer: answers(404) })
    await expect(send([refuses.url, also.url], ['a'])).rejects.toMatchObject({ code: 'PEER_REFUSED' })
  })
})

describe('a chain to another LogWisp', () => {
  async function chain(source: HttpSource, lines: readonly string[], options: HttpClientSinkOptions = {}) {
    const got = collectingSink()
    const receiving = pipeline(source, got)
    const [{ port }] = (await once(source, 'listening')) as [AddressInfo]
    const run = await send(`http://127.0.0.1:${port}/ingest`, lines, options)
    source.stop()
    await receiving
    return { ...run, got }
  }

  test.each<HttpClientSinkOptions>([
    {},
    { respond: 'delivered' },
    { body: 'array' },
    { format: 'raw' },
    { compress: 'gzip', maxInFlight: 4, maxBatchEntries: 100 },
  ])('everything arrives once, with its id: %j', async (options) => {
    const lines = numbered(1000)
    const { sink, tracker, got } = await chain(httpSource({ port: 0 }), lines, options)
    expect(got.messages.toSorted()).toEqual(lines.toSorted())
    if (options.format !== 'raw') {
      expect(new Set(got.entries.map(({ origin }) => origin?.id)).size).toBe(1000)
      expect(got.entries.find(({ message }) => message === 'line 0')?.origin?.id).toBe('sample.log:0')
    }
    expect(sink.stats).toMatchObject({ retries: 0, rejected: 0, warnings: 0, entriesOut: 1000 })
    expect(tracker.mark).toBe(tracker.end)
  })

  test.each(['reject-all', 'skip'] as const)(
    'what it refuses is found and rejected, the rest arrives once: %s',
    async (whenInvalid) => {
      const lines = numbered(300).map((line, n) => (n % 20 === 7 ? `${line} ${'x'.repeat(2000)}` : line))
      const { sink, tracker, got } = await chain(httpSource({ port: 0, whenInvalid, maxEntryBytes: 1000 }), lines)
      expect(got.messages).toEqual(lines.filter((line) => line.length < 100))
      expect(sink.stats).toMatchObject({ rejected: 15, entriesOut: 285 })
      expect(tracker.mark).toBe(tracker.end)
    },
  )

  test('a body that is larger than it takes is halved', async () => {
    const lines = numbered(300)
    const { sink, got } = await chain(httpSource({ port: 0, maxBodyBytes: 5000, maxEntryBytes: 1000 }), lines)
    expect(got.messages).toEqual(lines)
    expect(sink.stats.rejected).toBe(0)
  })

  test("respond: 'delivered' is asked for, and its absence told of once", async () => {
    const server = await serve({ answer: inTurn(answers(200), takesAll) })
    const { sink } = await send(server.url, ['a', 'b', 'c'], { respond: 'delivered', maxBatchEntries: 1 })
    expect(server.requests.map(({ headers }) => headers['prefer'])).toEqual(Array(3).fill('respond-delivered'))
    expect(sink.stats.warnings).toBe(1)
  })
})

test('what a format throws kills the sink, also when its entry had to wait', async () => {
  let answerFirst = (): void => {}
  const server = await serve({ answer: (received, res) => void (answerFirst = () => takesAll(received, res)) })
  const format = ({ message }: LogEntry): string => {
    if (message === 'line 5') throw new Error('cannot format this')
    return message
  }
  const tracker = new RecordingTracker()
  const sink = httpClientSink(server.url, { ...quick, format, maxBatchEntries: 1 })
  const sent = pipeline(givingSource([tracker.batch(numbered(10))]), sink).catch((error: Error) => error)
  for (let n = 1; !sink.destroyed; n++) {
    await expect.poll(() => sink.destroyed || server.requests.length === n).toBe(true)
    if (!sink.destroyed) answerFirst()
  }
  expect(await sent).toMatchObject({ message: 'cannot format this' })
  expect(tracker.mark).toBeLessThan(tracker.end)
})

test('adaptiveConcurrency uses more requests for a receiver that can, up to maxInFlight, and all arrives', async () => {
  let most = 0
  let underWay = 0
  const server = await serve({
    answer: (received, res) => {
      most = Math.max(most, ++underWay)
      setTimeout(() => {
        underWay--
        takesAll(received, res)
      }, 5)
    },
  })
  const lines = numbered(300)
  const { tracker } = await send(server.url, lines, { adaptiveConcurrency: true, maxInFlight: 8, maxBatchEntries: 1 })
  expect(most).toBe(8)
  expect(server.taken.toSorted()).toEqual(lines.toSorted())
  expect(tracker.mark).toBe(tracker.end)
})

test('several requests at once are acknowledged in order, whatever the order of the answers', async () => {
  const waiting: (() => void)[] = []
  const server = await serve({ answer: (received, res) => void waiting.push(() => takesAll(received, res)) })
  const tracker = new RecordingTracker()
  const sink = httpClientSink(server.url, { ...quick, maxInFlight: 3, maxBatchEntries: 1 })
  const done = pipeline(givingSource(tracker.entries(['a', 'b', 'c'])), sink)
  await expect.poll(() => waiting.length).toBe(3)
  const answer = (message: string): void => {
    const index = server.requests.findIndex(({ messages }) => messages[0] === message)
    waiting[index]?.()
  }
  answer('c')
  await expect.poll(() => server.taken).toEqual(['c'])
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(tracker.acknowledged).toEqual([])
  answer('a')
  await expect.poll(() => tracker.acknowledged.map(({ id }) => id)).toEqual(['sample.log:0'])
  answer('b')
  await done
  expect(tracker.mark).toBe(tracker.end)
})

test('a slow endpoint makes the source wait: no more is held than is under way and two batches', async () => {
  const server = await serve({ answer: () => {} })
  const sink = httpClientSink(server.url, { ...quick, maxBatchEntries: 10 })
  const tracker = new RecordingTracker()
  const sent = pipeline(givingSource(tracker.entries(numbered(1000))), sink).catch((error: Error) => error)
  await expect.poll(() => sink.stats.inFlight).toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 50))
  // And the 16 that a Writable has in hand.
  expect(sink.stats.entriesHeld).toBeLessThanOrEqual(30 + 16)
  sink.destroy()
  await sent
})

test('batches without lines are acknowledged after what came before them, and fill no memory meanwhile', async () => {
  const answerAll: (() => void)[] = []
  const server = await serve({ answer: (received, res) => void answerAll.push(() => takesAll(received, res)) })
  const tracker = new RecordingTracker()
  const other = new RecordingTracker('other.log')
  const sink = httpClientSink(server.url, { ...quick, maxBatchEntries: 1 })
  const mark = (of: RecordingTracker) => of.batch(['dropped']).withoutLines()
  sink.write(mark(tracker))
  expect(tracker.mark).toBe(tracker.end)
  const before = tracker.mark
  sink.write(tracker.batch(['a']))
  await expect.poll(() => answerAll.length).toBe(1)
  for (let n = 0; n < 1000; n++) {
    sink.write(mark(tracker))
    sink.write(mark(other))
  }
  await new Promise((resolve) => setImmediate(resolve))
  expect(tracker.mark).toBe(before)
  answerAll[0]?.()
  await expect.poll(() => other.mark).toBe(other.end)
  expect(tracker.mark).toBe(tracker.end)
  // One for the entries, one for the marks of each source.
  expect(tracker.acknowledged.length + other.acknowledged.length).toBeLessThan(10)
  sink.end()
  await once(sink, 'finish')
})

test('something that speaks no HTTP is a failure like any other', async () => {
  const server = createTcpServer((socket) =>
    socket
      .on('error', () => {})
      .resume()
      .end('220 mail.example ESMTP\r\n'),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const error = await send(`http://127.0.0.1:${port}/`, ['a'], { retries: 1 }).catch((error: Error) => error)
  expect(error).toMatchObject({ code: 'UNDELIVERED' })
  server.close()
  await once(server, 'close')
})
