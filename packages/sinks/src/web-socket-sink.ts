/** The live stream by WebSocket: one frame per entry, and viewers that change their filter while they look. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { checkArgument, checkOptions, type LogEntry, type OptionRule, option } from '@logwisp/core'
import { type Format, formatter } from '@logwisp/core/format'
import { hostCheckFor, type Listener, listenHttp, replyJson } from '@logwisp/core/server'
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
import { packFrames, packLines, textFrame } from './internal/live/web-socket-frame.ts'
import { webSocketUpgrade } from './internal/live/web-socket-upgrade.ts'
import { controlText } from './internal/live/web-socket-viewer.ts'
import type { HeartbeatOptions, LiveSink, LiveSinkOptions } from './live-sink.ts'

/** Options of {@link webSocketSink}. */
export interface WebSocketSinkOptions extends LiveSinkOptions {
  /** The path of the stream. @default '/socket' */
  readonly path?: string | undefined
  /** The path of the status page; with `access`, for those who have the right `status`. @default '/status' */
  readonly statusPath?: string | undefined
  /** What else the status page tells, e.g. the stats of other stages; its names win over the sink's own. */
  readonly status?: (() => object) | undefined
  /**
   * What a frame says of an entry: with `'json'` its wire form with its id, `{"logwisp.id":"…","time":…}`; with any other
   * `{"logwisp":"entry","logwisp.id":"…","text":"…"}`, where the text is what the format makes. What a function throws
   * kills the sink.
   * @default 'json'
   */
  readonly format?: Format | undefined
  /**
   * What a `format` of your own gives. `'text'` is wrapped as above. `'json-object'`: the text of a JSON object on one
   * line, sent as it is, with `logwisp.id` put first.
   * @default 'text'
   */
  readonly formatGives?: 'text' | 'json-object' | undefined
  /**
   * A frame for each entry (`'entry'`), or one for all that are sent together, one per line (`'lines'`): several times
   * cheaper for viewers of many entries.
   * @default 'entry'
   */
  readonly framing?: 'entry' | 'lines' | undefined
  /**
   * Viewers are pinged each `intervalMs`, and cut off when they answer none of three. Besides, a viewer that got nothing for
   * so long gets nothing else (`'ping'`), a frame `{"logwisp":"heartbeat"}`, since pages do not see pings (`'frame'`), or an
   * entry like any other, of the source `logwisp` (`'entry'`).
   * @default { format: 'ping', intervalMs: 15000 }
   */
  readonly heartbeat?: HeartbeatOptions<'ping' | 'frame' | 'entry'> | undefined
  /**
   * Whether frames of 1 KiB and more are compressed (permessage-deflate) for viewers that offer it. Costs the time of one
   * compression for each entry and viewer: what is written once for all otherwise is then not.
   * @default false
   */
  readonly compress?: boolean | undefined
  /** The longest request that a viewer may send, unpacked; a longer one closes with 1009. @default 16384 */
  readonly maxRequestBytes?: number | undefined
  /** Requests of one viewer per second, and at once; more close with 1008. @default 5 */
  readonly maxRequestsPerSecond?: number | undefined
  /**
   * Names, besides those of this machine, under which requests are answered; `'any'` is all of them. A server of its own
   * on loopback answers under no other name by default, against DNS rebinding; elsewhere every name is answered.
   */
  readonly allowedHosts?: readonly string[] | 'any' | undefined
  /** Origins, e.g. `https://app.example`, whose pages may connect; `'*'` is every page. By default none but its own. */
  readonly allowOrigin?: string | readonly string[] | undefined
}

const defaults = {
  ...liveDefaults,
  path: '/socket',
  statusPath: '/status',
  format: 'json',
  formatGives: 'text',
  framing: 'entry',
  compress: false,
  maxRequestBytes: 16_384,
  maxRequestsPerSecond: 5,
} as const satisfies WebSocketSinkOptions

const rules: Readonly<Record<keyof WebSocketSinkOptions, OptionRule>> = {
  ...liveRules,
  path: pathRule,
  statusPath: pathRule,
  status: option.function,
  format: formatRule,
  formatGives: option.oneOf('text', 'json-object'),
  framing: option.oneOf('entry', 'lines'),
  heartbeat: heartbeatRule,
  compress: option.boolean,
  maxRequestBytes: option.integer({ min: 128, max: 1_048_576 }),
  maxRequestsPerSecond: option.number({ min: 0.1 }),
  allowedHosts: allowedHostsRule,
  allowOrigin: allowOriginRule,
}

