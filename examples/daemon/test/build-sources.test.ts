/** Sources as the configuration describes them, with real files and sockets. */

import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { collectingSink, givingSource } from '@logwisp/core/testing'
import { sseSink } from '@logwisp/sinks'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { buildFilters } from '../src/build/filters.ts'
import { buildSource } from '../src/build/source.ts'
import { contextOf, dial, pipelineOf, sourceOf, Taken, temporaryDirectory, testPorts } from './build-kit.ts'

describe('files', () => {
  test('a directory: entries have the name of their file as source', async () => {
    const path = await temporaryDirectory()
    await writeFile(join(path, 'a.log'), 'one\ntwo\n')
    const { stream, files } = await sourceOf(
      { type: 'directory', options: { path, pattern: '*.log' } },
      {},
      { once: true },
    )
    const taken = new Taken(stream)
    await taken.ended
    expect(taken.entries).toMatchObject([
      { source: 'a.log', message: 'one' },
      { source: 'a.log', message: 'two' },
    ])
    expect(files).toBeDefined()
  })

  test('a directory: what is below it has its path there, and what is excluded is not read', async () => {
    const path = await temporaryDirectory()
    await mkdir(join(path, 'sub'))
    await writeFile(join(path, 'sub', 'b.log'), 'deep\n')
    await writeFile(join(path, 'not.log'), 'no\n')
    const options = { path, pattern: '*.log', exclude: 'not*', recursive: true }
    const { stream } = await sourceOf({ type: 'directory', options }, {}, { once: true })
    const taken = new Taken(stream)
    await taken.ended
    expect(taken.entries).toMatchObject([{ source: join('sub', 'b.log'), message: 'deep' }])
  })

  test('11.3: there is a source `file`, and it says how far it has come', async () => {
    const path = join(await temporaryDirectory(), 'app.log')
    await writeFile(path, 'before\n')
    const { stream, files } = await sourceOf({ type: 'file', options: { path, start_at: 'beginning' } })
    const taken = new Taken(stream)
    await taken.until(1)
    await appendFile(path, 'after\n')
    expect(await taken.until(2)).toMatchObject([
      { source: 'app.log', message: 'before' },
      { source: 'app.log', message: 'after' },
    ])
    expect(await files?.()).toEqual([{ path, position: 13, size: 13, lag: 0 }])
  })

  test('once: a file is read to its end, and from there the next time', async () => {
    const path = join(await temporaryDirectory(), 'app.log')
    await writeFile(path, 'one\n')
    const config = pipelineOf({ sources: [{ type: 'file', options: { path } }] })
    const context = await contextOf(config, { once: true })
    const read = async (): Promise<readonly string[]> => {
      const [source] = config.sources
      if (source === undefined) throw new Error('no source')
      const { stream } = await buildSource(source, context)
      const sink = collectingSink()
      await pipeline(stream, sink)
      return sink.messages
    }
    expect(await read()).toEqual(['one'])
    await appendFile(path, 'two\n')
    expect(await read()).toEqual(['two'])
  })
})

test('standard input: what comes, until it ends', async () => {
  const stdin = new PassThrough()
  const { stream } = await sourceOf({ type: 'stdin', options: { source: 'pipe' } }, {}, { stdin })
  const taken = new Taken(stream)
  stdin.end('ERROR one\ntwo')
  await taken.ended
  expect(taken.entries).toMatchObject([
    { source: 'pipe', level: 'error', message: 'ERROR one' },
    { source: 'pipe', message: 'two' },
  ])
})

