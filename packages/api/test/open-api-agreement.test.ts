/** The document and the handlers say the same: every path, every parameter, every status, and what answers look like. */

import { once } from 'node:events'
import { connect } from 'node:net'
import { LogwispError } from '@logwisp/core'
import { accessControl, hashToken } from '@logwisp/core/server'
import type { Store } from '@logwisp/store'
import { expect, test } from 'vitest'
import { type LogsApiOptions, openApiDocument } from '../src/index.ts'
import { readEvents } from './event-client.ts'
import { schemaProblems } from './schema-problems.ts'
import {
  type Answer,
  ask,
  type Serving,
  serving,
  sharedStore,
  someEntries,
  storeWith,
  temporaryStore,
} from './serving.ts'

const store = sharedStore(
  someEntries(50, (at) => ({ level: at % 2 === 0 ? 'info' : 'error', fields: { user: { id: at } } })),
)

interface Described {
  readonly operationId: string
  readonly security?: unknown
  readonly parameters: readonly {
    readonly name: string
    readonly in: string
    readonly required: boolean
    readonly schema: object
  }[]
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: object }>> }>>
}

const document = JSON.parse(JSON.stringify(openApiDocument()))
const described: [path: string, method: string, Described][] = Object.entries(document.paths).flatMap(
  ([path, methods]) =>
    Object.entries(methods as Record<string, Described>).map(([method, one]): [string, string, Described] => [
      path,
      method.toUpperCase(),
      one,
    ]),
)
const reads = described.filter(([, method]) => method === 'GET')

/** A good value of each parameter; `id` is that of an entry. */
async function values(server: Serving): Promise<Record<string, string>> {
  const { entries, live } = (await server.ask('/logs?format=entries')).json
  return {
    q: 'level:error',
    from: '2026-01-31T12:00:00Z',
    to: '-1s',
    before: entries[10].id,
    after: entries[10].id,
    around: entries[10].id,
    limit: '3',
    format: '',
    buckets: '5',
    of: 'source',
    path: 'user.id',
    prefix: 'u',
    batch: '1',
    'Last-Event-ID': live,
    id: entries[5].id,
    live,
  }
}

/** What else a request must say for one of its parameters to make sense. */
const company: Readonly<Record<string, string>> = { 'getCompletions path': '&of=value' }

/** The path of an operation, with what it cannot do without. */
function pathOf([path, , { parameters }]: (typeof described)[number], good: Readonly<Record<string, string>>): string {
  const required = parameters.filter(({ required, in: where }) => required && where === 'query')
  const query = new URLSearchParams(Object.fromEntries(required.map(({ name }) => [name, good[name] as string])))
  return `${path.replace('{id}', good['id'] as string)}?${query}`
}

test('the server gives this very document', async () => {
  const server = await serving(store())
  expect((await server.ask('/openapi.json')).json).toEqual(document)
})

test('every operation is answered, every parameter is taken, and none that is not there', async () => {
  const server = await serving(store(), { maxViewers: 1000 })
  const good = await values(server)
  for (const operation of reads) {
    const [path, , { operationId, parameters }] = operation
    const plain = pathOf(operation, good)
    const isStream = operationId === 'streamEntries'
    const status = async (more: string, headers = {}): Promise<number> => {
      if (!isStream) return (await server.ask(plain + more, { headers })).status
      const client = await readEvents(server.port, plain + more, { headers })
      client.leave()
      return client.status
    }
    expect(await status(''), path).toBe(200)
    for (const parameter of parameters) {
      const { name, in: where, schema } = parameter
      const words = 'enum' in schema ? (schema.enum as string[]) : [isStream && name === 'after' ? 'live' : name]
      for (const word of words) {
        const value = 'enum' in schema ? word : (good[word] as string)
        const what = `${path}: ${name}=${value}`
        if (where === 'header') {
          expect(await status('', { [name]: value }), what).toBe(200)
          expect((await server.ask(plain, { headers: { [name]: 'nonsense' } })).status, what).toBe(400)
        } else if (where === 'query') {
          const mustBe = word === 'value' ? '&path=user.id' : (company[`${operationId} ${name}`] ?? '')
          const base = parameter.required || mustBe === '&of=value' ? plain.replace(/of=\w+/, '') : plain
          const answer = server.ask(`${base}&${name}=${encodeURIComponent(value)}${mustBe}`, { method: 'HEAD' })
          expect((await answer).status, what).toBe(200)
          const bad = await server.ask(`${base}${mustBe}&${name}=${'%00'.repeat(1001)}`)
          expect(bad, what).toMatchObject({ status: 400, json: { parameter: name } })
        }
      }
    }
    const unknown = await server.ask(`${plain}&nonsense=1`)
    expect(unknown, path).toMatchObject({ status: 400, json: { parameter: 'nonsense' } })
  }
})

