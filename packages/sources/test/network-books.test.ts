/**
 * The accounts of sources that others send to: one for each source, however many send; what has a way back is in it, from the
 * moment when it was taken into the pipeline; what the source itself dropped is in its `stats` alone.
 */

import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import {
  type EntrySource,
  EntryWritable,
  encodeEntryWithId,
  entryTransform,
  fanOut,
  type LogEntry,
  openPipeline,
  type SourceAccount,
} from '@logwisp/core'
import { expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { httpSource, tcpSource, webSocketSource } from '../src/index.ts'
import { post } from './http-client.ts'
import { connectTo } from './tcp-client.ts'

/** Takes all, and acknowledges once it is released. */
class LateSink extends EntryWritable {
  readonly messages: string[] = []
  #release: () => void = () => {}
  readonly #released = new Promise<void>((resolve) => {
    this.#release = resolve
  })

  constructor() {
    super({ acknowledge: 'by-hand' })
  }

  release(): void {
    this.#release()
  }

  protected override consume(items: readonly (LogEntry | Iterable<LogEntry>)[]): void {
    for (const item of items) {
      const entries = Symbol.iterator in item ? [...item] : [item]
      this.messages.push(...entries.map(({ message }) => message))
      void this.#released.then(() => this.delivered(item as LogEntry))
    }
  }
}

const isKept = ({ message }: LogEntry): boolean => !message.endsWith('noise')

/** A source before a filter that drops noise, and a sink that acknowledges late. */
async function running<Source extends EntrySource & { readonly address?: unknown }>(
  source: Source,
): Promise<{ source: Source; sink: LateSink; account(): SourceAccount; port: number }> {
  const sink = new LateSink()
  const filter = entryTransform({ entry: (entry) => (isKept(entry) ? entry : undefined) })
  const whole = openPipeline([source, filter, sink])
  await once(source, 'listening')
  onTestFinished(async () => {
    sink.release()
    await whole.close({ deadlineMs: 500 })
  })
  const account = (): SourceAccount => {
    expect(source.ledger).toHaveLength(1)
    const [one] = source.ledger as [SourceAccount]
    const gone = Object.values(one.dropped).reduce((sum, { entries }) => sum + entries, 0)
    expect(one.delivered + gone + one.covered + one.forked + one.inFlight).toBe(one.entries)
    expect(whole.report().ledger).toEqual([one])
    return one
  }
  return { source, sink, account, port: (source.address as { port: number }).port }
}

const wire = (id: string, message: string): string =>
  `${encodeEntryWithId({ time: 1, source: 'app', message, origin: { tracker: { acknowledge() {} }, sequence: 1, id } })}\n`

test('tcpSource has one account of all LogWisps that send; lines that came before and plain peers are in its stats alone', async () => {
  const { source, sink, account } = await running(tcpSource({ port: 0 }))
  expect(source.ledger).toEqual([])
  const plain = await connectTo(source)
  await plain.send('plain\n')
  await vi.waitFor(() => expect(sink.messages).toEqual(['plain']))
  expect(source.ledger).toEqual([])
  const peers = [await connectTo(source), await connectTo(source)]
  for (const [number, peer] of peers.entries()) {
    await peer.send(`LOGWISP/1 {"acknowledge":true,"name":"peer ${number}"}\n`)
    await peer.send(`${wire('a', 'one')}${wire('b', 'noise')}text\nsome noise\n\n${wire('a', 'one again')}`)
  }
  await vi.waitFor(() => expect(sink.messages).toHaveLength(7))
  // Four lines and a blank one, which is a line too; what was repeated is not read into the pipeline.
  expect(account()).toMatchObject({ source: 'tcp', entries: 10, delivered: 0, inFlight: 6 })
  expect(account().dropped).toEqual({ filtered: { entries: 4, first: 'b', last: expect.stringMatching(/^tcp-/) } })
  expect(source.stats).toMatchObject({ entriesIn: 13, dropped: { duplicate: 2 } })
  sink.release()
  await vi.waitFor(() => expect(account()).toMatchObject({ entries: 10, delivered: 6, inFlight: 0, covered: 0 }))
  await peers[1]?.hears(/ACK 6\n/)
})

