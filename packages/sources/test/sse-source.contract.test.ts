/** `sseSource` keeps the contract of sources, against a server that ends and one that goes on. */

import { checkOptionErrors, sampleLines, sourceContract } from '@logwisp/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sseSource } from '../src/index.ts'
import { type EventServer, event, eventServer, stream } from './event-server.ts'

const messages = sampleLines(400)
const text = messages.map((message, i) => event(`line-${i}`, JSON.stringify({ message }))).join('')

let ending: EventServer
let endless: EventServer
beforeAll(async () => {
  ending = await eventServer((res) => stream(res).end(text + event('line-399', '{}', 'end')), { closes: false })
  endless = await eventServer((res) => stream(res).write(text), { closes: false })
})
afterAll(async () => {
  await ending.close()
  await endless.close()
})

describe('of a stream that ends', () => {
  const make = () => sseSource(ending.url, { whenEnded: 'end' })
  for (const { name, run } of sourceContract(make, { messages, rereads: true })) test(name, run)
})

describe('of a stream that goes on', () => {
  const make = () => sseSource(endless.url)
  for (const { name, run } of sourceContract(make, { messages, rereads: true, endless: true })) test(name, run)
})

test('refuses bad options', () => {
  checkOptionErrors((options) => sseSource('http://127.0.0.1/', options), {
    source: [''],
    checkpoint: [{}],
    lastEventId: [''],
    headers: [{ 'a b': 'c' }, { a: 'b\r\nc: d' }, { a: 1 }],
    auth: [
      {},
      { token: '' },
      { token: 'a b' },
      { user: 'a:b', password: 'c' },
      { user: 'a' },
      { token: 'a', user: 'b' },
    ],
    tls: [{ ca: 1 }, { unknown: true }, 'ca'],
    eventTypes: [[], 'all', [1]],
    whenEnded: ['stop'],
    whenRepeated: ['keep'],
    maxRememberedIds: [0],
    maxEventBytes: [1],
    compress: [1],
    connectTimeoutMs: [0],
    idleTimeoutMs: [0],
    retryDelayMs: [0],
    maxRetryDelayMs: [0],
    maxRetryAfterMs: [0],
    maxRetries: [-1, 1.5],
    maxRedirects: [-1],
  })
  for (const url of ['', 'host/stream', 'ftp://host/', 'ws://host/', 'http://user:secret@host/', 5]) {
    expect(() => sseSource(url as string)).toThrow(/`url` must be a URL/)
  }
})
