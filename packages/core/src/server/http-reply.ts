/** Answers of a stage that serves HTTP, apart from its streams: JSON, and errors that say what to do. */

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Refusal } from './access.ts'

/** A status that tells of an error. */
export type ErrorStatus =
  | 400
  | 401
  | 403
  | 404
  | 405
  | 408
  | 409
  | 411
  | 413
  | 414
  | 415
  | 422
  | 426
  | 429
  | 500
  | 501
  | 503
  | 504

/** Sends a value as JSON, without its body when the request is a HEAD. */
export function replyJson(req: IncomingMessage, res: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`)
  res.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  })
  res.end(req.method === 'HEAD' ? undefined : body)
}

/** Sends an error as `{"error":…,"message":…}`, with whatever else helps whoever asked. */
export function replyError(
  req: IncomingMessage,
  res: ServerResponse,
  status: ErrorStatus,
  message: string,
  more?: Readonly<Record<string, unknown>>,
): void {
  replyJson(req, res, status, { error: STATUS_CODES[status], message, ...more })
}

/** Answers somebody who is refused, with what `WWW-Authenticate` and `Retry-After` have to say. */
export function replyRefusal(req: IncomingMessage, res: ServerResponse, refusal: Refusal): void {
  const { status, reason, message } = refusal
  for (const [name, value] of Object.entries(refusalHeaders(refusal))) res.setHeader(name, value)
  replyJson(req, res, status, { error: STATUS_CODES[status] ?? 'Refused', message, reason })
}

/** The headers by which a refusal says how to do better. */
export function refusalHeaders({ challenge, retryAfterMs }: Refusal): Record<string, string> {
  const headers: Record<string, string> = {}
  if (challenge !== undefined) headers['WWW-Authenticate'] = challenge
  if (retryAfterMs !== undefined) headers['Retry-After'] = String(Math.max(1, Math.ceil(retryAfterMs / 1000)))
  return headers
}
