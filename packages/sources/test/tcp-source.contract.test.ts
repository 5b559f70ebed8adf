/** `tcpSource` keeps the contract of sources, for every kind of peer. */

import { once } from 'node:events'
import { connect } from 'node:net'
import { encodeEntryWithId } from '@logwisp/core'
import { checkOptionErrors, RecordingTracker, sampleLines, sourceContract } from '@logwisp/core/testing'
import { describe, test } from 'vitest'
import { type TcpSource, type TcpSourceOptions, tcpSource } from '../src/tcp-source.ts'

const lines = sampleLines(400)
const text = Buffer.from(lines.map((line) => `${line}\n`).join(''))
const wire = Buffer.from(
  new RecordingTracker()
    .entries(lines)
    .map((entry) => `${encodeEntryWithId(entry)}\n`)
    .join(''),
)
// A text of no bytes cannot be counted.
const texts = lines.filter((line) => line !== '')
const counted = Buffer.from(texts.map((line) => `${Buffer.byteLength(line)} ${line}`).join(''))

/** A source to which a peer sends as soon as it listens. */
async function sentTo(options: TcpSourceOptions, ...pieces: readonly Buffer[]): Promise<TcpSource> {
  const source = tcpSource({ port: 0, ...options })
  await once(source, 'listening')
  const { port } = source.address as { port: number }
  const peer = connect(port, '127.0.0.1')
  peer.on('error', () => {})
  peer.resume()
  // What came before the source is destroyed must be gone with it.
  source.once('close', () => peer.destroy())
  for (const piece of pieces) peer.write(piece)
  return source
}

const hello = Buffer.from('LOGWISP/1 {"acknowledge":true,"name":"contract"}\n')

describe('tcpSource keeps the contract', () => {
  const kinds = {
    'plain lines': [() => sentTo({ format: 'text' }, text.subarray(0, 5003), text.subarray(5003)), lines, false],
    'octet-counted texts': [() => sentTo({ format: 'text', framing: 'octet-counted' }, counted), texts, false],
    'entries with ids': [() => sentTo({}, wire), lines, true],
    'entries with ids, acknowledged': [() => sentTo({ drainTimeoutMs: 50 }, hello, wire), lines, true],
  } as const
  for (const [name, [make, messages, rereads]] of Object.entries(kinds)) {
    describe(name, () => {
      for (const check of sourceContract(make, { messages, rereads, endless: true })) test(check.name, check.run)
    })
  }
})

test('tcpSource refuses bad options', () => {
  checkOptionErrors((options) => tcpSource(options), {
    port: [-1, 65_536, '80'],
    host: [''],
    access: [{}],
    tls: [true],
    framing: ['nul'],
    format: ['xml'],
    whenInvalid: ['skip'],
    source: ['', 5],
    maxLineBytes: [0, 15],
    whenLineTooLong: ['split'],
    maxUnfinishedBytes: [1],
    maxConnections: [0],
    idleTimeoutMs: [0, 99],
    greetingTimeoutMs: [Infinity],
    rememberedIds: [0],
    drainTimeoutMs: [0],
  })
})
