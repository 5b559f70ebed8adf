/** httpClientSink against the contract of every sink, in each way of making bodies. */

import { checkOptionErrors, sinkContract } from '@logwisp/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HttpClientSink, type HttpClientSinkOptions, httpClientSink } from '../src/http-client-sink.ts'
import { answers, type Receiver, receiver } from './http-receiver.ts'

/** One server for all: each sink posts to a path of its own. */
let server: Receiver
beforeAll(async () => {
  server = await receiver()
  server.answer = ({ req }, res) => {
    if (req.url?.startsWith('/refuse') === true) answers(404)(undefined as never, res)
    else if (req.url?.startsWith('/hang') !== true) answers(202)(undefined as never, res)
  }
})
afterAll(() => server.close())

let made = 0
const paths = new WeakMap<HttpClientSink, string>()

describe.each<[string, HttpClientSinkOptions]>([
  ['as it comes', {}],
  ['in small batches', { maxBatchEntries: 7, maxBatchBytes: 900 }],
  ['as a JSON array', { body: 'array', maxBatchEntries: 50 }],
  ['as raw lines', { format: 'raw', maxBatchEntries: 50 }],
  ['by a format', { format: ({ message }) => message, maxBatchBytes: 2000 }],
  ['compressed', { compress: 'gzip', maxBatchEntries: 50 }],
  ['with several requests at once', { maxInFlight: 4, maxBatchEntries: 20 }],
])('httpClientSink %s', (name, options) => {
  const to = (kind: string): HttpClientSink => {
    const path = `/${kind}/${++made}`
    const sink = httpClientSink(new URL(path, server.url), { maxBatchDelayMs: 5, ...options })
    paths.set(sink, path)
    return sink
  }
  const contract = sinkContract(() => to('take'), {
    // Batches may overtake each other with several requests at once.
    ...(!name.startsWith('with several') && {
      received: (sink: HttpClientSink) =>
        server.requests.filter(({ req }) => req.url === paths.get(sink)).flatMap(({ messages }) => messages),
    }),
    makeFailing: () => to('refuse'),
    makeStuck: () => to('hang'),
    maxHeldEntries: 15_100,
  })
  for (const { name, run } of contract) {
    // What a receiver that refuses everything got was not taken.
    test(name, run)
  }
})

test('refuses bad options, without showing a secret', () => {
  const secret = 'hunter2-\n'
  checkOptionErrors((options) => httpClientSink('http://127.0.0.1:1/', options), {
    strategy: ['first'],
    format: ['xml', 5],
    body: ['object'],
    ids: ['yes'],
    compress: ['br', true],
    maxBatchEntries: [0, 1.5],
    maxBatchBytes: [0],
    maxBatchDelayMs: [0],
    maxInFlight: [0, Infinity],
    adaptiveConcurrency: [1, true],
    connectTimeoutMs: [0],
    requestTimeoutMs: [0, '1'],
    retries: [-1],
    minRetryDelayMs: [0],
    retryStatuses: [[200], 404],
    whenUndeliverable: ['drop'],
    drainTimeoutMs: [0],
    respond: ['stored'],
  })
  const refused: [unknown, HttpClientSinkOptions][] = [
    [`http://me:${secret.trim()}@host/`, {}],
    [`ftp://host/?key=${secret.trim()}`, {}],
    [[], {}],
    [['http://a/', 'http://a/'], {}],
    ['http://a/', { bearer: secret }],
    ['http://a/', { bearer: '' }],
    ['http://a/', { basic: { user: 'a:b', password: secret } }],
    ['http://a/', { basic: { user: 'a', password: secret }, bearer: secret.trim() }],
    ['http://a/', { headers: { 'x-key': secret } }],
    ['http://a/', { headers: { 'Content-Length': '1' } }],
    ['http://a/', { headers: { 'bad name': '1' } }],
    ['http://a/', { tls: { key: secret, cert: secret } }],
    ['http://a/', { tls: { rejectUnauthorized: false } as never }],
    ['http://a/', { body: 'array', format: 'raw' }],
    ['http://a/', { minRetryDelayMs: 10, maxRetryDelayMs: 5 }],
  ]
  for (const [url, options] of refused) {
    let error: unknown
    try {
      httpClientSink(url as string, options)
    } catch (thrown) {
      error = thrown
    }
    expect(error, JSON.stringify(options)).toMatchObject({ code: 'BAD_OPTION' })
    expect(String(error)).not.toContain(secret.trim())
  }
})
