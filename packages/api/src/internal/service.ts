/** What the answers of one API share. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ViewerPlaces } from '@logwisp/core/server'
import type { HttpSource } from '@logwisp/sources'
import type { Store } from '@logwisp/store'
import type { ApiCounts } from './api-counts.ts'

export interface Service {
  readonly store: Store
  readonly settings: ServiceSettings
  readonly counts: ApiCounts
  readonly viewers: ViewerPlaces
  readonly ingest: HttpSource | undefined
  /** Set when the store said that it can not be written to any more. */
  readonly failure: Error | undefined
  /** Tells the owner of something that went wrong. */
  warn(error: unknown): void
}

export interface ServiceSettings {
  readonly path: string
  readonly queryDeadlineMs: number
  readonly maxExports: number
  readonly maxBehindEntries: number
  readonly heartbeatIntervalMs: number
  readonly retryMs: number
  readonly stuckTimeoutMs: number
}

/** A request that may be answered. */
export interface Asked {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** Aborted when the client leaves, or the service stops. */
  readonly signal: AbortSignal
  readonly isHead: boolean
  /** Where it comes from, as far as that is known. */
  readonly address: string | undefined
}

const shared = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' } as const

/** Begins an answer. */
export function writeHead({ res }: Asked, type: string, headers: Readonly<Record<string, string>> = {}): void {
  res.writeHead(200, { 'Content-Type': type, ...shared, ...headers })
}

/** Answers with a text, as a whole. */
export function replyText(asked: Asked, type: string, text: string, status: number = 200): void {
  const body = Buffer.from(text)
  asked.res.writeHead(status, { 'Content-Type': type, 'Content-Length': body.length, ...shared })
  asked.res.end(asked.isHead ? undefined : body)
}

/** Answers with JSON. */
export function replyValue(asked: Asked, value: unknown, status: number = 200): void {
  replyText(asked, 'application/json; charset=utf-8', `${JSON.stringify(value)}\n`, status)
}
