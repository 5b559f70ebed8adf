/** What sources that connect to a server, and go on where they were, are told the same way. */

import { type Checkpoint, type LogwispError, type OptionRule, option, type StageStats } from '@logwisp/core'
import { type ClientAuth, type ClientTls, clientRules } from './client-options.ts'

/** How a source connects, and connects again. */
export interface ResumeOptions {
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
  /** Whom to trust, and with which certificate to come, for `https:` and `wss:`. */
  readonly tls?: ClientTls | undefined
  /**
   * What to do when a LogWisp says that its stream has ended, rather than was cut: its pipeline may start again, or not.
   * @default 'reconnect'
   */
  readonly whenEnded?: 'reconnect' | 'end' | undefined
  /**
   * What to do with entries whose id came on an earlier connection, as it is when the server does not know the last id
   * any more and sends all that it has. Dropped ones are counted as `duplicate`.
   * @default 'drop'
   */
  readonly whenRepeated?: 'drop' | 'give' | undefined
  /** Ids that are remembered for it. @default 16384 */
  readonly maxRememberedIds?: number | undefined
  /** How long the answer to a request may take. @default 10000 */
  readonly connectTimeoutMs?: number | undefined
  /** A connection on which nothing came for so long, heartbeats included, is cut and made again. @default 60000 */
  readonly idleTimeoutMs?: number | undefined
  /**
   * What the first wait before connecting again is drawn from, evenly from 0; it doubles with each failure. A server's
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
}

export const resumeDefaults = {
  whenEnded: 'reconnect',
  whenRepeated: 'drop',
  maxRememberedIds: 16_384,
  connectTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  retryDelayMs: 1000,
  maxRetryDelayMs: 30_000,
  maxRetryAfterMs: 300_000,
  maxRetries: Infinity,
} as const satisfies ResumeOptions

/** {@link ResumeOptions} with their defaults. */
export type ResumeSettings = Omit<ResumeOptions, keyof typeof resumeDefaults> & {
  readonly [Name in keyof typeof resumeDefaults]: NonNullable<ResumeOptions[Name]>
}

export const resumeRules: Readonly<Record<keyof ResumeOptions, OptionRule>> = {
  source: option.text,
  checkpoint: option.having('a checkpoint, from openCheckpoint()', 'get', 'set'),
  lastEventId: option.text,
  headers: clientRules.headers,
  auth: clientRules.auth,
  tls: clientRules.tls,
  whenEnded: option.oneOf('reconnect', 'end'),
  whenRepeated: option.oneOf('drop', 'give'),
  maxRememberedIds: option.integer({ min: 1, max: 1_000_000 }),
  connectTimeoutMs: clientRules.milliseconds,
  idleTimeoutMs: clientRules.milliseconds,
  retryDelayMs: option.integer({ min: 1, max: 3_600_000 }),
  maxRetryDelayMs: option.integer({ min: 1, max: 3_600_000 }),
  maxRetryAfterMs: option.integer({ min: 1, max: 86_400_000 }),
  maxRetries: option.integer({ min: 0, orInfinity: true }),
}

/** The books of a source that connects. */
export interface ResumeStats extends StageStats {
  /** Bytes read, decompressed. */
  readonly bytesIn: number
  /** Whether a stream is open now. */
  readonly connected: boolean
  /** Streams that were opened. */
  readonly connections: number
  /** How often it connected again, or is about to. */
  readonly retries: number
  /** Entries that the server said were missed. It cannot always tell how many; see `gaps`. */
  readonly entriesMissed: number
  /** How often the server said that entries were missed. */
  readonly gaps: number
}

/** What a source that connects emits, besides what every `Readable` does. */
export interface ResumeEvents {
  /** A stream was opened; `lastEventId` is what was asked to go on after. */
  open: [opened: { readonly url: string; readonly lastEventId: string | undefined }]
  /** The stream ended or could not be had, and is asked for again after `delayMs`. Without a reason it simply ended. */
  retry: [again: { readonly delayMs: number; readonly failures: number; readonly reason: LogwispError | undefined }]
  /** `PEER_LOST`, `ENTRIES_MISSED`, `ENTRY_TOO_LARGE`, or `CHECKPOINT_FAILED` at the start. */
  warning: [error: LogwispError]
}
