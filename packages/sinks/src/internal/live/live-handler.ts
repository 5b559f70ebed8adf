/** Answers HTTP requests for a live stream: who may ask, for what, and what everybody else is told. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type AccessControl,
  type HostCheck,
  isRefusal,
  type Right,
  replyError,
  replyJson,
  replyRefusal,
  requestTarget,
} from '@logwisp/core/server'
import { addressOnly, type ViewerIdentity } from './viewer-identity.ts'

/** Answers a request; hands what is not its own to `next`, when there is one. */
export type RequestHandler = (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void

export interface LiveHandlerOptions {
  readonly path: string
  readonly statusPath: string
  readonly access: AccessControl | undefined
  /** Origins whose pages may read; `*` is all of them. */
  readonly allowOrigins: readonly string[]
  readonly acceptsHost: HostCheck | undefined
  /** What the stream is, for who asks for another path. */
  readonly streamName: string
  /** Answers a GET or HEAD of the stream by somebody who may have it; `who` is that one. */
  readonly replyStream: (req: IncomingMessage, res: ServerResponse, query: URLSearchParams, who: ViewerIdentity) => void
  /** The body of the status page. */
  readonly status: () => object
}

const allowedMethods = 'GET, HEAD, OPTIONS'

/** Makes the handler. It keeps no state of its own: viewers are the hub's. */
export function liveHandler(options: LiveHandlerOptions): RequestHandler {
  const { path, statusPath, acceptsHost, access, replyStream, status, streamName } = options
  return (req, res, next) => {
    const target = requestTarget(req.url)
    const known = 'path' in target && (target.path === path || target.path === statusPath)
    if (!known && next !== undefined) return next()
    const strange = acceptsHost === undefined ? undefined : strangeHost(req, acceptsHost)
    if (strange !== undefined) return replyError(req, res, 403, strange)
    if ('status' in target) return replyError(req, res, target.status, target.message)
    if (!known) {
      const message = `available endpoints: ${path} (${streamName}), ${statusPath} (status)`
      return replyError(req, res, 404, message, { endpoints: { stream: path, status: statusPath } })
    }
    allowOrigin(req, res, options)
    // Browsers ask what they may do without saying who they are.
    if (req.method === 'OPTIONS') return replyOptions(res, access !== undefined)
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.setHeader('Allow', allowedMethods)
      return replyError(req, res, 405, `${target.path} answers ${allowedMethods}`)
    }
    if (target.path === statusPath) return whenAllowed(req, res, access, 'status', () => replyStatus(req, res, status))
    whenAllowed(req, res, access, 'stream', (who) => replyStream(req, res, target.query, who))
  }
}

/** The message for a request by a name that is not answered; undefined when it is. */
export function strangeHost(req: IncomingMessage, acceptsHost: HostCheck): string | undefined {
  const host = req.headers.host ?? (req.headers[':authority'] as string | undefined)
  if (acceptsHost(host)) return undefined
  return `requests for the host ${JSON.stringify(host)} are not answered here: name it in allowedHosts`
}

/** Goes on when whoever asks may do so, at once when nobody has to be asked; answers everybody else. */
export function whenAllowed(
  req: IncomingMessage,
  res: ServerResponse,
  access: AccessControl | undefined,
  right: Right,
  proceed: (who: ViewerIdentity) => void,
): void {
  if (access === undefined) return proceed(addressOnly(req.socket.remoteAddress))
  access
    .request(req, right)
    .then((answer) => {
      // Whoever asked may have gone meanwhile.
      if (res.destroyed || res.closed) return
      if (isRefusal(answer)) return replyRefusal(req, res, answer)
      proceed(answer)
    })
    .catch((error: Error) => {
      if (res.headersSent) res.destroy(error)
      else replyError(req, res, 500, 'the request could not be answered')
    })
}

/** Nothing is allowed by default: any page that is open in the reader's browser could read the log otherwise. */
function allowOrigin(
  req: IncomingMessage,
  res: ServerResponse,
  { allowOrigins: allowed, access }: LiveHandlerOptions,
): void {
  if (allowed.length === 0) return
  const { origin } = req.headers
  if (allowed.includes('*')) return void res.setHeader('Access-Control-Allow-Origin', '*')
  res.setHeader('Vary', 'Origin')
  if (origin === undefined || !allowed.includes(origin)) return
  res.setHeader('Access-Control-Allow-Origin', origin)
  // Who named the page lets its visitors show who they are. Never with `*`, which no browser takes together.
  if (access !== undefined) res.setHeader('Access-Control-Allow-Credentials', 'true')
}

function replyOptions(res: ServerResponse, guarded: boolean): void {
  res.setHeader('Allow', allowedMethods)
  if (res.hasHeader('Access-Control-Allow-Origin')) {
    // For pages that read with fetch; EventSource asks nothing beforehand.
    res.setHeader('Access-Control-Allow-Methods', allowedMethods)
    res.setHeader('Access-Control-Allow-Headers', `Last-Event-ID, Cache-Control${guarded ? ', Authorization' : ''}`)
  }
  res.writeHead(204).end()
}

function replyStatus(req: IncomingMessage, res: ServerResponse, status: () => object): void {
  let told: object
  try {
    told = status()
    JSON.stringify(told)
  } catch (error) {
    // The program's own part of it threw, or is no JSON. Nothing was sent yet.
    return replyError(req, res, 500, `the status could not be told: ${(error as Error).message}`)
  }
  replyJson(req, res, 200, told)
}
