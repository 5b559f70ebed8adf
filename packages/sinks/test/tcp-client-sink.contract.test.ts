/** `tcpClientSink` keeps the contract of sinks, to a LogWisp and to a plain peer. */

import { once } from 'node:events'
import { checkOptionErrors, sinkContract } from '@logwisp/core/testing'
import { describe, expect, test } from 'vitest'
import { type TcpClientSink, type TcpClientSinkOptions, tcpClientSink } from '../src/tcp-client-sink.ts'
import { type TcpReceiver, tcpReceiver } from './tcp-receiver.ts'

const receivers = new WeakMap<TcpClientSink, TcpReceiver>()

async function sinkTo(protocol: 'logwisp' | 'plain', options: TcpClientSinkOptions = {}): Promise<TcpClientSink> {
  const receiver = await tcpReceiver({ protocol })
  const sink = tcpClientSink(receiver.address, { protocol, ...options })
  receivers.set(sink, receiver)
  // One sink each, and gone with it.
  sink.once('close', () => setImmediate(() => receiver.server.close()))
  receiver.server.unref()
  return sink
}

/** To a port that nobody listens on. */
async function sinkToNobody(options: TcpClientSinkOptions): Promise<TcpClientSink> {
  const gone = await tcpReceiver()
  const { address } = gone
  await gone.close()
  const sink = tcpClientSink(address, options)
  receivers.set(sink, gone)
  return sink
}

async function receivedBy(sink: TcpClientSink): Promise<string[]> {
  const receiver = receivers.get(sink) as TcpReceiver
  await Promise.all([...receiver.sockets].map((socket) => once(socket, 'close')))
  return receiver.messages
}

for (const protocol of ['logwisp', 'plain'] as const) {
  describe(`tcpClientSink keeps the contract: ${protocol}`, () => {
    const checks = sinkContract(() => sinkTo(protocol), {
      received: receivedBy,
      makeFailing: () => sinkToNobody({ protocol, giveUpAfterMs: 1, retryDelayMs: 1 }),
      makeStuck: () => sinkToNobody({ protocol, maxBufferEntries: 500 }),
      maxHeldEntries: 600,
    })
    for (const { name, run } of checks) test(name, run)
  })
}

test('tcpClientSink refuses bad options', () => {
  checkOptionErrors((options) => tcpClientSink('127.0.0.1:9', options), {
    protocol: ['syslog'],
    acknowledge: ['never'],
    format: ['json'],
    auth: [{}, { token: '' }, { user: 'a' }],
    name: [''],
    tls: [false, { rejectUnauthorized: false }],
    maxBufferEntries: [0],
    maxBufferBytes: [1],
    connectTimeoutMs: [0, Infinity],
    ackTimeoutMs: [299],
    giveUpAfterMs: [0],
    drainTimeoutMs: [-1],
  })
  for (const address of ['', 'host', 'host:0', 'host:65536', '::1:9000', '[::1]', 'http://host:1', 5, []]) {
    expect(() => tcpClientSink(address as string)).toThrow(/addresses/)
  }
  expect(() => tcpClientSink('h:1', { protocol: 'plain', acknowledge: 'peer' })).toThrow(/acknowledges nothing/)
  expect(() => tcpClientSink('h:1', { protocol: 'plain', auth: { token: 'x' } })).toThrow(/logwisp/)
})
