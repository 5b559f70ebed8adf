/** Answers requests for a live stream: who becomes a viewer, and what everybody else is told. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type HostCheck, replyError, replyJson, requestTarget } from '@logwisp/core/server'
import { comment, idOnly, retryAfter } from './event-stream.ts'
import type { ReplayRing } from './replay-ring.ts'
import type { ViewerStart } from './viewer.ts'
import { QueryError, single, viewerFilter } from './viewer-filter.ts'
import type { ViewerHub } from './viewer-hub.ts'

/** Answers a request; hands what is not its own to `next`, when there is one. */
export type RequestHandler = (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void

export interface SseHandlerOptions {
  readonly hub: ViewerHub
  readonly ring: ReplayRing
  readonly path: string
  readonly statusPath: string
  readonly maxViewers: number
  readonly retryMs: number
  /** Origins whose pages may read the stream; `*` is all of them. */
  readonly allowOrigins: readonly string[]
  readonly acceptsHost: HostCheck | undefined
  /** The body of the status page. */
  readonly status: () => object
}

const allowedMethods = 'GET, HEAD, OPTIONS'

/** Makes the handler. It keeps no state of its own: viewers are the hub's. */
export function sseHandler(options: SseHandlerOptions): RequestHandler {
  const { path, statusPath, acceptsHost } = options
  return (req, res, next) => {
    const target = requestTarget(req.url)
    const known = 'path' in target && (target.path === path || target.path === statusPath)
    if (!known && next !== undefined) return next()
    const host = req.headers.host ?? (req.headers[':authority'] as string | undefined)
    if (acceptsHost !== undefined && !acceptsHost(host)) {
      const message = `requests for the host ${JSON.stringify(host)} are not answered here: name it in allowedHosts`
      return replyError(req, res, 403, message)
    }
    if ('status' in target) return replyError(req, res, target.status, target.message)
    if (!known) {
      const message = `available endpoints: ${path} (live stream), ${statusPath} (status)`
      return replyError(req, res, 404, message, { endpoints: { stream: path, status: statusPath } })
    }
    allowOrigin(req, res, options.allowOrigins)
    if (req.method === 'OPTIONS') return replyOptions(res)
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.setHeader('Allow', allowedMethods)
      return replyError(req, res, 405, `${target.path} answers ${allowedMethods}`)
    }
    if (target.path === statusPath) return replyStatus(req, res, options.status)
    replyStream(req, res, target.query, options)
  }
}

/** Nothing is allowed by default: any page that is open in the reader's browser could read the log otherwise. */
function allowOrigin(req: IncomingMessage, res: ServerResponse, allowed: readonly string[]): void {
  if (allowed.length === 0) return
  const { origin } = req.headers
  if (allowed.includes('*')) res.setHeader('Access-Control-Allow-Origin', '*')
  else {
    res.setHeader('Vary', 'Origin')
    if (origin !== undefined && allowed.includes(origin)) res.setHeader('Access-Control-Allow-Origin', origin)
  }
}

function replyOptions(res: ServerResponse): void {
  res.setHeader('Allow', allowedMethods)
  if (res.hasHeader('Access-Control-Allow-Origin')) {
    // For pages that read the stream with fetch; EventSource asks nothing beforehand.
    res.setHeader('Access-Control-Allow-Methods', allowedMethods)
    res.setHeader('Access-Control-Allow-Headers', 'Last-Event-ID, Cache-Control')
  }
  res.writeHead(204).end()
}

function replyStatus(req: IncomingMessage, res: ServerResponse, status: () => object): void {
  try {
    replyJson(req, res, 200, status())
  } catch (error) {
    // The program's own part of it threw, or is no JSON. Nothing was sent yet.
    replyError(req, res, 500, `the status could not be told: ${(error as Error).message}`)
  }
}

function replyStream(
  req: IncomingMessage,
  res: ServerResponse,
  query: URLSearchParams,
  options: SseHandlerOptions,
): void {
  const { hub, maxViewers } = options
  let start: ViewerStart
  try {
    start = viewerStart(req, query, options.ring)
  } catch (error) {
    if (!(error instanceof QueryError)) throw error
    return replyError(req, res, 400, `${error.parameter}: ${error.message}`, { parameter: error.parameter })
  }
  if (hub.closing) return replyError(req, res, 503, 'the stream has ended')
  if (hub.counts.connected >= maxViewers) {
    res.setHeader('Retry-After', Math.max(1, Math.ceil(options.retryMs / 1000)))
    return replyError(
      req,
      res,
      503,
      `there are ${maxViewers} viewers already, which is the most that are served at once`,
    )
  }
  res.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    // no-transform: compressing proxies hold back what they compress.
    'Cache-Control': 'no-cache, no-transform',
    'X-Accel-Buffering': 'no',
    'X-Content-Type-Options': 'nosniff',
  })
  if (req.method === 'HEAD') {
    res.end()
    return
  }
  // HTTP/2 has no socket of one request.
  if (req.httpVersionMajor === 1) req.socket.setNoDelay(true)
  // Bytes at once, since some proxies hold the head back until there is a body. And an id at once, so that a viewer that
  // is cut off before the first entry misses none of those that come until it is back.
  res.write(comment('logwisp') + retryAfter(options.retryMs) + idOnly(options.ring.idBefore(start.position)))
  serveViewer(res, hub, start)
}

function serveViewer(res: ServerResponse, hub: ViewerHub, start: ViewerStart): void {
  const viewer = hub.add(
    {
      write: (data) => res.write(data),
      end: (data) => void res.end(data),
      destroy: () => void res.destroy(),
    },
    start,
  )
  res.on('drain', () => hub.drained(viewer))
  res.on('close', () => hub.remove(viewer))
  // A viewer that goes away is no error; its `close` follows.
  res.on('error', () => {})
}

/** Where a viewer begins: after the entry it saw last, or so many entries back, or with the next one. */
function viewerStart(req: IncomingMessage, query: URLSearchParams, ring: ReplayRing): ViewerStart {
  const filter = viewerFilter(query)
  const backlog = backlogEntries(query)
  // The header is newer: a browser that reconnects repeats the query as it was at first.
  const id = lastEventId(req) ?? single(query, 'lastEventId')
  if (id === undefined) return { position: ring.backlogStart(backlog, filter), filter }
  const position = ring.after(id)
  if (position === undefined) return { position: ring.first, gap: { entries: undefined, reason: 'not-kept' }, filter }
  if (position >= ring.first) return { position, filter }
  return { position: ring.first, gap: { entries: ring.first - position, reason: 'not-kept' }, filter }
}

function backlogEntries(query: URLSearchParams): number {
  const text = single(query, 'backlog')
  if (text === undefined) return 0
  if (!/^\d{1,9}$/.test(text))
    throw new QueryError('backlog', `expected a number of entries, got ${JSON.stringify(text)}`)
  return Number(text)
}

function lastEventId(req: IncomingMessage): string | undefined {
  const header = req.headers['last-event-id']
  return typeof header === 'string' && header !== '' ? header : undefined
}
