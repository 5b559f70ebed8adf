/** What an answer means that opens no stream: to try again, or not. */

import { LogwispError } from '@logwisp/core'
import { retryAfterMs } from '@logwisp/core/retry-after'
import { tellableUrl } from './client-options.ts'
import { Unavailable } from './resuming-source.ts'

/** What makes sense to try again, besides every 5xx. */
const temporary: ReadonlySet<number> = new Set([408, 425, 429])

/** The error for an answer: `Unavailable` when it is to be tried again, else a LogwispError `PEER_REFUSED`. */
export function refusal(status: number, retryAfter: string | undefined, url: URL, text: string): Error {
  const answer = `answered ${status}${text === '' ? '' : `: ${text}`}`
  if (temporary.has(status) || status >= 500) {
    return new Unavailable(`it ${answer}`, retryAfterMs(retryAfter, Date.now()) ?? 0)
  }
  return new LogwispError('PEER_REFUSED', `${tellableUrl(url)} ${answer}. Check the URL, and the option auth`)
}
