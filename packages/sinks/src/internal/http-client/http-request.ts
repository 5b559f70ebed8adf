/** The headers of a request. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { HttpClientSettings } from './http-client-settings.ts'
import { NoAnswerError } from './http-endpoint.ts'

/** What a header's value may have; a line break would begin another header. */
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/

/** Whether a text can be a header's value. */
export function isHeaderValue(value: unknown): value is string {
  return typeof value === 'string' && headerValue.test(value)
}

/**
 * The headers of the next request.
 *
 * @throws NoAnswerError when the function that gives the token throws, gives none, or takes too long.
 */
export async function requestHeaders(
  { bearer, fixedHeaders, requestTimeoutMs, secrets }: HttpClientSettings,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  if (typeof bearer !== 'function') return fixedHeaders
  const token = await inTime(bearer, requestTimeoutMs, signal)
  if (!isHeaderValue(token) || token === '') {
    throw new NoAnswerError('other', 'the function `bearer` gave what is no token; it must return a text of ASCII')
  }
  secrets.add(token)
  return { ...fixedHeaders, authorization: `Bearer ${token}` }
}

async function inTime(bearer: () => unknown, timeoutMs: number, signal: AbortSignal): Promise<unknown> {
  const settled = new AbortController()
  const cancel = (): void => settled.abort()
  signal.addEventListener('abort', cancel, { once: true })
  // A timer of Infinity would be one of 1 ms.
  const late = sleep(Math.min(timeoutMs, 2 ** 31 - 1), undefined, { signal: settled.signal }).catch(() => {})
  try {
    return await Promise.race([
      bearer(),
      late.then(() => {
        throw new NoAnswerError('timeout', `the function \`bearer\` gave no token within ${timeoutMs} ms`)
      }),
    ])
  } catch (error) {
    if (error instanceof NoAnswerError) throw error
    throw new NoAnswerError('other', 'the function `bearer` failed; it must return a token', error)
  } finally {
    signal.removeEventListener('abort', cancel)
    settled.abort()
  }
}
