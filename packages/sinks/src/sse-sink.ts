/** The live stream: every entry to every browser that looks, by server-sent events. */

import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type Batch,
  checkArgument,
  checkOptions,
  type EntrySink,
  EntryWritable,
  type LogEntry,
  type OptionRule,
  option,
  type StageStats,
} from '@logwisp/core'
import { type Format, formatter } from '@logwisp/core/format'
import { type HostCheck, hostCheck, isLoopback, type Listener, listenHttp } from '@logwisp/core/server'
import { comment, idOnly, serverSentEvent } from './internal/event-stream.ts'
import { ReplayRing } from './internal/replay-ring.ts'
import { sseHandler } from './internal/sse-handler.ts'
import { version } from './internal/version.ts'
import type { ViewerGap } from './internal/viewer.ts'
import { type ViewerCounts, ViewerHub } from './internal/viewer-hub.ts'

export type { ViewerCounts } from './internal/viewer-hub.ts'

/** Options of {@link sseSink}. */
export interface SseSinkOptions {
  /** Listen here with a server of its own; 0 takes any free port. Without it, mount {@link SseSink.handler}. */
  readonly port?: number | undefined
  /**
   * The address to listen on. Beyond loopback, anybody who reaches the port reads the log: there is no authentication.
   * @default '127.0.0.1'
   */
  readonly host?: string | undefined
  /** The path of the stream. @default '/stream' */
  readonly path?: string | undefined
  /** The path of the status page. @default '/status' */
  readonly statusPath?: string | undefined
  /** What else the status page tells, e.g. the stats of other stages; its names win over the sink's own. */
  readonly status?: (() => object) | undefined
  /**
   * How an entry becomes an event's data: `'json'` is the wire form, `'raw'` the message alone. What a function throws
   * kills the sink.
   * @default 'json'
   */
  readonly format?: Format | undefined
  /** Entries kept for viewers that come back, and for those that are slow. @default 100000 */
  readonly ringEntries?: number | undefined
  /**
   * Memory that these entries may keep, in bytes, estimated on the safe side. One read block (64 KiB, or one long line)
   * is kept even when it is larger.
   * @default 16777216
   */
  readonly ringBytes?: number | undefined
  /** Viewers at once; further ones get a 503. @default 100 */
  readonly maxViewers?: number | undefined
  /** A viewer that got nothing for so long gets a comment, so that no proxy takes the connection for dead. @default 15000 */
  readonly heartbeatMs?: number | undefined
  /** How long browsers wait before they connect again. @default 2000 */
  readonly retryMs?: number | undefined
  /** A viewer whose connection took nothing for so long is cut off. It may come back with its last id. @default 30000 */
  readonly stuckTimeoutMs?: number | undefined
  /** How long the end of the stream waits for viewers to take what they lack. @default 5000 */
  readonly drainTimeoutMs?: number | undefined
  /**
   * Names, besides those of this machine, under which requests are answered; `'any'` is all of them. A server of its own
   * on loopback answers under no other name by default, against DNS rebinding; elsewhere every name is answered.
   */
  readonly allowedHosts?: readonly string[] | 'any' | undefined
  /** Origins, e.g. `https://app.example`, whose pages may read the stream; `'*'` is every page. By default none but its own. */
  readonly allowOrigin?: string | readonly string[] | undefined
}

const defaults = {
  host: '127.0.0.1',
  path: '/stream',
  statusPath: '/status',
  format: 'json',
  ringEntries: 100_000,
  ringBytes: 16 * 1024 * 1024,
  maxViewers: 100,
  heartbeatMs: 15_000,
  retryMs: 2000,
  stuckTimeoutMs: 30_000,
  drainTimeoutMs: 5000,
} as const satisfies SseSinkOptions

