/** Taking entries by the API, over real sockets and a real store. */

import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { type Answer, type AskOptions, type Serving, serving, sharedStore } from './serving.ts'

const store = sharedStore()
const json = { 'content-type': 'application/json' }

/** What was stored by what is done. */
async function storedBy(act: () => Promise<unknown>): Promise<number> {
  const before = (await store().stats()).entries
  await act()
  return (await store().stats()).entries - before
}

const post = ({ ask }: Serving, body: string, options: AskOptions = {}): Promise<Answer> =>
  ask('/logs', { method: 'POST', body, ...options })

test('answers once entries are stored, with their number', async () => {
  const server = await serving(store())
  const stored = await storedBy(async () => {
    const answer = await post(server, '[{"message":"one"},{"message":"two"}]', { headers: json })
    expect(answer).toMatchObject({ status: 200, text: '{"status":"success","inserted":2}\n' })
  })
  expect(stored).toBe(2)
})

test('takes an object, NDJSON and lines too', async () => {
  const server = await serving(store(), { ingest: { source: 'three-forms' } })
  const bodies = [
    ['{"message":"a","level":"warn","fields":{"n":1}}', 'application/json'],
    ['{"message":"b"}\n{"message":"c"}\n', 'application/x-ndjson'],
    ['d\ne\nf\n', 'text/plain'],
  ] as const
  for (const [at, [body, type]] of bodies.entries()) {
    const answer = await post(server, body, { headers: { 'content-type': type } })
    expect(answer).toMatchObject({ status: 200, json: { status: 'success', inserted: at + 1 } })
  }
  const { json } = await server.ask('/logs?q=source:three-forms&format=entries')
  expect(json.entries.map(({ message }: { message: string }) => message).sort()).toEqual([...'abcdef'])
  expect(json.entries[0]).toMatchObject({ message: 'a', level: 'warn', fields: { n: 1 }, source: 'three-forms' })
})

test('an entry has the level that its text tells, when it has none by name', async () => {
  const server = await serving(store(), { ingest: { source: 'told' } })
  const messages = ['2026-06-26 09:47:02.124 - [ERROR]: Failed to connect', 'DEBUG: a', 'nothing of the kind']
  const body = JSON.stringify([
    ...messages.map((message) => ({ message })),
    { message: '[ERROR]: but harmless', level: 'info' },
  ])
  await post(server, body, { headers: json })
  await post(server, '[ERROR]: as a line', { headers: { 'content-type': 'text/plain' } })
  const levels = (await server.ask('/logs?q=source:told&format=entries')).json.entries.map(
    ({ level }: { level?: string }) => level,
  )
  expect(levels).toEqual(['error', 'debug', undefined, 'info', 'error'])
  expect((await server.ask('/logs?q=source:told level:error'.replaceAll(' ', '%20'))).json).toEqual([
    messages[0],
    '[ERROR]: as a line',
  ])
})

test('tells how many had come before, by their id', async () => {
  const server = await serving(store())
  const stored = await storedBy(async () => {
    const first = await post(server, '[{"logwisp.id":"a:1","message":"a"},{"logwisp.id":"a:2","message":"b"}]')
    expect(first.json).toEqual({ status: 'success', inserted: 2 })
    const answer = await post(server, '[{"logwisp.id":"a:2","message":"b"},{"logwisp.id":"a:3","message":"c"}]')
    expect(answer.json).toEqual({ status: 'success', inserted: 1, repeated: 1 })
  })
  expect(stored).toBe(3)
})

test('what another API over the store took is not stored again', async () => {
  const body = '[{"logwisp.id":"b:1","message":"a"},{"logwisp.id":"b:2","message":"b"}]'
  const headers = { 'idempotency-key': 'of-a-client' }
  const stored = await storedBy(async () => {
    for (let start = 0; start < 3; start++) {
      const server = await serving(store())
      expect((await post(server, body)).status).toBe(200)
      expect((await post(server, '{"message":"without an id"}', { headers })).status).toBe(200)
      await server.api.close()
    }
  })
  expect(stored).toBe(3)
})

test('a request that is sent again with its key is answered as the first was', async () => {
  const server = await serving(store())
  const again = { headers: { 'idempotency-key': 'k' } }
  const stored = await storedBy(async () => {
    expect((await post(server, '{"message":"a"}', again)).json).toEqual({ status: 'success', inserted: 1 })
    expect((await post(server, '{"message":"a"}', again)).json).toEqual({ status: 'success', inserted: 1 })
  })
  expect(stored).toBe(1)
})

test('takes all of a request or nothing, and says which entry is wrong', async () => {
  const server = await serving(store())
  const stored = await storedBy(async () => {
    const answer = await post(server, '[{"message":"a"},{"level":"info"}]', { headers: json })
    expect(answer).toMatchObject({ status: 400, json: { error: 'Bad Request', errors: [{ entry: 1 }] } })
  })
  expect(stored).toBe(0)
})

test('takes the others when it is told to, and names those that are wrong', async () => {
  const server = await serving(store(), { ingest: { whenInvalid: 'skip' } })
  const answer = await post(server, '[{"message":"a"},{"level":"info"}]', { headers: json })
  expect(answer).toMatchObject({ status: 200, json: { status: 'success', inserted: 1, errors: [{ entry: 1 }] } })
})

test('has the limits that it is given', async () => {
  const server = await serving(store(), { ingest: { maxBodyBytes: 100, maxEntryBytes: 50 } })
  expect((await post(server, '{"message":"a"}')).status).toBe(200)
  expect((await post(server, 'x'.repeat(101))).status).toBe(413)
  expect((await post(server, 'x'.repeat(60))).status).toBe(413)
})

test('takes nothing when it only reads', async () => {
  const server = await serving(store(), { ingest: false })
  const answer = await post(server, '{"message":"a"}')
  expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD, OPTIONS', connection: 'close' } })
  expect(server.api.stats.ingest).toBeUndefined()
})

test('a client that asks first need not send what is refused', async () => {
  const { port } = await serving(store())
  const socket = connect(port, '127.0.0.1')
  socket.write('POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n')
  const [piece] = (await once(socket, 'data')) as [Buffer]
  expect(piece.toString()).toMatch(/^HTTP\/1\.1 404 /)
  socket.resume()
  await once(socket, 'close')
  const taken = request({ port, path: '/logs', method: 'POST', headers: { expect: '100-continue' } })
  taken.flushHeaders()
  await once(taken, 'continue')
  taken.end('{"message":"a"}')
  const [answer] = await once(taken, 'response')
  expect(answer.statusCode).toBe(200)
  answer.resume()
})
