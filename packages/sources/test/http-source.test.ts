/** httpSource, asked by real clients over real sockets. */

import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import * as zlib from 'node:zlib'
import { encodeEntry, encodeEntryWithId, entryTransform, type LogEntry, type LogwispError } from '@logwisp/core'
import type { AccessControl, Refusal } from '@logwisp/core/server'
import { afterEach, describe, expect, test } from 'vitest'
import { type HttpSourceOptions, httpSource } from '../src/index.ts'
import { KeepingSink, post, rawConnection, type Serving, serving } from './http-client.ts'

const running: Serving[] = []

async function start(options: HttpSourceOptions = {}, sink = new KeepingSink()): Promise<Serving> {
  const server = await serving((source, sink) => pipeline(source, sink), options, sink)
  running.push(server)
  return server
}

afterEach(async () => {
  for (const { source, sink, done } of running.splice(0)) {
    sink.release()
    source.destroy()
    await done.catch(() => {})
  }
})

const json = { 'content-type': 'application/json' }
const ndjson = { 'content-type': 'application/x-ndjson' }
const text = { 'content-type': 'text/plain' }
const lines = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, index) => `${JSON.stringify({ message: `m${from + index}` })}\n`).join('')

function books({ source }: Serving): void {
  const { entriesIn, entriesOut, entriesDropped, entriesHeld } = source.stats
  expect(entriesIn).toBe(entriesOut + entriesDropped + entriesHeld)
}

describe('bodies', () => {
  test('takes an object, an array, NDJSON and lines, and answers with true numbers', async () => {
    const server = await start()
    const { port, sink } = server
    const answers = [
      await post(port, '{"message":"one","level":"warn"}', { headers: json }),
      await post(port, '[{"message":"two"},{"msg":"three"}]', { headers: json }),
      await post(port, '{"message":"four"}\r\n\n{"message":"five"}', { headers: ndjson }),
      await post(port, 'six ERROR\r\nseven', { headers: text }),
    ]
    expect(answers.map(({ status, json }) => [status, json])).toEqual(
      [1, 2, 2, 2].map((n) => [202, { accepted: n, total: n }]),
    )
    expect(await sink.received(7)).toEqual(['one', 'two', 'three', 'four', 'five', 'six ERROR', 'seven'])
    expect(sink.entries[0]).toMatchObject({ level: 'warn', source: 'http' })
    expect(sink.entries[5]).toMatchObject({ level: 'error', source: 'http' })
    books(server)
  })

  test.each([
    ['an object', '{"message":"a"}', ['a']],
    ['an object over several lines', '{\n  "message": "a"\n}\n', ['a']],
    ['an array', ' \n[ {"message":"a"},\n{"message":"b"}]', ['a', 'b']],
    ['NDJSON', '{"message":"a"}\n{"message":"b"}\n', ['a', 'b']],
    ['NDJSON with a byte order mark', '\ufeff{"message":"a"}\n{"message":"b"}\n', ['a', 'b']],
    ['plain lines', 'a\nb', ['a', 'b']],
    ['plain lines that begin with a bracket', '[error] a\n{b}', ['[error] a', '{b}']],
  ])('finds out by itself what is sent as nothing in particular: %s', async (_, body, messages) => {
    const { port, sink } = await start()
    for (const headers of [{}, { 'content-type': 'application/x-www-form-urlencoded' }]) {
      expect(await post(port, body, { headers })).toMatchObject({ status: 202, json: { accepted: messages.length } })
    }
    expect(await sink.received(2 * messages.length)).toEqual([...messages, ...messages])
  })

  const packed: [string, (bytes: Buffer) => Buffer][] = [
    ['gzip', (bytes) => zlib.gzipSync(bytes)],
    ['deflate', (bytes) => zlib.deflateSync(bytes)],
    ['deflate', (bytes) => zlib.deflateRawSync(bytes)],
    ['br', (bytes) => zlib.brotliCompressSync(bytes)],
  ]
  const { zstdCompressSync } = zlib as unknown as { zstdCompressSync?: (bytes: Buffer) => Buffer }
  if (zstdCompressSync !== undefined) packed.push(['zstd', zstdCompressSync])
  test.each(packed)('unpacks %s', async (coding, pack) => {
    const { port, sink } = await start()
    const body = pack(Buffer.from(lines(2000)))
    const answer = await post(port, body, { headers: { ...ndjson, 'content-encoding': coding } })
    expect(answer).toMatchObject({ status: 202, json: { accepted: 2000, total: 2000 } })
    expect((await sink.received(2000))[1999]).toBe('m1999')
  })

  test('zstd is refused with the codings that are understood, where Node lacks it', async () => {
    const { port } = await start()
    const answer = await post(port, 'x', { headers: { 'content-encoding': zstdCompressSync ? 'lzma' : 'zstd' } })
    expect(answer.status).toBe(415)
    expect(answer.headers['accept-encoding']).toContain('gzip, deflate, br')
  })

  test('a compressed bomb is stopped when it has unpacked to the limit', async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(200_000_000, ' '), { level: 6 })
    expect(bomb.length).toBeLessThan(1_000_000)
    for (const whenInvalid of ['skip', 'reject-all'] as const) {
      const { port, source, sink } = await start({ whenInvalid, maxBodyBytes: 1_000_000 })
      const before = process.memoryUsage().rss
      const answer = await post(port, bomb, { headers: { ...ndjson, 'content-encoding': 'gzip' } })
      expect(answer).toMatchObject({ status: 413, json: { message: expect.stringContaining('1000000 bytes') } })
      expect(source.stats.bytesIn).toBeLessThanOrEqual(1_000_000)
      expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
      expect(sink.messages).toEqual([])
    }
  })

  test('packed bytes that unpack to nothing are not read for ever', async () => {
    const { port } = await start({ maxBodyBytes: 100_000 })
    // Empty stored blocks, one after another.
    const nothing = Buffer.concat([
      zlib.gzipSync('').subarray(0, 10),
      Buffer.alloc(1_000_000, Buffer.from([0, 0, 0, 0xff, 0xff])),
    ])
    const pieces = Array.from({ length: 20 }, (_, i) => nothing.subarray(i * 50_000, (i + 1) * 50_000))
    const answer = await post(port, pieces, { headers: { ...ndjson, 'content-encoding': 'gzip' } })
    expect(answer.status).toBe(413)
  })

  test('a body that is not packed as it says is a 400', async () => {
    const { port, sink } = await start()
    for (const coding of ['gzip', 'deflate', 'br']) {
      const answer = await post(port, Buffer.from('{"message":"a"}'), { headers: { 'content-encoding': coding } })
      expect(answer).toMatchObject({ status: 400, json: { message: expect.stringContaining('not packed') } })
    }
    const cut = zlib.gzipSync(lines(1000)).subarray(0, 500)
    expect((await post(port, cut, { headers: { ...ndjson, 'content-encoding': 'gzip' } })).status).toBe(400)
    expect(sink.messages).toEqual([])
  })

  test('numbers keep their digits', async () => {
    const { port, sink } = await start()
    await post(port, '[{"message":"a","n":12345678901234567890}]')
    await sink.received(1)
    expect(sink.entries[0]?.fields).toEqual({ n: 12345678901234567890n })
  })

  test('adds who sent it when asked to, whatever the sender says', async () => {
    const { port, sink } = await start({ addSender: true })
    await post(port, '{"message":"a","peer":"forged","peer_":1}')
    await post(port, 'b', { headers: text })
    await sink.received(2)
    expect(sink.entries.map(({ fields }) => fields)).toEqual([
      { peer: '127.0.0.1', peer_: 1, peer__: 'forged' },
      { peer: '127.0.0.1' },
    ])
  })
})

