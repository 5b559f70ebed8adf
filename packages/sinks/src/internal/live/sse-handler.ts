/** Makes viewers of a live stream of server-sent events of those who ask for one. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  replyError,
  replyRefusal,
  serverSentComment,
  serverSentEnd,
  serverSentId,
  serverSentRetry,
  type ViewerPlaces,
} from '@logwisp/core/server'
import type { ReplayRing } from './replay-ring.ts'
import type { ViewerStart } from './viewer.ts'
import { QueryError } from './viewer-filter.ts'
import type { ViewerHub } from './viewer-hub.ts'
import type { ViewerIdentity } from './viewer-identity.ts'
import { startOfQuery } from './viewer-start.ts'

export interface SseStreamOptions {
  readonly hub: ViewerHub
  readonly ring: ReplayRing
  readonly places: ViewerPlaces
  readonly retryMs: number
}

/** Answers a GET or HEAD of the stream. */
export function replySseStream(
  req: IncomingMessage,
  res: ServerResponse,
  query: URLSearchParams,
  who: ViewerIdentity,
  { hub, ring, places, retryMs }: SseStreamOptions,
): void {
  let start: ViewerStart
  try {
    start = startOfQuery(query, ring, lastEventId(req))
  } catch (error) {
    if (!(error instanceof QueryError)) throw error
    return replyError(req, res, 400, `${error.parameter}: ${error.message}`, { parameter: error.parameter })
  }
  if (hub.closing) return replyEnded(req, res, retryMs)
  const release = places.take(who.address, retryMs)
  if (typeof release !== 'function') return replyRefusal(req, res, release)
  res.once('close', release)
  res.writeHead(200, streamHeaders)
  if (req.method === 'HEAD') {
    res.end()
    return
  }
  // HTTP/2 has no socket of one request.
  if (req.httpVersionMajor === 1) req.socket.setNoDelay(true)
  // Bytes at once, since some proxies hold the head back until there is a body. And an id at once, so that a viewer that
  // is cut off before the first entry misses none of those that come until it is back.
  res.write(serverSentComment('logwisp') + serverSentRetry(retryMs) + serverSentId(ring.idBefore(start.position)))
  serveViewer(res, hub, { ...start, who })
}

const streamHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  // no-transform: compressing proxies hold back what they compress.
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
  'X-Content-Type-Options': 'nosniff',
} as const

/**
 * A browser's EventSource gives up for good when it is answered with an error, and the next one of us may be here in a
 * moment: so it gets a stream that ends, and comes again.
 */
function replyEnded(req: IncomingMessage, res: ServerResponse, retryMs: number): void {
  if (req.method === 'HEAD' || !req.headers.accept?.includes('text/event-stream')) {
    return replyError(req, res, 503, 'the stream has ended')
  }
  res.writeHead(200, streamHeaders).end(serverSentRetry(retryMs) + serverSentEnd('stopped'))
}

function serveViewer(res: ServerResponse, hub: ViewerHub, start: ViewerStart): void {
  const viewer = hub.add(
    {
      get bufferedBytes() {
        return res.writableLength
      },
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

function lastEventId(req: IncomingMessage): string | undefined {
  const header = req.headers['last-event-id']
  return typeof header === 'string' && header !== '' ? header : undefined
}
