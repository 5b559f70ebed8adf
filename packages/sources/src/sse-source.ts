/** Entries from a server that sends events: another LogWisp's `sseSink`, or anything else that speaks `text/event-stream`. */

import {
  type Checkpoint,
  checkArgument,
  checkOptions,
  type EntrySource,
  type LogwispError,
  type OptionRule,
  option,
  type StageStats,
} from '@logwisp/core'
import { type ClientAuth, type ClientTls, clientRules, urlRule } from './internal/client-options.ts'
import { SseSourceStream, sseDefaults } from './internal/sse-source-stream.ts'

export type { ClientAuth, ClientTls } from './internal/client-options.ts'

/** How {@link sseSource} reads. */
export interface SseSourceOptions {
  /** The `source` of entries that do not name one. @default the URL's host */
  readonly source?: string | undefined
  /** Keeps the last id that was acknowledged, so that a restart goes on after it. */
  readonly checkpoint?: Checkpoint | undefined
  /** The id to go on after, when the checkpoint has none. Without it the server decides where to begin. */
  readonly lastEventId?: string | undefined
  /** Headers to send with each request. They go to no other origin, should the server redirect there. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Who asks: `{ token }` or `{ user, password }`. Goes to no other origin. */
  readonly auth?: ClientAuth | undefined
  /** Whom to trust, and with which certificate to come, for `https:`. */
  readonly tls?: ClientTls | undefined
  /**
   * Types of events that are entries; `message` is that of events without one. Entries of another type have it in the
   * field `event`. Those of LogWisp's own (`dropped`, `end`, `heartbeat`) are understood when they are not in the list;
   * all others are dropped, counted as `other-type`.
   * @default ['message']
   */
  readonly eventTypes?: readonly string[] | 'any' | undefined
  /**
   * What to do when a LogWisp says that its stream has ended, rather than was cut: its pipeline may start again, or not.
   * @default 'reconnect'
   */
  readonly whenEnded?: 'reconnect' | 'end' | undefined
  /**
   * What to do with entries whose id came on an earlier connection, as it is when the server does not know the last id
   * any more and sends all that it has. Dropped ones are counted as `repeated`.
   * @default 'drop'
   */
  readonly whenRepeated?: 'drop' | 'give' | undefined
  /** Ids that are remembered for it. @default 16384 */
  readonly maxRememberedIds?: number | undefined
  /** A longer event is dropped, counted as `event-too-large`. Bytes, 64 to 268 435 456. @default 1048576 */
  readonly maxEventBytes?: number | undefined
  /** Lets the server compress (gzip, deflate, br). Some proxies hold back what they compress. @default false */
  readonly compression?: boolean | undefined
  /** How long the head of an answer may take, with all redirects. @default 10000 */
  readonly connectTimeoutMs?: number | undefined
  /** A connection on which nothing came for so long, heartbeats included, is cut and made again. @default 60000 */
  readonly idleTimeoutMs?: number | undefined
  /**
   * What the first wait before connecting again is drawn from, evenly from 0; it doubles with each failure. The server's
   * `retry:` takes its place.
   * @default 1000
   */
  readonly retryDelayMs?: number | undefined
  /** The longest such wait. @default 30000 */
  readonly maxRetryDelayMs?: number | undefined
  /** The longest wait that a server may ask for with `Retry-After`. @default 300000 */
  readonly maxRetryAfterMs?: number | undefined
  /** Failures in a row after which the source fails, with `PEER_LOST`. @default Infinity */
  readonly maxRetries?: number | undefined
  /** Redirects that are followed for one connection. @default 5 */
  readonly maxRedirects?: number | undefined
}

const typesRule: OptionRule = option.either(option.oneOf('any'), option.list(option.text, 1))

const rules: Readonly<Record<keyof SseSourceOptions, OptionRule>> = {
  source: option.text,
  checkpoint: option.having('a checkpoint, from openCheckpoint()', 'get', 'set'),
  lastEventId: option.text,
  headers: clientRules.headers,
  auth: clientRules.auth,
  tls: clientRules.tls,
  eventTypes: typesRule,
  whenEnded: option.oneOf('reconnect', 'end'),
  whenRepeated: option.oneOf('drop', 'give'),
  maxRememberedIds: option.integer({ min: 1, max: 1_000_000 }),
  maxEventBytes: option.integer({ min: 64, max: 268_435_456 }),
  compression: option.boolean,
  connectTimeoutMs: clientRules.milliseconds,
  idleTimeoutMs: clientRules.milliseconds,
  retryDelayMs: option.integer({ min: 1, max: 3_600_000 }),
  maxRetryDelayMs: option.integer({ min: 1, max: 3_600_000 }),
  maxRetryAfterMs: option.integer({ min: 1, max: 86_400_000 }),
  maxRetries: option.integer({ min: 0, orInfinity: true }),
  maxRedirects: option.integer({ min: 0, max: 20 }),
}