/** What {@link webSocketSink} returns. */
export interface WebSocketSink extends LiveSink {
  /** Makes viewers, for a server of your own: `server.on('upgrade', sink.handleUpgrade)`. */
  readonly handleUpgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void
  /**
   * Answers the status page, and whoever asks for the stream without a WebSocket. Mount it in `node:http`, Express or any
   * framework that has Node's request and response. Other paths go to `next` when there is one, and are a 404 otherwise.
   */
  readonly handler: (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void
}

/**
 * A sink that shows entries live by WebSocket: `new WebSocket('ws://127.0.0.1:8080/socket')`, a text frame per entry.
 *
 * - Every viewer gets every entry. A viewer never slows the pipeline; one that is too slow misses entries and is told how
 *   many: `{"logwisp":"dropped","entries":12,"reason":"too-slow"}`. What is no entry has the name `logwisp` first.
 * - Each entry has its id as `logwisp.id`. A viewer that comes back with `?lastEventId=` gets what it missed, as long as
 *   the ring has it; else all that the ring has, and `dropped` says why (`not-kept`, `restarted`).
 * - A viewer filters by query, as with `sseSink`, and by requests while it looks: `{"filter":{"level":"warn","match":"time
 *   (out)?","source":["app.log"]}}`, `{"resume":"<id>"}`, `{"backlog":200}`. The answer is `accepted` or `refused`.
 * - Who may connect is settled before the protocol changes, with a status of HTTP; a page of another origin may not.
 *
 * An entry is acknowledged once the ring has it: the view is best effort. Beside a sink that keeps entries, put both
 * into `fanOut`, which acknowledges what both have.
 *
 * Ends when the pipeline does: viewers get what they still lack, `{"logwisp":"end","reason":"stopped"}`, and the close
 * code 1001. Order is kept. Nothing is dropped for all viewers at once.
 *
 * @throws OptionError `BAD_OPTION`. The pipeline fails with `LISTEN_FAILED` when the port cannot be had.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { webSocketSink } from '@logwisp/sinks'
 * import { fileSource } from '@logwisp/sources'
 *
 * const live = webSocketSink({ port: 8080 })
 * live.on('listening', ({ port }) => console.log(`ws://127.0.0.1:${port}/socket`))
 * await pipeline(fileSource('/var/log/app.log'), live)
 * ```
 */
export function webSocketSink(options: WebSocketSinkOptions = {}): WebSocketSink {
  checkOptions('webSocketSink', options, rules)
  const settings = withDefaults(defaults, options)
  checkArgument('webSocketSink', 'statusPath', settings.statusPath, {
    expected: 'another path than `path`',
    accepts: (value) => value !== settings.path,
  })
  return new WebSocketWritable(
    settings,
    settleHeartbeat('webSocketSink', options.heartbeat, ['ping', 'frame', 'entry']),
  )
}

type Settings = WithDefaults<WebSocketSinkOptions, typeof defaults>

class WebSocketWritable extends LiveWritable implements WebSocketSink {
  readonly handler: WebSocketSink['handler']
  readonly handleUpgrade: WebSocketSink['handleUpgrade']
  readonly #abort: () => void

  constructor(settings: Settings, heartbeat: HeartbeatSettings<'ping' | 'frame' | 'entry'>) {
    const write = entryWriter(settings)
    super(
      'webSocketSink',
      settings,
      heartbeat,
      (facts) => ({
        entry: write,
        pack: settings.framing === 'lines' ? packLines : packFrames,
        dropped: ({ entries, reason }) => textFrame(controlText('dropped', { entries: entries ?? null, reason })),
        heartbeat: (id) => heartbeatFrame(id, heartbeat, facts(), write),
        end: (reason) => textFrame(controlText('end', { reason })),
      }),
      (id) => id,
    )
    const { path, statusPath, access } = settings
    const allowOrigins = [settings.allowOrigin ?? []].flat()
    const acceptsHost = hostCheckFor(settings)
    const { hub, ring, places } = this
    const { handle, abort } = webSocketUpgrade({ ...settings, hub, ring, places, access, acceptsHost, allowOrigins })
    this.handleUpgrade = handle
    this.#abort = abort
    this.handler = liveHandler({
      path,
      statusPath,
      access,
      allowOrigins,
      acceptsHost,
      streamName: 'WebSocket',
      replyStream: (req, res) => {
        res.setHeader('Connection', 'Upgrade').setHeader('Upgrade', 'websocket')
        replyJson(req, res, 426, { error: 'Upgrade Required', message: `connect to ${path} by WebSocket` })
      },
      status: () =>
        liveStatus({ stream: path, status: statusPath }, this.facts, this.stats, settings, settings.status?.()),
    })
  }

  protected override async listen(options: Parameters<LiveWritable['listen']>[0]): Promise<Listener> {
    const listener = await listenHttp(this.handler, options)
    listener.server.on('upgrade', this.handleUpgrade)
    return listener
  }

  protected override abortPending(): void {
    this.#abort()
  }
}

function entryWriter({ format, formatGives }: Settings): (entry: LogEntry, id: string | undefined) => string {
  const text = formatter(format)
  if (format !== 'json' && (format === 'raw' || formatGives === 'text')) {
    return (entry, id) => controlText('entry', { 'logwisp.id': id, text: text(entry) })
  }
  return (entry, id) => withId(text(entry), id)
}

/** A JSON object with an id in front of its names. */
function withId(object: string, id: string | undefined): string {
  if (id === undefined) return object
  return `{"logwisp.id":${JSON.stringify(id)}${object === '{}' ? '' : ','}${object.slice(1)}`
}

function heartbeatFrame(
  id: string | undefined,
  heartbeat: HeartbeatSettings<'ping' | 'frame' | 'entry'>,
  facts: LiveFacts,
  write: (entry: LogEntry, id: string | undefined) => string,
): Buffer | string {
  const { format, includeStats } = heartbeat
  const told = includeStats ? facts : undefined
  if (format === 'entry') return textFrame(write(heartbeatEntry(told), id))
  if (format === 'ping' && id === undefined) return ''
  return textFrame(controlText('heartbeat', { ...(id !== undefined && { id }), ...heartbeatTime(heartbeat), ...told }))
}
