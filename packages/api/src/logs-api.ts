/** The HTTP API over a store: take, page, search, count, stream, export. */

import { EventEmitter } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { checkArgument, checkOptions, LogwispError, OptionError, type OptionRule, option } from '@logwisp/core'
import {
  type AccessControl,
  hostCheckFor,
  type Listener,
  listenHttp,
  type ServerTls,
  ViewerPlaces,
} from '@logwisp/core/server'
import { type WithDefaults, withDefaults } from '@logwisp/core/with-defaults'
import {
  type HttpSource,
  type HttpSourceOptions,
  type HttpSourceStats,
  httpSource,
  type IngestOutcome,
} from '@logwisp/sources'
import { type Store, sqliteSink } from '@logwisp/store'
import { ApiCounts } from './internal/api-counts.ts'
import { type ApiHandler, apiHandler } from './internal/api-handler.ts'
import { RequestsUnderWay } from './internal/requests-under-way.ts'
import type { Service } from './internal/service.ts'
import { toldLevel } from './internal/told-level.ts'

/** How entries are taken: options of `httpSource`, but for those that are the API's own. */
export interface LogsApiIngestOptions
  extends Omit<
    HttpSourceOptions,
    | 'path'
    | 'port'
    | 'host'
    | 'access'
    | 'tls'
    | 'allowedHosts'
    | 'allowOrigin'
    | 'maxConnections'
    | 'respond'
    | 'answer'
    | 'drainTimeoutMs'
  > {}

/** Options of {@link logsApi}. */
export interface LogsApiOptions {
  /** The path of entries. `healthz`, `metrics` and `openapi.json` are beside it. @default '/logs' */
  readonly path?: string | undefined
  /** Listen here with a server of its own; 0 takes any free port. Without it, mount {@link LogsApi.handler}. */
  readonly port?: number | undefined
  /** The address to listen on. Beyond loopback, give `access` too: without it anybody may read and write the log. @default '127.0.0.1' */
  readonly host?: string | undefined
  /**
   * Who may do what: `ingest` to send entries, `stream` to read them, `status` for the metrics. Made by `accessControl`.
   * Without it, everybody who reaches the port.
   */
  readonly access?: AccessControl | undefined
  /** Speaks HTTPS with these certificates. Made by `serverTls`. */
  readonly tls?: ServerTls | undefined
  /**
   * Names, besides those of this machine, under which requests are answered; `'any'` is all of them. A server of its own
   * on loopback answers under no other name by default, against DNS rebinding; elsewhere every name is answered.
   */
  readonly allowedHosts?: readonly string[] | 'any' | undefined
  /**
   * Origins, e.g. `https://app.example`, whose pages may ask, with `access` also with their visitors' credentials; `'*'` is
   * every page. By default none but its own.
   */
  readonly allowOrigin?: string | readonly string[] | undefined
  /** Whether entries are taken, and how: an object of options of `httpSource`. `false` for an API that only reads. @default true */
  readonly ingest?: boolean | LogsApiIngestOptions | undefined
  /** Connections of its own server at once; further ones are closed. @default 1000 */
  readonly maxConnections?: number | undefined
  /**
   * How long a page, a histogram and completions may look; then they answer with what they have, and say so.
   *
   * Unit: ms.
   * @default 1000
   */
  readonly queryDeadlineMs?: number | undefined
  /** Viewers of the stream at once; further ones get a 503. @default 100 */
  readonly maxViewers?: number | undefined
  /** Viewers from one address at once; further ones get a 429. IPv6 addresses are counted by /64. @default Infinity */
  readonly maxViewersPerAddress?: number | undefined
  /** A viewer that is further behind is taken to the newest entries, with an event `gap`. Unit: entries. @default 10000 */
  readonly maxBehindEntries?: number | undefined
  /** How often a viewer that hears nothing gets a comment, so that no proxy takes the connection for dead. @default 15000 */
  readonly heartbeatIntervalMs?: number | undefined
  /** How long browsers wait before they connect again. @default 2000 */
  readonly retryMs?: number | undefined
  /** Exports at once; further ones get a 503. @default 4 */
  readonly maxExports?: number | undefined
  /** A client that takes nothing of its answer for so long is cut off. @default 30000 */
  readonly stuckTimeoutMs?: number | undefined
  /** How long `close()` waits for requests under way. @default 10000 */
  readonly drainTimeoutMs?: number | undefined
}