describe('W1: nothing that is sent ends the process', () => {
  test('W1: an empty array is taken, and is nothing', async () => {
    for (const whenInvalid of ['skip', 'reject-all'] as const) {
      const { port, source } = await start({ whenInvalid })
      for (const body of ['[]', ' [ ] ', '[\n]\n']) {
        expect(await post(port, body)).toMatchObject({ status: 202, json: { accepted: 0, total: 0 } })
      }
      expect(await post(port, '[]', { headers: { prefer: 'respond-delivered' } })).toMatchObject({ status: 200 })
      expect(await post(port, '[]', { headers: json })).toMatchObject({ status: 202 })
      expect(source.destroyed).toBe(false)
    }
  })

  test('W1: an empty body, and one of blank lines, is a 400', async () => {
    const { port } = await start()
    for (const headers of [{}, json, ndjson, text, { ...ndjson, 'content-encoding': 'gzip' }]) {
      expect(await post(port, '', { headers })).toMatchObject({
        status: 400,
        json: { message: expect.stringContaining('empty') },
      })
    }
    for (const headers of [{}, json, ndjson]) expect((await post(port, '\n \r\n', { headers })).status).toBe(400)
  })

  test('W1: no JSON of any kind does either', async () => {
    const { port } = await start()
    const bodies = [
      'null',
      '0',
      '"text"',
      '[[]]',
      '[null]',
      '[1,2]',
      '{}',
      '[{}]',
      '[',
      '{',
      '{"message"',
      '[{"message":"a"},]',
      '[,]',
      ']',
      '[]x',
      '{"message":"a"}x',
    ]
    for (const headers of [json, ndjson]) {
      for (const body of bodies) expect((await post(port, body, { headers })).status, body).toBe(400)
      expect((await post(port, '['.repeat(5000), { headers })).status).toBe(400)
      expect((await post(port, `{"message":"a","a":${'['.repeat(5000)}${']'.repeat(5000)}}`, { headers })).status).toBe(
        400,
      )
    }
    expect((await post(port, '{"message":"still here"}')).status).toBe(202)
  })
})

test('W7: time, level, source and fields survive a chain of two', async () => {
  const first = await start()
  const second = await start()
  const entry: LogEntry = {
    time: Date.UTC(2026, 0, 31, 23, 59, 59, 7),
    source: 'app.log',
    level: 'error',
    message: 'm',
    fields: { a: [1, { b: null }], timestamp: 'inner', big: 2n ** 70n },
  }
  await post(first.port, encodeEntry(entry), { headers: ndjson })
  await first.sink.received(1)
  await post(second.port, encodeEntry(first.sink.entries[0] as LogEntry), { headers: ndjson })
  await second.sink.received(1)
  expect(second.sink.entries[0]).toStrictEqual(entry)
})

test('W7: a message that is the text of a JSON object stays text, and refuses nobody', async () => {
  const { port, sink } = await start()
  const message = '{"time":"2020-01-01T00:00:00Z","message":"inner","level":"fatal"}'
  const entries = [{ message: 'before' }, { message }, { message: 'after' }]
  expect(await post(port, JSON.stringify(entries))).toMatchObject({ status: 202, json: { accepted: 3 } })
  expect(await sink.received(3)).toEqual(['before', message, 'after'])
  expect(sink.entries[1]?.level).toBeUndefined()
})

test('W9c: a single message of 20 MB is refused, and costs no memory', async () => {
  for (const whenInvalid of ['skip', 'reject-all'] as const) {
    const { port, sink } = await start({ whenInvalid, maxBodyBytes: 32 * 1024 * 1024 })
    const piece = Buffer.alloc(65_536, 'x')
    // Sent in pieces, so that it is not all of the process's memory by itself.
    for (const [headers, head] of [
      [ndjson, '{"message":"'],
      [json, '[{"message":"'],
      [text, ''],
    ] as const) {
      const before = process.memoryUsage().rss
      const answer = await post(port, [Buffer.from(head), ...Array<Buffer>(320).fill(piece), Buffer.from('"}')], {
        headers,
      })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(JSON.stringify(answer.json)).toMatch(/longer than 1048576 bytes|the body ends/)
      expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
    }
    expect(sink.messages).toEqual([])
  }
})

