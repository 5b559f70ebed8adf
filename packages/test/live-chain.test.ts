/**
 * Two LogWisps joined by a live stream, a file before the first: whichever is stopped, cut or killed, every line arrives,
 * and in order. By server-sent events, and by WebSocket.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { LogEntry } from '../core/src/index.ts'
import { type LiveSink, sseSink, webSocketSink } from '../sinks/src/index.ts'
import { fileSource, sseSource, webSocketSource } from '../sources/src/index.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-chain-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

type Protocol = 'sse' | 'websocket'

/** Serves a file from its beginning, with all of it in the ring, as after a restart. */
async function serve(protocol: Protocol, file: string, port = 0): Promise<{ port: number; stop: () => Promise<void> }> {
  const options = { port, ringBytes: 64 * 1024 * 1024 }
  const sink: LiveSink = protocol === 'sse' ? sseSink({ ...options, retryMs: 20 }) : webSocketSink(options)
  const abort = new AbortController()
  const done = pipeline(fileSource(file, { startAt: 'beginning', pollIntervalMs: 10 }), sink, { signal: abort.signal })
  done.catch(() => {})
  await once(sink, 'listening')
  return {
    port: sink.address?.port as number,
    stop: async () => {
      abort.abort()
      await done.catch(() => {})
      if (!sink.closed) await once(sink, 'close')
    },
  }
}

const query = '?backlog=1000000'

function read(protocol: Protocol, port: number) {
  return protocol === 'sse'
    ? sseSource(`http://127.0.0.1:${port}/stream${query}`, { retryDelayMs: 10 })
    : webSocketSource(`ws://127.0.0.1:${port}/socket${query}`, { retryDelayMs: 10 })
}

/** A proxy that cuts every connection when it is told to. */
async function proxyTo(target: () => number): Promise<{ port: number; cut: () => void; server: Server }> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(target(), '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    }
    client.pipe(upstream).pipe(client)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  onTestFinished(() => {
    server.close()
    cut()
  })
  return { port: (server.address() as AddressInfo).port, cut, server }
}

/** Writes numbered lines until it is told to stop; says how many there were. */
function writeLines(file: string): () => Promise<number> {
  const output = createWriteStream(file, { flags: 'a' })
  let written = 0
  let over = false
  const writing = (async () => {
    while (!over) {
      let text = ''
      for (let i = 0; i < 50; i++) text += `line ${written++}\n`
      output.write(text)
      await delay(5)
    }
    output.end()
    await once(output, 'finish')
    return written
  })()
  return () => {
    over = true
    return writing
  }
}

test.each<Protocol>(['sse', 'websocket'])(
  '%s: the serving side is stopped five times and its connections are cut ten times: no line is lost, none comes twice',
  async (protocol) => {
    const file = join(directory, 'app.log')
    const stopWriting = writeLines(file)
    let served = await serve(protocol, file)
    const target = served.port
    const proxy = await proxyTo(() => target)
    const source = read(protocol, proxy.port)
    onTestFinished(() => void source.destroy())
    const messages: string[] = []
    source.on('data', ({ message }: LogEntry) => messages.push(message))
    const grown = (by: number): Promise<void> => {
      const enough = messages.length + by
      return vi.waitFor(() => expect(messages.length).toBeGreaterThanOrEqual(enough), { timeout: 20_000, interval: 5 })
    }
    for (let round = 0; round < 5; round++) {
      for (let cuts = 0; cuts < 2; cuts++) {
        await grown(200)
        proxy.cut()
      }
      await grown(200)
      await served.stop()
      served = await serve(protocol, file, target)
    }
    await grown(200)
    const written = await stopWriting()
    await vi.waitFor(() => expect(messages.at(-1)).toBe(`line ${written - 1}`), { timeout: 20_000 })
    await served.stop()
    const { connections, dropped, gaps } = source.stats
    console.info(
      `${written} lines over ${connections} connections: ${messages.length} given, ${dropped['duplicate'] ?? 0} repeats dropped, ${gaps} gaps told`,
    )
    expect(messages).toEqual(Array.from({ length: written }, (_, i) => `line ${i}`))
  },
)

/** Reads the stream, and appends each line with its id to a file, which is acknowledged once it is written. */
const program = (source: string, url: string, output: string, positions: string): string => `
  import { openSync, writeSync } from 'node:fs'
  import { acknowledge, openCheckpoint } from '@logwisp/core'
  import { ${source} } from '@logwisp/sources'
  const checkpoint = await openCheckpoint(${JSON.stringify(positions)}, { saveIntervalMs: 20 })
  const output = openSync(${JSON.stringify(output)}, 'a')
  const source = ${source}(${JSON.stringify(url)}, { checkpoint, retryDelayMs: 10 })
  process.on('SIGTERM', () => source.stop())
  for await (const entry of source) {
    writeSync(output, entry.origin.id + ' ' + entry.message + '\\n')
    acknowledge(entry)
  }
  await checkpoint.close()`

test.each<Protocol>(['sse', 'websocket'])(
  '%s: the reading side is killed five times: no line is lost, and repeats have the same id',
  { timeout: 90_000 },
  async (protocol) => {
    const file = join(directory, 'app.log')
    const output = join(directory, 'out.txt')
    const stopWriting = writeLines(file)
    const served = await serve(protocol, file)
    onTestFinished(served.stop)
    const url =
      protocol === 'sse'
        ? `http://127.0.0.1:${served.port}/stream${query}`
        : `ws://127.0.0.1:${served.port}/socket${query}`
    const code = program(
      protocol === 'sse' ? 'sseSource' : 'webSocketSource',
      url,
      output,
      join(directory, 'positions.json'),
    )
    const start = () =>
      spawn(process.execPath, ['--conditions=@logwisp/source', '--import', 'tsx', '--input-type=module', '-e', code], {
        cwd: new URL('../sources', import.meta.url).pathname,
        stdio: ['ignore', 'ignore', 'inherit'],
      })
    const size = async (): Promise<number> => (await readFile(output, 'utf8').catch(() => '')).length
    let child = start()
    for (let kill = 0; kill < 5; kill++) {
      const before = await size()
      while ((await size()) < before + 20_000) await delay(5)
      child.kill('SIGKILL')
      await once(child, 'exit')
      child = start()
    }
    const written = await stopWriting()
    while (!(await readFile(output, 'utf8')).includes(` line ${written - 1}\n`)) await delay(20)
    child.kill('SIGTERM')
    await once(child, 'exit')
    const ids = new Map<string, string>()
    let repeated = 0
    for (const line of (await readFile(output, 'utf8')).trimEnd().split('\n')) {
      const [, id = '', message = ''] = /^(\S+) (line \d+)$/.exec(line) ?? []
      expect(message, `a torn line: ${line}`).not.toBe('')
      if (ids.has(message)) repeated++
      expect(ids.get(message) ?? id).toBe(id)
      ids.set(message, id)
    }
    console.info(`kill -9 five times: ${written} lines, ${written - ids.size} lost, ${repeated} repeated`)
    expect(ids.size).toBe(written)
  },
)
