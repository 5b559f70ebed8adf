/** The live stream: every entry to every browser that looks, by server-sent events. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkArgument, checkOptions, type LogEntry, type OptionRule, option } from '@logwisp/core'
import { type Format, formatter } from '@logwisp/core/format'
import {
  hostCheckFor,
  type Listener,
  listenHttp,
  serverSentComment,
  serverSentEnd,
  serverSentEvent,
  serverSentId,
} from '@logwisp/core/server'
import { type WithDefaults, withDefaults } from '@logwisp/core/with-defaults'
import { heartbeatEntry } from './internal/live/heartbeat-entry.ts'
import { liveHandler } from './internal/live/live-handler.ts'
import {
  allowedHostsRule,
  allowOriginRule,
  formatRule,
  type HeartbeatSettings,
  heartbeatRule,
  heartbeatTime,
  liveDefaults,
  liveRules,
  pathRule,
  settleHeartbeat,
} from './internal/live/live-settings.ts'
import { liveStatus } from './internal/live/live-status.ts'
import { type LiveFacts, LiveWritable } from './internal/live/live-writable.ts'
import { replySseStream } from './internal/live/sse-handler.ts'
import type { ViewerGap } from './internal/live/viewer.ts'
import type { HeartbeatOptions, LiveSink, LiveSinkOptions } from './live-sink.ts'

/** Options of {@link sseSink}. */
export interface SseSinkOptions extends LiveSinkOptions {
  /** The path of the stream. @default '/stream' */
  readonly path?: string | undefined
  /** The path of the status page; with `access`, for those who have the right `status`. @default '/status' */
  readonly statusPath?: string | undefined
  /** What else the status page tells, e.g. the stats of other stages; its names win over the sink's own. */
  readonly status?: (() => object) | undefined
  /**
   * How an entry becomes an event's data: `'json'` is the wire form, `'raw'` the message alone. What a function throws
   * kills the sink.
   * @default 'json'
   */
  readonly format?: Format | undefined
  /**
   * What a viewer that hears nothing gets, so that no proxy takes the connection for dead: a comment, which pages do not
   * see (`'comment'`), an event named `heartbeat` (`'event'`), or an entry like any other, of the source `logwisp`, for
   * readers that know nothing else (`'entry'`).
   * @default { format: 'comment', intervalMs: 15000 }
   */
  readonly heartbeat?: HeartbeatOptions<'comment' | 'event' | 'entry'> | undefined
  /** How long browsers wait before they connect again. @default 2000 */
  readonly retryMs?: number | undefined
  /**
   * Names, besides those of this machine, under which requests are answered; `'any'` is all of them. A server of its own
   * on loopback answers under no other name by default, against DNS rebinding; elsewhere every name is answered.
   */
  readonly allowedHosts?: readonly string[] | 'any' | undefined
  /**
   * Origins, e.g. `https://app.example`, whose pages may read the stream, with `access` also with their visitors'
   * credentials; `'*'` is every page. By default none but its own.
   */
  readonly allowOrigin?: string | readonly string[] | undefined
}

const defaults = {
  ...liveDefaults,
  path: '/stream',
  statusPath: '/status',
  format: 'json',
  retryMs: 2000,
} as const satisfies SseSinkOptions

const rules: Readonly<Record<keyof SseSinkOptions, OptionRule>> = {
  ...liveRules,
  path: pathRule,
  statusPath: pathRule,
  status: option.function,
  format: formatRule,
  heartbeat: heartbeatRule,
  retryMs: option.integer({ min: 1 }),
  allowedHosts: allowedHostsRule,
  allowOrigin: allowOriginRule,
}

