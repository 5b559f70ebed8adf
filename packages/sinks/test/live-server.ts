/** A program of its own that mounts the live stream beside a page, for tests in a browser. */

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { SseSink } from '../src/index.ts'

/** A server with a page beside the mounted stream, whose connections the test can cut. */
export async function servePage(
  sink: SseSink,
  page: string,
): Promise<{ server: Server; url: string; cut: () => number }> {
  const sockets = new Set<Socket>()
  const server = createServer((req, res) => {
    if (req.url !== '/') return sink.handler(req, res)
    res.setHeader('Content-Type', 'text/html; charset=utf-8').end(`<!doctype html><meta charset=utf-8>${page}`)
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): number => {
    for (const socket of sockets) socket.resetAndDestroy()
    return sockets.size
  }
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, cut }
}