describe('http', () => {
  const post = (port: number, path: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/json', ...headers },
    })

  test('takes entries at its path, and at no other', async () => {
    const { stream, port } = await sourceOf({ type: 'http', options: { port: 0 } })
    const taken = new Taken(stream)
    const answer = await post(port, '/ingest', '[{"message":"a","level":"warn"},{"message":"b"}]')
    expect([answer.status, await answer.json()]).toMatchObject([202, { accepted: 2 }])
    expect(await taken.until(2)).toMatchObject([
      { source: 'http', level: 'warn', message: 'a' },
      { source: 'http', message: 'b' },
    ])
    expect((await post(port, '/other', '{}')).status).toBe(404)
  })

  test('W1: an empty array is answered, and the daemon lives', async () => {
    const { stream, port } = await sourceOf({ type: 'http', options: { port: 0 } })
    const taken = new Taken(stream)
    const answer = await post(port, '/ingest', '[]')
    expect([answer.status, await answer.json()]).toMatchObject([202, { accepted: 0 }])
    expect((await post(port, '/ingest', '{"message":"still here"}')).status).toBe(202)
    await taken.until(1)
  })

  test('with router, its path is below the name of its pipeline', async () => {
    const { stream, port } = await sourceOf({ type: 'http', options: { port: 0 } }, {}, { router: true })
    new Taken(stream)
    expect((await post(port, '/app/ingest', '{"message":"a"}')).status).toBe(202)
    expect((await post(port, '/ingest', '{"message":"a"}')).status).toBe(404)
  })

  test('lets go of its path, and another takes it on the port that stayed open', async () => {
    const ports = testPorts()
    const options = { port: 0 }
    const first = await sourceOf({ type: 'http', options }, {}, { ports })
    first.stream.stop()
    await new Taken(first.stream).ended
    first.release()
    const second = await sourceOf({ type: 'http', options }, {}, { ports })
    const taken = new Taken(second.stream)
    expect(second.port).toBe(first.port)
    await post(second.port, '/ingest', '{"message":"for the second"}')
    await taken.until(1)
  })

  test('W27: no page of another origin may send, and none gets leave to read', async () => {
    const { stream, port } = await sourceOf({ type: 'http', options: { port: 0 } })
    new Taken(stream)
    const answer = await post(port, '/ingest', '{"message":"a"}', { Origin: 'https://evil.example' })
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([403, null])
  })

  test('limits of the configuration reach it', async () => {
    const options = { port: 0, max_body_bytes: 100, when_invalid: 'skip' }
    const { stream, port } = await sourceOf({ type: 'http', options })
    const taken = new Taken(stream)
    expect((await post(port, '/ingest', `{"message":"${'x'.repeat(200)}"}`)).status).toBe(413)
    await post(port, '/ingest', '{"message":"good"}\n{"nothing":1}')
    expect(await taken.until(1)).toMatchObject([{ message: 'good' }])
  })
})

test('tcp: JSON by lines, however the network cuts them; what is none is dropped, counted', async () => {
  const { stream, port } = await sourceOf({ type: 'tcp', options: { port: 0 } })
  const taken = new Taken(stream)
  const { socket } = await dial(port)
  socket.write('{"message":"in two')
  await new Promise((resolve) => socket.write(' parts"}\nno json\n', resolve))
  socket.write('{"message":"last"}\n')
  await taken.until(2)
  expect(taken.entries).toMatchObject([
    { source: 'tcp', message: 'in two parts' },
    { source: 'tcp', message: 'last' },
  ])
  expect(stream.stats.dropped).toEqual({ invalid: 1 })
})

test('websocket: entries from clients that connect to its path', async () => {
  const { stream, port } = await sourceOf({ type: 'websocket', options: { port: 0 } })
  const taken = new Taken(stream)
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ingest`)
  onTestFinished(() => socket.terminate())
  socket.on('open', () => socket.send('{"message":"by frame"}'))
  expect(await taken.until(1)).toMatchObject([{ source: 'websocket', message: 'by frame' }])
})

test('sse: the stream of another LogWisp, which is asked with the token that the configuration gives', async () => {
  const shown: (string | undefined)[] = []
  const live = sseSink()
  const server = createServer((request, response) => {
    shown.push(request.headers.authorization)
    live.handler(request, response)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => {
    live.destroy()
    server.close()
    server.closeAllConnections()
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const url = `http://127.0.0.1:${port}/stream?backlog=10`
  live.write({ time: 0, source: 'far.log', level: 'warn', message: 'seen far away' })
  const { stream } = await sourceOf({ type: 'sse', options: { url, auth: { token: 'a-token-of-some-length' } } })
  expect(await new Taken(stream).until(1)).toMatchObject([
    { source: 'far.log', level: 'warn', message: 'seen far away' },
  ])
  expect(shown).toEqual(['Bearer a-token-of-some-length'])
})

