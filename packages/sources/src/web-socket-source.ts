/** Entries over WebSockets: from a server that shows them, or from clients that send them. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  checkArgument,
  checkOptions,
  type EntrySource,
  type LogwispError,
  type OptionRule,
  option,
  type StageStats,
} from '@logwisp/core'
import type { AccessControl, ServerTls } from '@logwisp/core/server'
import { withDefaults } from '@logwisp/core/with-defaults'
import { clientRules, urlRule } from './internal/resume/client-options.ts'
import {
  type ResumeEvents,
  type ResumeOptions,
  type ResumeStats,
  resumeRules,
} from './internal/resume/resume-options.ts'
import { WebSocketSourceStream, webSocketDefaults } from './internal/web-socket/web-socket-client.ts'
import { ingestDefaults, WebSocketIngestStream } from './internal/web-socket/web-socket-server.ts'

/** How {@link webSocketSource} reads from a server. */
export interface WebSocketSourceOptions extends ResumeOptions {
  /**
   * A longer frame is an error that ends the source, `ENTRY_TOO_LARGE`: it would come again with each connection.
   * Bytes, 1024 to 268 435 456.
   * @default 16777216
   */
  readonly maxFrameBytes?: number | undefined
  /** Lets the server compress its frames (permessage-deflate). @default false */
  readonly compress?: boolean | undefined
}

/** Where {@link webSocketSource} takes clients: with a server of its own, or mounted in the user's. */
export type WebSocketPlace = { readonly port: number } | { readonly mounted: true }

/** Who sends entries, for {@link WebSocketIngestOptions.source}. */
export interface WebSocketSender {
  /** Its IP address; behind proxies that `access` trusts, the one that they tell. */
  readonly address: string
  /** The name that the access control knows it by. */
  readonly name: string | undefined
}

/** How {@link webSocketSource} takes entries from clients. */
export interface WebSocketIngestOptions {
  /**
   * The address to listen on. Beyond loopback, whoever reaches the port can send entries, unless `access` says no.
   * @default '127.0.0.1'
   */
  readonly host?: string | undefined
  /** The path to connect to. @default '/ingest' */
  readonly path?: string | undefined
  /** Who may connect, and send (right `ingest`), made by `accessControl`. Asked before the protocol changes. */
  readonly access?: AccessControl | undefined
  /** Certificates for its own server, made by `serverTls`; it speaks TLS only then. */
  readonly tls?: ServerTls | undefined
  /**
   * The `source` of entries that do not say theirs: a name, or a function of the sender that makes one.
   * @default 'websocket'
   */
  readonly source?: string | ((sender: WebSocketSender) => string) | undefined
  /** A client that sends a longer frame is cut (1009). Bytes, unpacked, 1024 to 268 435 456. @default 1048576 */
  readonly maxFrameBytes?: number | undefined
  /**
   * Memory for frames that are not read yet, or not complete, of all clients together. Beyond it the client that brought
   * too much is closed. Bytes, at least 65 536.
   * @default 67108864
   */
  readonly maxWaitingBytes?: number | undefined
  /** Connections at once; further ones get a 503. @default 1000 */
  readonly maxConnections?: number | undefined
  /** Ids that are remembered, so that an entry that comes again over another connection is dropped, counted as `duplicate`. @default 16384 */
  readonly maxRememberedIds?: number | undefined
  /** Clients are pinged so often, and cut when they did not answer until the next time. @default 30000 */
  readonly pingIntervalMs?: number | undefined
  /** How long the end of the source waits, so that senders hear what was delivered last. @default 5000 */
  readonly drainTimeoutMs?: number | undefined
  /**
   * Lets clients compress their frames (permessage-deflate). Limits are on what is unpacked; it costs time and memory for
   * each client.
   * @default false
   */
  readonly compress?: boolean | undefined
  /**
   * Names, besides those of this machine, under which requests are answered; `'any'` is all of them. A server of its own
   * on loopback answers under no other name by default, against DNS rebinding; elsewhere every name is answered.
   */
  readonly allowedHosts?: readonly string[] | 'any' | undefined
  /** Origins, e.g. `https://app.example`, whose pages may send; `'*'` is every page. By default none but its own. */
  readonly allowOrigin?: string | readonly string[] | undefined
}