/** What {@link sseSink} returns. */
export interface SseSink extends LiveSink {
  /**
   * Answers the stream and its status page. Mount it in `node:http`, Express (`app.use('/logs', sink.handler)`) or any
   * framework that has Node's request and response. Other paths go to `next` when there is one, and are a 404 otherwise.
   */
  readonly handler: (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void
}

/**
 * A sink that shows entries live: browsers read it with `new EventSource('/stream')`, one event per entry.
 *
 * - Every viewer gets every entry. A viewer never slows the pipeline; one that is too slow misses entries and is told how
 *   many by an event `dropped` with `{"entries":12,"reason":"too-slow"}` (`null` entries: nobody can tell how many).
 * - Each event has the entry's id. A viewer that comes back with `Last-Event-ID` (or `?lastEventId=`) gets what it missed,
 *   as long as the ring has it; else all that the ring has, and a `dropped` event with the reason `not-kept`.
 * - A viewer filters by query: `?level=warn` (entries without a level pass, unless `&whenUnknown=drop`), `?match=timeout`
 *   (a pattern in RE2's syntax, in the message), `?source=app.log` (a source, or the end of its path; may be repeated).
 *   `?backlog=200` begins with the last 200 entries that pass.
 * - When the pipeline ends, viewers get what they still lack and an event `end`; browsers then try to connect again
 *   until the page closes its EventSource.
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
 * import { sseSink } from '@logwisp/sinks'
 * import { fileSource } from '@logwisp/sources'
 *
 * const live = sseSink({ port: 8080 })
 * live.on('listening', ({ port }) => console.log(`http://127.0.0.1:${port}/stream`))
 * await pipeline(fileSource('/var/log/app.log'), live)
 * ```
 */
export function sseSink(options: SseSinkOptions = {}): SseSink {
  checkOptions('sseSink', options, rules)
  const settings: Settings = withDefaults(defaults, options)
  checkArgument('sseSink', 'statusPath', settings.statusPath, {
    expected: 'another path than `path`',
    accepts: (value) => value !== settings.path,
  })
  return new SseWritable(settings, settleHeartbeat('sseSink', options.heartbeat, ['comment', 'event', 'entry']))
}

type Settings = WithDefaults<SseSinkOptions, typeof defaults>

class SseWritable extends LiveWritable implements SseSink {
  readonly handler: SseSink['handler']

  constructor(settings: Settings, heartbeat: HeartbeatSettings<'comment' | 'event' | 'entry'>) {
    const format = formatter(settings.format)
    super('sseSink', settings, heartbeat, (facts) => ({
      entry: (entry, id) => serverSentEvent({ id, data: format(entry) }),
      dropped: (gap) => serverSentEvent({ event: 'dropped', data: gapText(gap) }),
      heartbeat: (id) => heartbeatText(id, heartbeat, facts(), format),
      end: serverSentEnd,
    }))
    const { path, statusPath, retryMs } = settings
    const stream = { hub: this.hub, ring: this.ring, places: this.places, retryMs }
    this.handler = liveHandler({
      path,
      statusPath,
      access: settings.access,
      allowOrigins: [settings.allowOrigin ?? []].flat(),
      acceptsHost: hostCheckFor(settings),
      streamName: 'live stream',
      replyStream: (req, res, query, who) => replySseStream(req, res, query, who, stream),
      status: () =>
        liveStatus({ stream: path, status: statusPath }, this.facts, this.stats, settings, settings.status?.()),
    })
  }

  protected override listen(options: Parameters<LiveWritable['listen']>[0]): Promise<Listener> {
    return listenHttp(this.handler, options)
  }
}

function gapText({ entries, reason }: ViewerGap): string {
  return JSON.stringify({ entries: entries ?? null, reason })
}

function heartbeatText(
  id: string | undefined,
  heartbeat: HeartbeatSettings<'comment' | 'event' | 'entry'>,
  facts: LiveFacts,
  write: (entry: LogEntry) => string,
): string {
  const { format, includeStats } = heartbeat
  const named = id === undefined ? {} : { id }
  if (format === 'entry')
    return serverSentEvent({ ...named, data: write(heartbeatEntry(includeStats ? facts : undefined)) })
  const told = { ...heartbeatTime(heartbeat), ...(includeStats && facts) }
  if (format === 'event') return serverSentEvent({ ...named, event: 'heartbeat', data: JSON.stringify(told) })
  const text = ['heartbeat', ...Object.entries(told).map(([name, value]) => `${name}=${value}`)].join(' ')
  return id === undefined ? serverSentComment(text) : serverSentComment(text) + serverSentId(id)
}
