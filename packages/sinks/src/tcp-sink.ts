/** The live stream for whatever reads lines: every entry to every connection. */

import type { Socket } from 'node:net'
import { checkOptions, type LogEntry, type OptionRule, option } from '@logwisp/core'
import { type Format, formatter } from '@logwisp/core/format'
import { type Listener, listenTcp } from '@logwisp/core/server'
import { type WithDefaults, withDefaults } from '@logwisp/core/with-defaults'
import { heartbeatEntry } from './internal/live/heartbeat-entry.ts'
import { LineViewers } from './internal/live/line-viewers.ts'
import {
  formatRule,
  type HeartbeatSettings,
  heartbeatRule,
  heartbeatTime,
  liveDefaults,
  liveRules,
  settleHeartbeat,
} from './internal/live/live-settings.ts'
import { type LiveFacts, LiveWritable } from './internal/live/live-writable.ts'
import type { ViewerGap } from './internal/live/viewer.ts'
import type { HeartbeatOptions, LiveSink, LiveSinkOptions } from './live-sink.ts'

/** Options of {@link tcpSink}. */
export interface TcpSinkOptions extends LiveSinkOptions {
  /**
   * How an entry becomes a line: `'json'` is the wire form, `'raw'` the message alone (of several lines, when it has line
   * breaks), a function such as `textFormat('{time} {message}')` or `encodeEntryWithId` anything else. What a function
   * throws kills the sink.
   * @default 'json'
   */
  readonly format?: Format | undefined
  /**
   * The line that stands where entries are missing: `'json'` is `{"logwisp":"dropped","entries":12,"reason":"too-slow"}`,
   * `'none'` no line, a function any other, without its line ending.
   * @default 'json' with the format 'json', else 'none'
   */
  readonly dropped?: 'json' | 'none' | ((gap: DroppedLines) => string) | undefined
  /**
   * What a viewer that hears nothing gets: no line, since a reader may take any for an entry (`'none'`), a line
   * `{"logwisp":"heartbeat"}` (`'json'`), or an entry like any other, of the source `logwisp` (`'entry'`).
   * @default { format: 'none' }
   */
  readonly heartbeat?: HeartbeatOptions<'none' | 'json' | 'entry'> | undefined
  /** The last entries, at most so many, that a viewer gets at its start. @default 0 */
  readonly backlogEntries?: number | undefined
  /** How long whoever has to say who it is may take for that; only with `access`. @default 10000 */
  readonly helloTimeoutMs?: number | undefined
  /** What a viewer sends is thrown away; one that sends more than this is cut off. @default 65536 */
  readonly maxInputBytes?: number | undefined
  /**
   * Whether a viewer that has ended its own side still gets entries, as `ncat host port < /dev/null` wants them. One that
   * has gone is then noticed only with the next entry, or after some minutes.
   * @default false
   */
  readonly allowHalfOpen?: boolean | undefined
}

/** Entries that a viewer was too slow for. */
export interface DroppedLines {
  /** How many. */
  readonly entries: number
  /** Why. */
  readonly reason: 'too-slow'
}

const defaults = {
  ...liveDefaults,
  format: 'json',
  backlogEntries: 0,
  helloTimeoutMs: 10_000,
  maxInputBytes: 65_536,
  allowHalfOpen: false,
} as const satisfies TcpSinkOptions

const rules: Readonly<Record<keyof TcpSinkOptions, OptionRule>> = {
  ...liveRules,
  format: formatRule,
  dropped: option.either(option.oneOf('json', 'none'), option.function),
  heartbeat: heartbeatRule,
  backlogEntries: option.integer({ min: 0 }),
  helloTimeoutMs: option.integer({ min: 100 }),
  maxInputBytes: option.integer({ min: 0, orInfinity: true }),
  allowHalfOpen: option.boolean,
}

/** What {@link tcpSink} returns. */
export interface TcpSink extends LiveSink {
  /** Makes a viewer of a connection to a server of your own: `createServer(sink.handler)`. */
  readonly handler: (socket: Socket) => void
}