const sourceRules: Readonly<Record<keyof WebSocketSourceOptions, OptionRule>> = {
  ...resumeRules,
  maxFrameBytes: option.integer({ min: 1024, max: 268_435_456 }),
  compress: option.boolean,
}

const pathRule: OptionRule = {
  expected: "a path that begins with '/', without '?', '#' and spaces",
  accepts: (value) => typeof value === 'string' && /^\/[^?#\s]*$/.test(value),
}

const ingestRules: Readonly<Record<keyof WebSocketIngestOptions, OptionRule>> = {
  host: option.text,
  path: pathRule,
  access: option.having('an access control, made by accessControl()', 'connect', 'request'),
  tls: option.having('certificates, made by serverTls()', 'attach'),
  source: option.either(option.text, option.function),
  maxFrameBytes: option.integer({ min: 1024, max: 268_435_456 }),
  maxWaitingBytes: option.integer({ min: 65_536 }),
  maxConnections: option.integer({ min: 1 }),
  maxRememberedIds: option.integer({ min: 1, max: 1_000_000 }),
  pingIntervalMs: clientRules.milliseconds,
  drainTimeoutMs: option.integer({ min: 1, max: 2 ** 31 - 1 }),
  compress: option.boolean,
  allowedHosts: option.either(option.oneOf('any'), option.list(option.text, 1)),
  allowOrigin: option.either(option.text, option.list(option.text, 1)),
}

/** What {@link webSocketSource} returns for a URL. */
export interface WebSocketSource extends EntrySource {
  readonly stats: ResumeStats
  on<Name extends keyof ResumeEvents>(event: Name, listener: (...args: ResumeEvents[Name]) => void): this
  on(event: string | symbol, listener: (...args: never[]) => void): this
  once<Name extends keyof ResumeEvents>(event: Name, listener: (...args: ResumeEvents[Name]) => void): this
  once(event: string | symbol, listener: (...args: never[]) => void): this
}

/** The books of {@link webSocketSource} that takes clients. */
export interface WebSocketIngestStats extends StageStats {
  /** Bytes of frames, unpacked. */
  readonly bytesIn: number
  /** Memory that frames take that were not read yet. */
  readonly waitingBytes: number
  /** Connections that are open, were let in so far, and were refused. */
  readonly connections: { readonly open: number; readonly accepted: number; readonly refused: number }
}

/** The events of {@link webSocketSource} that takes clients, beside those of every `Readable`. */
export interface WebSocketIngestEvents {
  /** Its own server listens. */
  listening: [address: AddressInfo]
  /** Survived: `ENTRY_TOO_LARGE`, `PEER_MISBEHAVED`. */
  warning: [error: LogwispError]
}

/** What {@link webSocketSource} returns for clients that send. */
export interface WebSocketIngest extends EntrySource {
  /**
   * Takes clients on a server of your own: `server.on('upgrade', source.handleUpgrade)`. Other paths go to `next` when
   * there is one, and are a 404 otherwise.
   */
  readonly handleUpgrade: (req: IncomingMessage, socket: Duplex, head: Buffer, next?: () => void) => void
  /** Tells whoever asks by plain HTTP to use a WebSocket (426). Other paths go to `next`, when there is one. */
  readonly handler: (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void
  /** Where its own server listens; undefined before the `'listening'` event, after the end, and without a server. */
  readonly address: AddressInfo | undefined
  readonly stats: WebSocketIngestStats
  on<Name extends keyof WebSocketIngestEvents>(
    event: Name,
    listener: (...args: WebSocketIngestEvents[Name]) => void,
  ): this
  // biome-ignore lint/suspicious/noExplicitAny: as Node's own declaration has it
  on(event: string | symbol, listener: (...args: any[]) => void): this
}

/**
 * Entries from a WebSocket server: another LogWisp's `webSocketSink`, or any that sends one entry per frame, one per line, or
 * a JSON array of them. Connects again, as `sseSource` does, and asks with `?lastEventId=` for what comes after the last
 * `logwisp.id`. Other text is a message as it is.
 *
 * Back-pressure: the connection is not read while entries are not taken. Ends after `stop()`, or by `whenEnded: 'end'`.
 *
 * @throws OptionError `BAD_OPTION`.
 * @throws LogwispError (`'error'`) `PEER_REFUSED` when the server answers with a 4xx but 408, 425 and 429, or a redirect;
 *   `ENTRY_TOO_LARGE`; `PEER_LOST` after `maxRetries`.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { webSocketSource } from '@logwisp/sources'
 * import { fileSink } from '@logwisp/sinks'
 *
 * const source = webSocketSource('wss://logs.example/socket?level=warn', { auth: { token: 'secret' } })
 * await pipeline(source, fileSink('./copy', { name: 'warnings' }))
 * ```
 */
export function webSocketSource(url: string | URL, options?: WebSocketSourceOptions): WebSocketSource
/**
 * Entries from clients that send them over WebSockets: a frame is one entry, entries as lines, or a JSON array; each is the
 * wire form, another program's JSON, or text.
 *
 * - **Order** is kept within each connection. A client is not read while a frame of it waits to be taken.
 * - **Acknowledgement**: a client whose first frame is `{"logwisp":"hello","acknowledge":true}` gets
 *   `{"logwisp":"ack","entries":n}`: the first n entries of this connection are delivered, dropped ones counted.
 * - **Drops** entries with a `logwisp.id` that came over another connection, as `duplicate`.
 * - **Ends** after `stop()`: what came is given, and clients are closed (1001) once the sinks are done.
 *
 * @throws OptionError `BAD_OPTION`. The pipeline fails with `LISTEN_FAILED` when the port cannot be had.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { webSocketSource } from '@logwisp/sources'
 * import { fileSink } from '@logwisp/sinks'
 *
 * const source = webSocketSource({ port: 8081 }, { source: ({ address }) => address })
 * source.on('warning', (warning) => console.warn(warning.message))
 * await pipeline(source, fileSink('./received', { name: 'all', format: 'json' }))
 * ```
 */
export function webSocketSource(place: WebSocketPlace, options?: WebSocketIngestOptions): WebSocketIngest
/** Which of the two it is, its first argument says. */
export function webSocketSource(
  from: string | URL | WebSocketPlace,
  options: WebSocketSourceOptions | WebSocketIngestOptions = {},
): WebSocketSource | WebSocketIngest {
  if (typeof from === 'string' || from instanceof URL) {
    checkArgument('webSocketSource', 'url', from, urlRule('ws:', 'wss:'))
    checkOptions('webSocketSource', options, sourceRules)
    return new WebSocketSourceStream(new URL(from), withDefaults(webSocketDefaults, options as WebSocketSourceOptions))
  }
  checkArgument('webSocketSource', 'place', from, placeRule)
  checkOptions('webSocketSource', options, ingestRules)
  return new WebSocketIngestStream(
    'port' in from ? from.port : undefined,
    withDefaults(ingestDefaults, options as WebSocketIngestOptions),
  )
}

const portRule = option.integer({ min: 0, max: 65_535 })

const placeRule: OptionRule = {
  expected: 'a URL, { port } with a port from 0 to 65535, or { mounted: true }',
  accepts: (value) => {
    if (typeof value !== 'object' || value === null) return false
    const { port, mounted, ...more } = value as { readonly port?: unknown; readonly mounted?: unknown }
    if (Object.keys(more).length > 0) return false
    return port === undefined ? mounted === true : mounted === undefined && portRule.accepts(port)
  },
}
