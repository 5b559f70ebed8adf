/** Answers to requests that bring entries, also before their body was read. */

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import { type Refusal, refusalHeaders } from '@logwisp/core/server'

/** An answer: its status, its JSON, and what its head says beside that. */
export interface Reply {
  readonly status: number
  readonly value: object
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** A request that is not served, and why. */
export class RefusedError extends Error {
  readonly reply: Reply

  constructor(status: number, message: string, more?: object, headers?: Reply['headers']) {
    super(message)
    this.reply = { status, value: { error: STATUS_CODES[status] ?? 'Refused', message, ...more }, headers }
  }

  /** The same with more to tell. */
  with(more: object): RefusedError {
    const { status, value, headers } = this.reply
    return new RefusedError(status, this.message, { ...value, ...more }, headers)
  }
}

/** How long whoever is told to come again should wait, in seconds. */
const retryAfterSeconds = '1'

/** Cannot be served now, but soon. */
export function busy(message: string, more?: object): RefusedError {
  return new RefusedError(503, message, more, { 'Retry-After': retryAfterSeconds })
}

/** Whom the rules of access do not let in. */
export function accessRefused(refusal: Refusal): RefusedError {
  const { status, reason, message } = refusal
  return new RefusedError(status, message, { reason }, refusalHeaders(refusal))
}

/** Connections that were told that they are closed. */
const closing = new WeakSet<object>()

/**
 * Whether a request came behind one whose answer closes the connection. It is never answered, and so nothing of it may be
 * taken: its client sends it again (RFC 9112, 9.6). Node hands it over all the same.
 */
export function isBehindLast(req: IncomingMessage): boolean {
  return req.httpVersionMajor === 1 && closing.has(req.socket)
}

/**
 * Sends an answer. When the request's body is still coming, the connection is closed after it: but not before the client
 * had time to read the answer, since closing while it sends would reset the connection and the answer with it.
 */
export function sendReply(req: IncomingMessage, res: ServerResponse, reply: Reply, closes: boolean): void {
  if (res.headersSent || res.destroyed) return
  const { status, value, headers } = reply
  const body = Buffer.from(`${JSON.stringify(value)}\n`)
  const isHttp1 = req.httpVersionMajor === 1
  const isUnread = isHttp1 && !req.complete
  if (isHttp1 && (isUnread || closes)) {
    res.setHeader('Connection', 'close')
    closing.add(req.socket)
  }
  res.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  })
  if (req.method === 'HEAD') res.end()
  else if (!isUnread) res.end(body)
  else {
    res.write(body)
    discardRest(req, () => res.end())
  }
}

/** What is read and thrown away of a body whose request was refused, and how long it may take. */
const lingerBytes = 64 * 1024 * 1024
const lingerMs = 5000

/** When nothing came for so long, the client has stopped, and has its answer. */
const quietMs = 300

function discardRest(req: IncomingMessage, done: () => void): void {
  const deadlineMs = performance.now() + lingerMs
  let left = lingerBytes
  const settle = (): void => {
    clearTimeout(timer)
    req.off('data', count).off('end', settle).off('close', settle)
    done()
  }
  const count = (piece: Buffer): void => {
    left -= piece.length
    timer.refresh()
    if (left < 0 || performance.now() > deadlineMs) settle()
  }
  const timer = setTimeout(settle, quietMs).unref()
  req.on('data', count).on('end', settle).on('close', settle)
  req.resume()
}
