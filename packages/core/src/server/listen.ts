/** A server of a stage's own: opens, says clearly why it cannot, keeps strangers out, and leaves nothing open. */

import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, isIP, Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { LogwispError } from '../errors.ts'
import type { AccessControl } from './access.ts'
import { guardConnections } from './guard-connections.ts'
import type { ServerTls } from './server-tls.ts'

/** Where and how to listen. */
export interface ListenOptions {
  /** 0 takes any free one. */
  readonly port: number
  /** An address of this machine. */
  readonly host: string
  /** Connections beyond this many, from whomever, are closed at once. */
  readonly maxConnections: number
  /** Who may connect; without it, everybody who can reach the port. */
  readonly access?: AccessControl | undefined
  /** Speaks TLS with these certificates. */
  readonly tls?: ServerTls | undefined
}

/** Limits of an HTTP server's patience. Node's own defaults are minutes. */
export interface HttpTimeouts {
  /** For a request's head, in ms; then it gets a 408. @default 10000 */
  readonly headersTimeoutMs?: number | undefined
  /** For a whole request, in ms, `Infinity` for servers that bound their bodies by themselves. @default 60000 */
  readonly requestTimeoutMs?: number | undefined
  /** For the next request on an idle connection, in ms. @default 5000 */
  readonly keepAliveTimeoutMs?: number | undefined
}

/** A server that listens. */
export interface Listener<Kind extends Server = Server> {
  /** Node's own, e.g. for `upgrade`. */
  readonly server: Kind
  /** Where it listens; undefined once it does no longer. */
  readonly address: AddressInfo | undefined
  /**
   * Takes no more connections and closes idle ones; resolves once the others have ended too. A peer gets the whole of an
   * answer that was ended, however slowly it takes it: who cannot wait so long calls {@link destroy}.
   */
  close(): Promise<void>
  /** Cuts all connections, and takes no more; resolves once all is closed. */
  destroy(): Promise<void>
}

/**
 * Listens for HTTP requests, and resolves once it does.
 *
 * A connection that is refused gets nothing but its end. Requests are not asked about here: that is
 * `access.request`, which knows the right that a path needs.
 *
 * @throws LogwispError `LISTEN_FAILED` when the port is in use, the address cannot be had or a certificate is no good.
 */
export async function listenHttp(
  handler: RequestListener,
  options: ListenOptions & HttpTimeouts,
): Promise<Listener<HttpServer>> {
  const { headersTimeoutMs = 10_000, requestTimeoutMs = 60_000, keepAliveTimeoutMs = 5000, tls } = options
  const limits = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs === Infinity ? 0 : requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    // What is over its time is found by looking; Node looks each half minute by default.
    connectionsCheckingInterval: Math.min(1000, headersTimeoutMs),
    maxHeaderSize: 16_384,
  }
  const server =
    tls === undefined ? createHttpServer(limits, handler) : createHttpsServer({ ...limits, ...tls.options }, handler)
  return open(server, options)
}

/**
 * Listens for connections of any other protocol, and resolves once it does. `serve` gets a connection that was let in,
 * with TLS once its handshake is done; its errors are the callee's to listen for.
 *
 * @throws LogwispError `LISTEN_FAILED`, as {@link listenHttp}.
 */
export function listenTcp(serve: (socket: Socket) => void, options: ListenOptions): Promise<Listener> {
  const { tls } = options
  // Half-open: a peer that has said all may still want to hear.
  const server =
    tls === undefined
      ? createTcpServer({ allowHalfOpen: true, noDelay: true }, serve)
      : createTlsServer({ ...tls.options, allowHalfOpen: true, noDelay: true } as object, serve)
  return open(server, options)
}

async function open<Kind extends Server>(server: Kind, options: ListenOptions): Promise<Listener<Kind>> {
  const { port, host, maxConnections, access, tls } = options
  await access?.ready?.()
  const sockets = new Set<Socket>()
  server.maxConnections = maxConnections
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const http = 'closeIdleConnections' in server ? (server as unknown as HttpServer) : undefined
  if (http !== undefined) sendAnswersWhole(http, tls === undefined ? 'connection' : 'secureConnection')
  if (access !== undefined) guardConnections(server, access)
  // Node only tells of a handshake that takes too long, and leaves the connection open.
  server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy())
  const detach = tls?.attach(server)
  const closed = new Promise<void>((resolve) => server.once('close', resolve))
  closed.then(() => detach?.())
  const listener = {
    server,
    get address() {
      return (server.address() as AddressInfo | null) ?? undefined
    },
    close(): Promise<void> {
      if (http === undefined) server.close()
      else closeHttp(http, closed)
      return closed
    },
    destroy(): Promise<void> {
      server.close()
      for (const socket of sockets) socket.destroy()
      return closed
    },
  }
  return new Promise((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException): void => {
      detach?.()
      const reason = listenAdvice[cause.code ?? ''] ?? cause.message
      reject(new LogwispError('LISTEN_FAILED', `cannot listen on ${place(host, port)}: ${reason}`, { cause }))
    }
    server.once('error', refuse)
    server.listen({ port, host }, () => {
      server.off('error', refuse)
      resolve(listener)
    })
  })
}

/**
 * Node takes a connection for idle as soon as its answer was ended, and would cut off what of it the peer has not taken
 * yet. So none is closed for idling while one has bytes to send; `server.close()` asks for that at once, too.
 */
function sendAnswersWhole(server: HttpServer, connected: 'connection' | 'secureConnection'): void {
  const sockets = new Set<Socket>()
  server.on(connected, (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const closeIdleConnections = server.closeIdleConnections.bind(server)
  server.closeIdleConnections = () => {
    for (const socket of sockets) if (socket.writableLength > 0) return
    closeIdleConnections()
  }
}

/** What is left of the time for a head once a server closes, in ms: a connection that asks nothing holds up nobody. */
const lastHeadTimeoutMs = 1000

/**
 * A connection whose last answer comes after the end idles then; Node would let it do so for `keepAliveTimeout`. And
 * `server.close()` of HTTP ends the watch over heads: a connection that has not asked anything yet, as browsers open
 * them in advance, would hold up the end for as long as it likes. So only the listening is ended at first.
 */
function closeHttp(server: HttpServer, closed: Promise<void>): void {
  server.headersTimeout = Math.min(server.headersTimeout, lastHeadTimeoutMs)
  Server.prototype.close.call(server)
  server.closeIdleConnections()
  const timer = setInterval(() => server.closeIdleConnections(), 50)
  timer.unref()
  closed.then(() => {
    clearInterval(timer)
    server.close()
  })
}

/** A host and a port as a URL has them. */
function place(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}

/** Whether only programs on this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}

const listenAdvice: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use; stop what listens there, or choose another port (0 takes any free one)',
  EACCES: 'not allowed; ports below 1024 need a privilege, choose a higher one',
  EADDRNOTAVAIL: 'this machine has no such address; use one of its own, or 0.0.0.0 for all of them',
  ENOTFOUND: 'no such host name; use an address of this machine',
}
