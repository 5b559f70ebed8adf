/** Lines that other programs send over TCP. */

import type { AddressInfo, Socket } from 'node:net'
import type { BlockOptions, EntrySource, LogwispError, StageStats } from '@logwisp/core'
import type { AccessControl, ServerTls } from '@logwisp/core/server'
import { tcpSourceSettings } from './internal/tcp/tcp-source-settings.ts'
import { TcpSourceStream } from './internal/tcp/tcp-source-stream.ts'

/** Who sends lines, for {@link TcpSourceOptions.source}. */
export interface TcpSender {
  /** Its IP address. */
  readonly address: string
  /** Its port. */
  readonly port: number
  /** The name that it gave, when it is a LogWisp, else the one that the access control knows it by. */
  readonly name: string | undefined
}

/** How {@link tcpSource} listens and reads. */
export interface TcpSourceOptions {
  /** Listen here with a server of its own; 0 takes any free port. Without it, give connections to {@link TcpSource.handler}. */
  readonly port?: number | undefined
  /**
   * The address to listen on. Beyond loopback, whoever reaches the port can send entries, unless `access` says no.
   * @default '127.0.0.1'
   */
  readonly host?: string | undefined
  /**
   * Who may connect and send. When it asks for credentials, a peer must greet with them (see docs/chaining.md), or show
   * a certificate; others are closed.
   */
  readonly access?: AccessControl | undefined
  /** Speaks TLS with these certificates. */
  readonly tls?: ServerTls | undefined
  /**
   * How one entry ends. `lines`: with a line feed. `octet-counted`: each begins with its length in bytes and a space, as
   * syslog has it (RFC 6587), and may have line feeds inside.
   * @default 'lines'
   */
  readonly framing?: 'lines' | 'octet-counted' | undefined
  /**
   * What a line is. `json`: an entry as JSON; blank lines are nothing. `text`: a message. `auto`: JSON when it begins
   * with `{`, else a message.
   * @default 'auto'
   */
  readonly format?: 'auto' | 'json' | 'text' | undefined
  /**
   * What becomes of a line that should be JSON and is none. `text`: it is a message. `drop`: it is dropped, counted as
   * `invalid`.
   * @default 'text'
   */
  readonly whenInvalid?: 'text' | 'drop' | undefined
  /**
   * The `source` of entries that do not say theirs: a name, or a function of the sender that makes one.
   * @default 'tcp'
   */
  readonly source?: string | ((sender: TcpSender) => string) | undefined
  /** The time zone of messages whose time names none: `local`, `utc`, or minutes east of UTC. @default 'local' */
  readonly zone?: NonNullable<BlockOptions['zone']> | undefined
  /**
   * The longest line that is given whole; see `whenLineTooLong`.
   *
   * Unit: bytes, 16 to 268 435 456.
   * @default 1048576
   */
  readonly maxLineBytes?: number | undefined
  /**
   * What becomes of a longer line. `truncate`: its beginning is given as text, with `fields.truncated` true. `skip`: it is
   * dropped, counted as `line-too-long`. `close`: its connection is closed.
   * @default 'truncate'
   */
  readonly whenLineTooLong?: 'truncate' | 'skip' | 'close' | undefined
  /**
   * Memory for the unfinished lines of all connections together. Beyond it the connection with the longest is closed.
   *
   * Unit: bytes, at least 65 536.
   * @default 67108864
   */
  readonly maxUnfinishedBytes?: number | undefined
  /** Connections at once; further ones are closed. @default 1000 */
  readonly maxConnections?: number | undefined
  /**
   * A connection on which nothing came for so long is closed. Many programs that log lose a line when that happens;
   * a peer that vanished is noticed without it, by TCP keep-alive.
   *
   * Unit: ms, at least 100.
   * @default Infinity
   */
  readonly idleTimeoutMs?: number | undefined
  /**
   * How long a peer may take to begin, where there is an `access`.
   *
   * Unit: ms, at least 100.
   * @default 10000
   */
  readonly greetingTimeoutMs?: number | undefined
  /**
   * How many ids are remembered at most, and half as many at least, so that an entry that a LogWisp sends again is dropped,
   * counted as `duplicate`. Each costs 8 to 24 bytes.
   * @default 1000000
   */
  readonly rememberedIds?: number | undefined
  /**
   * How long the end of the source waits, so that senders hear what was delivered last.
   *
   * Unit: ms, at least 1.
   * @default 5000
   */
  readonly drainTimeoutMs?: number | undefined
}

/** The books of {@link tcpSource}. */
export interface TcpSourceStats extends StageStats {
  /** Bytes read, greetings not counted. */
  readonly bytesIn: number
  /** Lines longer than `maxLineBytes`. */
  readonly linesTooLong: number
  /** Lines that should have been JSON: given as text, or dropped as `invalid`. */
  readonly linesInvalid: number
  /** Memory that unfinished lines take. */
  readonly unfinishedBytes: number
  /** Connections that are open, were let in so far, and were closed because they may not send or are too many. */
  readonly connections: { readonly open: number; readonly accepted: number; readonly refused: number }
}

/** The events of {@link tcpSource} beside those of every `Readable`. */
export interface TcpSourceEvents {
  /** Its own server listens. */
  listening: [address: AddressInfo]
  /** Survived: `LINE_TOO_LONG` and `BAD_ENTRY` (the first of a connection), `PEER_MISBEHAVED`. */
  warning: [LogwispError]
}

/** What {@link tcpSource} returns. */
export interface TcpSource extends EntrySource {
  /** Reads a connection of a server of your own; it belongs to the source from then on. */
  readonly handler: (socket: Socket) => void
  /** Where its own server listens; undefined before the `'listening'` event, after the end, and without a server. */
  readonly address: AddressInfo | undefined
  readonly stats: TcpSourceStats
  on<Name extends keyof TcpSourceEvents>(event: Name, listener: (...args: TcpSourceEvents[Name]) => void): this
  // biome-ignore lint/suspicious/noExplicitAny: as Node's own declaration has it
  on(event: string | symbol, listener: (...args: any[]) => void): this
}

/**
 * Entries from lines that others send over TCP: text, JSON, or another LogWisp's `tcpClientSink`.
 *
 * - **Order** is kept within each connection. A peer is read only as fast as entries are taken, and each once before any
 *   is read again, so that one that sends fast does not keep the others waiting.
 * - **Lines** may be cut anywhere by the network, and end in `\n` or `\r\n`. What a plain peer sent behind its last line
 *   ending is given when its connection ends.
 * - **Between two LogWisps** (docs/chaining.md) the sender is told how many of its lines the sinks behind this source
 *   have acknowledged, and sends the others again over a new connection; those that came already are dropped by their
 *   ids. A plain peer is told nothing: what was on its way when it, or this program, dies is lost.
 * - **Drops** what `whenInvalid` and `whenLineTooLong` say, and duplicates.
 * - **Ends** after `stop()`: connections are read no more, and closed once the sinks are done or `drainTimeoutMs` is over.
 *
 * @throws OptionError `BAD_OPTION`. The pipeline fails with `LISTEN_FAILED` when the port cannot be had.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { fileSink } from '@logwisp/sinks'
 * import { tcpSource } from '@logwisp/sources'
 *
 * const source = tcpSource({ port: 9000, source: ({ address }) => address })
 * source.on('warning', (warning) => console.warn(warning.message))
 * await pipeline(source, fileSink('./received', { name: 'all', format: 'json' }))
 * ```
 */
export function tcpSource(options: TcpSourceOptions = {}): TcpSource {
  return new TcpSourceStream(tcpSourceSettings(options))
}
