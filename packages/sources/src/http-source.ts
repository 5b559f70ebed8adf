/** Entries that come by HTTP: a place to POST logs to. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { checkArgument, checkOptions, type EntrySource, type OptionRule, option, type StageStats } from '@logwisp/core'
import { type AccessControl, hostCheckFor, type ServerTls } from '@logwisp/core/server'
import { withDefaults } from '@logwisp/core/with-defaults'
import type { IngestOutcome, RequestCounts } from './internal/http/http-ingest.ts'
import { HttpSourceStream } from './internal/http/http-source-stream.ts'

export type { IngestOutcome, IngestProblem, RequestCounts } from './internal/http/http-ingest.ts'

/** Options of {@link httpSource}. */
export interface HttpSourceOptions {
  /** The path that takes entries. @default '/ingest' */
  readonly path?: string | undefined
  /** Listen here with a server of its own; 0 takes any free port. Without it, mount {@link HttpSource.handler}. */
  readonly port?: number | undefined
  /** The address to listen on. Beyond loopback, give `access` too: without it anybody may write into the log. @default '127.0.0.1' */
  readonly host?: string | undefined
  /** Who may send entries, and how many. Made by `accessControl`. Without it, everybody who reaches the port. */
  readonly access?: AccessControl | undefined
  /** Speaks HTTPS with these certificates. Made by `serverTls`. */
  readonly tls?: ServerTls | undefined
  /**
   * Names, besides those of this machine, under which requests are answered; `'any'` is all of them. A server of its own
   * on loopback answers under no other name by default, against DNS rebinding; elsewhere every name is answered.
   */
  readonly allowedHosts?: readonly string[] | 'any' | undefined
  /** Origins, e.g. `https://app.example`, whose pages may send entries; `'*'` is every page. By default none but its own. */
  readonly allowOrigin?: string | readonly string[] | undefined
  /** Connections of its own server at once; further ones are closed. @default 1000 */
  readonly maxConnections?: number | undefined
  /** The `source` of entries that tell none. @default 'http' */
  readonly source?: string | undefined
  /**
   * Puts who sent it into each entry's fields as `peer`: the name that `access` knows, else the address. What the
   * sender has under that name becomes `peer_`.
   * @default false
   */
  readonly addSender?: boolean | undefined
  /**
   * When a request is answered. `accepted`: with 202, once its entries are in the pipeline. `delivered`: with 200, once a
   * sink has acknowledged them. `either`: `accepted`, unless the request has the header `Prefer: respond-delivered`.
   * @default 'either'
   */
  readonly respond?: 'accepted' | 'delivered' | 'either' | undefined
  /**
   * Makes the JSON of an answer to a request whose entries were taken, for clients that expect another one. What it throws
   * is a 500, and the entries are taken all the same. By default `{"accepted":n,"total":n}`, with `duplicates` and `errors`
   * when there are some.
   */
  readonly answer?: ((outcome: IngestOutcome) => object) | undefined
  /**
   * What is done with a request of which an entry can not be read. `reject-all`: 400, and nothing of it is taken; so its
   * entries are held until its end. `skip`: the others are taken, while it comes; the answer names the bad ones.
   * @default 'reject-all'
   */
  readonly whenInvalid?: 'reject-all' | 'skip' | undefined
  /**
   * Requests at once. Waiting for bodies takes at most seven eighths of them, rounded up: beyond it the slowest gets a 408.
   * When all are taken, and no body is slow, further ones get a 503. Fewer than 8 are too few against many slow clients.
   * @default 256
   */
  readonly maxRequests?: number | undefined
  /**
   * The largest body, packed or unpacked; larger ones get a 413.
   *
   * Unit: bytes; `Infinity` only with `whenInvalid: 'skip'`.
   * @default 16777216
   */
  readonly maxBodyBytes?: number | undefined
  /**
   * The longest line, or JSON of one entry; a longer one is no valid entry.
   *
   * Unit: bytes, 16 to 268 435 456.
   * @default 1048576
   */
  readonly maxEntryBytes?: number | undefined
  /**
   * Memory that all requests together may hold: unfinished entries, and with `reject-all` whole requests. Beyond it, bodies
   * that hold some and come slowly get a 408; when there is none, the request that needs more gets a 503.
   *
   * Unit: bytes, estimated; at least `maxEntryBytes`.
   * @default 67108864
   */
  readonly maxHeldBytes?: number | undefined
  /**
   * How long a client may be waited for while it sends a body, all in all; then it gets a 408. When places are scarce, the
   * slowest gets it sooner.
   * @default 60000
   */
  readonly bodyTimeoutMs?: number | undefined
  /** When the pipeline takes nothing for so long, requests get a 503 with `Retry-After` instead of waiting. @default 5000 */
  readonly busyTimeoutMs?: number | undefined
  /** How long a request waits for delivery; then it gets a 504. @default 30000 */
  readonly deliverTimeoutMs?: number | undefined
  /** How long `stop()`, and after the end delivery, wait for requests under way. @default 10000 */
  readonly drainTimeoutMs?: number | undefined
  /** Drops entries whose id (`logwisp.id`) came before, counted as `duplicate`. @default true */
  readonly dedupe?: boolean | undefined
  /** Ids that are remembered for that; at least the newer half of so many. @default 100000 */
  readonly maxRememberedIds?: number | undefined
  /** Memory that these ids may take, in bytes, estimated. @default 33554432 */
  readonly maxRememberedBytes?: number | undefined
  /** How long ids and idempotency keys are remembered, up to twice as long. @default 600000 */
  readonly rememberMs?: number | undefined
}

