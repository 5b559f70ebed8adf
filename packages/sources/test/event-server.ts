/** A server of events for tests: real sockets, each answer as the test wants it. */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** Answers the request of this number, counted from 0. */
export type Answer = (res: ServerResponse, req: IncomingMessage, number: number) => void

/** What {@link eventServer} returns. */
export interface EventServer {
  readonly url: string
  readonly server: Server
  /** All requests so far. */
  readonly requests: readonly IncomingMessage[]
  /** The requests, once there are at least so many. */
  asked(count: number): Promise<readonly IncomingMessage[]>
  /** Resets every connection. */
  cut(): void
  close(): Promise<void>
}

/** Listens; closed when the test is over, unless it is told that somebody else does that. */
export async function eventServer(answer: Answer, { port = 0, closes = true } = {}): Promise<EventServer> {
  const requests: IncomingMessage[] = []
  const sockets = new Set<Socket>()
  const waiting = new Set<() => void>()
  const server = createServer((req, res) => {
    requests.push(req)
    for (const look of waiting) look()
    answer(res, req, requests.length - 1)
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  const close = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    cut()
    await closed
  }
  if (closes) onTestFinished(close)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/stream`,
    server,
    requests,
    asked: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (requests.length < count) return
          waiting.delete(look)
          resolve(requests)
        }
        waiting.add(look)
        look()
      }),
    cut,
    close,
  }
}

/** Begins a stream. */
export function stream(res: ServerResponse, headers: Readonly<Record<string, string>> = {}): ServerResponse {
  res.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', ...headers })
  res.flushHeaders()
  return res
}

/** One event with an id. */
export function event(id: string | number, data: string, type?: string): string {
  return `${type === undefined ? '' : `event: ${type}\n`}id: ${id}\ndata: ${data}\n\n`
}
