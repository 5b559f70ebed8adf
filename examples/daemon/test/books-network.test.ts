/** The books of a source that others send to are in the status and in the metrics, as those of files are. */

import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { metricsText } from '../src/http/metrics.ts'
import { testPorts } from './build-kit.ts'
import { serviceStatus } from './http-status-fixture.ts'
import { Bench, configOf, toFar, until } from './pipeline-bench.ts'

let bench: Bench
beforeEach(async () => {
  bench = await Bench.open()
})
afterEach(() => bench.close())

test('what a LogWisp sends over TCP is in one account: by sink, and what was filtered; what nobody can ask for again is in none', async () => {
  const ports = testPorts()
  const stages = {
    sources: [{ type: 'tcp', options: { port: 0 } }],
    filters: [{ type: 'exclude', patterns: ['noise'] }],
    sinks: [toFar('http://far/'), toFar('http://stuck/')],
  }
  const pipeline = bench.pipeline(configOf(stages), { ports })
  bench.far('http://stuck/').mode = 'stuck'
  await until(() => ports.listeners.length > 0)
  const port = ports.listeners[0]?.port as number
  const send = async (text: string): Promise<void> => {
    const peer = connect({ port, host: '127.0.0.1' }).on('error', () => {})
    await once(peer, 'connect')
    peer.write(text)
  }
  const { messages } = bench.far('http://far/')
  await send('{"message":"plain"}\n')
  await until(() => messages.length === 1)
  const books = (): unknown => pipeline.status().sources[0]?.books
  expect(books()).toMatchObject({ balanced: true, accounts: [], total: { entries: 0 } })
  for (const name of ['one', 'two']) {
    await send(`LOGWISP/1 {"acknowledge":true,"name":"${name}"}\n{"message":"${name}"}\n{"message":"noise"}\n`)
  }
  await until(() => messages.length === 3)
  const account = {
    source: 'tcp',
    entries: 4,
    filtered: 2,
    to_sinks: 2,
    missing: 0,
    sinks: [
      { entries: 2, delivered: 2, in_flight: 0 },
      { entries: 2, delivered: 0, in_flight: 2 },
    ],
  }
  expect(books()).toMatchObject({ balanced: true, accounts: [account], account_count: 1 })
  const service = serviceStatus([pipeline.status()])
  const { text } = await metricsText({ service, pipelines: ['app'], seesAll: true, isReady: true, accept: undefined })
  expect(text).toMatch(/^logwisp_books_read_total\{.*\} 4$/m)
  bench.far('http://stuck/').comeUp()
  await until(() => (books() as { total: { sinks: { delivered: number }[] } }).total.sinks[1]?.delivered === 2)
})
