/**
 * Two LogWisps over TCP: whichever is killed, and however often, no line is lost; what comes twice is known by its id.
 *
 * `CHAIN_SECONDS=60 npx vitest run packages/sinks/test/tcp-chain.test.ts` does it for longer, with more kills.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, open } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { LogEntry } from '@logwisp/core'
import { accessControl, hashToken, serverTls } from '@logwisp/core/server'
import { collectingSink, givingSource, RecordingTracker } from '@logwisp/core/testing'
import { type TcpSource, type TcpSourceOptions, tcpSource } from '@logwisp/sources'
import { generate } from 'selfsigned'
import { expect, test } from 'vitest'
import { tcpClientSink } from '../src/tcp-client-sink.ts'
import { temporaryDirectory } from './file-fixtures.ts'

const seconds = Number(process.env['CHAIN_SECONDS'] ?? 8)
const killsOfReceiver = Math.max(3, Math.round(seconds / 6))
const killsOfSender = Math.max(2, Math.round(seconds / 12))

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await wait(1)
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

function start(program: string, ...args: string[]): ChildProcess {
  const path = fileURLToPath(new URL(`./fixtures/${program}.ts`, import.meta.url))
  return spawn(process.execPath, ['--conditions=@logwisp/source', '--import', 'tsx', path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** Reads a file that grows, and remembers what its lines are. */
class Ledger {
  readonly ids = new Map<string, number>()
  readonly numbers = new Set<number>()
  lines = 0
  #offset = 0
  #rest = ''

  async read(path: string): Promise<void> {
    const file = await open(path).catch(() => undefined)
    if (file === undefined) return
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(1 << 20), 0, 1 << 20, this.#offset)
      if (bytesRead === 0) break
      this.#offset += bytesRead
      const parts = (this.#rest + buffer.toString('latin1', 0, bytesRead)).split('\n')
      this.#rest = parts.pop() as string
      for (const part of parts) this.#add(part)
    }
    await file.close()
  }

  #add(line: string): void {
    const entry = JSON.parse(line)
    this.lines++
    this.numbers.add(Number(/^line (\d+) /.exec(entry.message)?.[1]))
    this.ids.set(entry['logwisp.id'], (this.ids.get(entry['logwisp.id']) ?? 0) + 1)
  }
}

test(`killed -9 again and again, receiver ${killsOfReceiver} times and sender ${killsOfSender} times: nothing lost`, {
  timeout: seconds * 1000 + 90_000,
}, async () => {
  const directory = await temporaryDirectory()
  const port = String(await freePort())
  const file = join(directory, 'app.log')
  const received = join(directory, 'received.log')
  await appendFile(file, '')
  const startReceiver = (): ChildProcess => start('chain-receiver', port, directory)
  const startSender = (): ChildProcess => start('chain-sender', port, file)
  let receiver = startReceiver()
  let sender = startSender()
  let written = 0
  let isWriting = true
  const writing = (async () => {
    while (isWriting) {
      let text = ''
      for (let i = 0; i < 200; i++) text += `line ${++written} ${'x'.repeat(60)}\n`
      await appendFile(file, text)
      await wait(10)
    }
  })()
  const kills = [...Array(killsOfReceiver).fill('receiver'), ...Array(killsOfSender).fill('sender')]
  const ledger = new Ledger()
  const pauseMs = (seconds * 1000) / (kills.length + 1)
  for (let i = 0; i < kills.length; i++) {
    // Both must have come up, or a kill would hit nothing: some lines have come since.
    const before = ledger.lines
    do await Promise.all([wait(Math.min(pauseMs, 200)), ledger.read(received)])
    while (ledger.lines === before)
    await wait(Math.random() * pauseMs)
    // In turns, the rarer one spread among the others.
    const isSender =
      Math.floor((i * killsOfSender) / kills.length) < Math.floor(((i + 1) * killsOfSender) / kills.length)
    const child = isSender ? sender : receiver
    const gone = once(child, 'close')
    child.kill('SIGKILL')
    await gone
    expect(child.signalCode).toBe('SIGKILL')
    if (isSender) sender = startSender()
    else receiver = startReceiver()
  }
  isWriting = false
  await writing
  while (ledger.numbers.size < written) await Promise.all([wait(50), ledger.read(received)])
  for (const child of [sender, receiver]) {
    const gone = once(child, 'close')
    child.kill('SIGTERM')
    expect(await gone).toEqual([0, null])
  }
  await ledger.read(received)
  const lost = written - ledger.numbers.size
  const repeated = ledger.lines - ledger.numbers.size
  const afterDedupe = ledger.ids.size - ledger.numbers.size
  console.log(
    `chain over TCP: ${written} lines, ${killsOfReceiver} + ${killsOfSender} kills: lost ${lost}, repeated ${repeated}, after dedupe by id ${afterDedupe}`,
  )
  expect([lost, afterDedupe]).toEqual([0, 0])
})

async function receiving(options: TcpSourceOptions): Promise<TcpSource> {
  const source = tcpSource({ port: 0, ...options })
  await once(source, 'listening')
  return source
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `line ${i + 1}`)

/** Entries that come slowly enough for something to happen meanwhile. */
async function* slowly(entries: readonly LogEntry[]): AsyncGenerator<LogEntry> {
  for (const [i, entry] of entries.entries()) {
    if (i % 100 === 0) await wait(1)
    yield entry
  }
}