test('answers look as the document says', async () => {
  const server = await serving(store())
  const good = await values(server)
  const seen = new Set<string>()
  const check = (operationId: string, status: string, { headers, json }: Answer): void => {
    const [, , { responses }] = described.find(([, , one]) => one.operationId === operationId)!
    const type = (headers['content-type'] ?? '').split(';')[0] as string
    const reference = (responses[status] as { $ref?: string }).$ref
    const response =
      reference === undefined ? responses[status] : document.components.responses[reference.split('/').at(-1)!]
    const schema = response?.content?.[type]?.schema
    expect(schema, `${operationId} ${status} ${type}`).toBeDefined()
    seen.add(`${operationId} ${status} ${type}`)
    if (json !== undefined) expect(schemaProblems(json, schema, document), `${operationId} ${status}`).toEqual([])
  }
  for (const operation of reads) {
    const [, , { operationId, responses }] = operation
    if (operationId === 'streamEntries') continue
    const formats = { getEntries: ['messages', 'entries', 'ndjson'], exportEntries: ['ndjson', 'csv', 'text'] }
    const ways =
      operationId in formats ? formats[operationId as keyof typeof formats].map((way) => `&format=${way}`) : ['']
    for (const way of ways) check(operationId, '200', await server.ask(pathOf(operation, good) + way))
    check(operationId, '400', await server.ask(`${pathOf(operation, good)}&nonsense=1`))
    const types = Object.keys(responses[200]?.content ?? {})
    for (const type of types) expect(seen, type).toContain(`${operationId} 200 ${type}`)
  }
  const post = { method: 'POST', headers: { 'content-type': 'application/json' } }
  const twice = '[{"message":"a","logwisp.id":"x:1"},{"message":"a","logwisp.id":"x:1"}]'
  check('addEntries', '200', await server.ask('/logs', { ...post, body: twice }))
  check('addEntries', '400', await server.ask('/logs', { ...post, body: '[{"message":"a"},{}]' }))
  const deadline: Store['page'] = async () => ({
    entries: [{ id: 'a-0', time: 9e15, source: '', message: '' }],
    older: 'a-0',
    newer: 'b-0',
    isComplete: false,
    searchedTo: 0,
    live: '1.0',
  })
  const late = await serving(storeWith(store(), { page: deadline }))
  check('getEntries', '200', await late.ask('/logs?format=entries'))
})

test('events of the stream look as the document says', async () => {
  const tail: Store['tail'] = async function* () {
    yield { kind: 'gap', entries: 3, from: 1, to: 2, live: '1.0' }
    yield { kind: 'gap', live: '2.0' }
    const entry = { id: 'a-0', time: 0, source: 's', message: 'm', level: 'info', fields: { a: 1 } } as const
    yield { kind: 'entries', entries: [entry], live: '3.0' }
  }
  const server = await serving(storeWith(store(), { tail }))
  const client = await readEvents(server.port, '/logs/stream')
  await client.ended
  const names = { open: 'StreamOpen', gap: 'StreamGap', end: 'StreamEnd', entry: 'Entry' } as const
  const kinds = client.events.map(({ event = 'entry', data }) => {
    const schema = { $ref: `#/components/schemas/${names[event as keyof typeof names]}` }
    expect(schemaProblems(JSON.parse(data), schema, document), event).toEqual([])
    return event
  })
  expect(kinds).toEqual(['open', 'gap', 'gap', 'entry', 'end'])
})

/** Answers to raw bytes, for what no client of HTTP sends. */
async function raw(port: number, text: string): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}).write(text)
  const [piece] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return Number(/^HTTP\/1\.1 (\d+)/.exec(piece.toString())?.[1])
}