test('httpSource has one account of all requests whose entries can be asked for again', async () => {
  const { source, sink, account, port } = await running(httpSource({ port: 0, respond: 'either' }))
  await post(port, '{"message":"no way back"}\n')
  expect(source.ledger).toEqual([])
  const headers = { prefer: 'respond-delivered' }
  const answers = [
    post(port, 'one\ntwo\nsome noise\n', { headers: { ...headers, 'content-type': 'text/plain' } }),
    post(port, '[{"message":"three"},{"message":"noise"}]', {
      headers: { ...headers, 'content-type': 'application/json' },
    }),
  ]
  await vi.waitFor(() => expect(sink.messages).toHaveLength(4))
  expect(account()).toMatchObject({
    source: 'http',
    entries: 5,
    delivered: 0,
    inFlight: 3,
    dropped: { filtered: { entries: 2 } },
  })
  const withId = `${wire('x', 'four')}${wire('x', 'four again')}`
  expect(await post(port, withId, { headers: { 'content-type': 'application/x-ndjson' } })).toMatchObject({
    status: 202,
    json: { duplicates: 1 },
  })
  expect(account()).toMatchObject({ entries: 6 })
  expect(source.stats).toMatchObject({ entriesIn: 8, dropped: { duplicate: 1 } })
  sink.release()
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200])
  await vi.waitFor(() => expect(account()).toMatchObject({ delivered: 4, inFlight: 0, covered: 0 }))
})

test('webSocketSource as a server has one account of all clients that are told, and of entries with an id', async () => {
  const { source, sink, account, port } = await running(webSocketSource({ port: 0 }))
  const client = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ingest`)
    onTestFinished(() => socket.terminate())
    await once(socket, 'open')
    return socket
  }
  const plain = await client()
  plain.send('no way back')
  await vi.waitFor(() => expect(sink.messages).toEqual(['no way back']))
  expect(source.ledger).toEqual([])
  plain.send(wire('p', 'with an id'))
  for (const name of ['one', 'two']) {
    const told = await client()
    told.send('{"logwisp":"hello","acknowledge":true}')
    told.send(`${name}\nnoise\n${wire(name, 'four')}`)
    told.send(wire(name, 'the same client again'))
  }
  await vi.waitFor(() => expect(sink.messages).toHaveLength(8))
  expect(account()).toMatchObject({
    source: 'websocket',
    entries: 9,
    inFlight: 7,
    dropped: { filtered: { entries: 2 } },
  })
  sink.release()
  await vi.waitFor(() => expect(account()).toMatchObject({ delivered: 7, inFlight: 0, covered: 0 }))
})

test('the books of 200 peers are one account, by branch, and what a stuck sink leaves is in flight', async () => {
  const source = tcpSource({ port: 0 })
  const stuck = new HoldingSink()
  const fan = fanOut([stuck, new CountingSink()], { perBranch: [{ name: 'stuck' }, { name: 'counting' }] })
  const done = pipeline(source, fan)
  done.catch(() => {})
  for (let peer = 0; peer < 200; peer++) {
    const { send, socket } = await connectTo(source)
    await send(`LOGWISP/1 {"acknowledge":true,"name":"${peer}"}\n${wire('a', 'one')}text\n`)
    socket.destroy()
  }
  await vi.waitFor(() => expect(stuck.taken).toBe(400))
  const [account, ...others] = source.ledger as [SourceAccount]
  expect(others).toEqual([])
  expect(account).toMatchObject({ entries: 400, forked: 400, inFlight: 0 })
  expect(account.branches).toMatchObject([
    { branch: 'stuck', entries: 400, delivered: 0, inFlight: 400 },
    { branch: 'counting', entries: 400, delivered: 400, inFlight: 0 },
  ])
  source.destroy()
  await expect(done).rejects.toThrow()
  // What is left over stays so.
  expect(source.ledger[0]?.branches[0]).toMatchObject({ inFlight: 400 })
})

class HoldingSink extends EntryWritable {
  taken = 0

  constructor() {
    super({ acknowledge: 'by-hand' })
  }

  protected override consume(items: readonly (LogEntry | { readonly count: number })[]): void {
    for (const item of items) this.taken += 'count' in item ? item.count : 1
  }
}

class CountingSink extends EntryWritable {
  constructor() {
    super({ acknowledge: 'by-hand' })
  }

  protected override consume(items: readonly LogEntry[]): void {
    for (const item of items) this.delivered(item)
  }
}
