/** What a request to change the protocol needs: an answer in HTTP, and the token that a page has no other way to send. */

import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** A page cannot send headers with a WebSocket: it offers its token as a protocol, after `logwisp` itself. */
const tokenProtocol = 'logwisp.token.'

/**
 * An answer in HTTP on a connection that Node has handed over, as it does for `'upgrade'`: it closes with the answer.
 * `detachSocket` lets go of the connection again, where the protocol changes after all.
 *
 * @example
 * ```ts
 * server.on('upgrade', (req, socket) => replyError(req, responseOn(req, socket), 404, 'there is no WebSocket here'))
 * ```
 */
export function responseOn(req: IncomingMessage, socket: Duplex): ServerResponse {
  const res = new ServerResponse(req)
  res.shouldKeepAlive = false
  res.assignSocket(socket as Socket)
  res.once('finish', () => (socket as Socket).destroySoon())
  return res
}

/**
 * Makes the token that a page offers as the subprotocol `logwisp.token.<token>` the request's `Authorization`, unless it
 * has one, so that access is controlled as everywhere else.
 */
export function showOfferedToken({ headers }: IncomingMessage): void {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
  const token = offered.find((name) => name.startsWith(tokenProtocol))?.slice(tokenProtocol.length)
  if (token !== undefined) headers.authorization ??= `Bearer ${token}`
}
