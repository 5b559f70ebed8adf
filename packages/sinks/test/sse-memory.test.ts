/** 100 viewers, of which 10 never read: what the sink's process holds before, during and after. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { LiveSinkStats } from '../src/index.ts'

const lines = 60_000
const reading = 90
const stuck = 10

interface Memory {
  readonly rss: number
  readonly inUse: number
}

async function ask<Answer>(server: ChildProcess, wish: string): Promise<Answer> {
  const answered = once(server, 'message')
  server.send(wish)
  return (await answered)[0] as Answer
}

/** A viewer that only counts its entries: what it costs must not slow what is measured. */
function viewer(port: number): { socket: Socket; entries: () => number } {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  socket.write('GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n')
  let entries = 0
  let rest = Buffer.alloc(0)
  socket.on('data', (piece: Buffer) => {
    const bytes = Buffer.concat([rest, piece])
    let from = 0
    for (let at = bytes.indexOf('\ndata: {'); at !== -1; at = bytes.indexOf('\ndata: {', from)) {
      entries++
      from = at + 8
    }
    rest = bytes.subarray(Math.max(from, bytes.length - 7))
  })
  return { socket, entries: () => entries }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
const shown = ({ rss, inUse }: Memory): string => `RSS ${megabytes(rss)}, in use ${megabytes(inUse)}`

// Gives the ones that read time to do so on a machine with much else to do; hence the stuck ones take as long too.
test('W9: 10 stuck viewers among 100 cost a bounded amount of memory, and no viewer an entry', async () => {
  const server = fork(new URL('./sse-memory-server.ts', import.meta.url), {
    execArgv: ['--import', 'tsx', '--conditions=@logwisp/source'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  onTestFinished(() => void server.kill())
  const [{ port }] = (await once(server, 'message')) as [{ port: number }]
  const before = await ask<Memory>(server, 'memory')

  const viewers = Array.from({ length: reading }, () => viewer(port))
  const silent = Array.from({ length: stuck }, () => viewer(port).socket.pause())
  const stats = (): Promise<LiveSinkStats> => ask<LiveSinkStats>(server, 'stats')
  await vi.waitFor(async () => expect((await stats()).viewers.connected).toBe(reading + stuck), { timeout: 10_000 })
  const connected = await ask<Memory>(server, 'memory')

  const began = performance.now()
  const { writtenMs } = await ask<{ writtenMs: number }>(server, 'write')
  const during = await ask<Memory>(server, 'memory')
  await vi.waitFor(() => expect(viewers.map(({ entries }) => entries())).toEqual(viewers.map(() => lines)), {
    timeout: 60_000,
  })
  const readMs = Math.round(performance.now() - began)
  const full = await ask<Memory>(server, 'memory')
  await vi.waitFor(async () => expect((await stats()).viewers.cutOff).toBe(stuck), { timeout: 30_000 })
  const { ring, viewers: counts } = await stats()

  const gone = viewers.map(({ socket }) => once(socket.destroy(), 'close'))
  for (const socket of silent) socket.destroy()
  await Promise.all(gone)
  await vi.waitFor(async () => expect((await stats()).viewers.connected).toBe(0))
  const after = await ask<Memory>(server, 'memory')
  console.info(
    [
      `100 viewers, 10 of them stuck, ${lines} lines: written in ${writtenMs} ms, read by all in ${readMs} ms`,
      `  before any viewer     ${shown(before)}`,
      `  100 connected         ${shown(connected)}`,
      `  all lines written     ${shown(during)}`,
      `  90 have all, 10 stuck ${shown(full)}`,
      `  stuck ones cut, all gone ${shown(after)}, of it the ring ${megabytes(ring.bytes)} with ${ring.entries} entries`,
    ].join('\n'),
  )
  expect(counts).toMatchObject({ connected: reading, entriesMissed: 0 })
  // The ring, and 32 KiB and its own share of Node's buffers for each connection.
  for (const memory of [during, full, after]) expect(memory.inUse - before.inUse).toBeLessThan(ring.bytes + 40e6)
  expect(during.rss - before.rss).toBeLessThan(250e6)
  server.send('end')
  await once(server, 'exit')
}, 120_000)
