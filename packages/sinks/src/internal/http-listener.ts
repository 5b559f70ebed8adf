/** A server of a stage's own: opens, says clearly why it cannot, and leaves nothing open. */

import { createServer, type RequestListener, type Server } from 'node:http'
import { isIP } from 'node:net'
import { LogwispError } from '@logwisp/core'

/** Where to listen. */
export interface ListenOptions {
  readonly port: number
  readonly host: string
  /** Connections beyond this many are closed at once. */
  readonly maxConnections: number
}

/**
 * Listens, and resolves once it does.
 *
 * @throws LogwispError `LISTEN_FAILED` when the port is in use or the address cannot be had.
 */
export function listen(handler: RequestListener, { port, host, maxConnections }: ListenOptions): Promise<Server> {
  const server = createServer(handler)
  server.maxConnections = maxConnections
  return new Promise((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException): void => {
      const reason = listenAdvice[cause.code ?? ''] ?? cause.message
      reject(new LogwispError('LISTEN_FAILED', `cannot listen on ${place(host, port)}: ${reason}`, { cause }))
    }
    server.once('error', refuse)
    server.listen({ port, host }, () => {
      server.off('error', refuse)
      resolve(server)
    })
  })
}

/** Stops listening and closes idle connections; resolves once the others have ended too. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
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