const defaults = {
  path: '/ingest',
  host: '127.0.0.1',
  maxConnections: 1000,
  source: 'http',
  addSender: false,
  respond: 'either',
  whenInvalid: 'reject-all',
  maxRequests: 256,
  maxBodyBytes: 16 * 1024 * 1024,
  maxEntryBytes: 1024 * 1024,
  maxHeldBytes: 64 * 1024 * 1024,
  bodyTimeoutMs: 60_000,
  busyTimeoutMs: 5000,
  deliverTimeoutMs: 30_000,
  drainTimeoutMs: 10_000,
  dedupe: true,
  maxRememberedIds: 100_000,
  maxRememberedBytes: 32 * 1024 * 1024,
  rememberMs: 600_000,
} as const satisfies HttpSourceOptions

/** The longest that a timer of Node can wait. */
const maxTimerMs = 2 ** 31 - 1
const timeout = option.integer({ min: 1, max: maxTimerMs, orInfinity: true })

const rules: Readonly<Record<keyof HttpSourceOptions, OptionRule>> = {
  path: {
    expected: "a path that begins with '/', without '?', '#' and spaces",
    accepts: (value) => typeof value === 'string' && /^\/[^?#\s]*$/.test(value),
  },
  port: option.integer({ min: 0, max: 65_535 }),
  host: option.text,
  access: option.having('what accessControl() returns', 'connect', 'request', 'entries', 'overEntryRate'),
  tls: option.having('what serverTls() returns', 'attach'),
  allowedHosts: option.either(option.oneOf('any'), option.list(option.text, 1)),
  allowOrigin: option.either(option.text, option.list(option.text, 1)),
  maxConnections: option.integer({ min: 1 }),
  source: option.text,
  addSender: option.boolean,
  respond: option.oneOf('accepted', 'delivered', 'either'),
  answer: option.function,
  whenInvalid: option.oneOf('reject-all', 'skip'),
  maxRequests: option.integer({ min: 1 }),
  maxBodyBytes: option.integer({ min: 1, orInfinity: true }),
  maxEntryBytes: option.integer({ min: 16, max: 268_435_456 }),
  maxHeldBytes: option.integer({ min: 65_536 }),
  bodyTimeoutMs: timeout,
  busyTimeoutMs: timeout,
  deliverTimeoutMs: timeout,
  drainTimeoutMs: timeout,
  dedupe: option.boolean,
  maxRememberedIds: option.integer({ min: 2 }),
  maxRememberedBytes: option.integer({ min: 65_536 }),
  rememberMs: option.integer({ min: 1 }),
}

/** The books of {@link httpSource}. An entry is in once its turn has come to be given to the pipeline. */
export interface HttpSourceStats extends StageStats {
  /** Bytes of bodies that were read, unpacked. */
  readonly bytesIn: number
  /** Entries that came before, by their id: dropped as `duplicate`. */
  readonly duplicates: number
  /** Requests, by what became of them. */
  readonly requests: RequestCounts
}

/** The events of {@link httpSource} beside those of every `Readable`. */
export interface HttpSourceEvents {
  /** Its own server listens. */
  listening: [address: AddressInfo]
}

/** What {@link httpSource} returns. */
export interface HttpSource extends EntrySource {
  /**
   * Takes entries. Mount it in `node:http`, Express (`app.use(source.handler)`, before body parsers) or any framework
   * that has Node's request and response. Other paths go to `next` when there is one, and are a 404 otherwise.
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
  readonly stats: HttpSourceStats
  on<Name extends keyof HttpSourceEvents>(event: Name, listener: (...args: HttpSourceEvents[Name]) => void): this
  // biome-ignore lint/suspicious/noExplicitAny: as Node's own declaration has it
  on(event: string | symbol, listener: (...args: any[]) => void): this
}

/**
 * A source of the entries that are POSTed to it: one JSON object, an array of them, NDJSON, or plain lines, told by
 * `Content-Type` or, without a useful one, by how the body begins; packed with gzip, deflate, br or (where Node has it)
 * zstd. What an entry's JSON may say is in `docs/wire-format.md`.
 *
 * - Answers `{"accepted":n,"total":n}`: with 202 once the entries are in the pipeline, or with 200 once a sink has
 *   acknowledged them (`respond`). A 4xx or 503 says what is wrong and which entry it is.
 * - Holds back: while the pipeline takes nothing, bodies are not read; when that lasts, requests get a 503.
 * - A request that is sent again with its `Idempotency-Key`, and entries that come again with their `logwisp.id`, are
 *   not given again.
 * - Bodies that come slowly make room: with a 408, when others lack a place or memory.
 *
 * Each request's entries keep their order. Dropped and counted: `duplicate`, and with `whenInvalid: 'skip'` `invalid`.
 * Ends after `stop()`: requests under way are finished, new ones get a 503.
 *
 * @throws OptionError `BAD_OPTION`. The pipeline fails with `LISTEN_FAILED` when the port cannot be had.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { fileSink } from '@logwisp/sinks'
 * import { httpSource } from '@logwisp/sources'
 *
 * const source = httpSource({ port: 8080 })
 * source.on('listening', ({ port }) => console.log(`POST entries to http://127.0.0.1:${port}/ingest`))
 * process.once('SIGTERM', () => source.stop())
 * await pipeline(source, fileSink('./received', { name: 'received' }))
 * ```
 */
export function httpSource(options: HttpSourceOptions = {}): HttpSource {
  checkOptions('httpSource', options, rules)
  const settings: Settings = withDefaults(defaults, options)
  checkLimits(settings)
  return new HttpSourceStream({
    ...settings,
    port: settings.port,
    access: settings.access,
    tls: settings.tls,
    answer: settings.answer,
    acceptsHost: hostCheckFor(settings),
    allowOrigins: [settings.allowOrigin ?? []].flat(),
  })
}

type Settings = Omit<HttpSourceOptions, keyof typeof defaults> & {
  readonly [Name in keyof typeof defaults]: NonNullable<HttpSourceOptions[Name]>
}

/** Limits that only make sense together. */
function checkLimits({ whenInvalid, maxBodyBytes, maxEntryBytes, maxHeldBytes }: Settings): void {
  checkArgument('httpSource', 'maxBodyBytes', maxBodyBytes, {
    expected: "finite, since with whenInvalid 'reject-all' whole bodies are held",
    accepts: (value) => whenInvalid === 'skip' || value !== Infinity,
  })
  checkArgument('httpSource', 'maxHeldBytes', maxHeldBytes, {
    expected: `at least maxEntryBytes (${maxEntryBytes})`,
    accepts: (value) => (value as number) >= maxEntryBytes,
  })
}
