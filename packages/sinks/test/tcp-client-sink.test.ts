/** `tcpClientSink` and peers of every kind: that vanish, hang, lie, refuse, and come back. */

import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import type { LogEntry, LogwispError } from '@logwisp/core'
import { givingSource, RecordingTracker } from '@logwisp/core/testing'
import { generate } from 'selfsigned'
import { afterEach, expect, test } from 'vitest'
import { PeerWords } from '../src/internal/tcp-client/peer-words.ts'
import { type TcpClientSink, type TcpClientSinkOptions, tcpClientSink } from '../src/tcp-client-sink.ts'
import { type TcpReceiver, type TcpReceiverOptions, tcpReceiver } from './tcp-receiver.ts'

const sinks: TcpClientSink[] = []
const receivers: TcpReceiver[] = []

afterEach(async () => {
  for (const sink of sinks.splice(0)) {
    if (sink.closed) continue
    const closed = once(sink, 'close')
    sink.destroy()
    await closed
  }
  for (const receiver of receivers.splice(0)) if (receiver.server.listening) await receiver.close()
})

/** Attempts follow each other at once. */
const quick = { retryDelayMs: 1, maxRetryDelayMs: 20 } as const

function sinkTo(
  addresses: string | readonly string[],
  options: TcpClientSinkOptions = {},
): TcpClientSink & { readonly warnings: LogwispError[] } {
  const sink = tcpClientSink(addresses, { ...quick, ...options })
  sinks.push(sink)
  const warnings: LogwispError[] = []
  sink.on('warning', (warning) => warnings.push(warning))
  sink.on('error', () => {})
  return Object.assign(sink, { warnings })
}