test('W28: a port that is in use ends the pipeline with an error that says so', async () => {
  const { port } = await start()
  const error: LogwispError = await pipeline(httpSource({ port }), new KeepingSink()).then(
    () => expect.unreachable(),
    (error) => error,
  )
  expect(error).toMatchObject({ code: 'LISTEN_FAILED', message: expect.stringContaining('in use') })
})

describe('bad entries', () => {
  test('reject-all takes nothing, and says which line or entry it is', async () => {
    const { port, sink, source } = await start()
    const body = `${lines(3)}{"level":"info"}\n${lines(2)}`
    expect(await post(port, body, { headers: ndjson })).toMatchObject({
      status: 400,
      json: {
        error: 'Bad Request',
        message: expect.stringMatching(/^line 4: .*`message`/),
        accepted: 0,
        errors: [{ line: 4 }],
      },
    })
    expect(await post(port, '[{"message":"a"},{"message":"b"},{}]')).toMatchObject({
      status: 400,
      json: { message: expect.stringMatching(/^entry 2: /), errors: [{ entry: 2 }] },
    })
    expect(await post(port, '{"message":"a"}\n{"message":', { headers: ndjson })).toMatchObject({
      status: 400,
      json: { message: expect.stringMatching(/^line 2: expected JSON/) },
    })
    await post(port, '{"message":"good"}')
    expect(await sink.received(1)).toEqual(['good'])
    expect(source.stats).toMatchObject({ entriesIn: 1, requests: { accepted: 1, refused: { 400: 3 } } })
  })

  test('skip takes the others, and lists the first ten bad ones', async () => {
    const server = await start({ whenInvalid: 'skip' })
    const { port, sink, source } = server
    const bad = '{"level":"info"}\n'.repeat(30)
    const answer = await post(port, `${lines(2)}${bad}{"message":"last"}`, { headers: ndjson })
    expect(answer).toMatchObject({ status: 202, json: { accepted: 3, total: 33 } })
    expect(answer.json.errors).toHaveLength(10)
    expect(answer.json.errors[0]).toMatchObject({ line: 3, message: expect.stringContaining('`message`') })
    expect(await sink.received(3)).toEqual(['m0', 'm1', 'last'])
    expect(source.stats).toMatchObject({ entriesIn: 33, dropped: { invalid: 30 } })
    books(server)
  })

  test('skip: when none is good it is a 400, and an array that breaks off is one with what was taken', async () => {
    const { port, sink } = await start({ whenInvalid: 'skip' })
    expect(await post(port, '{}\n{}', { headers: ndjson })).toMatchObject({
      status: 400,
      json: { accepted: 0, total: 2 },
    })
    expect(await post(port, '[{"message":"a"},{"message":"b"},{"message":tru},{"message":"c"}]')).toMatchObject({
      status: 400,
      json: { accepted: 2, message: expect.stringMatching(/^entry 2: expected JSON/) },
    })
    expect(await sink.received(2)).toEqual(['a', 'b'])
  })

  test('an entry at the limit is taken, and one above it is not', async () => {
    const entry = (bytes: number): string => JSON.stringify({ message: 'x'.repeat(bytes - 14) })
    for (const [headers, wrap] of [
      [ndjson, (body: string) => body],
      [ndjson, (body: string) => `${body}\r\n`],
      [json, (body: string) => `[ ${body} ]`],
      [text, (body: string) => body],
    ] as const) {
      const { port } = await start({ maxEntryBytes: 64 })
      expect((await post(port, wrap(entry(64)), { headers })).status).toBe(202)
      expect((await post(port, wrap(entry(65)), { headers })).status).toBe(413)
      const skipping = await start({ maxEntryBytes: 64, whenInvalid: 'skip' })
      if (headers === json) continue
      const answer = await post(skipping.port, `${entry(64)}\n${entry(65)}\n${entry(60)}\n`, { headers })
      expect(answer).toMatchObject({ status: 202, json: { accepted: 2, total: 3, errors: [{ line: 2 }] } })
    }
  })
})

