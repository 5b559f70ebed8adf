/** httpSource keeps the contract of sources, however the entries were sent. */

import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { type ContractCheck, checkOptionErrors, sampleLines, sourceContract } from '@logwisp/core/testing'
import { describe, test } from 'vitest'
import { type HttpSourceOptions, httpSource } from '../src/index.ts'

function keeps(name: string, contract: readonly ContractCheck[]): void {
  describe(name, () => {
    for (const check of contract) test(check.name, check.run)
  })
}

const lines = sampleLines(400)

/** A source that has been sent everything: the request waits with it until somebody reads. */
async function sent(type: string, body: string, options: HttpSourceOptions = {}) {
  const source = httpSource({ port: 0, drainTimeoutMs: 200, ...options })
  const [{ port }] = (await once(source, 'listening')) as [AddressInfo]
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  const bytes = Buffer.from(body)
  const head = `POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${bytes.length}\r\n\r\n`
  await new Promise<void>((resolve) => socket.write(Buffer.concat([Buffer.from(head), bytes]), () => resolve()))
  // The server has read it once it counts its bytes.
  while (source.stats.bytesIn < bytes.length && options.whenInvalid !== 'skip') await new Promise(setImmediate)
  return source
}

const whole = { messages: lines, endless: true }
const ndjson = lines.map((message) => JSON.stringify({ message })).join('\n')
keeps(
  'httpSource with NDJSON',
  sourceContract(() => sent('application/x-ndjson', ndjson), whole),
)
keeps(
  'httpSource with NDJSON that is streamed',
  sourceContract(() => sent('application/x-ndjson', ndjson, { whenInvalid: 'skip' }), whole),
)
keeps(
  'httpSource with an array',
  sourceContract(() => sent('application/json', JSON.stringify(lines.map((message) => ({ message })))), whole),
)
keeps(
  'httpSource with lines',
  sourceContract(() => sent('text/plain', lines.join('\n')), whole),
)

test('refuses bad options', () => {
  checkOptionErrors((options) => httpSource(options), {
    path: ['ingest', '/a?b', 1],
    port: [-1, 65_536, '80'],
    host: ['', 1],
    access: [{}, 'yes'],
    tls: [{}, 'yes'],
    allowedHosts: [[], 'all', [1]],
    allowOrigin: ['', [], [1]],
    maxConnections: [0, '1'],
    source: ['', 1],
    addSender: ['yes'],
    respond: ['maybe', true],
    whenInvalid: ['drop'],
    maxRequests: [0],
    maxBodyBytes: [0, '1mb', Infinity],
    maxEntryBytes: [15, Infinity],
    maxHeldBytes: [1, 65_536],
    bodyTimeoutMs: [0, 2 ** 31],
    busyTimeoutMs: [0],
    deliverTimeoutMs: [0],
    drainTimeoutMs: [0],
    dedupe: [1],
    maxRememberedIds: [1],
    maxRememberedBytes: [1],
    rememberMs: [0],
  })
})