test('every status of the document is answered by a request of its kind, and no other one', async () => {
  const token = 'a-token-of-a-reader-alone'
  const access = accessControl({ tokens: { one: { hash: hashToken(token), rights: [] } } })
  const guarded = await serving(store(), { access })
  const rate = { perAddress: { ratePerSecond: 0.001, burst: 1 } }
  const failing = (code: 'STORE_FAILED' | 'STORE_BUSY'): Store => {
    const fail = (): never => {
      throw new LogwispError(code, 'broken')
    }
    const changes: Record<string, () => never> = {}
    for (const name of ['page', 'entry', 'histogram', 'completions', 'live', 'tail', 'scan', 'stats'])
      changes[name] = fail
    return storeWith(store(), changes as never)
  }
  const plain = await serving(store())
  const broken = await serving(failing('STORE_FAILED'))
  const busy = await serving(failing('STORE_BUSY'))
  const good = await values(plain)
  const missing: string[] = []
  const strange: string[] = []

  const ofReads = async (operation: (typeof described)[number], status: number): Promise<number> => {
    const path = pathOf(operation, good)
    const limited = async (options: LogsApiOptions): Promise<number> => {
      const { ask } = await serving(store(), options)
      await ask('/metrics')
      return (await ask(path)).status
    }
    switch (status) {
      case 400:
        return (await plain.ask(`${path}&nonsense=1`)).status
      case 401:
        return (await guarded.ask(path)).status
      case 403:
        return operation[2].security === undefined
          ? (await plain.ask(path, { headers: { host: 'rebound.example' } })).status
          : (await guarded.ask(path, { headers: { authorization: `Bearer ${token}` } })).status
      case 404:
        return (await plain.ask('/logs/entries/zzz-0')).status
      case 414:
        return (await plain.ask(`${path}&q=${'a'.repeat(9000)}`)).status
      case 429:
        return limited({ access: accessControl({ requestRate: rate }) })
      case 500:
        return (await broken.ask(path)).status
      case 503:
        return (await busy.ask(path)).status
      default:
        return 0
    }
  }

  const never: Promise<never> = new Promise(() => {})
  const stuck = storeWith(store(), { append: () => never })
  const post = async (
    options: LogsApiOptions,
    request: Parameters<Serving['ask']>[1],
    over = store(),
  ): Promise<number> => {
    const server = await serving(over, options)
    return (await server.ask('/logs', { method: 'POST', body: '{"message":"a"}', ...request })).status
  }
  const head = 'POST /logs HTTP/1.1\r\nHost: localhost\r\n'
  const ofPost: Readonly<Record<number, () => Promise<number>>> = {
    400: () => post({}, { body: '{' }),
    401: () => post({ access }, {}),
    403: () => post({ access }, { headers: { authorization: `Bearer ${token}` } }),
    408: async () =>
      raw((await serving(store(), { ingest: { bodyTimeoutMs: 50 } })).port, `${head}Content-Length: 100\r\n\r\n{`),
    411: () => raw(plain.port, `${head}\r\n`),
    413: () => post({ ingest: { maxBodyBytes: 5 } }, {}),
    414: async () => (await plain.ask(`/logs?q=${'a'.repeat(9000)}`, { method: 'POST', body: '{}' })).status,
    415: () => post({}, { headers: { 'content-type': 'image/png' } }),
    429: async () => {
      const { ask } = await serving(store(), { access: accessControl({ requestRate: rate }) })
      await ask('/metrics')
      return (await ask('/logs', { method: 'POST', body: '{"message":"a"}' })).status
    },
    500: async () => {
      const server = await serving(store())
      const { createServer } = await import('node:http')
      // Somebody in front has read the body, and left nothing of it.
      const outer = createServer(async (req, res) => {
        req.resume()
        await once(req, 'end')
        server.api.handler(req, res)
      }).listen(0)
      await once(outer, 'listening')
      const { port } = outer.address() as { port: number }
      const { status } = await ask(port, '/logs', { method: 'POST', body: '{"message":"a"}' })
      outer.close()
      return status
    },
    501: () => raw(plain.port, `${head}Transfer-Encoding: gzip, chunked\r\n\r\n`),
    503: async () => {
      const closed = await temporaryStore()
      const server = await serving(closed)
      await closed.close()
      for (;;) {
        const { status } = await server.ask('/logs', { method: 'POST', body: '{"message":"a"}' })
        if (status !== 504 && status !== 200) return status
      }
    },
    504: () => post({ ingest: { deliverTimeoutMs: 50 }, drainTimeoutMs: 50 }, {}, stuck),
  }

  for (const operation of described) {
    const [path, method, { responses }] = operation
    for (const status of Object.keys(responses).map(Number)) {
      if (status === 200) continue
      const answered = method === 'POST' ? await ofPost[status]?.() : await ofReads(operation, status)
      if (answered !== status) missing.push(`${method} ${path}: ${status}, got ${answered}`)
    }
    if (method === 'POST') continue
    for (const status of [400, 401, 403, 414, 429, 500, 503]) {
      const answered = await ofReads(operation, status)
      // An event stream is read to its end by nobody here.
      if (answered !== 200 && !(answered in responses)) strange.push(`${method} ${path}: ${answered}`)
    }
  }
  expect(missing).toEqual([])
  expect(strange).toEqual([])
})