async function receiving(options: TcpReceiverOptions = {}): Promise<TcpReceiver> {
  const receiver = await tcpReceiver(options)
  receivers.push(receiver)
  return receiver
}

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1))
}

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`)

/** Writes entries, and resolves once all were taken. */
async function write(sink: TcpClientSink, entries: readonly LogEntry[]): Promise<void> {
  for (const entry of entries) if (!sink.write(entry)) await once(sink, 'drain')
}

/** The sockets that this process has open. */
const openSockets = (): number => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length
const openFiles = (): number => readdirSync('/proc/self/fd').length

test('W13: what is written during an outage waits, and comes in order once the peer is back', async () => {
  const first = await receiving()
  const tracker = new RecordingTracker()
  const sink = sinkTo(first.address)
  await write(sink, tracker.entries(numbered(1, 5)))
  await first.has(5)
  await until(() => tracker.mark === tracker.end)
  const disconnected = once(sink, 'disconnect')
  const { port } = first
  await first.close()
  // Noticed at once, and not after seconds.
  const before = performance.now()
  await disconnected
  expect(performance.now() - before).toBeLessThan(1000)
  const mark = tracker.mark
  await write(sink, tracker.entries(numbered(6, 500)))
  expect(tracker.mark).toBe(mark)
  expect(sink.stats).toMatchObject({ entriesIn: 500, entriesOut: 5, entriesHeld: 495, entriesDropped: 0 })
  const second = await receiving({ port })
  await second.has(495)
  expect(second.messages).toEqual(numbered(6, 500))
  await until(() => tracker.mark === tracker.end)
  expect(sink.warnings.map(({ code }) => code)).toEqual(['PEER_LOST'])
  expect(sink.stats).toMatchObject({ entriesHeld: 0, entriesRepeated: 0, connections: 2, bufferedBytes: 0 })
})

test('W13: after a hundred reconnects no socket is left open', async () => {
  const receiver = await receiving()
  const sink = sinkTo(receiver.address)
  const connected = (count: number): Promise<void> =>
    until(() => sink.stats.connections >= count && receiver.sockets.size === 1)
  await connected(1)
  const [files, sockets] = [openFiles(), openSockets()]
  for (let i = 1; i <= 100; i++) {
    receiver.cut()
    await connected(i + 1)
  }
  expect(openFiles()).toBeLessThanOrEqual(files)
  expect(openSockets()).toBeLessThanOrEqual(sockets)
})

test('W20: the books tell one moment, before, during and after an outage', async () => {
  const receiver = await receiving()
  const sink = sinkTo(receiver.address)
  expect(sink.stats).toMatchObject({ connectedTo: undefined, connections: 0, lastError: undefined })
  await once(sink, 'connect')
  expect(sink.stats).toMatchObject({ connectedTo: receiver.address, connections: 1, retries: 0, lastError: undefined })
  const { port, address } = receiver
  await receiver.close()
  await until(() => sink.stats.retries > 3)
  const down = sink.stats
  expect(down).toMatchObject({
    connectedTo: undefined,
    connections: 1,
    lastError: expect.stringMatching(/ECONNREFUSED/),
  })
  await receiving({ port })
  await once(sink, 'connect')
  expect(sink.stats).toMatchObject({ connectedTo: address, connections: 2, lastError: undefined })
  expect(down.connections).toBe(1)
  expect(Object.isFrozen(down)).toBe(true)
})

test('an entry is acknowledged when the peer says so, not before, and a batch when all of its lines are', async () => {
  let said = 0
  let peer: Socket | undefined
  const receiver = await receiving({
    serve: (socket) => {
      peer = socket
      socket.once('data', () => socket.write('LOGWISP/1 {"ok":true}\n'))
      socket.resume()
    },
  })
  const say = (lines: number): void => {
    said = lines
    peer?.write(`ACK ${lines}\nACK ${said}\n`)
  }
  const tracker = new RecordingTracker()
  const sink = sinkTo(receiver.address)
  const [a, b] = tracker.entries(['a', 'b']) as [LogEntry, LogEntry]
  const batch = tracker.batch(['c', 'd', 'e'])
  const f = tracker.entries(['f'])[0] as LogEntry
  const marker = tracker.batch(['dropped']).withoutLines()
  for (const item of [a, b, batch, marker, f]) sink.write(item)
  await until(() => sink.stats.bytesOut > 0)
  expect(tracker.mark).toBe(0)
  say(1)
  await until(() => tracker.mark === a.origin?.sequence)
  say(4)
  await until(() => tracker.mark === b.origin?.sequence)
  expect(sink.stats).toMatchObject({ entriesOut: 2, entriesHeld: 4 })
  say(5)
  await until(() => tracker.mark === marker.origin?.sequence)
  say(6)
  await until(() => sink.stats.entriesHeld === 0)
})

test('what is not acknowledged when a connection breaks is sent again, first and in order, and nothing else', async () => {
  let connections = 0
  const heard: string[][] = []
  const receiver = await receiving({
    serve: (socket) => {
      const connection = ++connections
      const lines: string[] = []
      heard.push(lines)
      let rest = ''
      socket.setEncoding('utf8')
      socket.on('data', (text: string) => {
        const parts = (rest + text).split('\n')
        rest = parts.pop() as string
        for (const part of parts) {
          if (part.startsWith('LOGWISP/')) socket.write('LOGWISP/1 {"ok":true}\n')
          else lines.push(JSON.parse(part).message)
        }
        // Within a batch and within a parcel; the second time before anything.
        if (connection === 1 && lines.length === 20)
          socket.write('ACK 7\n', () => setTimeout(() => socket.destroy(), 20))
        else if (connection === 2 && lines.length >= 13) socket.destroy()
        else if (connection === 3) socket.write(`ACK ${lines.length}\n`)
      })
    },
  })
  const tracker = new RecordingTracker()
  const sink = sinkTo(receiver.address)
  sink.write(tracker.batch(numbered(1, 5)))
  sink.write(tracker.batch(numbered(6, 10)))
  for (const entry of tracker.entries(numbered(11, 20))) sink.write(entry)
  await until(() => connections === 3)
  await write(sink, tracker.entries(numbered(21, 30)))
  await until(() => sink.stats.entriesHeld === 0)
  expect(heard).toEqual([numbered(1, 20), numbered(8, 20), numbered(8, 30)])
  expect(sink.stats.entriesRepeated).toBe(26)
  expect(tracker.mark).toBe(tracker.end)
})

test('entries keep their ids, and those without one get one that stays the same when they are sent again', async () => {
  let connections = 0
  const ids: string[][] = []
  const receiver = await receiving({
    serve: (socket) => {
      connections++
      const seen: string[] = []
      ids.push(seen)
      socket.setEncoding('utf8')
      socket.on('data', (text: string) => {
        for (const line of text.trimEnd().split('\n')) {
          if (line.startsWith('LOGWISP/')) socket.write('LOGWISP/1 {"ok":true}\n')
          else seen.push(JSON.parse(line)['logwisp.id'])
        }
        if (connections === 1 && seen.length === 3) socket.destroy()
      })
    },
  })
  const sink = sinkTo(receiver.address)
  const tracker = new RecordingTracker('app.log')
  sink.write(tracker.entries(['with'])[0])
  sink.write({ time: 1, source: 's', message: 'without' })
  sink.write({ time: 1, source: 's', message: 'without' })
  await until(() => ids[1]?.length === 3)
  expect(ids[0]).toEqual(ids[1])
  expect(ids[0]?.[0]).toBe('app.log:0')
  expect(new Set(ids[0]).size).toBe(3)
})

test('a peer that accepts and never reads costs no more memory than allowed, is noticed, and is left', async () => {
  const receiver = await receiving({
    serve: (socket) => {
      // It greets, and then hangs.
      socket.once('data', () => {
        socket.write('LOGWISP/1 {"ok":true}\n')
        socket.pause()
      })
    },
  })
  const sink = sinkTo(receiver.address, { maxBufferBytes: 4 * 1024 * 1024, ackTimeoutMs: 400 })
  const tracker = new RecordingTracker()
  const text = 'x'.repeat(500)
  let written = 0
  let taken = 0
  let most = 0
  const pour = async (): Promise<void> => {
    for (;;) {
      const [entry] = tracker.entries([text])
      written++
      if (!sink.write(entry, (error) => void (error == null && taken++))) await once(sink, 'drain')
      most = Math.max(most, sink.stats.bufferedBytes)
    }
  }
  pour().catch(() => {})
  await until(() => sink.warnings.length > 0)
  expect(sink.warnings[0]).toMatchObject({
    code: 'PEER_SILENT',
    message: expect.stringMatching(/400 ms \(ackTimeoutMs\)/),
  })
  await until(() => receiver.connections >= 3)
  expect(most).toBeGreaterThan(3 * 1024 * 1024)
  expect(most).toBeLessThan(4 * 1024 * 1024 + 16 * 2000)
  expect(written - taken).toBeLessThanOrEqual(17 + 16)
  expect(tracker.mark).toBe(0)
  expect(sink.stats.entriesOut).toBe(0)
})

test('a bound in entries holds too', async () => {
  const receiver = await receiving({ serve: (socket) => void socket.resume() })
  const sink = sinkTo(receiver.address, { maxBufferEntries: 100 })
  const tracker = new RecordingTracker()
  write(sink, tracker.entries(numbered(1, 200))).catch(() => {})
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(sink.stats.entriesHeld).toBeGreaterThanOrEqual(100)
  expect(sink.stats.entriesHeld).toBeLessThan(116)
  expect(sink.writableNeedDrain).toBe(true)
})

test('a peer that is only slow and says so is kept', async () => {
  let answer = (): void => {}
  const receiver = await receiving({
    serve: (socket) => {
      socket.once('data', () => socket.write('LOGWISP/1 {"ok":true}\n'))
      const beat = setInterval(() => socket.write('ACK 0\n'), 100)
      socket.on('close', () => clearInterval(beat))
      answer = () => socket.write('ACK 1\n')
    },
  })
  const sink = sinkTo(receiver.address, { ackTimeoutMs: 300 })
  sink.write({ time: 1, source: 's', message: 'slow' })
  await new Promise((resolve) => setTimeout(resolve, 800))
  expect(receiver.connections).toBe(1)
  answer()
  await until(() => sink.stats.entriesHeld === 0)
})

const nonsense = [
  'ACK 3\n',
  'ACK -1\n',
  'ACK 1e9\n',
  'ACK\n',
  'ack 1\n',
  'HTTP/1.1 400 Bad Request\r\n',
  '\u0000\n',
  'x'.repeat(5000),
]
for (const text of nonsense) {
  test(`a peer that says ${JSON.stringify(text.slice(0, 20))} is left, and believed nothing of it`, async () => {
    const receiver = await receiving({
      serve: (socket) => {
        let parts = 0
        socket.on('data', () => void socket.write(parts++ === 0 ? 'LOGWISP/1 {"ok":true}\n' : text))
      },
    })
    const sink = sinkTo(receiver.address)
    await once(sink, 'connect')
    const tracker = new RecordingTracker()
    await write(sink, tracker.entries(['a', 'b']))
    await until(() => receiver.connections >= 3)
    expect(sink.warnings[0]).toMatchObject({ code: 'PEER_MISBEHAVED' })
    expect(sink.warnings[0]?.message.length).toBeLessThan(400)
    expect(tracker.mark).toBeLessThan(tracker.end)
  })
}

test('a peer that takes an acknowledgement back is left', async () => {
  const receiver = await receiving({ answer: (lines) => `ACK ${lines}\nACK 0\n` })
  const sink = sinkTo(receiver.address)
  sink.write({ time: 1, source: 's', message: 'a' })
  await until(() => receiver.connections >= 2)
  expect(sink.warnings[0]).toMatchObject({ code: 'PEER_MISBEHAVED', message: expect.stringMatching(/0 lines of 1/) })
})

test('a peer that refuses us, or is no LogWisp, is named as such and tried again', async () => {
  const refusing = await receiving({
    serve: (socket) =>
      void socket.once('data', () => socket.end('LOGWISP/1 {"ok":false,"error":"wrong token\\u001b[2J"}\n')),
  })
  const refused = sinkTo(refusing.address, { auth: { token: 'x' } })
  await until(() => refusing.connections >= 2)
  expect(refused.warnings[0]).toMatchObject({
    code: 'PEER_REFUSED',
    message: expect.stringContaining('wrong token\\u001b'),
  })
  const silent = await receiving({ serve: (socket) => void socket.resume() })
  // Long enough that a busy machine connects within it: what comes too late is to be the greeting.
  const unanswered = sinkTo(silent.address, { connectTimeoutMs: 500 })
  await until(() => silent.connections >= 2)
  expect(unanswered.warnings[0]).toMatchObject({
    code: 'PEER_LOST',
    message: expect.stringMatching(/protocol: 'plain'/),
  })
  const web = await receiving({
    serve: (socket) => void socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  })
  const lost = sinkTo(web.address)
  await until(() => web.connections >= 2)
  expect(lost.warnings[0]).toMatchObject({ code: 'PEER_MISBEHAVED', message: expect.stringMatching(/HTTP\/1.1/) })
})

test('the greeting has who we are, and asks for a heartbeat that fits', async () => {
  const receiver = await receiving()
  sinkTo(receiver.address, { auth: { user: 'u', password: 'p' }, name: 'host-a', ackTimeoutMs: 3000 })
  await until(() => receiver.greetings.length === 1)
  const [, json] = /^LOGWISP\/1 (.*)$/.exec(receiver.greetings[0] as string) as RegExpExecArray
  expect(JSON.parse(json as string)).toEqual({
    acknowledge: true,
    user: 'u',
    password: 'p',
    name: 'host-a',
    heartbeatMs: 1000,
  })
})

test('with several addresses the next is used when one fails, and the first again when it works', async () => {
  const first = await receiving()
  const second = await receiving()
  const { port, address } = first
  const sink = sinkTo([address, second.address], { failbackIntervalMs: 50 })
  const tracker = new RecordingTracker()
  await write(sink, tracker.entries(numbered(1, 10)))
  await until(() => sink.stats.entriesHeld === 0 && sink.stats.entriesIn === 10)
  const disconnected = once(sink, 'disconnect')
  await first.close()
  await disconnected
  await write(sink, tracker.entries(numbered(11, 20)))
  await second.has(10)
  await until(() => sink.stats.entriesHeld === 0)
  expect(sink.stats.connectedTo).toBe(second.address)
  const again = await receiving({ port })
  await until(() => sink.stats.connectedTo === address)
  await write(sink, tracker.entries(numbered(21, 30)))
  await again.has(10)
  await until(() => sink.stats.entriesHeld === 0)
  expect([...first.messages, ...second.messages, ...again.messages]).toEqual(numbered(1, 30))
  expect(second.sockets.size).toBe(0)
  expect(sink.stats.entriesRepeated).toBe(0)
})

test('going back to the first address waits for what the other one still owes, and sends nothing twice', async () => {
  const first = await receiving()
  const { port, address } = first
  await first.close()
  let peer: Socket | undefined
  let lines = 0
  const second = await receiving({
    serve: (socket) => {
      peer = socket
      socket.on('data', (chunk: Buffer) => {
        const text = chunk.toString()
        if (text.startsWith('LOGWISP/')) socket.write('LOGWISP/1 {"ok":true}\n')
        lines += text.split('\n').filter((line) => line.startsWith('{')).length
      })
    },
  })
  const sink = sinkTo([address, second.address], { failbackIntervalMs: 20 })
  const tracker = new RecordingTracker()
  await write(sink, tracker.entries(numbered(1, 3)))
  await until(() => lines === 3)
  const again = await receiving({ port })
  await until(() => again.greetings.length > 0)
  await write(sink, tracker.entries(numbered(4, 6)))
  expect(again.lines).toEqual([])
  peer?.write('ACK 3\n')
  await again.has(3)
  expect(again.messages).toEqual(numbered(4, 6))
  expect([lines, sink.stats.entriesRepeated]).toEqual([3, 0])
})

test('the end waits for acknowledgements, and fails when they do not come in time', async () => {
  const receiver = await receiving({ answer: () => '' })
  const tracker = new RecordingTracker()
  const sink = sinkTo(receiver.address, { drainTimeoutMs: 100 })
  const failure = pipeline(givingSource(tracker.entries(['a', 'b'])), sink)
  await expect(failure).rejects.toMatchObject({
    code: 'UNDELIVERED',
    message: expect.stringMatching(/^2 entries.*100 ms/),
  })
  expect(tracker.mark).toBe(0)
})

test('without a connection for too long the pipeline fails, if it was told so', async () => {
  const gone = await receiving()
  const { address } = gone
  await gone.close()
  const sink = sinkTo(address, { giveUpAfterMs: 100 })
  const failure = pipeline(givingSource(new RecordingTracker().entries(['a'])), sink)
  await expect(failure).rejects.toMatchObject({
    code: 'PEER_LOST',
    message: expect.stringMatching(/giveUpAfterMs.*ECONNREFUSED/),
  })
})

test('a plain peer gets lines in the format that is asked for', async () => {
  const tracker = new RecordingTracker()
  const items = [tracker.batch(['a', 'b']), ...tracker.entries(['c'])]
  for (const [format, lines] of [
    ['raw', ['a', 'b', 'c']],
    [({ message }: LogEntry) => `<${message}>`, ['<a>', '<b>', '<c>']],
  ] as const) {
    const receiver = await receiving({ protocol: 'plain' })
    await pipeline(givingSource(items), sinkTo(receiver.address, { protocol: 'plain', format }))
    await receiver.has(3)
    expect(receiver.lines).toEqual(lines)
  }
  const receiver = await receiving({ protocol: 'plain' })
  await pipeline(givingSource(items), sinkTo(receiver.address, { protocol: 'plain' }))
  await receiver.has(3)
  expect(receiver.messages).toEqual(['a', 'b', 'c'])
  expect(receiver.lines[0]).not.toMatch(/logwisp\.id/)
})

test('a plain peer that takes nothing for too long is left', async () => {
  const receiver = await receiving({ protocol: 'plain', serve: (socket) => void socket.pause() })
  const sink = sinkTo(receiver.address, { protocol: 'plain', writeTimeoutMs: 200 })
  const large = { time: 1, source: 's', message: 'x'.repeat(30_000_000) }
  sink.write(large)
  await until(() => receiver.connections >= 2)
  expect(sink.warnings[0]).toMatchObject({ code: 'PEER_SILENT', message: expect.stringMatching(/writeTimeoutMs/) })
})

test('what a peer says is understood however it is cut', () => {
  const text = Buffer.from('LOGWISP/1 {"ok":true}\nACK 1\r\nACK 22\n')
  for (let at = 0; at <= text.length; at++) {
    const words = new PeerWords()
    const all = [...words.feed(text.subarray(0, at)), ...words.feed(text.subarray(at))]
    expect(all).toEqual([{ is: 'welcome' }, { is: 'acknowledgement', lines: 1 }, { is: 'acknowledgement', lines: 22 }])
  }
})

test('TLS: our own authority is trusted, and nobody else; the certificate must have the name', async () => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'logs.example' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'logs.example' }] }],
  })
  const receiver = await receiving({ tls: { cert, key } })
  const tls = { ca: cert, servername: 'logs.example' }
  await pipeline(givingSource(new RecordingTracker().entries(['secret'])), sinkTo(receiver.address, { tls }))
  expect(receiver.messages).toEqual(['secret'])
  const stranger = sinkTo(receiver.address, { tls: { servername: 'logs.example' } })
  await until(() => stranger.warnings.length > 0)
  expect(stranger.warnings[0]).toMatchObject({
    code: 'PEER_LOST',
    message: expect.stringMatching(/SELF_SIGNED|DEPTH_ZERO/),
  })
  const misnamed = sinkTo(receiver.address, { tls: { ca: cert, servername: 'other.example' } })
  await until(() => misnamed.warnings.length > 0)
  expect(misnamed.warnings[0]?.message).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID/)
  const plain = sinkTo(receiver.address, { connectTimeoutMs: 200 })
  await until(() => plain.warnings.length > 0)
  expect(receiver.messages).toEqual(['secret'])
})

test('a connection attempt that hangs is given up', async () => {
  // A full backlog of a listener that never accepts is not to be had portably; a TLS handshake that nobody answers is.
  const receiver = await receiving({ serve: (socket) => void socket.resume() })
  const sink = sinkTo(receiver.address, { tls: true, connectTimeoutMs: 50 })
  await until(() => receiver.connections >= 2)
  expect(sink.warnings[0]).toMatchObject({ code: 'PEER_LOST', message: expect.stringMatching(/within 50 ms/) })
})

test('a peer that takes everything and acknowledges nothing is left too', async () => {
  const receiver = await receiving({ answer: () => '' })
  const sink = sinkTo(receiver.address, { ackTimeoutMs: 300 })
  const tracker = new RecordingTracker()
  // Something is sent all the time, so that it is never quiet on our side.
  const steady = setInterval(() => sink.write(tracker.entries(['a'])[0]), 50)
  try {
    await until(() => sink.warnings.length > 0)
    expect(sink.warnings[0]?.code).toBe('PEER_SILENT')
    expect(tracker.mark).toBe(0)
  } finally {
    clearInterval(steady)
  }
})
