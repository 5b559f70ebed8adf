/** Tells requests that bring entries from all others, and answers those. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type HostCheck, requestTarget } from '@logwisp/core/server'
import type { HttpIngest } from './http-ingest.ts'
import { isBehindLast, RefusedError, sendReply } from './ingest-reply.ts'

/** Answers a request; hands what is not its own to `next`, when there is one. */
export type IngestHandler = (
  req: IncomingMessage,
  res: ServerResponse,
  next?: (error?: unknown) => void,
  /** The client waits to be told that it may send the body, and has not been. */
  mustContinue?: boolean,
) => void

export interface IngestHandlerOptions {
  readonly ingest: HttpIngest
  readonly path: string
  readonly acceptsHost: HostCheck | undefined
  /** Origins whose pages may send entries; `*` is all of them. */
  readonly allowOrigins: readonly string[]
}

const allowedMethods = 'POST, OPTIONS'

/** Makes the handler. */
export function ingestHandler({ ingest, path, acceptsHost, allowOrigins }: IngestHandlerOptions): IngestHandler {
  return (req, res, next, mustContinue = false) => {
    const target = requestTarget(req.url)
    const isOwn = 'path' in target && target.path === path
    if (!isOwn && next !== undefined) return next()
    if (isBehindLast(req)) return void req.resume()
    try {
      const host = req.headers.host ?? (req.headers[':authority'] as string | undefined)
      if (acceptsHost !== undefined && !acceptsHost(host)) {
        const message = `requests for the host ${JSON.stringify(host)} are not answered here: name it in allowedHosts`
        throw new RefusedError(403, message)
      }
      if ('status' in target) throw new RefusedError(target.status, target.message)
      if (!isOwn) throw new RefusedError(404, `entries are taken at ${path}: POST them there`)
      checkOrigin(req, res, host, allowOrigins)
      if (req.method === 'OPTIONS') return replyOptions(res)
      if (req.method !== 'POST') {
        throw new RefusedError(405, `${path} answers ${allowedMethods}`, undefined, { Allow: allowedMethods })
      }
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      return sendReply(req, res, error.reply, false)
    }
    void ingest.serve(req, res, mustContinue)
  }
}

/**
 * Browsers let any page post plain text anywhere, and only keep the answer from it. So a page that is open on this
 * machine could write into the log, if its origin were not looked at.
 */
function checkOrigin(
  req: IncomingMessage,
  res: ServerResponse,
  host: string | undefined,
  allowed: readonly string[],
): void {
  const { origin } = req.headers
  if (allowed.length > 0 && !allowed.includes('*')) res.setHeader('Vary', 'Origin')
  if (origin === undefined) return
  if (allowed.includes('*')) res.setHeader('Access-Control-Allow-Origin', '*')
  else if (allowed.includes(origin)) res.setHeader('Access-Control-Allow-Origin', origin)
  else if (!isSameOrigin(origin, host)) {
    throw new RefusedError(403, `pages of ${JSON.stringify(origin)} may not send entries: name it in allowOrigin`)
  }
}

function isSameOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && origin.replace(/^https?:\/\//i, '').toLowerCase() === host.toLowerCase()
}

function replyOptions(res: ServerResponse): void {
  res.setHeader('Allow', allowedMethods)
  if (res.hasHeader('Access-Control-Allow-Origin')) {
    res.setHeader('Access-Control-Allow-Methods', allowedMethods)
    res.setHeader(
      'Access-Control-Allow-Headers',
      'Authorization, Content-Type, Content-Encoding, Idempotency-Key, Prefer',
    )
  }
  res.writeHead(204).end()
}