/** The books of {@link sseSource}. */
export interface SseSourceStats extends StageStats {
  /** Bytes read, decompressed. */
  readonly bytesIn: number
  /** Whether a stream is open now. */
  readonly connected: boolean
  /** Streams that were opened. */
  readonly connections: number
  /** Waits before connecting again. */
  readonly retries: number
  /** Entries that the server said were missed. It cannot tell how many in each case; see `gaps`. */
  readonly entriesMissed: number
  /** How often the server said that entries were missed. */
  readonly gaps: number
}

/** What {@link sseSource} emits, besides what every `Readable` does. */
export interface SseSourceEvents {
  /** A stream was opened; `lastEventId` is what was asked to go on after. */
  open: [opened: { readonly url: string; readonly lastEventId: string | undefined }]
  /** The stream ended or could not be had, and is asked for again after `delayMs`. Without a reason it simply ended. */
  retry: [again: { readonly delayMs: number; readonly failures: number; readonly reason: LogwispError | undefined }]
  /** `PEER_LOST`, `ENTRIES_MISSED`, `ENTRY_TOO_LARGE`, or `CHECKPOINT_FAILED` at the start. */
  warning: [error: LogwispError]
}

/** What {@link sseSource} returns. */
export interface SseSource extends EntrySource {
  readonly stats: SseSourceStats
  on<Name extends keyof SseSourceEvents>(event: Name, listener: (...args: SseSourceEvents[Name]) => void): this
  on(event: string | symbol, listener: (...args: never[]) => void): this
  once<Name extends keyof SseSourceEvents>(event: Name, listener: (...args: SseSourceEvents[Name]) => void): this
  once(event: string | symbol, listener: (...args: never[]) => void): this
}

/**
 * The events of a server as entries, in order, across its restarts and whatever cuts the connection: each time it asks to
 * go on after the last id it got. What that can and can't promise is in `docs/sse-and-websocket-sources.md`.
 *
 * - An event's data is an entry's JSON (the wire form, or another program's), else a message as it is. Its id is the
 *   entry's id: the same that it had at the source where it was read first.
 * - With our own `sseSink`, the URL's query chooses: `?level=warn&match=timeout&source=app.log&backlog=200`.
 * - Back-pressure: the connection is not read while entries are not taken. A live sink does not wait: what its ring has
 *   no more by then was missed, and is told as `ENTRIES_MISSED`.
 * - Connects again at once when a stream that lived was cut, later with full jitter; forever unless `maxRetries` is given.
 *
 * Entries with an id have an origin: acknowledge them, or let a sink do it, for the checkpoint to move on. Ends after
 * `stop()`, when the server answers 204, or by `whenEnded: 'end'`.
 *
 * @throws OptionError `BAD_OPTION`.
 * @throws LogwispError (`'error'`) `PEER_REFUSED` when the answer is no event stream and trying again makes no sense: a
 *   4xx but 408, 425 and 429, another media type, redirects that lead nowhere; `PEER_LOST` after `maxRetries`.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { openCheckpoint } from '@logwisp/core'
 * import { sseSource } from '@logwisp/sources'
 * import { fileSink } from '@logwisp/sinks'
 *
 * const checkpoint = await openCheckpoint('./positions.json')
 * await pipeline(
 *   sseSource('https://logs.example/stream?level=warn', { auth: { token: 'secret' }, checkpoint }),
 *   fileSink('./copy', { name: 'warnings' }),
 * )
 * await checkpoint.close()
 * ```
 */
export function sseSource(url: string | URL, options: SseSourceOptions = {}): SseSource {
  checkArgument('sseSource', 'url', url, urlRule('http:', 'https:'))
  checkOptions('sseSource', options, rules)
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  return new SseSourceStream(new URL(url), { ...sseDefaults, ...given })
}