describe('limits and filters', () => {
  const kept = async (written: object, lines: readonly string[], source = 'app.log'): Promise<readonly string[]> => {
    const sink = collectingSink()
    const entries = lines.map((message) => ({ time: 0, source, message }))
    const stages = buildFilters(pipelineOf(written))
    await pipeline([givingSource(entries), ...stages, sink] as never)
    return sink.messages
  }

  test('patterns are matched with source, level and message, as the ancestor did, unless the message is asked for', async () => {
    const lines = ['disk full', 'all well']
    expect(await kept({ filters: [{ patterns: ['^app\\.log disk'] }] }, lines)).toEqual(['disk full'])
    expect(await kept({ filters: [{ patterns: ['^disk'] }] }, lines)).toEqual([])
    expect(await kept({ filters: [{ patterns: ['^disk'], text: 'message' }] }, lines)).toEqual(['disk full'])
  })

  test('patterns are RE2: inline flags work, and none takes long', async () => {
    expect(await kept({ filters: [{ patterns: ['(?i)DISK'] }] }, ['Disk full', 'x'])).toEqual(['Disk full'])
    expect(await kept({ filters: [{ patterns: ['DISK'], ignore_case: true }] }, ['Disk full', 'x'])).toEqual([
      'Disk full',
    ])
    const startedAt = performance.now()
    expect(await kept({ filters: [{ patterns: ['(a+)+$'] }] }, [`${'a'.repeat(50_000)}b`])).toEqual([])
    expect(performance.now() - startedAt).toBeLessThan(2000)
  })

  test('several filters: all must let an entry through; `and` wants all patterns; without patterns all pass', async () => {
    const filters = [
      { type: 'include', logic: 'and', patterns: ['a', 'b'] },
      { type: 'exclude', patterns: ['c', 'd'] },
      { patterns: [] },
    ]
    expect(await kept({ filters }, ['ab', 'a', 'abc', 'ba'], 's')).toEqual(['ab', 'ba'])
    expect(buildFilters(pipelineOf({ filters }))).toHaveLength(3)
  })

  test('a bad pattern is named with its place', () => {
    const { rate_limit, filters } = pipelineOf({ filters: [{ patterns: ['ok'] }] })
    const bad = filters.map((filter) => ({ ...filter, patterns: ['ok', '(unclosed'] }))
    expect(() => buildFilters({ rate_limit, filters: bad })).toThrow(/^filters\.0\.patterns\.1: bad pattern/)
  })

  test('by level', async () => {
    const filters = [{ type: 'level', minimum: 'warn', when_unknown: 'drop' }]
    const sink = collectingSink()
    const entries = (['info', 'error', undefined] as const).map((level) => ({
      time: 0,
      source: '',
      level,
      message: `${level}`,
    }))
    await pipeline([givingSource(entries), ...buildFilters(pipelineOf({ filters })), sink] as never)
    expect(sink.messages).toEqual(['error'])
  })

  test('the size is limited whatever the rate says', async () => {
    const rate_limit = { max_entry_size_bytes: 5 }
    expect(await kept({ rate_limit }, ['12345', '123456'])).toEqual(['12345'])
  })

  test('size first, then rate, then filters: what is too long takes nothing from the rate', async () => {
    const rate_limit = { rate: 0.001, burst: 2, policy: 'drop', max_entry_size_bytes: 5 }
    const lines = ['too long', 'too long', 'a', 'b', 'c']
    expect(await kept({ rate_limit }, lines)).toEqual(['a', 'b'])
    // Filtered entries have used the rate up.
    expect(await kept({ rate_limit, filters: [{ patterns: ['b'] }] }, lines)).toEqual(['b'])
  })

  test('`pass` lets everything through, and `wait` slows the sources down', async () => {
    expect(await kept({ rate_limit: { rate: 0.001, policy: 'pass' } }, ['a', 'b', 'c'])).toEqual(['a', 'b', 'c'])
    const startedAt = performance.now()
    const rate_limit = { rate: 50, burst: 1, policy: 'wait' }
    expect(await kept({ rate_limit }, ['a', 'b', 'c', 'd', 'e', 'f'])).toHaveLength(6)
    expect(performance.now() - startedAt).toBeGreaterThan(80)
  })
})

test('errors say where in the configuration', async () => {
  const wrong = sourceOf({ type: 'sse', options: { url: 'http://user:secret@host/' } })
  await expect(wrong).rejects.toThrow(/^app\.sources\.0\.options: sseSource: `url`/)
  await expect(wrong).rejects.not.toThrow(/secret/)
})

test('a port that is in use is an error, with what to do', async () => {
  const { port } = await sourceOf({ type: 'tcp', options: { port: 0 } })
  const second = sourceOf({ type: 'tcp', options: { port } })
  await expect(second).rejects.toMatchObject({ code: 'LISTEN_FAILED', message: expect.stringContaining('in use') })
})

test('http: whoever waits to be told to send its body is refused without it, or told so', async () => {
  const { stream, port } = await sourceOf({ type: 'http', options: { port: 0, max_body_bytes: 100 } })
  const taken = new Taken(stream)
  const head = (path: string, bytes: number): string =>
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${bytes}\r\nExpect: 100-continue\r\n\r\n`
  const answerTo = async (text: string): Promise<string> => {
    const line = await dial(port)
    line.socket.write(text)
    return line.until((found) => found.includes('\r\n\r\n'))
  }
  expect(await answerTo(head('/ingest', 101))).toMatch(/^HTTP\/1\.1 413/)
  expect(await answerTo(head('/nowhere', 5))).toMatch(/^HTTP\/1\.1 (404|503)/)
  const line = await dial(port)
  line.socket.write(head('/ingest', 5))
  await line.until((found) => found === 'HTTP/1.1 100 Continue\r\n\r\n')
  line.socket.write('hello')
  expect(await taken.until(1)).toMatchObject([{ message: 'hello' }])
})
