/** The sink that sends entries over a TCP connection of its own making. */

import type { ByteBudget, EntrySink, Format, LogwispError, StageStats } from '@logwisp/core'
import { tcpClientSettings } from './internal/tcp-client/tcp-client-settings.ts'
import { TcpClientStream } from './internal/tcp-client/tcp-client-stream.ts'

/** Whom to trust, and who we are, over TLS. What `tls.connect` takes by the same names, as PEM. */
export interface TcpClientTls {
  /** The authorities to trust instead of the usual ones. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[] | undefined
  /** The client's certificate, for servers that ask for one. */
  readonly cert?: string | Buffer | undefined
  /** Its private key. */
  readonly key?: string | Buffer | undefined
  /** What the key is encrypted with. */
  readonly passphrase?: string | undefined
  /** The name that the server's certificate must have. @default the host in the address */
  readonly servername?: string | undefined
}

/** Options of {@link tcpClientSink}. */
export interface TcpClientSinkOptions {
  /**
   * What is spoken. `logwisp`: with a `tcpSource` at the other end, entries keep their ids, and it says which of them are
   * delivered (docs/chaining.md). `plain`: lines, and no word comes back.
   * @default 'logwisp'
   */
  readonly protocol?: 'logwisp' | 'plain' | undefined
  /**
   * When an entry is acknowledged. `peer`: once the other LogWisp's sinks have it; the default between two LogWisps.
   * `written`: once this system's kernel has taken it for sending; all that a plain peer allows for. What the kernel has
   * and the peer does not is lost then when either dies.
   * @default 'peer' with `protocol: 'logwisp'`, 'written' with `protocol: 'plain'`
   */
  readonly acknowledge?: 'peer' | 'written' | undefined
  /** How an entry becomes a line, with `protocol: 'plain'`. @default 'json' */
  readonly format?: Format | undefined
  /** What to show a LogWisp that asks who we are. Without `tls` it can be read on the way. */
  readonly auth?: { readonly token: string } | { readonly user: string; readonly password: string } | undefined
  /**
   * What a LogWisp shall call us. It tells our entries' ids from those of others by it: two sinks that send different
   * entries made of the same lines need different names.
   * @default the host's name
   */
  readonly name?: string | undefined
  /** Speaks TLS; `true` trusts the usual authorities. Servers are always verified. */
  readonly tls?: true | TcpClientTls | undefined
  /**
   * Entries that wait, or are sent and not acknowledged; then the pipeline waits.
   *
   * Unit: entries, at least 1. What one write brings is taken whole.
   * @default 100000
   */
  readonly maxBufferEntries?: number | undefined
  /**
   * Memory that they may keep, estimated on the safe side.
   *
   * Unit: bytes, at least 65 536.
   * @default 33554432
   */
  readonly maxBufferBytes?: number | undefined
  /**
   * A bound in bytes that it shares with other stages, made by `byteBudget`: for what waits, or is sent and not acknowledged.
   * Reached, the pipeline waits.
   */
  readonly budget?: ByteBudget | undefined
  /** For a connection with TLS and greeting, in ms. @default 10000 */
  readonly connectTimeoutMs?: number | undefined
  /** A connection whose peer takes nothing for so long is made anew (`acknowledge: 'written'`). In ms. @default 30000 */
  readonly writeTimeoutMs?: number | undefined
  /**
   * A connection whose peer says nothing for so long, while entries wait for its acknowledgement, is made anew. A peer
   * that only waits for a slow sink says so three times as often.
   *
   * Unit: ms, at least 300.
   * @default 30000
   */
  readonly ackTimeoutMs?: number | undefined
  /** After how much quiet the system asks whether the peer is still there (TCP keep-alive), in ms. @default 30000 */
  readonly keepAliveMs?: number | undefined
  /** What the first wait between two attempts is drawn from, in ms; it doubles with each failure. @default 200 */
  readonly retryDelayMs?: number | undefined
  /** The longest wait between two attempts, in ms. @default 30000 */
  readonly maxRetryDelayMs?: number | undefined
  /** With several addresses: how often those before the one in use are tried, in ms. @default 30000 */
  readonly failbackIntervalMs?: number | undefined
  /** Fails the pipeline when there was no connection for so long, in ms. @default Infinity */
  readonly giveUpAfterMs?: number | undefined
  /** How long the end of the pipeline waits for what is not acknowledged; then it fails. In ms. @default 10000 */
  readonly drainTimeoutMs?: number | undefined
}