/**
 * A sink that shows entries live to whatever reads lines from a TCP connection: `nc 127.0.0.1 9090`.
 *
 * - Every viewer gets every entry that comes while it is connected, one line each, and nothing else but what `dropped` and
 *   `heartbeat` say. A viewer never slows the pipeline; one that is too slow misses entries.
 * - What a viewer sends is thrown away. With an `access` that wants credentials it begins with the line
 *   `LOGWISP/1 {"token":"…"}` (or `user` and `password`), which is answered by `LOGWISP/1 {"ok":true}`, or with
 *   `"ok":false` and an `error` before the connection ends. A client certificate needs no such line.
 * - When the pipeline ends, viewers get what they still lack, and the connection ends.
 *
 * An entry is acknowledged once the ring has it: the view is best effort. Beside a sink that keeps entries, put both
 * into `fanOut`, which acknowledges what both have.
 *
 * Ends when the pipeline does. Order is kept. Nothing is dropped for all viewers at once.
 *
 * @throws OptionError `BAD_OPTION`. The pipeline fails with `LISTEN_FAILED` when the port cannot be had.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { tcpSink } from '@logwisp/sinks'
 * import { fileSource } from '@logwisp/sources'
 *
 * await pipeline(fileSource('/var/log/app.log'), tcpSink({ port: 9090, format: 'raw' }))
 * ```
 */
export function tcpSink(options: TcpSinkOptions = {}): TcpSink {
  checkOptions('tcpSink', options, rules)
  const settings = withDefaults(defaults, options)
  return new TcpWritable(settings, settleHeartbeat('tcpSink', options.heartbeat, ['none', 'json', 'entry']))
}

type Settings = WithDefaults<TcpSinkOptions, typeof defaults>

class TcpWritable extends LiveWritable implements TcpSink {
  readonly handler: TcpSink['handler']
  readonly #viewers: LineViewers

  constructor(settings: Settings, heartbeat: HeartbeatSettings<'none' | 'json' | 'entry'>) {
    const format = formatter(settings.format)
    const dropped = droppedLine(settings)
    super('tcpSink', settings, heartbeat, (facts) => ({
      entry: (entry) => `${format(entry)}\n`,
      dropped,
      heartbeat: () => heartbeatLine(heartbeat, facts(), format),
      end: () => '',
    }))
    this.#viewers = new LineViewers({
      hub: this.hub,
      places: this.places,
      access: settings.access,
      helloTimeoutMs: settings.helloTimeoutMs,
      maxInputBytes: settings.maxInputBytes,
      allowHalfOpen: settings.allowHalfOpen,
      start: () => this.ring.backlogStart(settings.backlogEntries, undefined),
    })
    this.handler = (socket) => this.#viewers.admit(socket)
  }

  protected override listen(options: Parameters<LiveWritable['listen']>[0]): Promise<Listener> {
    return listenTcp(this.handler, options)
  }

  protected override abortPending(): void {
    this.#viewers.abort()
  }
}

/** A viewer of lines says no id, so that it only ever misses what it was too slow for, and how many that is is known. */
function droppedLine({ dropped, format }: Settings): (gap: ViewerGap) => string {
  const chosen = dropped ?? (format === 'json' ? 'json' : 'none')
  if (chosen === 'none') return () => ''
  const line =
    chosen === 'json' ? (gap: DroppedLines): string => JSON.stringify({ logwisp: 'dropped', ...gap }) : chosen
  return ({ entries = 0 }) => `${line({ entries, reason: 'too-slow' })}\n`
}

function heartbeatLine(
  heartbeat: HeartbeatSettings<'none' | 'json' | 'entry'>,
  facts: LiveFacts,
  write: (entry: LogEntry) => string,
): string {
  const { format, includeStats } = heartbeat
  if (format === 'none') return ''
  if (format === 'entry') return `${write(heartbeatEntry(includeStats ? facts : undefined))}\n`
  return `${JSON.stringify({ logwisp: 'heartbeat', ...heartbeatTime(heartbeat), ...(includeStats && facts) })}\n`
}
