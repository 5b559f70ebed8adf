/** Who becomes a viewer by WebSocket: asked and answered in HTTP, before the protocol changes. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  type AccessControl,
  type HostCheck,
  replyError,
  replyRefusal,
  requestTarget,
  responseOn,
  showOfferedToken,
  type ViewerPlaces,
} from '@logwisp/core/server'
import { WebSocketServer } from 'ws'
import { strangeHost, whenAllowed } from './live-handler.ts'
import type { ReplayRing } from './replay-ring.ts'
import type { ViewerStart } from './viewer.ts'
import { QueryError } from './viewer-filter.ts'
import type { ViewerHub } from './viewer-hub.ts'
import type { ViewerIdentity } from './viewer-identity.ts'
import { startOfQuery } from './viewer-start.ts'
import { serveWebSocket } from './web-socket-viewer.ts'

/** Takes what Node's `upgrade` event gives. */
export type UpgradeHandler = (req: IncomingMessage, socket: Duplex, head: Buffer) => void

export interface WebSocketUpgradeOptions {
  readonly hub: ViewerHub
  readonly ring: ReplayRing
  readonly places: ViewerPlaces
  readonly path: string
  readonly access: AccessControl | undefined
  readonly acceptsHost: HostCheck | undefined
  /** Origins whose pages may read, beside the sink's own; `*` is all of them. */
  readonly allowOrigins: readonly string[]
  readonly compress: boolean
  readonly maxRequestBytes: number
  readonly maxRequestsPerSecond: number
  readonly drainTimeoutMs: number
}

const protocol = 'logwisp'

/** When to come again, for who finds no place. */
const retryAfterMs = 2000

/** Node's timers hold no more. */
const maxCloseTimeoutMs = 2 ** 31 - 1

/** Without a state of a stream of its own: what it compresses costs memory for as long as that takes. */
const compression = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  threshold: 1024,
  zlibDeflateOptions: { level: 3, memLevel: 7 },
} as const

/** Makes the handler, and what cuts connections that it has not answered yet. */
export function webSocketUpgrade(options: WebSocketUpgradeOptions): { handle: UpgradeHandler; abort: () => void } {
  const { acceptsHost, allowOrigins, path, access } = options
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: options.maxRequestBytes,
    // Its types do not have it yet.
    ...({ closeTimeout: Math.min(options.drainTimeoutMs, maxCloseTimeoutMs) } as object),
    handleProtocols: (offered) => (offered.has(protocol) ? protocol : false),
    perMessageDeflate: options.compress && compression,
  })
  const pending = new Set<Duplex>()
  const handle: UpgradeHandler = (req, socket, head) => {
    // What goes wrong with it is a connection less; its `close` follows.
    socket.on('error', () => {})
    pending.add(socket)
    socket.once('close', () => pending.delete(socket))
    const res = responseOn(req, socket)
    const target = requestTarget(req.url)
    const strange = acceptsHost === undefined ? undefined : strangeHost(req, acceptsHost)
    if (strange !== undefined) return replyError(req, res, 403, strange)
    if ('status' in target) return replyError(req, res, target.status, target.message)
    if (target.path !== path) return replyError(req, res, 404, `available endpoints: ${path} (WebSocket)`)
    if (req.method !== 'GET') {
      res.setHeader('Allow', 'GET')
      return replyError(req, res, 405, `${path} answers GET`)
    }
    const { origin } = req.headers
    if (!mayRead(origin, req.headers.host, allowOrigins)) {
      return replyError(req, res, 403, `pages of ${JSON.stringify(origin)} may not read this: name it in allowOrigin`)
    }
    showOfferedToken(req)
    whenAllowed(req, res, access, 'stream', (who) => {
      const admitted = admit(req, res, target.query, who, options)
      if (admitted === undefined) return
      res.detachSocket(socket as Socket)
      pending.delete(socket)
      socket.once('close', admitted.release)
      server.handleUpgrade(req, socket, head, (ws) =>
        serveWebSocket(ws, socket as Socket, { ...admitted.start, who }, options),
      )
    })
  }
  return {
    handle,
    abort: () => {
      for (const socket of pending) socket.destroy()
    },
  }
}

/** A place and a beginning, or undefined when an answer says why there is none. */
function admit(
  req: IncomingMessage,
  res: ServerResponse,
  query: URLSearchParams,
  who: ViewerIdentity,
  { hub, ring, places }: WebSocketUpgradeOptions,
): { readonly start: ViewerStart; readonly release: () => void } | undefined {
  if (hub.closing) return void replyError(req, res, 503, 'the stream has ended')
  let start: ViewerStart
  try {
    start = startOfQuery(query, ring, undefined)
  } catch (error) {
    if (!(error instanceof QueryError)) throw error
    return void replyError(req, res, 400, `${error.parameter}: ${error.message}`, { parameter: error.parameter })
  }
  const release = places.take(who.address, retryAfterMs)
  return typeof release === 'function' ? { start, release } : void replyRefusal(req, res, release)
}

/**
 * Any page that is open in the reader's browser may connect anywhere by WebSocket, and no CORS stops it: so the page's
 * origin is looked at here. Without one, it is no page.
 */
function mayRead(origin: string | undefined, host: string | undefined, allowed: readonly string[]): boolean {
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return true
  try {
    return new URL(origin).host === host?.toLowerCase()
  } catch {
    return false
  }
}
