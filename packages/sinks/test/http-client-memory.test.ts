/** What endpoints that hang, dribble, reset or are gone cost the process that posts to them. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'vitest'
import type { HttpClientSinkOptions, HttpClientSinkStats } from '../src/http-client-sink.ts'

interface Memory {
  readonly rss: number
  readonly inUse: number
  readonly connections: number
}

async function ask<Answer>(client: ChildProcess, wish: string): Promise<Answer> {
  const answered = once(client, 'message')
  client.send(wish)
  return (await answered)[0] as Answer
}

const seconds = 6

const kinds: Record<string, (socket: Socket) => void> = {
  'reads nothing and says nothing': (socket) => void socket.pause(),
  'reads all and says nothing': (socket) => void socket.resume(),
  'answers 200, a byte now and then': (socket) => {
    socket.resume()
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n')
    const timer = setInterval(() => socket.write('.'), 50)
    socket.once('close', () => clearInterval(timer))
  },
  'sends its head a byte now and then': (socket) => {
    socket.resume()
    const head = 'HTTP/1.1 200 OK\r\nX-Padding: '
    let at = 0
    const timer = setInterval(() => socket.write(head[at++] ?? 'x'), 20)
    socket.once('close', () => clearInterval(timer))
  },
  'answers without end': (socket) => {
    socket.resume()
    socket.write('HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n')
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    const more = (): void => {
      while (!socket.destroyed && socket.write(chunk));
    }
    socket.on('drain', more)
    more()
  },
  'resets as soon as something comes': (socket) => void socket.once('data', () => socket.resetAndDestroy()),
}

test.concurrent.for(Object.keys(kinds))(
  `W9b: an endpoint that %s costs a bounded amount of memory for ${seconds} s`,
  async (kind, { expect, onTestFinished }) => {
    const sockets = new Set<Socket>()
    let connections = 0
    const server = createServer((socket) => {
      connections++
      sockets.add(socket.on('error', () => {}))
      socket.once('close', () => sockets.delete(socket))
      kinds[kind]?.(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.close()
      for (const socket of sockets) socket.destroy()
    })
    const options: HttpClientSinkOptions = {
      maxInFlight: 4,
      requestTimeoutMs: 400,
      minRetryDelayMs: 20,
      maxRetryDelayMs: 200,
    }
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const client = fork(new URL('./http-memory-client.ts', import.meta.url), [url, JSON.stringify(options)], {
      execArgv: ['--import', 'tsx', '--conditions=@logwisp/source'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    onTestFinished(() => void client.kill())
    await once(client, 'message')
    // Once its queues are full.
    await sleep(1500)
    const early = await ask<Memory>(client, 'memory')
    let most = early
    for (let second = 0; second < seconds - 2; second++) {
      await sleep(1000)
      const { rss, inUse, connections } = await ask<Memory>(client, 'memory')
      most = {
        rss: Math.max(rss, most.rss),
        inUse: Math.max(inUse, most.inUse),
        connections: Math.max(connections, most.connections),
      }
    }
    const stats = await ask<HttpClientSinkStats>(client, 'stats')
    const shown = ({ rss, inUse }: Memory): string =>
      `RSS ${(rss / 1e6).toFixed(0)} MB, in use ${(inUse / 1e6).toFixed(1)} MB`
    console.info(
      `${kind}: early ${shown(early)}; most ${shown(most)}; ${connections} connections, ${stats.retries} retries`,
    )
    expect(stats.retries).toBeGreaterThan(3)
    // Cut off, not left open.
    expect(most.connections).toBeLessThanOrEqual(4)
    expect(stats).toMatchObject({ entriesOut: 0, entriesDropped: 0 })
    // 4 under way, 2 more, and the blocks that wait in front: of 1 MiB and what they were made of.
    expect(most.inUse).toBeLessThan(60e6)
    expect(most.rss - early.rss).toBeLessThan(60e6)
  },
)