describe('heads', () => {
  test('refuses what it can not read before the body comes', async () => {
    const { port } = await start({ maxBodyBytes: 1000 })
    const cases: [number, Record<string, string>, RegExp][] = [
      [415, { 'content-type': 'image/png' }, /image\/png/],
      [415, { 'content-type': 'application/json; charset=latin1' }, /latin1/],
      [415, { 'content-encoding': 'gzip, br' }, /Content-Encoding/],
      [413, { 'content-length': '1001' }, /1000 bytes/],
      [400, { 'idempotency-key': 'k'.repeat(256) }, /Idempotency-Key/],
    ]
    for (const [status, headers, message] of cases) {
      const raw = await rawConnection(port)
      const all = { host: 'localhost', 'content-length': '100', ...headers, expect: '100-continue' }
      const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
      await raw.write(`POST /ingest HTTP/1.1\r\n${head.join('')}\r\n`)
      expect(Number((await raw.until(/HTTP\/1.1 (\d+) /))[1])).toBe(status)
      // No `100 Continue` before, and the connection is closed, since the body may come or not.
      const answer = await raw.closed()
      expect(answer).toMatch(/^HTTP\/1.1 4/)
      expect(answer).toMatch(/connection: close/i)
      expect(answer).toMatch(message)
    }
  })

  test('UTF-8 is read however it is spelled', async () => {
    const { port } = await start()
    for (const charset of ['utf-8', 'UTF8', '"utf-8"', 'us-ascii']) {
      expect(
        (await post(port, '{"message":"é"}', { headers: { 'content-type': `application/json; charset=${charset}` } }))
          .status,
      ).toBe(202)
    }
  })

  test('a client that waits to be told gets `100 Continue` once, and then its answer', async () => {
    const { port, sink } = await start()
    const raw = await rawConnection(port)
    await raw.write(
      'POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n',
    )
    await raw.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/)
    await raw.write('{"message":"a"}')
    expect(await raw.closed()).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 202 /)
    expect(await sink.received(1)).toEqual(['a'])
  })

  test('other methods are told what is allowed, other paths where to go', async () => {
    const { port } = await start({ path: '/logs' })
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      const answer = await post(port, '', { method, path: '/logs' })
      expect(answer.status, method).toBe(405)
      expect(answer.headers.allow).toBe('POST, OPTIONS')
    }
    expect(await post(port, '', { method: 'OPTIONS', path: '/logs' })).toMatchObject({
      status: 204,
      headers: { allow: 'POST, OPTIONS' },
    })
    expect(await post(port, '{"message":"a"}')).toMatchObject({
      status: 404,
      json: { message: expect.stringContaining('/logs') },
    })
    expect((await post(port, '{"message":"a"}', { path: `/logs?${'x'.repeat(9000)}` })).status).toBe(414)
    expect((await post(port, '{"message":"a"}', { path: '/logs?a=b' })).status).toBe(202)
  })

  test('a body of unknown length without chunks is a 411', async () => {
    const { port } = await start()
    const raw = await rawConnection(port)
    await raw.write('POST /ingest HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    expect(await raw.closed()).toMatch(/^HTTP\/1.1 411 /)
  })

  test('W27: pages of other origins may not write into the log unless they are named', async () => {
    const { port, sink } = await start({ allowOrigin: 'https://app.example' })
    const from = (origin: string, more = {}) => post(port, 'line', { headers: { ...text, origin, ...more } })
    expect(await from('https://evil.example')).toMatchObject({ status: 403 })
    expect(await from('null')).toMatchObject({ status: 403 })
    expect(await from('https://app.example')).toMatchObject({
      status: 202,
      headers: { 'access-control-allow-origin': 'https://app.example', vary: 'Origin' },
    })
    expect(await from(`http://localhost:${port}`, { host: `localhost:${port}` })).toMatchObject({ status: 202 })
    expect(await from('https://app.example', { host: 'rebound.example' })).toMatchObject({ status: 403 })
    const preflight = await post(port, '', { method: 'OPTIONS', headers: { origin: 'https://app.example' } })
    expect(preflight.headers['access-control-allow-headers']).toContain('Idempotency-Key')
    const closed = await start()
    const answer = await post(closed.port, 'line', { headers: { ...text, origin: 'https://app.example' } })
    expect(answer.status).toBe(403)
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    expect(await sink.received(2)).toEqual(['line', 'line'])
  })
})

