/** Answers of a stage that serves HTTP, apart from its streams: JSON, and errors that say what to do. */

import type { IncomingMessage, ServerResponse } from 'node:http'

/** The names of the statuses that a stage answers with. */
const reasons = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  414: 'URI Too Long',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const

export type ErrorStatus = keyof typeof reasons

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
  replyJson(req, res, status, { error: reasons[status], message, ...more })
}
