/** Why a request is not answered, as its client is told. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { LogwispError } from '@logwisp/core'
import { type ErrorStatus, type Refusal, replyError, replyRefusal } from '@logwisp/core/server'
import { BadParameter } from './parameter.ts'

/** A request that is not served. */
export class Problem extends Error {
  readonly status: ErrorStatus
  readonly headers: Readonly<Record<string, string>>

  constructor(status: ErrorStatus, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}

/** Somebody whom the rules do not let in. */
export class Refused extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.message)
    this.refusal = refusal
  }
}

/** Not at this time. */
export function busy(message: string): Problem {
  return new Problem(503, message, { 'Retry-After': '1' })
}

/** The reason with which requests end that are under way when the service stops. */
export const stopping: Problem = busy('the service is stopping')

/**
 * Answers with an error, if it still can be; an answer that has begun is cut, so that no client takes it for whole.
 *
 * @returns whether it is trouble of ours, that somebody should hear of.
 */
export function replyProblem(req: IncomingMessage, res: ServerResponse, error: unknown): boolean {
  const isOurs = !(error instanceof Problem || error instanceof Refused || error instanceof BadParameter)
  const isExpected = !isOurs || isAnswer(error)
  if (res.destroyed) return !isExpected
  if (res.headersSent) {
    res.destroy()
    return !isExpected
  }
  if (hasBody(req)) res.setHeader('Connection', 'close')
  if (error instanceof Refused) replyRefusal(req, res, error.refusal)
  else if (error instanceof BadParameter) {
    replyError(req, res, 400, error.message, { parameter: error.parameter })
  } else {
    const { status, message, headers } = problemOf(error)
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
    replyError(req, res, status, message)
  }
  return !isExpected
}

/** Whether a body comes, which is not read when the request is refused; nobody should have to send it. */
function hasBody({ headers, httpVersionMajor }: IncomingMessage): boolean {
  return httpVersionMajor === 1 && (headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0)
}

/** Errors of a store that are an answer rather than trouble. */
function isAnswer(error: unknown): boolean {
  return error instanceof LogwispError && ['BAD_QUERY', 'STORE_BUSY', 'STORE_CLOSED'].includes(error.code)
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  const code = error instanceof LogwispError ? error.code : undefined
  if (code === 'BAD_QUERY') return new Problem(400, (error as LogwispError).message)
  if (code === 'STORE_BUSY') return busy('the store has as many queries as it takes: come again')
  if (code === 'STORE_CLOSED') return busy('the store is closed')
  // What went wrong names files of this machine, and is for its owner.
  return new Problem(500, 'the request could not be answered')
}
