/** Entries from a server that sends events: another LogWisp's `sseSink`, or anything else that speaks `text/event-stream`. */

import { checkArgument, checkOptions, type EntrySource, type OptionRule, option } from '@logwisp/core'
import { withDefaults } from '@logwisp/core/with-defaults'
import { urlRule } from './internal/resume/client-options.ts'
import {
  type ResumeEvents,
  type ResumeOptions,
  type ResumeStats,
  resumeRules,
} from './internal/resume/resume-options.ts'
import { SseSourceStream, sseDefaults } from './internal/sse/sse-source-stream.ts'

export type { ClientAuth, ClientTls } from './internal/resume/client-options.ts'
export type { ResumeEvents, ResumeOptions, ResumeStats } from './internal/resume/resume-options.ts'

/** How {@link sseSource} reads. */
export interface SseSourceOptions extends ResumeOptions {
  /**
   * Types of events that are entries; `message` is that of events without one. Entries of another type have it in the
   * field `event`. Those of LogWisp's own (`dropped`, `end`, `heartbeat`) are understood when they are not in the list;
   * all others are dropped, counted as `other-type`.
   * @default ['message']
   */
  readonly eventTypes?: readonly string[] | 'any' | undefined
  /** A longer event is dropped, counted as `entry-too-large`. Bytes, 64 to 268 435 456. @default 1048576 */
  readonly maxEventBytes?: number | undefined
  /** Lets the server compress (gzip, deflate, br). Some proxies hold back what they compress. @default false */
  readonly compress?: boolean | undefined
  /** Redirects that are followed for one connection. @default 5 */
  readonly maxRedirects?: number | undefined
}

const rules: Readonly<Record<keyof SseSourceOptions, OptionRule>> = {
  ...resumeRules,
  eventTypes: option.either(option.oneOf('any'), option.list(option.text, 1)),
  maxEventBytes: option.integer({ min: 64, max: 268_435_456 }),
  compress: option.boolean,
  maxRedirects: option.integer({ min: 0, max: 20 }),
}

/** What {@link sseSource} returns. */
export interface SseSource extends EntrySource {
  readonly stats: ResumeStats
  on<Name extends keyof ResumeEvents>(event: Name, listener: (...args: ResumeEvents[Name]) => void): this
  on(event: string | symbol, listener: (...args: never[]) => void): this
  once<Name extends keyof ResumeEvents>(event: Name, listener: (...args: ResumeEvents[Name]) => void): this
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
  return new SseSourceStream(new URL(url), withDefaults(sseDefaults, options))
}