test('a receiver that crashes within the process ten times gets every line, and the sender acknowledges no other', async () => {
  const port = await freePort()
  const tracker = new RecordingTracker()
  const lines = numbered(20_000)
  const entries = tracker.entries(lines)
  const sink = tcpClientSink(`127.0.0.1:${port}`, { retryDelayMs: 1, maxRetryDelayMs: 10 })
  const sending = pipeline(givingSource(slowly(entries)), sink)
  const seen: string[] = []
  let crashes = 0
  while (tracker.mark < tracker.end) {
    const source = await receiving({ port })
    const taken: string[] = []
    const isLast = crashes === 10
    const limit = 200 + crashes * 150
    const receiver = collectingSink({ takes: 'batches', onItem: () => taken.push('') })
    const over = pipeline(source, receiver).catch(() => {})
    await until(() => tracker.mark === tracker.end || (!isLast && taken.length >= limit))
    source.destroy()
    await over
    seen.push(...receiver.messages)
    crashes++
  }
  await sending
  expect(crashes).toBeGreaterThan(10)
  expect(new Set(seen)).toEqual(new Set(lines))
  // What came twice is part of what was sent twice.
  expect(seen.length - lines.length).toBeLessThanOrEqual(sink.stats.entriesRepeated)
  expect(sink.stats.entriesHeld).toBe(0)
})

test('a sender that crashes within the process repeats what was not acknowledged, and the receiver drops it', async () => {
  const source = await receiving({})
  const receiver = collectingSink()
  const over = pipeline(source, receiver)
  const tracker = new RecordingTracker()
  const lines = numbered(5000)
  const entries = tracker.entries(lines)
  let from = 0
  for (let crash = 0; crash < 5; crash++) {
    const sink = tcpClientSink(`127.0.0.1:${source.address?.port}`, { name: 'a' })
    const sending = pipeline(givingSource(slowly(entries.slice(from))), sink).catch(() => {})
    const mark = tracker.mark
    await until(() => tracker.mark > mark)
    sink.destroy()
    await sending
    from = entries.findIndex(({ origin }) => (origin?.sequence ?? 0) > tracker.mark)
    expect(from).toBeGreaterThan(0)
  }
  await pipeline(givingSource(entries.slice(from)), tcpClientSink(`127.0.0.1:${source.address?.port}`, { name: 'a' }))
  source.stop()
  await over
  expect(receiver.messages).toEqual(lines)
  expect(source.stats.entriesIn).toBe(lines.length + (source.stats.dropped['duplicate'] ?? 0))
})

test('a chain of three keeps entries as they were, ids too', async () => {
  const [last, middle] = [await receiving({}), await receiving({})]
  const end = collectingSink()
  const tracker = new RecordingTracker()
  const entries = tracker.entries(['2026-01-31T23:59:59.999Z ERROR a', 'b']).map((entry, i) => ({
    ...entry,
    fields: { big: 2n ** 70n, deep: { list: [1, 'two', null, i] } },
  }))
  const running = [
    pipeline(last, end),
    pipeline(middle, tcpClientSink(`127.0.0.1:${last.address?.port}`)),
    pipeline(givingSource(entries), tcpClientSink(`127.0.0.1:${middle.address?.port}`)),
  ]
  await running[2]
  expect(tracker.mark).toBe(tracker.end)
  middle.stop()
  await running[1]
  last.stop()
  await running[0]
  const plain = ({ origin, ...rest }: LogEntry): object => ({ ...rest, id: origin?.id })
  expect(end.entries.map(plain)).toEqual(entries.map(plain))
})

test('TLS with client certificates and a token: who has both is let in, and nobody else', async () => {
  const authority = await generate([{ name: 'commonName', value: 'authority' }], {
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
  })
  const ca = { key: authority.private, cert: authority.cert }
  const altNames = [{ type: 7 as const, ip: '127.0.0.1' }]
  const server = await generate([{ name: 'commonName', value: 'server' }], {
    ca,
    extensions: [{ name: 'subjectAltName', altNames }],
  })
  const client = await generate([{ name: 'commonName', value: 'host-a' }], { ca })
  const tls = serverTls({ cert: server.cert, key: server.private, ca: authority.cert, requestCertificate: 'require' })
  const access = accessControl({ tokens: { shipper: { hash: hashToken('a-long-enough-token-for-this') } } })
  const source = await receiving({ tls, access })
  const receiver = collectingSink()
  const over = pipeline(source, receiver)
  const address = `127.0.0.1:${source.address?.port}`
  const good = { ca: authority.cert, cert: client.cert, key: client.private }
  const auth = { token: 'a-long-enough-token-for-this' }
  await pipeline(givingSource(new RecordingTracker().entries(['let in'])), tcpClientSink(address, { tls: good, auth }))
  for (const options of [
    { tls: { ca: authority.cert }, auth },
    { tls: good, auth: { token: 'wrong' } },
    { tls: good },
    { auth },
  ]) {
    const sink = tcpClientSink(address, { ...options, connectTimeoutMs: 2000, giveUpAfterMs: 1, retryDelayMs: 1 })
    const failure = pipeline(givingSource(new RecordingTracker().entries(['kept out'])), sink)
    await expect(failure).rejects.toMatchObject({ code: expect.stringMatching(/PEER_(LOST|REFUSED|MISBEHAVED)/) })
  }
  source.stop()
  await over
  expect(receiver.messages).toEqual(['let in'])
})
