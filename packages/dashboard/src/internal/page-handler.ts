/** Answers requests for the page and its files. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type AccessControl,
  type HostCheck,
  isRefusal,
  replyError,
  replyRefusal,
  requestTarget,
} from '@logwisp/core/server'
import type { PageFile } from './page-files.ts'

/** What frameworks mount. */
export type Handler = (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void

export interface PageHandlerOptions {
  readonly files: ReadonlyMap<string, PageFile>
  /** Where the API is when that is another origin's. */
  readonly apiOrigin: string | undefined
  readonly access: AccessControl | undefined
}

type Coding = 'br' | 'gzip' | undefined

export function pageHandler({ files, apiOrigin, access }: PageHandlerOptions): Handler {
  const policy = contentSecurityPolicy(apiOrigin)

  async function answer(req: IncomingMessage, res: ServerResponse, file: PageFile): Promise<void> {
    if (access !== undefined) {
      const admitted = await access.request(req, 'stream')
      if (res.destroyed) return
      if (isRefusal(admitted)) return replyRefusal(req, res, admitted)
    }
    send(req, res, file, policy)
  }

  return (req, res, next) => {
    const target = requestTarget(req.url)
    const file = 'path' in target ? files.get(target.path) : undefined
    if (file === undefined && next !== undefined) return next()
    if ('status' in target) return replyError(req, res, target.status, target.message)
    if (file === undefined) return replyError(req, res, 404, 'there is nothing at this path: the page is at /')
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.setHeader('Allow', 'GET, HEAD')
      return replyError(req, res, 405, `${target.path} answers GET, HEAD`)
    }
    const place = target.path === '/' ? placeWithSlash(req) : undefined
    if (place !== undefined) {
      res.writeHead(308, { Location: place, 'Content-Length': 0 }).end()
      return
    }
    // `access.request` never rejects, and nothing else waits.
    void answer(req, res, file)
  }
}

/** Refuses requests under another name than those that it is known by. */
export function withHostCheck(handler: Handler, acceptsHost: HostCheck | undefined): Handler {
  if (acceptsHost === undefined) return handler
  return (req, res, next) => {
    const { host } = req.headers
    if (acceptsHost(host)) return handler(req, res, next)
    const message = `requests for the host ${JSON.stringify(host)} are not answered here: name it in allowedHosts`
    replyError(req, res, 403, message)
  }
}

function send(req: IncomingMessage, res: ServerResponse, file: PageFile, policy: string): void {
  const coding = codingFor(req.headers['accept-encoding'], file)
  const body = (coding === 'br' ? file.brotli : coding === 'gzip' ? file.gzip : undefined) ?? file.plain
  // One for each coding: they are different bytes.
  const etag = `"${file.etag}${coding === undefined ? '' : `-${coding}`}"`
  const headers: Record<string, string | number> = {
    'Cache-Control': file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    'Content-Security-Policy': policy,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    ETag: etag,
    'Referrer-Policy': 'no-referrer',
    Vary: 'Accept-Encoding',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
  }
  if (isKnown(req.headers['if-none-match'], etag)) {
    res.writeHead(304, headers).end()
    return
  }
  headers['Content-Type'] = file.type
  headers['Content-Length'] = body.length
  if (coding !== undefined) headers['Content-Encoding'] = coding
  res.writeHead(200, headers)
  res.end(req.method === 'HEAD' ? undefined : body)
}

/**
 * Nothing but its own script, style and pictures, and nobody to talk to but its API: what a log line smuggles in can
 * neither run nor tell anything to anybody.
 */
function contentSecurityPolicy(apiOrigin: string | undefined): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src 'self'${apiOrigin === undefined ? '' : ` ${apiOrigin}`}`,
    "img-src 'self' data:",
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/**
 * Where the page is when it was asked for without the slash at the end, as frameworks allow with a mount: its files are
 * named relative to it. Relative itself, so that it is right behind a proxy, too.
 */
function placeWithSlash(req: IncomingMessage): string | undefined {
  const { originalUrl } = req as { originalUrl?: unknown }
  if (typeof originalUrl !== 'string') return undefined
  const [, path = '', query = ''] = /^([^?#]*)(\?[^#]*)?/.exec(originalUrl) ?? []
  if (path.endsWith('/') || path.endsWith('/index.html') || path === '') return undefined
  return `./${path.slice(path.lastIndexOf('/') + 1)}/${query}`
}

function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((each) => ['*', etag].includes(each.trim().replace(/^W\//, '')))
}

/** The best that both sides have. */
function codingFor(header: string | string[] | undefined, file: PageFile): Coding {
  const accepted = new Map(
    String(header ?? '')
      .toLowerCase()
      .split(',')
      .map((each) => {
        const [name = '', ...parameters] = each.split(';').map((part) => part.trim())
        const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
        return [name, weight === undefined || Number(weight) > 0]
      }),
  )
  const takes = (name: string): boolean => accepted.get(name) ?? accepted.get('*') ?? false
  if (file.brotli !== undefined && takes('br')) return 'br'
  return file.gzip !== undefined && takes('gzip') ? 'gzip' : undefined
}
