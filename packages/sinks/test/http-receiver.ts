/** A real HTTP server that a test answers for, and that remembers what it got. */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type ServerOptions } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

/** A request as it came. */
interface Received {
  readonly req: IncomingMessage
  readonly headers: IncomingMessage['headers']
  /** Unpacked. */
  readonly body: string
  /** The entries' messages, from NDJSON, a JSON array or lines. */
  readonly messages: readonly string[]
}

/** Answers one request; without it all is taken. */
export type Answer = (received: Received, res: ServerResponse) => void | Promise<void>

export interface Receiver {
  readonly url: string
  readonly server: Server
  /** Requests, in the order in which their bodies were complete. */
  readonly requests: Received[]
  /** The messages of the requests that were answered with 2xx, in order. */
  readonly taken: string[]
  answer: Answer
  /** Cuts all connections and stops listening. */
  close(): Promise<void>
}

/** Takes all. */
export const takesAll: Answer = (_received, res) => void res.writeHead(202).end()

/** Answers with a status. */
export function answers(status: number, headers: Record<string, string> = {}, body: string | object = ''): Answer {
  return (_received, res) => {
    const isText = typeof body === 'string'
    res.writeHead(status, { ...(isText ? {} : { 'content-type': 'application/json' }), ...headers })
    res.end(isText ? body : JSON.stringify(body))
  }
}

/** Each answer once, then the last one again and again. */
export function inTurn(...all: readonly Answer[]): Answer {
  let turn = 0
  return (received, res) => (all[Math.min(turn++, all.length - 1)] as Answer)(received, res)
}

export interface ReceiverOptions {
  readonly answer?: Answer
  readonly port?: number
  readonly tls?: ServerOptions
  /** Sees a request before its body is read; true: it has been dealt with. */
  readonly early?: (req: IncomingMessage, res: ServerResponse) => boolean
}

export async function receiver({ answer = takesAll, port = 0, tls, early }: ReceiverOptions = {}): Promise<Receiver> {
  const requests: Received[] = []
  const taken: string[] = []
  const handler = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    if (early?.(req, res) === true) return
    const chunks: Buffer[] = []
    try {
      for await (const chunk of req) chunks.push(chunk as Buffer)
    } catch {
      // Cut by the other side; there is nobody to answer.
      return
    }
    if (req.method === 'HEAD') return void res.writeHead(405).end()
    const packed = Buffer.concat(chunks)
    const body = (req.headers['content-encoding'] === 'gzip' ? await promisify(gunzip)(packed) : packed).toString()
    const received = { req, headers: req.headers, body, messages: messagesIn(req.headers['content-type'], body) }
    requests.push(received)
    res.once('finish', () => {
      if (res.statusCode < 300) taken.push(...received.messages)
    })
    await self.answer(received, res)
  }
  const listener = (req: IncomingMessage, res: ServerResponse): void => void handler(req, res)
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const url = `http${tls === undefined ? '' : 's'}://127.0.0.1:${(server.address() as AddressInfo).port}/ingest`
  const self: Receiver = {
    url,
    server: server as Server,
    requests,
    taken,
    answer,
    async close() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
  return self
}

function messagesIn(type: string | undefined, body: string): string[] {
  if (type === 'application/json') return (JSON.parse(body) as { message: string }[]).map(({ message }) => message)
  const lines = body.split('\n')
  if (lines.pop() !== '') throw new Error('a body of lines must end with a line feed')
  return type === 'application/x-ndjson' ? lines.map((line) => JSON.parse(line).message as string) : lines
}
