/** Asks an HTTP server for JSON. */

import { request as plainRequest, type RequestOptions } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { authorizationOf, type ShownCredentials } from './shown-credentials.ts'

/** A status of thousands of pipelines is smaller. Unit: bytes. */
const maxBytes = 64 * 1024 * 1024

/** What is asked, and how. */
export interface JsonRequest {
  readonly credentials?: ShownCredentials | undefined
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** False: whoever answers need not prove who it is. Nothing secret may be shown then. */
  readonly verify?: boolean
}

/** What was answered; `value` is undefined when it is no JSON. */
export interface JsonAnswer {
  readonly status: number
  readonly value: unknown
}

/** Resolves with the answer, whatever its status. Rejects when there is none. */
export function getJson(url: URL, request: JsonRequest): Promise<JsonAnswer> {
  const { credentials, timeoutMs, signal, verify = true } = request
  const options: RequestOptions = {
    headers: { Accept: 'application/json', ...authorizationOf(credentials?.auth) },
    timeout: timeoutMs,
    ...(signal && { signal }),
    ...(credentials?.tls ?? {}),
    ...(verify ? {} : { rejectUnauthorized: false }),
  }
  return new Promise((resolve, reject) => {
    const outgoing = url.protocol === 'https:' ? tlsRequest(url, options) : plainRequest(url, options)
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)))
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      const parts: Buffer[] = []
      let bytes = 0
      response.on('error', reject)
      response.on('data', (part: Buffer) => {
        parts.push(part)
        bytes += part.length
        if (bytes > maxBytes) outgoing.destroy(new Error(`the answer is longer than ${maxBytes} bytes`))
      })
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, value: parsed(Buffer.concat(parts).toString('utf8')) })
      })
    })
    outgoing.end()
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
