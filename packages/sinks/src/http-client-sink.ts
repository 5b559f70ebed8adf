/** The sink that posts entries to HTTP endpoints. */

import type {
  ByteBudget,
  DeadLetter,
  EntrySink,
  EntrySource,
  Format,
  LogEntry,
  LogwispError,
  StageStats,
} from '@logwisp/core'
import { httpClientSettings } from './internal/http-client/http-client-settings.ts'
import { HttpClientStream } from './internal/http-client/http-client-stream.ts'

/** Whom to trust, and who we are, when endpoints are `https:`. What `tls.connect` takes by the same names, as PEM. */
export interface HttpClientTls {
  /** The authorities to trust instead of the usual ones. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[] | undefined
  /** The client's certificate, for endpoints that ask for one. */
  readonly cert?: string | Buffer | undefined
  /** Its private key. */
  readonly key?: string | Buffer | undefined
  /** What the key is encrypted with. */
  readonly passphrase?: string | undefined
  /** The name that the server's certificate must have. @default the host in the address */
  readonly servername?: string | undefined
}

/** Options of {@link httpClientSink}. */
export interface HttpClientSinkOptions {
  /**
   * With several endpoints: `'failover'` uses the first one that works, in their order, and goes back when it works
   * again; `'round-robin'` uses each in turn, as long as it works.
   * @default 'failover'
   */
  readonly strategy?: 'failover' | 'round-robin' | undefined
  /**
   * How an entry becomes text: `'json'` is the wire form, `'raw'` the message alone. What a function throws kills the
   * sink.
   * @default 'json'
   */
  readonly format?: Format | undefined
  /**
   * How a body is put together: `'lines'` ends each entry with a line feed (`application/x-ndjson`, or `text/plain` when
   * the format is not `'json'`); `'array'` is one JSON array (`application/json`), which a function as `format` may
   * fill too when it returns JSON.
   * @default 'lines'
   */
  readonly body?: 'lines' | 'array' | undefined
  /** Whether the wire form has each entry's id (`logwisp.id`), by which a receiver tells repeats. @default true */
  readonly ids?: boolean | undefined
  /** Compresses bodies, with the header `Content-Encoding`. `'zstd'` needs Node 22.15. */
  readonly compress?: 'gzip' | 'zstd' | undefined
  /** More headers, e.g. an API key; they win over `Content-Type` and `User-Agent`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** A token for `Authorization: Bearer`, or a function that gives the one to use, asked before each request. */
  readonly bearer?: string | (() => string | Promise<string>) | undefined
  /** For `Authorization: Basic`. */
  readonly basic?: { readonly user: string; readonly password: string } | undefined
  /** Whom to trust, and a certificate of our own. Servers are always verified. */
  readonly tls?: HttpClientTls | undefined
  /**
   * `'delivered'` asks a LogWisp at the other end, by `Prefer: respond-delivered`, to answer only when a sink of its own
   * has the entries; mind `requestTimeoutMs` then. Otherwise entries are safe when it has taken them.
   * @default 'accepted'
   */
  readonly respond?: 'accepted' | 'delivered' | undefined
  /** A request has at most so many entries. @default 5000 */
  readonly maxBatchEntries?: number | undefined
  /** And its body at most so many bytes, before compression; an entry that is longer goes alone. @default 1048576 */
  readonly maxBatchBytes?: number | undefined
  /** Entries wait at most so long for others to go with; `Infinity` waits until a batch is full. @default 1000 */
  readonly maxBatchDelayMs?: number | undefined
  /**
   * Requests under way at once, to all endpoints together. With 1 the entries arrive in order; with more, batches may
   * overtake each other (acknowledged they are in order all the same).
   * @default 1
   */
  readonly maxInFlight?: number | undefined
  /**
   * A bound in bytes that it shares with other stages, made by `byteBudget`: for batches that are collected or under way,
   * with the entries that they keep. Reached, a batch goes as it is, and the pipeline waits.
   */
  readonly budget?: ByteBudget | undefined
  /** Finds out how many requests at once are best, from 1 to `maxInFlight`, by how long they take. @default false */
  readonly adaptiveConcurrency?: boolean | undefined
  /** For opening a connection, its TLS included. @default 10000 */
  readonly connectTimeoutMs?: number | undefined
  /** For a whole request, to the last byte of the answer. @default 30000 */
  readonly requestTimeoutMs?: number | undefined
  /** How often a batch is sent again before it counts as undeliverable. @default Infinity */
  readonly retries?: number | undefined
  /** For how long a batch is sent again before it counts as undeliverable. @default Infinity */
  readonly maxRetryMs?: number | undefined
  /** The longest pause after a first failure; it doubles with each further one. Pauses are drawn between 0 and that. @default 500 */
  readonly minRetryDelayMs?: number | undefined
  /** The longest pause after any failure. @default 30000 */
  readonly maxRetryDelayMs?: number | undefined
  /** A server that asks, by `Retry-After`, for a longer pause than this gets this one. @default 300000 */
  readonly maxRetryAfterMs?: number | undefined
  /** Statuses that are tried again besides 408, 425, 429 and 5xx but 501, e.g. `[401, 404]`. @default [] */
  readonly retryStatuses?: readonly number[] | undefined
  /**
   * When a batch is refused as invalid (400, 422): whether it is taken apart until the entries that are refused are
   * alone. Otherwise all of it is rejected.
   * @default true
   */
  readonly isolateRejected?: boolean | undefined
  /**
   * When a batch cannot be delivered, because all endpoints refuse it whatever it holds (401, 404, 3xx, …) or its retries
   * are spent: `'fail'` ends the pipeline, and nothing of it is acknowledged; `'reject'` treats its entries as rejected.
   * @default 'fail'
   */
  readonly whenUndeliverable?: 'fail' | 'reject' | undefined
  /**
   * Where rejected entries are kept, made by `deadLetter`: a batch is acknowledged only once its rejected entries are safe
   * there. Several sinks may share one; closing it, after the sinks, is yours. When it fails so does the sink, and its
   * warnings are the sink's, too.
   */
  readonly deadLetter?: DeadLetter | undefined
  /** How long the end of the stream waits for what is not delivered yet, before the pipeline fails. @default 30000 */
  readonly drainTimeoutMs?: number | undefined
}

