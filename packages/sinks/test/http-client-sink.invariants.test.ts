/**
 * Endpoints that do anything at random, among it taking a batch and then losing the answer: every entry is taken or
 * rejected in the end; none is acknowledged before that; a bad one is rejected and no other; with one request at a time
 * entries are first taken in order.
 */

import { pipeline } from 'node:stream/promises'
import { Batch, type Origin } from '@logwisp/core'
import { givingSource } from '@logwisp/core/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HttpClientSinkOptions, httpClientSink } from '../src/http-client-sink.ts'
import { type Answer, answers, type Receiver, receiver, takesAll } from './http-receiver.ts'

const mishaps = {
  takes: takesAll,
  busy: answers(503),
  throttles: answers(429, { 'retry-after': '0' }),
  resets: (_received, res) => void res.socket?.resetAndDestroy(),
  'takes and resets': (_received, res) => void res.socket?.destroy(),
  'takes and cuts its answer': (_received, res) => {
    res.writeHead(200, { 'content-length': 50 })
    res.write('{', () => res.destroy())
  },
  'takes and hangs': () => {},
  refuses: answers(404),
} as const satisfies Record<string, Answer>

type Mishap = keyof typeof mishaps

const maxEntries = 12

let servers: Receiver[]
beforeAll(async () => {
  servers = [await receiver(), await receiver()]
})
afterAll(() => Promise.all(servers.map((one) => one.close())))

interface Scenario {
  readonly lines: number
  readonly bad: readonly number[]
  readonly script: readonly Mishap[]
  readonly options: HttpClientSinkOptions
  readonly asBatches: boolean
}

const scenario: fc.Arbitrary<Scenario> = fc.record({
  lines: fc.integer({ min: 1, max: 120 }),
  bad: fc.array(fc.nat(119), { maxLength: 4 }),
  script: fc.array(fc.constantFrom(...(Object.keys(mishaps) as Mishap[])), { maxLength: 25 }),
  options: fc.record({
    maxBatchEntries: fc.integer({ min: 1, max: 40 }),
    maxInFlight: fc.constantFrom(1, 1, 3),
    strategy: fc.constantFrom('failover' as const, 'round-robin' as const),
    body: fc.constantFrom('lines' as const, 'array' as const),
  }),
  asBatches: fc.boolean(),
})

async function play({ lines, bad, script, options, asBatches }: Scenario): Promise<void> {
  const messages = Array.from({ length: lines }, (_, n) => (bad.includes(n) ? `bad ${n}` : `line ${n}`))
  const takenOrRejected = new Set<string>()
  const firstTaken: string[] = []
  const rejected: string[] = []
  const take = (some: readonly string[]): void => {
    for (const one of some) {
      if (!takenOrRejected.has(one)) firstTaken.push(one)
      takenOrRejected.add(one)
    }
  }
  let turn = 0
  const play: Answer = (received, res) => {
    // Once the script is over both work; and one that refuses everything would end the pipeline with the other's refusal.
    const mishap = script[turn++] ?? 'takes'
    const isRefused = mishap === 'refuses' && res.req.socket.localPort !== port(servers[1] as Receiver)
    if (received.messages.length > maxEntries) return answers(413)(received, res)
    const index = received.messages.findIndex((message) => message.startsWith('bad'))
    if (mishap.startsWith('takes')) {
      if (index !== -1) return answers(turn % 2 === 0 ? 400 : 422, {}, turn % 3 === 0 ? { index } : {})(received, res)
      take(received.messages)
    }
    return mishaps[mishap === 'refuses' && !isRefused ? 'busy' : mishap](received, res)
  }
  for (const server of servers) server.answer = play

  const early: string[] = []
  const tracker = {
    acknowledge({ sequence }: Origin): void {
      for (const message of messages.slice(0, sequence)) if (!takenOrRejected.has(message)) early.push(message)
    },
  }
  const origin = (sequence: number): Origin => ({ tracker, sequence, id: `id-${sequence}` })
  const whole = Buffer.from(messages.map((message) => `${message}\n`).join(''))
  const numberAt = (end: number): number => whole.subarray(0, end).toString().split('\n').length - 1
  const batch = Batch.of({
    bytes: whole,
    source: 'a',
    time: 0,
    origins: { at: (_start, end) => origin(numberAt(end)) },
  })
  const sink = httpClientSink(
    servers.map(({ url }) => url),
    { maxBatchDelayMs: 2, minRetryDelayMs: 1, maxRetryDelayMs: 3, requestTimeoutMs: 60, ...options },
  )
  sink.on('reject', ({ entry }) => {
    rejected.push(entry.message)
    takenOrRejected.add(entry.message)
  })
  await pipeline(givingSource(asBatches ? [batch] : [...batch]), sink)

  expect(early).toEqual([])
  expect([...takenOrRejected].toSorted()).toEqual(messages.toSorted())
  expect(rejected.toSorted()).toEqual(messages.filter((message) => message.startsWith('bad')).toSorted())
  if (options.maxInFlight === 1) expect(firstTaken).toEqual(messages.filter((message) => !message.startsWith('bad')))
  const { entriesIn, entriesOut, entriesDropped, entriesHeld } = sink.stats
  expect([entriesIn, entriesOut, entriesDropped, entriesHeld]).toEqual([
    lines,
    lines - rejected.length,
    rejected.length,
    0,
  ])
}

function port({ server }: Receiver): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

test('nothing is lost, and nothing acknowledged that is not taken or rejected', async () => {
  const numRuns = Number(process.env['LOGWISP_RUNS'] ?? 60)
  await fc.assert(fc.asyncProperty(scenario, play), { seed: 20261121, numRuns })
}, 120_000)