describe('smuggling shapes end in a 400 and a closed connection', () => {
  const head = 'POST /ingest HTTP/1.1\r\nHost: localhost\r\n'
  test.each([
    ['both lengths', `${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n`],
    ['two different lengths', `${head}Content-Length: 4\r\nContent-Length: 5\r\n\r\n{}{}{}`],
    ['a length that is none', `${head}Content-Length: +4\r\n\r\n{}{}`],
    ['a chunk size that is none', `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`],
    ['a chunk that is longer than it says', `${head}Transfer-Encoding: chunked\r\n\r\n2\r\n{}{}{}\r\n0\r\n\r\n`],
    ['a chunk size beyond all bounds', `${head}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}`],
    ['a space before the colon', `${head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`],
    ['chunked twice over', `${head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    ['a folded header', `${head}X: a\r\n b\r\nTransfer-Encoding:\r\n chunked\r\n\r\nzz`],
  ])('%s', async (_, bytes) => {
    const { port, sink } = await start()
    const raw = await rawConnection(port)
    await raw.write(bytes)
    const answer = await raw.closed()
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(answer.match(/HTTP\/1.1/g)).toHaveLength(1)
    expect(sink.messages).toEqual([])
    expect((await post(port, '{"message":"next"}')).status).toBe(202)
  })

  test('an unknown transfer coding is a 501', async () => {
    const { port } = await start()
    const raw = await rawConnection(port)
    await raw.write(`${head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`)
    expect(await raw.closed()).toMatch(/^HTTP\/1.1 501 /)
  })
})

describe('bodies that take their time', () => {
  test('skip: entries are in the pipeline before the body ends', async () => {
    const { port, sink } = await start({ whenInvalid: 'skip' })
    for (const [type, pieces] of [
      ['application/x-ndjson', ['{"message":"1"}\n{"mess', 'age":"2"}\n', '{"message":"3"}']],
      ['application/json', ['[{"message":"1"},{"mess', 'age":"2"}', ',{"message":"3"}]']],
      ['text/plain', ['1\n', '2\n', '3']],
    ] as const) {
      const before = sink.messages.length
      const raw = await rawConnection(port)
      await raw.write(
        `POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`,
      )
      for (const [index, piece] of pieces.entries()) {
        await raw.write(`${piece.length.toString(16)}\r\n${piece}\r\n`)
        if (index < 2) expect((await sink.received(before + index + 1)).at(-1)).toBe(String(index + 1))
      }
      await raw.write('0\r\n\r\n')
      expect(await raw.closed()).toMatch(/^HTTP\/1.1 202 [\s\S]*{"accepted":3,"total":3}/)
    }
  })

  test.each(['skip', 'reject-all'] as const)(
    '%s: of a body that breaks off never half a line is taken',
    async (whenInvalid) => {
      const server = await start({ whenInvalid })
      const { port, sink, source } = server
      for (const [type, body] of [
        ['application/x-ndjson', '{"message":"1"}\n{"message":"2"}\n{"message":"half"}'],
        ['text/plain', '1\n2\nhalf'],
        ['application/json', '[{"message":"1"},{"message":"2"},{"message":"half"'],
      ] as const) {
        const before = source.stats.bytesIn
        const raw = await rawConnection(port)
        await raw.write(
          `POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: 1000\r\n\r\n${body}`,
        )
        while (source.stats.bytesIn === before) await new Promise(setImmediate)
        raw.socket.destroy()
        while (source.stats.requests.underWay > 0) await new Promise(setImmediate)
      }
      await post(port, '{"message":"next"}')
      const expected = whenInvalid === 'skip' ? ['1', '2', '1', '2', '1', '2', 'next'] : ['next']
      expect(await sink.received(expected.length)).toEqual(expected)
      books(server)
    },
  )

  test('one that does not come in time is a 408', async () => {
    for (const coding of ['', 'Content-Encoding: gzip\r\n']) {
      const { port, source } = await start({ bodyTimeoutMs: 50 })
      const raw = await rawConnection(port)
      await raw.write(`POST /ingest HTTP/1.1\r\nHost: localhost\r\n${coding}Content-Length: 1000\r\n\r\n`)
      expect(await raw.closed()).toMatch(/^HTTP\/1.1 408 /)
      expect(source.stats.requests.refused).toEqual({ 408: 1 })
    }
  })

  test('time that the pipeline takes is not the client’s', async () => {
    const { port, sink } = await start({ bodyTimeoutMs: 200, whenInvalid: 'skip' })
    sink.hold()
    const body = lines(20_000)
    const answered = post(port, body, { headers: ndjson })
    await sink.received(1)
    await delay(400)
    sink.release()
    expect(await answered).toMatchObject({ status: 202, json: { accepted: 20_000 } })
  })

  test('requests that are pipelined on one connection are answered in order', async () => {
    const { port, sink } = await start()
    const raw = await rawConnection(port)
    const one = (message: string): string => {
      const body = JSON.stringify({ message })
      return `POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    }
    const bad = 'POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}'
    await raw.write(one('a') + bad + one('b') + one('c'))
    await raw.until(/(?:HTTP\/1.1 [\s\S]*){4}"total":1}\n$/)
    expect([...raw.text.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status)).toEqual(['202', '400', '202', '202'])
    expect(await sink.received(3)).toEqual(['a', 'b', 'c'])
    raw.socket.destroy()
  })

  test('a refused body is read on for a while, so that its sender gets the answer', async () => {
    const { port } = await start({ maxBodyBytes: 1_000_000 })
    const agent = new Agent({ keepAlive: true })
    // node:http writes all of it whatever comes back.
    const answer = await post(port, Buffer.alloc(20_000_000, 'x'), { agent, headers: text })
    expect(answer).toMatchObject({ status: 413, headers: { connection: 'close' } })
    agent.destroy()
  })
})

describe('back-pressure', () => {
  test('while the pipeline takes nothing the body is not read, and memory does not grow', async () => {
    const { port, sink, source } = await start({ whenInvalid: 'skip', maxBodyBytes: Infinity })
    sink.hold()
    const raw = await rawConnection(port)
    await raw.write(
      'POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n',
    )
    const piece = `10000\r\n${`${'x'.repeat(1023)}\n`.repeat(64)}\r\n`
    let written = 0
    // Until the kernel takes no more for a while.
    let isStuck = false
    while (!isStuck && written < 400) {
      const taken = raw.write(piece)
      written++
      isStuck = await Promise.race([taken.then(() => false), delay(500, true)])
    }
    expect(isStuck).toBe(true)
    const read = source.stats.bytesIn
    expect(read).toBeLessThan(4 * 1024 * 1024)
    sink.release()
    await sink.received(written * 64)
    await raw.write('0\r\n\r\n')
    await raw.until(/HTTP\/1.1 202 [\s\S]*"accepted":/)
    raw.socket.destroy()
  })

  test('a pipeline that is full for long answers 503 with Retry-After, and later takes entries again', async () => {
    const server = await start({ busyTimeoutMs: 100 })
    const { port, sink, source } = server
    sink.hold()
    const first = post(port, lines(500), { headers: ndjson })
    await sink.received(1)
    const waiting = await post(port, '{"message":"waits"}')
    expect(waiting).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    const at = performance.now()
    const refused = await post(port, '{"message":"refused"}')
    expect(refused.status).toBe(503)
    expect(performance.now() - at).toBeLessThan(100)
    sink.release()
    expect((await first).status).toBe(202)
    expect((await post(port, '{"message":"later"}')).status).toBe(202)
    const all = await sink.received(501)
    expect(all.at(-1)).toBe('later')
    expect(all).not.toContain('waits')
    expect(source.stats.requests.refused).toEqual({ 503: 2 })
    books(server)
  })

  test('no more requests are served at once than maxRequests', async () => {
    const { port, source } = await start({ maxRequests: 3 })
    const slow = await Promise.all([1, 2, 3].map(() => rawConnection(port)))
    for (const raw of slow) await raw.write('POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n')
    while (source.stats.requests.underWay < 3) await new Promise(setImmediate)
    expect((await post(port, '{"message":"a"}')).status).toBe(503)
    for (const raw of slow) raw.socket.destroy()
    while (source.stats.requests.underWay > 0) await new Promise(setImmediate)
    expect((await post(port, '{"message":"a"}')).status).toBe(202)
  })

  test('requests together hold no more than maxHeldBytes', async () => {
    const { port, source } = await start({ maxHeldBytes: 300_000, maxEntryBytes: 250_000 })
    expect(await post(port, lines(5000), { headers: ndjson })).toMatchObject({
      status: 413,
      json: { message: expect.stringContaining('300000 bytes of memory') },
    })
    const raw = await rawConnection(port)
    const read = source.stats.bytesIn
    await raw.write(
      `POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: 1000000\r\n\r\n${lines(1500)}`,
    )
    while (source.stats.bytesIn < read + lines(1500).length) await new Promise(setImmediate)
    const before = source.stats.requests.underWay
    expect(before).toBe(1)
    expect((await post(port, lines(1500), { headers: ndjson })).status).toBe(503)
    raw.socket.destroy()
    while (source.stats.requests.underWay > 0) await new Promise(setImmediate)
    expect((await post(port, lines(1500), { headers: ndjson })).status).toBe(202)
  })
})

