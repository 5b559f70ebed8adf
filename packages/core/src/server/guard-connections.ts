/** Counts the connections of a server, and cuts those that are not let in. */

import type { Server, Socket } from 'node:net'
import { type AccessControl, isRefusal } from './access.ts'

/**
 * Asks `access.connect` about every connection of a server of your own, `node:http`'s and `node:https`'s too. One that
 * is refused is cut before a byte of it is read. Servers of stages do this by themselves.
 *
 * @returns what ends it.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { accessControl, guardConnections } from '@logwisp/core/server'
 *
 * const server = createServer((req, res) => res.end('hello'))
 * guardConnections(server, accessControl({ maxConnectionsPerAddress: 10 }))
 * server.listen(8080, '127.0.0.1')
 * ```
 */
export function guardConnections(server: Server, access: AccessControl): () => void {
  const guard = (socket: Socket): void => {
    const admitted = access.connect(socket.remoteAddress)
    if (isRefusal(admitted)) {
      socket.on('error', () => {})
      socket.destroy()
    } else socket.once('close', () => admitted.release())
  }
  // Before the server's own listener, which would begin to read.
  server.prependListener('connection', guard)
  return () => server.off('connection', guard)
}