/** What is known of an endpoint. */
export interface HttpEndpointStats {
  /** Its address, without the query. */
  readonly url: string
  /** `failing`: left alone for now; `probing`: being found out about. */
  readonly state: 'healthy' | 'failing' | 'probing'
  /** Requests sent. */
  readonly requests: number
  /** Requests that failed. */
  readonly failed: number
  /** Why the last one failed; absent while it is healthy. */
  readonly lastFailure?: string
}

/** The books of {@link httpClientSink}. */
export interface HttpClientSinkStats extends StageStats {
  /** Batches delivered. */
  readonly batches: number
  /** Bytes of bodies that were taken, as they were sent. */
  readonly bytesOut: number
  /** Requests that failed and were followed by another. */
  readonly retries: number
  /** Entries that were rejected; they count as dropped too, with the reason `rejected`. */
  readonly rejected: number
  /** Requests under way. */
  readonly inFlight: number
  /** Requests that may be under way at once. */
  readonly concurrency: number
  /** `'warning'` events. */
  readonly warnings: number
  /** The endpoints, in the order given. */
  readonly endpoints: readonly HttpEndpointStats[]
}

/** An entry that no endpoint takes, and why. */
export interface RejectedEntry {
  /** The entry. */
  readonly entry: LogEntry
  /** What the endpoint said. */
  readonly reason: string
  /** The status of its answer; undefined when there was none. */
  readonly status: number | undefined
  /** Who rejected it. */
  readonly endpoint: string
}

