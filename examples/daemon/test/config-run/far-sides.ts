/** The small real servers that client stages of a configuration meet, each of one port of this machine. */

import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { WebSocketServer } from 'ws'

/** A server that takes what a sink sends. */
export interface Receiver {
  readonly port: number
  /** Each entry as text, in order. */
  readonly texts: string[]
  /** The headers of each request. */
  readonly headers: IncomingMessage['headers'][]
  close(): void
}

/** A server that a source reads from. */
export interface Giver {
  readonly port: number
  /** The headers of each request. */
  readonly headers: IncomingMessage['headers'][]
  /** Resolves once somebody reads. */
  readonly read: Promise<unknown>
  give(entry: object): void
  close(): void
}

/** For `http_client`: takes a JSON array, or lines, also with gzip. */
export async function httpReceiver(): Promise<Receiver> {
  const texts: string[] = []
  const headers: IncomingMessage['headers'][] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString()
    const entries = text.startsWith('[{')
      ? (JSON.parse(text) as object[]).map((entry) => JSON.stringify(entry))
      : text.split('\n').filter((line) => line !== '')
    headers.push(request.headers)
    texts.push(...entries)
    response.writeHead(200).end(JSON.stringify({ accepted: entries.length, total: entries.length }))
  })
  const port = await portOf(server.listen(0, '127.0.0.1'))
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { port, texts, headers, close }
}

/** For `tcp_client` with plain lines. */
export async function tcpReceiver(): Promise<Receiver> {
  const texts: string[] = []
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    let rest = ''
    socket.on('error', () => {})
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() as string
      texts.push(...lines)
    })
  })
  const port = await portOf(server.listen(0, '127.0.0.1'))
  const close = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { port, texts, headers: [], close }
}

/** For an `sse` source: a stream of events, one for each entry. */
export async function sseGiver(): Promise<Giver> {
  const headers: IncomingMessage['headers'][] = []
  const server = createServer((request, response) => {
    headers.push(request.headers)
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n')
    server.emit('reader', response)
  })
  const port = await portOf(server.listen(0, '127.0.0.1'))
  const read = once(server, 'reader')
  let id = 0
  return {
    port,
    headers,
    read,
    give: (entry) => void read.then(([response]) => response.write(`id: ${++id}\ndata: ${JSON.stringify(entry)}\n\n`)),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** For a `websocket` source with a URL: a frame for each entry. */
export async function webSocketGiver(): Promise<Giver> {
  const headers: IncomingMessage['headers'][] = []
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', (_socket, request) => headers.push(request.headers))
  const read = once(server, 'connection')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    headers,
    read,
    give: (entry) => void read.then(([socket]) => socket.send(JSON.stringify(entry))),
    close: () => {
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  }
}

async function portOf(server: Server): Promise<number> {
  if (!server.listening) await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