describe('answers', () => {
  const delivered = { prefer: 'respond-delivered' }

  test('delivered: 200 once a sink acknowledged, though a filter drops the last entries', async () => {
    const sink = new KeepingSink({ acknowledgesLate: true })
    const drop = entryTransform({
      entry: (entry) => (entry.message.startsWith('drop') ? undefined : entry),
      dropReason: 'test',
    })
    const server = await serving((source, sink) => pipeline(source, drop, sink), {}, sink)
    running.push(server)
    let isAnswered = false
    const answer = post(server.port, '{"message":"a"}\n{"message":"drop"}', { headers: { ...ndjson, ...delivered } })
    void answer.then(() => {
      isAnswered = true
    })
    await sink.received(1)
    while (sink.items.length < 2) await new Promise(setImmediate)
    expect(isAnswered).toBe(false)
    sink.deliver()
    expect(await answer).toMatchObject({
      status: 200,
      json: { accepted: 2, total: 2 },
      headers: { 'preference-applied': 'respond-delivered' },
    })
  })

  test('delivered: behind a stage that knows no batches the last entry itself says it', async () => {
    const sink = new KeepingSink()
    const server = await serving(
      (source, sink) =>
        pipeline(
          source,
          async function* (entries) {
            for await (const entry of entries) yield { ...entry, message: entry.message.toUpperCase() }
          },
          sink,
        ),
      { respond: 'delivered' },
      sink,
    )
    running.push(server)
    expect(await post(server.port, lines(100), { headers: ndjson })).toMatchObject({
      status: 200,
      json: { accepted: 100 },
    })
    expect(await post(server.port, 'a\nb', { headers: text })).toMatchObject({ status: 200, json: { accepted: 2 } })
  })

  test('delivered: 504 with numbers when no acknowledgement comes, and the repeat waits for the same', async () => {
    const sink = new KeepingSink({ acknowledgesLate: true })
    const { port } = await start({ deliverTimeoutMs: 50 }, sink)
    const headers = { ...ndjson, ...delivered, 'idempotency-key': 'k1' }
    expect(await post(port, lines(2), { headers })).toMatchObject({ status: 504, json: { accepted: 2, total: 2 } })
    sink.deliver()
    expect(await post(port, lines(2), { headers })).toMatchObject({ status: 200, json: { accepted: 2, total: 2 } })
    expect(sink.messages).toEqual(['m0', 'm1'])
  })

  test('accepted: whatever is preferred, when that is the option', async () => {
    const sink = new KeepingSink({ acknowledgesLate: true })
    const { port } = await start({ respond: 'accepted' }, sink)
    expect((await post(port, lines(2), { headers: { ...ndjson, ...delivered } })).status).toBe(202)
  })

  test('are what `answer` makes of the numbers, once delivered and for repeats too', async () => {
    const { port } = await start({
      respond: 'delivered',
      whenInvalid: 'skip',
      answer: ({ accepted, total, duplicates, errors }) => ({
        stored: accepted - duplicates,
        duplicates,
        total,
        errors,
      }),
    })
    const body = '{"logwisp.id":"a:1","message":"a"}\n{"message":"b"}\n{"level":"info"}\n'
    const headers = { ...ndjson, 'idempotency-key': 'k1' }
    const errors = [{ line: 3, message: expect.stringContaining('message') }]
    const first = { status: 200, json: { stored: 2, duplicates: 0, total: 3, errors } }
    expect(await post(port, body, { headers })).toMatchObject(first)
    expect(await post(port, body, { headers: ndjson })).toMatchObject({
      status: 200,
      json: { stored: 1, duplicates: 1, total: 3, errors },
    })
    const whole = { ...ndjson, 'idempotency-key': 'k2' }
    const once = { status: 200, json: { stored: 1, duplicates: 0, total: 1, errors: [] } }
    expect(await post(port, '{"message":"c"}', { headers: whole })).toMatchObject(once)
    expect(await post(port, '{"message":"c"}', { headers: whole })).toMatchObject(once)
  })

  test('are as they were when the request is refused, whatever `answer` says', async () => {
    const { port } = await start({ answer: () => ({ status: 'success' }) })
    expect(await post(port, '{"level":"info"}', { headers: json })).toMatchObject({
      status: 400,
      json: { accepted: 0 },
    })
  })

  test('are a 500 when `answer` throws, and the next request is served', async () => {
    const { port, sink } = await start({
      answer: ({ total }) => {
        if (total === 2) throw new Error('two are too many')
        return { total }
      },
    })
    expect(await post(port, lines(2), { headers: ndjson })).toMatchObject({
      status: 500,
      json: { message: expect.stringContaining('two are too many') },
    })
    expect(await post(port, lines(1), { headers: ndjson })).toMatchObject({ status: 202, json: { total: 1 } })
    expect(await sink.received(3)).toHaveLength(3)
  })

  test('delivered: what is given is acknowledged with the end of the stream too', async () => {
    const sink = new KeepingSink({ acknowledgesLate: true })
    const { port, source, done } = await start({}, sink)
    const answer = post(port, lines(2), { headers: { ...ndjson, ...delivered } })
    await sink.received(2)
    source.stop()
    await once(source, 'end')
    sink.deliver()
    expect((await answer).status).toBe(200)
    await done
  })
})

