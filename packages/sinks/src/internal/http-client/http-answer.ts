/** What an answer means for the entries that were sent. */

import { retryAfterMs } from '@logwisp/core/retry-after'

/** An answer, as far as it is looked at. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The beginning of the body. */
  readonly body: string
}

/** An entry that the receiver refused although it took others; `index` counts within what was sent. */
export interface NamedRejection {
  readonly index: number
  readonly reason: string
}

/**
 * - `taken`: all of it, but for those named.
 * - `retry`: not now.
 * - `too-large`: fewer at once.
 * - `invalid`: there is an entry in it that is no good, perhaps the one at `index`.
 * - `refused`: not by this endpoint, whatever is sent.
 */
export type Verdict =
  | { readonly kind: 'taken'; readonly status: number; readonly rejected: readonly NamedRejection[] }
  | { readonly kind: 'retry'; readonly reason: string; readonly retryAfterMs: number | undefined }
  | { readonly kind: 'too-large'; readonly reason: string }
  | { readonly kind: 'invalid'; readonly reason: string; readonly index: number | undefined }
  | { readonly kind: 'refused'; readonly reason: string }

/** Timeout, too early, too many requests; and the server's errors but 501: what it cannot do now it cannot do later. */
function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || (status >= 500 && status !== 501)
}

/** Characters of a receiver's own words that are passed on. */
const maxReasonChars = 300

/**
 * Judges the answer to a request with `entries` entries. `alsoPassing` are statuses that are to be tried again too; `now`
 * is the time in ms since the epoch.
 */
export function judge(answer: HttpAnswer, entries: number, alsoPassing: readonly number[], now: number): Verdict {
  const { status, headers, body } = answer
  const said = jsonOf(headers['content-type'], body)
  if (status >= 200 && status < 300) return taken(status, said, entries)
  const reason = reasonOf(status, said, body)
  if (isPassing(status) || alsoPassing.includes(status)) {
    return { kind: 'retry', reason, retryAfterMs: retryAfterMs(headers['retry-after'], now) }
  }
  if (status === 413) return { kind: 'too-large', reason }
  if (status === 400 || status === 422) return { kind: 'invalid', reason, index: indexIn(said, entries) }
  if (status >= 300 && status < 400) return { kind: 'refused', reason: redirected(reason, headers['location']) }
  return { kind: 'refused', reason }
}

type Said = Readonly<Record<string, unknown>>

function jsonOf(type: string | string[] | undefined, body: string): Said {
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(String(type))) return {}
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Said) : {}
  } catch {
    return {}
  }
}

/**
 * All of it, unless a LogWisp says that it has left some out: `{"accepted":2,"total":3,"errors":[{"line":2,"message":"…"}]}`.
 * Only when the total is that of what was sent, since other receivers have lists of their own under such names.
 */
function taken(status: number, said: Said, entries: number): Verdict {
  const { accepted, total } = said
  const isOurs = total === entries && isIndex(accepted, entries)
  if (!isOurs) return { kind: 'taken', status, rejected: [] }
  const rejected = problemsIn(said, entries)
  if (rejected.length === entries - accepted) return { kind: 'taken', status, rejected }
  // It does not name all of many: fewer at once, then.
  return { kind: 'invalid', reason: `HTTP ${status}: ${accepted} of ${entries} were taken`, index: undefined }
}

function isIndex(value: unknown, entries: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < entries
}

/** The entries that an answer names: by their place from 0 (`entry`, `index`) or by their line from 1. */
function problemsIn({ errors }: Said, entries: number): NamedRejection[] {
  if (!Array.isArray(errors)) return []
  const named = new Map<number, NamedRejection>()
  for (const one of errors as (Said | null)[]) {
    const index = placeOf(one ?? {})
    if (isIndex(index, entries)) named.set(index, { index, reason: plain(one?.['message']) })
  }
  return [...named.values()]
}

function placeOf({ entry, index, line }: Said): unknown {
  return entry ?? index ?? (typeof line === 'number' ? line - 1 : undefined)
}

/** The first entry that a refusal names; it is only a hint of where to cut. */
function indexIn(said: Said, entries: number): number | undefined {
  const index = placeOf(said)
  return isIndex(index, entries) ? index : problemsIn(said, entries)[0]?.index
}

function reasonOf(status: number, said: Said, body: string): string {
  const words = plain(said['message'] ?? said['error'] ?? body)
  return words === '' ? `HTTP ${status}` : `HTTP ${status}: ${words}`
}

/** Where to: without the query, in which secrets may be. */
function redirected(reason: string, location: string | string[] | undefined): string {
  const target = plain(String(location ?? 'nowhere')).replace(/[?#].*/, '')
  return `${reason} (redirects are not followed: give the address itself, here ${target})`
}

/** Text from outside as one short line. */
function plain(value: unknown): string {
  const text = typeof value === 'string' ? value : value === undefined ? '' : (JSON.stringify(value) ?? '')
  const line = text
    .slice(0, 2 * maxReasonChars)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  return line.length > maxReasonChars ? `${line.slice(0, maxReasonChars)}…` : line
}
