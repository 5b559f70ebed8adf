/** How two LogWisps begin a connection over TCP; `docs/chaining.md` has the protocol. */

import type { Credentials } from '@logwisp/core/server'

/** What a connection between two LogWisps begins with; plain lines do not. */
export const greetingMark = 'LOGWISP/'

/** Long enough for a token of any kind; a peer that sends more without a line ending is none of ours. */
export const maxGreetingBytes = 16_384

/** What a client says of itself. */
export interface Greeting {
  /** Whether it wants to hear how many of its lines are delivered. */
  readonly acknowledge: boolean
  readonly credentials: Credentials
  readonly name: string | undefined
  /** How often it wants to hear something, so that it can tell a slow sink from a dead peer. */
  readonly heartbeatMs: number
}

/** Without a wish; and how often a peer hears something at most, and at least. */
const usualHeartbeatMs = 10_000
const minHeartbeatMs = 100
const maxHeartbeatMs = 60_000

/** What a peer says that says nothing. */
export const noGreeting: Greeting = {
  acknowledge: false,
  credentials: {},
  name: undefined,
  heartbeatMs: usualHeartbeatMs,
}

/** Reads the first line, without its line ending. A text says what is wrong with it. */
export function readGreeting(line: string): Greeting | string {
  const [, version, json] = /^LOGWISP\/(\d{1,9}) (.*?)\r?$/s.exec(line) ?? []
  if (version === undefined || json === undefined) return 'expected LOGWISP/1 and a JSON object'
  if (version !== '1') return `version ${version} is not spoken here, use LOGWISP/1`
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    value = undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'expected a JSON object after LOGWISP/1'
  const {
    acknowledge = false,
    token,
    user,
    password,
    name,
    heartbeatMs = usualHeartbeatMs,
  } = value as Readonly<Record<string, unknown>>
  if (typeof acknowledge !== 'boolean') return '`acknowledge` must be true or false'
  if (![token, user, password, name].every(isTextOrAbsent))
    return '`token`, `user`, `password` and `name` must be texts'
  if (typeof heartbeatMs !== 'number' || !(heartbeatMs > 0)) return '`heartbeatMs` must be a number above 0'
  const text = (given: unknown): string | undefined => given as string | undefined
  return {
    acknowledge,
    credentials: { token: text(token), user: text(user), password: text(password) },
    name: text(name),
    heartbeatMs: Math.min(Math.max(heartbeatMs, minHeartbeatMs), maxHeartbeatMs),
  }
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}

/** The answer to somebody who may send. */
export function welcome({ acknowledge, heartbeatMs }: Greeting): string {
  return `LOGWISP/1 ${JSON.stringify(acknowledge ? { ok: true, heartbeatMs } : { ok: true })}\n`
}

/** The answer to somebody who may not. */
export function refusal(error: string): string {
  return `LOGWISP/1 ${JSON.stringify({ ok: false, error })}\n`
}