const pathRule: OptionRule = {
  expected: "a path that begins with '/', without '?', '#' and spaces",
  accepts: (value) => typeof value === 'string' && /^\/[^?#\s]*$/.test(value),
}

const formatRule: OptionRule = option.either(option.oneOf('json', 'raw'), option.function)

const rules: Readonly<Record<keyof SseSinkOptions, OptionRule>> = {
  port: option.integer({ min: 0, max: 65_535 }),
  host: option.text,
  path: pathRule,
  statusPath: pathRule,
  status: option.function,
  format: formatRule,
  ringEntries: option.integer({ min: 1 }),
  ringBytes: option.integer({ min: 65_536 }),
  maxViewers: option.integer({ min: 1 }),
  heartbeatMs: option.integer({ min: 100, orInfinity: true }),
  retryMs: option.integer({ min: 1 }),
  stuckTimeoutMs: option.integer({ min: 100, orInfinity: true }),
  drainTimeoutMs: option.integer({ min: 1, orInfinity: true }),
  allowedHosts: option.either(option.oneOf('any'), option.list(option.text, 1)),
  allowOrigin: option.either(option.text, option.list(option.text, 1)),
}

/** What {@link sseSink} counts. An entry is out once it is in the ring: whoever comes in time can have it. */
export interface SseSinkStats extends StageStats {
  /** Who looks, and what they were sent and missed. */
  readonly viewers: ViewerCounts
  /** Entries and bytes that the ring holds for viewers. */
  readonly ring: { readonly entries: number; readonly bytes: number }
}

/** The events of {@link sseSink} beside those of every `Writable`. */
export interface SseSinkEvents {
  /** Its own server listens. */
  listening: [address: AddressInfo]
}

/** What {@link sseSink} returns. */
export interface SseSink extends EntrySink {
  /**
   * Answers the stream and its status page. Mount it in `node:http`, Express (`app.use('/logs', sink.handler)`) or any
   * framework that has Node's request and response. Other paths go to `next` when there is one, and are a 404 otherwise.
   */
  readonly handler: (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void
  /** Where its own server listens; undefined before the `'listening'` event, after the end, and without a server. */
  readonly address: AddressInfo | undefined
  readonly stats: SseSinkStats
  on<Name extends keyof SseSinkEvents>(event: Name, listener: (...args: SseSinkEvents[Name]) => void): this
  // biome-ignore lint/suspicious/noExplicitAny: as Node's own declaration has it
  on(event: string | symbol, listener: (...args: any[]) => void): this
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
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const settings: Settings = { ...defaults, ...given }
  checkArgument('sseSink', 'statusPath', settings.statusPath, {
    expected: 'another path than `path`',
    accepts: (value) => value !== settings.path,
  })
  return new SseWritable(settings)
}

type Settings = Omit<SseSinkOptions, keyof typeof defaults> & {
  readonly [Name in keyof typeof defaults]: NonNullable<SseSinkOptions[Name]>
}

class SseWritable extends EntryWritable implements SseSink {
  readonly handler: SseSink['handler']
  readonly #settings: Settings
  readonly #ring: ReplayRing
  readonly #hub: ViewerHub
  readonly #startedAt = performance.now()
  #listener: Listener | undefined

  constructor(settings: Settings) {
    super()
    this.#settings = settings
    const format = formatter(settings.format)
    const limits = { maxEntries: settings.ringEntries, maxBytes: settings.ringBytes }
    this.#ring = new ReplayRing(limits, randomBytes(6).toString('hex'))
    this.#hub = new ViewerHub({
      ring: this.#ring,
      protocol: {
        entry: (entry, id) => serverSentEvent({ id, data: format(entry) }),
        dropped: (gap) => serverSentEvent({ event: 'dropped', data: gapText(gap) }),
        heartbeat: (id) => (id === undefined ? comment('heartbeat') : idOnly(id)),
        end: () => serverSentEvent({ event: 'end', data: '{"reason":"stopped"}' }),
      },
      heartbeatMs: settings.heartbeatMs,
      stuckTimeoutMs: settings.stuckTimeoutMs,
      onError: (error) => this.fail(error),
    })
    this.handler = sseHandler({
      hub: this.#hub,
      ring: this.#ring,
      path: settings.path,
      statusPath: settings.statusPath,
      maxViewers: settings.maxViewers,
      retryMs: settings.retryMs,
      allowOrigins: [settings.allowOrigin ?? []].flat(),
      acceptsHost: hostCheckOf(settings),
      status: () => this.#status(),
    })
  }

  get address(): AddressInfo | undefined {
    return this.#listener?.address
  }

  override get stats(): SseSinkStats {
    const ring = { entries: this.#ring.next - this.#ring.first, bytes: this.#ring.bytes }
    return this.books({ viewers: this.#hub.counts, ring })
  }

  override _construct(callback: (error?: Error | null) => void): void {
    const { port, host, maxViewers } = this.#settings
    if (port === undefined) return callback()
    // Some more than viewers, for the status page and for telling those beyond the limit that there is one.
    listenHttp(this.handler, { port, host, maxConnections: maxViewers + 64 }).then((listener) => {
      this.#listener = listener
      callback()
      // Outside of the promise, so that what a listener throws is an uncaught exception, as it is with any event.
      process.nextTick(() => listener.address !== undefined && this.emit('listening', listener.address))
    }, callback)
  }

  protected override consume(items: readonly (LogEntry | Batch)[]): void {
    this.#hub.append(items)
  }

  protected override async finish(): Promise<void> {
    const closed = this.#listener?.close()
    await this.#hub.finish(this.#settings.drainTimeoutMs)
    await this.#listener?.destroy()
    await closed
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#hub.destroy()
    if (this.#listener === undefined) return callback(error)
    this.#listener.destroy().then(() => callback(error))
  }

  #status(): object {
    const { path, statusPath, maxViewers, status } = this.#settings
    const { viewers, ring, ...stats } = this.stats
    return {
      service: 'LogWisp',
      version,
      uptimeMs: Math.round(performance.now() - this.#startedAt),
      endpoints: { stream: path, status: statusPath },
      viewers: { ...viewers, max: maxViewers },
      ring: { ...ring, ...this.#ring.limits },
      stats,
      ...status?.(),
    }
  }
}

function gapText({ entries, reason }: ViewerGap): string {
  return JSON.stringify({ entries: entries ?? null, reason })
}

/** Beyond loopback, and mounted, the names are those that the surroundings have given it. */
function hostCheckOf({ port, host, allowedHosts }: Settings): HostCheck | undefined {
  if (allowedHosts === 'any') return undefined
  if (allowedHosts !== undefined) return hostCheck(allowedHosts)
  return port !== undefined && isLoopback(host) ? hostCheck([]) : undefined
}