describe('repeats', () => {
  const withId = (id: string): string =>
    encodeEntryWithId({ time: 0, source: 's', message: id, origin: { tracker: { acknowledge() {} }, sequence: 1, id } })

  test('a key that is known gets the first answer, and nothing is given again', async () => {
    const server = await start()
    const { port, sink, source } = server
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const headers = { ...ndjson, 'idempotency-key': 'k1' }
    const first = await post(port, lines(3), { headers, agent })
    const second = await post(port, lines(3), { headers, agent })
    expect(second).toMatchObject({ status: 202, json: first.json })
    // The connection went on: the repeated body was read.
    expect(second.headers.connection).toBe('keep-alive')
    await post(port, lines(1, 9), { headers: { ...ndjson, 'idempotency-key': 'k2' }, agent })
    expect(await sink.received(4)).toEqual(['m0', 'm1', 'm2', 'm9'])
    expect(source.stats).toMatchObject({ entriesIn: 4, requests: { accepted: 3, repeated: 1 } })
    agent.destroy()
    books(server)
  })

  test('a key is only remembered once its request was accepted whole', async () => {
    const { port, sink } = await start({ whenInvalid: 'skip' })
    const headers = { ...ndjson, 'idempotency-key': 'k1' }
    expect(await post(port, '{"message":"a"}\n{}', { headers })).toMatchObject({ json: { accepted: 1, total: 2 } })
    expect(await post(port, '{"message":"a"}\n{"message":"b"}', { headers })).toMatchObject({ json: { accepted: 2 } })
    expect(await sink.received(3)).toEqual(['a', 'a', 'b'])
  })

  test('a repeat that comes while the first is under way waits for it', async () => {
    const { port, sink, source } = await start()
    const headers = { ...ndjson, 'idempotency-key': 'k1' }
    const raw = await rawConnection(port)
    const body = lines(2)
    await raw.write(
      `POST /ingest HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k1\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${body.length}\r\n\r\n`,
    )
    while (source.stats.requests.underWay < 1) await new Promise(setImmediate)
    const second = post(port, body, { headers })
    while (source.stats.requests.underWay < 2) await new Promise(setImmediate)
    await raw.write(body)
    await raw.until(/202/)
    raw.socket.destroy()
    expect(await second).toMatchObject({ status: 202, json: { accepted: 2, total: 2 } })
    expect(await sink.received(2)).toEqual(['m0', 'm1'])
  })

  test('a repeat whose first broke off is taken itself, and one that waits too long is told to come again', async () => {
    const { port, sink, source } = await start({ busyTimeoutMs: 100 })
    const headers = { ...ndjson, 'idempotency-key': 'k1' }
    const raw = await rawConnection(port)
    await raw.write('POST /ingest HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k1\r\nContent-Length: 100\r\n\r\n')
    while (source.stats.requests.underWay < 1) await new Promise(setImmediate)
    expect(await post(port, lines(2), { headers })).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    const second = post(port, lines(2), { headers })
    while (source.stats.requests.underWay < 2) await new Promise(setImmediate)
    raw.socket.destroy()
    expect((await second).status).toBe(202)
    expect(await sink.received(2)).toEqual(['m0', 'm1'])
  })

  test('entries whose id came before are counted and not given again, also within one request', async () => {
    const server = await start()
    const { port, sink, source } = server
    await post(port, [withId('a'), withId('b'), withId('a')].join('\n'), { headers: ndjson })
    const answer = await post(port, [withId('b'), withId('c')].join('\n'), { headers: ndjson })
    expect(answer).toMatchObject({ status: 202, json: { accepted: 2, total: 2, duplicates: 1 } })
    expect(await sink.received(3)).toEqual(['a', 'b', 'c'])
    expect(sink.entries.map(({ origin }) => origin?.id)).toEqual(['a', 'b', 'c'])
    expect(source.stats).toMatchObject({ duplicates: 2, dropped: { duplicate: 2 } })
    books(server)
    const all = await start({ dedupe: false })
    await post(all.port, [withId('a'), withId('a')].join('\n'), { headers: ndjson })
    expect(await all.sink.received(2)).toEqual(['a', 'a'])
  })

  test('entries of a request with a key have the same ids when it comes to another process', async () => {
    const ids = async (body: string, type: object): Promise<unknown[]> => {
      const { port, sink } = await start()
      await post(port, body, { headers: { ...type, 'idempotency-key': 'k1' } })
      await sink.received(2)
      return sink.entries.map(({ origin }) => origin?.id)
    }
    for (const [body, type] of [
      [lines(2), ndjson],
      ['a\nb', text],
    ] as const) {
      const first = await ids(body, type)
      expect(new Set(first).size).toBe(2)
      expect(first).not.toContain(undefined)
      expect(await ids(body, type)).toEqual(first)
    }
  })

  test('ids are forgotten beyond maxRememberedIds, and half of them never are', async () => {
    const { port, sink } = await start({ maxRememberedIds: 100 })
    const ids = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => withId(`id${from + index}`)).join('\n')
    await post(port, ids(0, 200), { headers: ndjson })
    expect(await post(port, ids(150, 50), { headers: ndjson })).toMatchObject({ json: { duplicates: 50 } })
    expect((await post(port, ids(0, 10), { headers: ndjson })).json.duplicates).toBeUndefined()
    await sink.received(210)
  })
})