/** The books of {@link tcpClientSink}. Entries that are held wait to be sent or to be acknowledged. */
export interface TcpClientSinkStats extends StageStats {
  /** Bytes handed to connections. */
  readonly bytesOut: number
  /** Memory that entries which wait keep, estimated. */
  readonly bufferedBytes: number
  /** Entries that were sent again, because a connection broke before they were acknowledged. */
  readonly entriesRepeated: number
  /** The address in use; undefined while there is none. */
  readonly connectedTo: string | undefined
  /** Connections made so far. */
  readonly connections: number
  /** Attempts to connect beyond the first one. */
  readonly retries: number
  /** What went wrong last; undefined once there is a connection. */
  readonly lastError: string | undefined
}

/** The events of {@link tcpClientSink} beside those of every `Writable`. */
export interface TcpClientSinkEvents {
  /** There is a connection. */
  connect: [{ readonly address: string }]
  /** It is over; with an error when it broke. */
  disconnect: [{ readonly address: string; readonly error: LogwispError | undefined }]
  /** The next attempt, in `delayMs`, is made to this address. */
  retry: [{ readonly address: string; readonly delayMs: number; readonly error: LogwispError | undefined }]
  /** Survived, once for each outage: `PEER_LOST`, `PEER_REFUSED`, `PEER_SILENT`, `PEER_MISBEHAVED`. */
  warning: [LogwispError]
}

/** What {@link tcpClientSink} returns. */
export interface TcpClientSink extends EntrySink {
  readonly stats: TcpClientSinkStats
  on<Name extends keyof TcpClientSinkEvents>(event: Name, listener: (...args: TcpClientSinkEvents[Name]) => void): this
  // biome-ignore lint/suspicious/noExplicitAny: as Node's own declaration has it
  on(event: string | symbol, listener: (...args: any[]) => void): this
}

/**
 * Sends entries to another program over TCP, and does not let go of one before it is there.
 *
 * - **Addresses**: `'host:port'`, `'[::1]:port'`, one or several in the order of preference. When one cannot be reached the
 *   next is tried at once; while a later one is in use the earlier ones are tried every `failbackIntervalMs`, and used again
 *   when they work.
 * - **While there is no connection** entries wait, up to `maxBufferEntries` and `maxBufferBytes`; then the pipeline does.
 *   Attempts are spread with full jitter. Nothing is dropped.
 * - **Acknowledged** is an entry when the peer says so, or the kernel has it: see `acknowledge`. What is not acknowledged
 *   when a connection breaks is sent again on the next one, first and in order; another LogWisp drops by their ids what it
 *   had already.
 * - **Half-dead peers** are noticed by `ackTimeoutMs`, `writeTimeoutMs` and TCP keep-alive; the connection is closed then.
 * - **Order** is kept.
 *
 * @throws OptionError `BAD_OPTION`.
 * `'error'`: `UNDELIVERED` when the end took longer than `drainTimeoutMs`; with `giveUpAfterMs` the last failure's code.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { openCheckpoint } from '@logwisp/core'
 * import { tcpClientSink } from '@logwisp/sinks'
 * import { fileSource } from '@logwisp/sources'
 *
 * const checkpoint = await openCheckpoint('./positions.json')
 * const sink = tcpClientSink(['logs-1.example:9000', 'logs-2.example:9000'], { tls: true, auth: { token: 'secret' } })
 * sink.on('warning', (warning) => console.warn(warning.message))
 * await pipeline(fileSource('/var/log/app.log', { checkpoint }), sink)
 * await checkpoint.close()
 * ```
 */
export function tcpClientSink(
  addresses: string | readonly string[],
  options: TcpClientSinkOptions = {},
): TcpClientSink {
  const { places, settings, link } = tcpClientSettings(addresses, options)
  return new TcpClientStream(places, settings, link)
}
