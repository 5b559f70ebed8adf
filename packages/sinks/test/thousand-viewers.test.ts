/** A thousand viewers: how quickly they are there and gone, what they cost, and what they cost when none of them reads. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { LiveSinkStats } from '../src/index.ts'

type Kind = 'sseSink' | 'tcpSink' | 'webSocketSink'
type Memory = { readonly inUse: number; readonly rss: number }

const viewers = 1000

/** Each fills the system's buffers with some MB before it is stuck: `STUCK_VIEWERS=1000` takes 4 GB of them. */
const stuckViewers = Number(process.env['STUCK_VIEWERS'] ?? 200)

const greeting: Record<Kind, string> = {
  sseSink: 'GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n',
  tcpSink: '',
  webSocketSink:
    'GET /socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
}

async function ask<Answer>(server: ChildProcess, wish: string, lines = 0): Promise<Answer> {
  const answered = once(server, 'message')
  server.send({ wish, lines })
  return (await answered)[0] as Answer
}

async function serve(kind: Kind): Promise<{ server: ChildProcess; port: number; startedMs: number }> {
  const server = fork(new URL('./thousand-viewers-server.ts', import.meta.url), [kind], {
    execArgv: ['--import', 'tsx', '--conditions=@logwisp/source'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  onTestFinished(() => void server.kill())
  const [{ port, startedMs }] = (await once(server, 'message')) as [{ port: number; startedMs: number }]
  return { server, port, startedMs }
}

const stats = (server: ChildProcess): Promise<LiveSinkStats> => ask<LiveSinkStats>(server, 'stats')
const memory = (server: ChildProcess): Promise<Memory> => ask<Memory>(server, 'memory')
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/** All there and served; a WebSocket answers the close frame, as it has to. */
async function connectAll(kind: Kind, port: number, server: ChildProcess, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write(greeting[kind])
    socket.on('data', (data: Buffer) => {
      if (kind === 'webSocketSink' && data.includes(closeFrame)) socket.end(maskedClose)
    })
    return socket
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  await vi.waitFor(async () => expect((await stats(server)).viewers.connected).toBe(count), {
    timeout: 20_000,
    interval: 5,
  })
  return sockets
}

/** What is counted once the sink has nothing more to send to who takes something. */
async function settled(server: ChildProcess): Promise<LiveSinkStats['viewers']> {
  let before = -1
  return vi.waitFor(
    async () => {
      const { viewers: counts } = await stats(server)
      const same = counts.entriesSent === before
      before = counts.entriesSent
      expect(same).toBe(true)
      return counts
    },
    { timeout: 20_000, interval: 30 },
  )
}

/** Going away (1001), `stopped`. */
const closeFrame = Buffer.concat([Buffer.from([0x88, 9, 0x03, 0xe9]), Buffer.from('stopped')])
const maskedClose = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9])

test.each<Kind>(['sseSink', 'tcpSink', 'webSocketSink'])(
  '%s: 1,000 viewers are there, and gone, within seconds',
  async (kind) => {
    const { server, port, startedMs } = await serve(kind)
    const before = await memory(server)
    const began = performance.now()
    const sockets = await connectAll(kind, port, server, viewers)
    const connectedMs = performance.now() - began
    const connected = await memory(server)
    const { writtenMs } = await ask<{ writtenMs: number }>(server, 'write', 500)
    await vi.waitFor(async () => expect((await stats(server)).viewers.entriesSent).toBe(500 * viewers), {
      timeout: 20_000,
      interval: 5,
    })
    const gone = Promise.all(sockets.map((socket) => once(socket, 'close')))
    const { endedMs } = await ask<{ endedMs: number }>(server, 'end')
    await gone
    console.info(
      `${kind}: started in ${startedMs.toFixed(0)} ms; 1,000 viewers connected in ${connectedMs.toFixed(0)} ms, ` +
        `${((connected.inUse - before.inUse) / viewers / 1024).toFixed(1)} KiB each; 500 lines written in ` +
        `${writtenMs.toFixed(0)} ms; stopped with all of them open in ${endedMs.toFixed(0)} ms`,
    )
    // They are told good-bye, not timed out.
    expect(endedMs).toBeLessThan(5000)
    expect(connected.inUse - before.inUse).toBeLessThan(viewers * 100_000)
  },
  90_000,
)

test.each<Kind>(['sseSink', 'tcpSink', 'webSocketSink'])(
  'W9: %s: viewers that never read cost a bounded amount of memory',
  async (kind) => {
    const { server, port } = await serve(kind)
    const sockets = await connectAll(kind, port, server, stuckViewers)
    for (const socket of sockets) socket.pause()
    const before = await memory(server)
    let most = before
    let buffered = 0
    // Until none of them takes any more.
    let megabytesWritten = 0
    for (let sent = -1; ; ) {
      await ask(server, 'write', 8000)
      megabytesWritten++
      const counts = await settled(server)
      const now = await memory(server)
      if (now.inUse > most.inUse) most = now
      buffered = Math.max(buffered, counts.bytesBuffered)
      // Nobody is full before the first was sent something.
      if (counts.entriesSent === sent && counts.bytesBuffered > 0) break
      sent = counts.entriesSent
    }
    console.info(
      `${kind}: ${stuckViewers} viewers that do not read: ${megabytes(before.inUse)} in use before, at most ` +
        `${megabytes(most.inUse)} (RSS ${megabytes(most.rss)}) when all are full, after ` +
        `${megabytesWritten} MB; ${megabytes(buffered)} wait in their connections`,
    )
    // The ring, and for each viewer its connection's own buffer and one span.
    expect(most.inUse - before.inUse).toBeLessThan(4_000_000 + 20_000_000 + stuckViewers * 100_000)
    expect(buffered).toBeGreaterThan(0)
    expect(buffered).toBeLessThan(stuckViewers * 150_000)
  },
  120_000,
)