describe('access', () => {
  const refusal: Refusal = { reason: 'credentials-missing', status: 401, message: 'who?', challenge: 'Bearer' }
  const fake = (over: Partial<AccessControl>): AccessControl => ({
    connect: () => ({ release() {} }),
    request: async () => ({ name: 'alice', provedBy: 'token', address: '192.0.2.1' }),
    standing: async () => ({ isKnown: false, may: () => refusal, pardon: () => {} }),
    present: async () => refusal,
    entries: () => 0,
    overEntryRate: () => undefined,
    addressOf: () => '192.0.2.1',
    stats: { connections: 0, addresses: 0, failingAddresses: 0, admitted: 0, refused: {} },
    middleware: () => () => {},
    ...over,
  })

  test('who may not is told, and nothing of the body is taken', async () => {
    const { port, source } = await start({ access: fake({ request: async () => refusal }) })
    expect(await post(port, '{"message":"a"}')).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
      json: { reason: 'credentials-missing' },
    })
    expect(source.stats).toMatchObject({ bytesIn: 0, requests: { refused: { 401: 1 } } })
  })

  test('who is still being asked about when the source stops is not served, and the stream ends well', async () => {
    let letIn = (): void => {}
    const asked = new Promise<void>((resolve) => {
      letIn = resolve
    })
    const access = fake({
      request: async () => {
        await asked
        return { name: 'alice', provedBy: 'token', address: '192.0.2.1' }
      },
    })
    const { port, source, sink, done } = await start({ access })
    const answer = post(port, '{"message":"late"}')
    while (source.stats.requests.underWay < 1) await new Promise(setImmediate)
    source.stop()
    await once(source, 'end')
    letIn()
    expect((await answer).status).toBe(503)
    await done
    expect(sink.messages).toEqual([])
  })

  test('asks for the right to ingest, counts the entries, and refuses who owes', async () => {
    const asked: string[] = []
    const counted: number[] = []
    const access = fake({
      request: async (_, right) => {
        asked.push(right)
        return { name: 'alice', provedBy: 'token', address: '192.0.2.1' }
      },
      entries: (_, entries) => {
        counted.push(entries)
        return 1000
      },
      overEntryRate: () =>
        counted.length === 0
          ? undefined
          : { reason: 'too-many-entries', status: 429, message: 'slow down', retryAfterMs: 1500 },
    })
    const { port, sink } = await start({ access, addSender: true })
    expect((await post(port, lines(7), { headers: ndjson })).status).toBe(202)
    expect(counted).toEqual([7])
    expect(asked).toEqual(['ingest'])
    expect(await post(port, lines(7), { headers: ndjson })).toMatchObject({
      status: 429,
      headers: { 'retry-after': '2' },
    })
    await sink.received(7)
    expect(sink.entries[0]?.fields).toEqual({ peer: 'alice' })
  })
})

describe('ends', () => {
  test('stop(): requests under way are finished, new ones get a 503, and then it ends', async () => {
    const { port, sink, source, done } = await start()
    const busy = await rawConnection(port)
    const idle = await rawConnection(port)
    await busy.write('POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15\r\n\r\n{"mess')
    await idle.write('POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15\r\n\r\n{"mess')
    while (source.stats.requests.underWay < 2) await new Promise(setImmediate)
    source.stop()
    await expect(post(port, '{"message":"a"}')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    // The second request on a connection that is still open.
    await busy.write('age":"a"}POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15\r\n\r\n{"message":"n"}')
    expect(await busy.closed()).toMatch(/^HTTP\/1.1 202 /)
    await idle.write('age":"b"}')
    expect(await idle.closed()).toMatch(/^HTTP\/1.1 202 [\s\S]*connection: close/i)
    await done
    expect(sink.messages.toSorted()).toEqual(['a', 'b'])
    expect(source.address).toBeUndefined()
  })

  test('stop(): a request that does not end in time is cut short', async () => {
    const { port, source, done } = await start({ drainTimeoutMs: 50 })
    const raw = await rawConnection(port)
    await raw.write('POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15\r\n\r\n{"mess')
    while (source.stats.requests.underWay < 1) await new Promise(setImmediate)
    source.stop()
    expect(await raw.closed()).toMatch(/^HTTP\/1.1 503 /)
    await done
  })

  test('a pipeline that fails is told to whoever sends', async () => {
    const sink = new KeepingSink()
    const { port, source, done } = await start({}, sink)
    const raw = await rawConnection(port)
    await raw.write('POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15\r\n\r\n{"mess')
    while (source.stats.requests.underWay < 1) await new Promise(setImmediate)
    sink.destroy(new Error('disk on fire'))
    expect(await raw.closed()).toMatch(/^HTTP\/1.1 503 [\s\S]*pipeline/)
    await expect(done).rejects.toThrow('disk on fire')
    await expect(post(port, '{"message":"a"}')).rejects.toThrow()
  })

  test('mounted: after the end every request gets a 503', async () => {
    const source = httpSource()
    const sink = new KeepingSink()
    const done = pipeline(source, sink)
    const server = createServer(source.handler).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    expect((await post(port, '{"message":"a"}')).status).toBe(202)
    source.stop()
    await done
    expect((await post(port, '{"message":"b"}')).status).toBe(503)
    expect(sink.messages).toEqual(['a'])
    server.close()
  })

  test('a client that goes away while it waits for its answer harms nobody', async () => {
    const sink = new KeepingSink({ acknowledgesLate: true })
    const { port, source } = await start({ respond: 'delivered', deliverTimeoutMs: 100 }, sink)
    const sent = request({ port, path: '/ingest', method: 'POST', agent: false })
    sent.on('error', () => {})
    sent.end('{"message":"a"}')
    await sink.received(1)
    sent.destroy()
    while (source.stats.requests.underWay > 0) await delay(5)
    expect((await post(port, '{"message":"b"}')).status).toBe(504)
  })
})