/** The events of {@link httpClientSink} beside those of every `Writable`. */
export interface HttpClientSinkEvents {
  /** A request failed and will be followed by another, `delayMs` from now if no endpoint may be asked before. */
  retry: [
    {
      readonly endpoint: string
      readonly attempt: number
      readonly delayMs: number
      readonly reason: string
      readonly entries: number
    },
  ]
  /** Batches go to another endpoint now, also when they go back. */
  failover: [{ readonly from: string; readonly to: string; readonly reason: string }]
  /** An entry was rejected; {@link HttpClientSink.deadLetter}, or the option of that name, gets it too. */
  reject: [RejectedEntry]
  /** Survived: `PEER_FAILING`, `ENTRY_REJECTED`, `NOT_CONFIRMED`, and those of the option `deadLetter`. */
  warning: [LogwispError]
}

/** What {@link httpClientSink} returns. */
export interface HttpClientSink extends EntrySink {
  /**
   * The entries that were rejected, with why as the field `logwisp.rejected`: `{ stage, reason, status, endpoint, id }`. Ends
   * when the sink does.
   *
   * Whoever takes this stream must read it: the sink waits for its reader, and a crash loses what is in it. To have them
   * safe before they are acknowledged give the option `deadLetter`. With neither, rejected entries are dropped, counted,
   * and told of by `'reject'` and `'warning'`.
   */
  readonly deadLetter: EntrySource
  readonly stats: HttpClientSinkStats
  on<E extends keyof HttpClientSinkEvents>(event: E, listener: (...args: HttpClientSinkEvents[E]) => void): this
  on(event: string | symbol, listener: (...args: never[]) => void): this
}

/**
 * Posts entries to an HTTP endpoint, in batches, and acknowledges what was taken.
 *
 * - **A batch** leaves when it has `maxBatchEntries` or `maxBatchBytes`, or its first entry has waited `maxBatchDelayMs`.
 *   Two more than are under way are kept; then the source waits.
 * - **Taken** is what was answered with 2xx, once the answer is whole; acknowledged in order.
 * - **Tried again**, without end by default: no whole answer, 408, 425, 429, 5xx but 501. Each endpoint has its own pause,
 *   drawn at random and growing, or as `Retry-After` says. Each batch has an `Idempotency-Key`, the same at each try.
 * - **Too large** (413): sent in halves, down to the entry. **Invalid** (400, 422): taken apart until the entries that
 *   are refused are alone. What is refused alone goes to the option `deadLetter`, safe before it is acknowledged, and to
 *   {@link HttpClientSink.deadLetter}.
 * - **Refused** whatever is sent (other 4xx, 501, redirects, which are never followed): the next endpoint is asked; when
 *   all refuse, the pipeline fails with `PEER_REFUSED` (see `whenUndeliverable`).
 * - **Order** is kept with `maxInFlight: 1`. At least once: a batch whose answer was lost is sent again.
 *
 * @throws OptionError `BAD_OPTION`.
 * `'error'`: `PEER_REFUSED`; that of the option `deadLetter`; `UNDELIVERED` when `retries` or `maxRetryMs` are spent, or the end has waited for
 * `drainTimeoutMs`. Nothing after it is acknowledged.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { httpClientSink } from '@logwisp/sinks'
 * import { fileSource } from '@logwisp/sources'
 *
 * const sink = httpClientSink(['https://logs-1.example/ingest', 'https://logs-2.example/ingest'], { compress: 'gzip' })
 * sink.on('warning', (warning) => console.warn(warning.message))
 * await pipeline(fileSource('/var/log/app.log'), sink)
 * ```
 */
export function httpClientSink(
  urls: string | URL | readonly (string | URL)[],
  options: HttpClientSinkOptions = {},
): HttpClientSink {
  return new HttpClientStream(httpClientSettings(urls, options))
}