const defaults = {
  path: '/logs',
  host: '127.0.0.1',
  ingest: true,
  maxConnections: 1000,
  queryDeadlineMs: 1000,
  maxViewers: 100,
  maxViewersPerAddress: Infinity,
  maxBehindEntries: 10_000,
  heartbeatIntervalMs: 15_000,
  retryMs: 2000,
  maxExports: 4,
  stuckTimeoutMs: 30_000,
  drainTimeoutMs: 10_000,
} as const satisfies LogsApiOptions

/** The longest that a timer of Node can wait. */
const maxTimerMs = 2 ** 31 - 1
const timeout = option.integer({ min: 1, max: maxTimerMs, orInfinity: true })

const rules: Readonly<Record<keyof LogsApiOptions, OptionRule>> = {
  path: {
    expected: "a path such as '/logs': with a name after its last '/', without '?', '#', '{', '}' and spaces",
    accepts: (value) => typeof value === 'string' && /^(\/[^/?#{}\s]+)+$/.test(value),
  },
  port: option.integer({ min: 0, max: 65_535 }),
  host: option.text,
  access: option.having('what accessControl() returns', 'connect', 'request', 'entries', 'overEntryRate'),
  tls: option.having('what serverTls() returns', 'attach'),
  allowedHosts: option.either(option.oneOf('any'), option.list(option.text, 1)),
  allowOrigin: option.either(option.text, option.list(option.text, 1)),
  ingest: option.either(option.boolean, {
    expected: 'an object such as { maxBodyBytes: 16777216 }',
    accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  }),
  maxConnections: option.integer({ min: 1 }),
  queryDeadlineMs: timeout,
  maxViewers: option.integer({ min: 1 }),
  maxViewersPerAddress: option.integer({ min: 1, orInfinity: true }),
  maxBehindEntries: option.integer({ min: 1 }),
  heartbeatIntervalMs: option.integer({ min: 100, max: maxTimerMs, orInfinity: true }),
  retryMs: option.integer({ min: 1 }),
  maxExports: option.integer({ min: 1 }),
  stuckTimeoutMs: option.integer({ min: 100, max: maxTimerMs, orInfinity: true }),
  drainTimeoutMs: timeout,
}

/** Options of `httpSource` that the API sets itself. */
const ownIngestOptions: ReadonlySet<string> = new Set([
  'path',
  'port',
  'host',
  'access',
  'tls',
  'allowedHosts',
  'allowOrigin',
  'maxConnections',
  'respond',
  'answer',
  'drainTimeoutMs',
])

/** The events of a {@link LogsApi}. */
export interface LogsApiEvents {
  /** Its own server listens. */
  listening: [address: AddressInfo]
  /** A request could not be answered for a reason of our own, or no more entries are taken. */
  warning: [error: LogwispError]
  /** Its own server could not listen: `LISTEN_FAILED`. As with every emitter, it is thrown when nobody listens. */
  error: [error: LogwispError]
}

/** The books of a {@link LogsApi}. */
export interface LogsApiStats {
  /** Answers by operation (its `operationId`'s name in the document's order) and status; 499: the client left first. */
  readonly requests: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** Viewers of the stream now. */
  readonly viewers: number
  /** Exports under way. */
  readonly exports: number
  /** Entries that viewers were sent. */
  readonly entriesStreamed: number
  /** Entries that were written to exports. */
  readonly entriesExported: number
  /** The books of the source that takes entries; undefined when none are taken. */
  readonly ingest: HttpSourceStats | undefined
}

/** What {@link logsApi} returns. */
export interface LogsApi extends EventEmitter<LogsApiEvents> {
  /**
   * Answers requests. Mount it in `node:http`, Express (`app.use('/api', api.handler)`) or any framework that has Node's
   * request and response. Other paths go to `next` when there is one, and are a 404 otherwise.
   */
  readonly handler: (
    req: IncomingMessage,
    res: ServerResponse,
    next?: (error?: unknown) => void,
    /** For a server's `'checkContinue'`: the client sends no body before it is told to, and is only if it is taken. */
    mustContinue?: boolean,
  ) => void
  /** Where its own server listens; undefined before the `'listening'` event, after the end, and without a server. */
  readonly address: AddressInfo | undefined
  /** The books at this moment. */
  readonly stats: LogsApiStats
  /** Takes no more requests, finishes those under way, tells viewers that it ends. The store stays open. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * An HTTP API over a store. What it answers is in `docs/api.md`, and for programs in the document that it serves as
 * `openapi.json` beside its path.
 *
 * - `POST /logs` takes what `httpSource` takes, and answers `{"status":"success","inserted":n}` once it is stored.
 * - `GET /logs` is a page of messages or entries, oldest first; `/logs/entries/<id>` one of them, `/logs/histogram` how
 *   many there are, `/logs/completions` what a query could say.
 * - `GET /logs/stream` is what is stored from now on, or from a page on, as server-sent events; a slow viewer holds up
 *   nobody. `GET /logs/export` is everything that fits, as a file.
 * - `/healthz`, `/metrics` (Prometheus), `/openapi.json`.
 *
 * Whatever a request asks of the store ends when its client leaves. Without `access` everybody who reaches it may read
 * and write; its own server listens on loopback only, unless `host` says otherwise.
 *
 * @throws OptionError `BAD_OPTION`. Emits `'error'` with `LISTEN_FAILED` when the port cannot be had.
 *
 * @example
 * ```ts
 * import { logsApi } from '@logwisp/api'
 * import { openStore } from '@logwisp/store'
 *
 * const store = await openStore('./logs.db')
 * const api = logsApi(store, { port: 8000 })
 * api.on('listening', ({ port }) => console.log(`http://127.0.0.1:${port}/logs`))
 * process.once('SIGTERM', async () => {
 *   await api.close()
 *   await store.close()
 * })
 * ```
 */
export function logsApi(store: Store, options: LogsApiOptions = {}): LogsApi {
  checkArgument(
    'logsApi',
    'store',
    store,
    option.having('what openStore() resolves to', 'append', 'page', 'scan', 'tail'),
  )
  checkOptions('logsApi', options, rules)
  const settings: Settings = withDefaults(defaults, options)
  const { ingest } = settings
  const own = Object.keys(typeof ingest === 'object' ? ingest : {}).find((name) => ownIngestOptions.has(name))
  if (own !== undefined)
    throw new OptionError('logsApi', own, `\`${own}\` is no option of \`ingest\`: give it beside it`)
  return new StoreApi(store, settings)
}

type Settings = WithDefaults<LogsApiOptions, typeof defaults>

class StoreApi extends EventEmitter<LogsApiEvents> implements LogsApi {
  readonly handler: ApiHandler
  readonly #settings: Settings
  readonly #store: Store
  readonly #counts = new ApiCounts()
  readonly #viewers: ViewerPlaces
  readonly #underWay = new RequestsUnderWay()
  /** Ends the taking of entries at once. */
  readonly #cut = new AbortController()
  readonly #ingest: HttpSource | undefined
  readonly #ingested: Promise<void>
  readonly #opening: Promise<Listener<Server> | undefined>
  #listener: Listener<Server> | undefined
  #failure: LogwispError | undefined
  #closing: Promise<void> | undefined
  readonly #onFailed = (error: LogwispError): void => {
    this.#failure = error
  }

  constructor(store: Store, settings: Settings) {
    super()
    this.#store = store
    this.#settings = settings
    this.#viewers = new ViewerPlaces(settings)
    this.#ingest = this.#makeIngest()
    this.#ingested = this.#ingest === undefined ? Promise.resolve() : this.#storeFrom(this.#ingest)
    store.on('failed', this.#onFailed)
    this.handler = apiHandler({
      service: this.#service(),
      underWay: this.#underWay,
      path: settings.path,
      access: settings.access,
      acceptsHost: hostCheckFor(settings),
      allowOrigins: [settings.allowOrigin ?? []].flat(),
    })
    this.#opening = this.#open()
  }

  get address(): AddressInfo | undefined {
    return this.#listener?.address
  }

  get stats(): LogsApiStats {
    const { requests, exports, entriesStreamed, entriesExported } = this.#counts
    return Object.freeze({
      requests,
      viewers: this.#viewers.taken,
      exports,
      entriesStreamed,
      entriesExported,
      ingest: this.#ingest?.stats,
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const listener = await this.#opening
    const closed = listener?.close()
    await Promise.all([this.#underWay.stop(this.#settings.drainTimeoutMs), this.#endIngest()])
    this.#store.off('failed', this.#onFailed)
    if (listener === undefined) return
    // Answers are on their way; whoever does not take them is not waited for.
    const giveUp = setTimeout(() => void listener.destroy(), closeTimeoutMs)
    await closed
    clearTimeout(giveUp)
  }

  /** A store may wait for its disk for as long as that is full: whoever sent the entries is told, and sends them again. */
  async #endIngest(): Promise<void> {
    const source = this.#ingest
    if (source === undefined) return
    source.stop()
    const { drainTimeoutMs } = this.#settings
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<true>((resolve) => {
      if (drainTimeoutMs !== Infinity) timer = setTimeout(() => resolve(true), drainTimeoutMs)
    })
    const isLate = await Promise.race([this.#ingested, late])
    clearTimeout(timer)
    if (isLate !== true) return
    const message = 'the API was closed before the store took all entries: whoever sent them was told'
    this.#warn(new LogwispError('UNDELIVERED', message))
    this.#cut.abort()
  }

  #service(): Service {
    const api = this
    return {
      store: this.#store,
      settings: this.#settings,
      counts: this.#counts,
      viewers: this.#viewers,
      ingest: this.#ingest,
      get failure() {
        return api.#failure
      },
      warn: (error) => this.#warn(error),
    }
  }

  #makeIngest(): HttpSource | undefined {
    const { ingest, path, access, allowOrigin, drainTimeoutMs } = this.#settings
    if (ingest === false) return undefined
    const given = ingest === true ? {} : ingest
    // Who asks under which name is looked at before it comes to this.
    return httpSource({ ...given, path, access, allowOrigin, drainTimeoutMs, respond: 'delivered', answer: inserted })
  }

  async #storeFrom(source: HttpSource): Promise<void> {
    source.on('warning', (error: LogwispError) => this.#warn(error))
    const sink = sqliteSink(this.#store)
    sink.on('warning', (error: LogwispError) => this.#warn(error))
    try {
      await pipeline(source, toldLevel(), sink, { signal: this.#cut.signal })
    } catch (error) {
      if (!this.#cut.signal.aborted) this.#warn(error)
    }
  }

  async #open(): Promise<Listener<Server> | undefined> {
    const { port, host, maxConnections, access, tls } = this.#settings
    if (port === undefined) return undefined
    try {
      // Bodies have limits of their own, and wait for the store as long as it takes.
      const options = { port, host, maxConnections, access, tls, requestTimeoutMs: Infinity }
      this.#listener = await listenHttp(this.handler, options)
    } catch (error) {
      // Outside of the promise: nobody may listen, and then it is an uncaught exception, as with any emitter.
      process.nextTick(() => this.emit('error', error as LogwispError))
      return undefined
    }
    const listener = this.#listener
    // Instead of Node's telling every client to go on: a request that is refused need not send its body.
    listener.server.on('checkContinue', (req, res) => this.handler(req, res, undefined, true))
    process.nextTick(() => listener.address !== undefined && this.emit('listening', listener.address))
    return listener
  }

  #warn(cause: unknown): void {
    const error =
      cause instanceof LogwispError ? cause : new LogwispError('STORE_FAILED', (cause as Error).message, { cause })
    this.emit('warning', error)
  }
}

/** How long connections may take to close once everything is answered. */
const closeTimeoutMs = 2000

/** What the ancestor of this API answered. */
function inserted({ accepted, duplicates, errors }: IngestOutcome): object {
  return {
    status: 'success',
    inserted: accepted - duplicates,
    ...(duplicates > 0 ? { repeated: duplicates } : {}),
    ...(errors.length > 0 ? { errors } : {}),
  }
}
