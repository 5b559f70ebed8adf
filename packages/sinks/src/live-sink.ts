/** What the sinks for live viewers have in common: `sseSink`, `webSocketSink`, `tcpSink`. */

import type { AddressInfo } from 'node:net'
import type { ByteBudget, EntrySink, StageStats } from '@logwisp/core'
import type { AccessControl, ServerTls } from '@logwisp/core/server'

/** What a viewer that hears nothing gets now and then. `Forms` are those of the protocol. */
export interface HeartbeatOptions<Forms extends string = string> {
  /** What it is; each sink says which there are. */
  readonly format?: Forms | undefined
  /** A viewer that got nothing for so long gets one; `Infinity` for none. At least 100. @default 15000 */
  readonly intervalMs?: number | undefined
  /** Whether it tells the time; an entry always does. @default true for an event, else false */
  readonly includeTime?: boolean | undefined
  /** Whether it tells how many viewers there are and for how long the sink has run, where its form can. @default false */
  readonly includeStats?: boolean | undefined
}

/** Options that every sink for live viewers has. */
export interface LiveSinkOptions {
  /** Listen here with a server of its own; 0 takes any free port. Without it, mount the sink's handler. */
  readonly port?: number | undefined
  /**
   * The address to listen on. Beyond loopback, anybody who reaches the port reads the log, unless `access` says otherwise.
   * @default '127.0.0.1'
   */
  readonly host?: string | undefined
  /** Who may look (right `stream`), made by `accessControl`. Without it, everybody who reaches the sink. */
  readonly access?: AccessControl | undefined
  /** Certificates for its own server, made by `serverTls`; it speaks TLS only then. */
  readonly tls?: ServerTls | undefined
  /** Entries kept for viewers that come back, and for those that are slow. @default 100000 */
  readonly ringEntries?: number | undefined
  /**
   * Memory that these entries may keep, in bytes, estimated on the safe side. One read block (64 KiB, or one long line)
   * is kept even when it is larger.
   * @default 16777216
   */
  readonly ringBytes?: number | undefined
  /**
   * A bound in bytes that it shares with other stages, made by `byteBudget`: for the ring, and for what was written for
   * viewers. Reached, the ring keeps fewer entries; the newest ones, and what a viewer is just being sent, are always kept.
   */
  readonly budget?: ByteBudget | undefined
  /** Viewers at once; further ones are refused. @default 100 */
  readonly maxViewers?: number | undefined
  /**
   * Viewers at once from one address; for IPv6, from one /64. Behind a proxy all viewers have its address, unless
   * `access` trusts the proxy.
   * @default Infinity
   */
  readonly maxViewersPerAddress?: number | undefined
  /**
   * What becomes of a viewer that is so slow that the ring no longer has what it needs next: it goes on at the oldest entry
   * that there is (`'drop-oldest'`), or with the next one that comes (`'drop-all'`), and is told how many it missed; or its
   * connection is closed (`'cut-off'`).
   * @default 'drop-oldest'
   */
  readonly whenFull?: 'drop-oldest' | 'drop-all' | 'cut-off' | undefined
  /** A viewer whose connection took nothing for so long is cut off. It may come back. @default 30000 */
  readonly stuckTimeoutMs?: number | undefined
  /** A viewer that has everything and got no entry for so long is told good-bye; heartbeats do not count. @default Infinity */
  readonly idleTimeoutMs?: number | undefined
  /** How long the end of the stream waits for viewers to take what they lack. @default 5000 */
  readonly drainTimeoutMs?: number | undefined
}

/** What a sink counts of its viewers. */
export interface ViewerCounts {
  /** Viewers at this moment. */
  readonly connected: number
  /** Viewers ever. */
  readonly accepted: number
  /** Those that were refused because there were too many. */
  readonly refused: number
  /** Viewers whose connection was closed from here: stuck, silent, idle, or too slow for the ring. */
  readonly cutOff: number
  /** Entries sent, counted once for each viewer. */
  readonly entriesSent: number
  /** Entries missed by viewers that were too slow, counted once for each viewer. */
  readonly entriesMissed: number
  /** Bytes that wait in all viewers' connections, counted for each though viewers share them. */
  readonly bytesBuffered: number
}

/** One viewer at one moment. */
export interface LiveViewer {
  /** Where it looks from; undefined when the connection does not tell. */
  readonly address: string | undefined
  /** The name that `access` knows it by; undefined without one. */
  readonly name: string | undefined
  /** When it came, in ms since the epoch. */
  readonly connectedAt: number
  /** Entries that came and were not sent to it yet, those that its filter will pass over too. */
  readonly lag: number
  /** Entries that it was sent. */
  readonly entriesSent: number
  /** Entries that it missed because it was too slow. */
  readonly entriesMissed: number
  /** Bytes that wait in its connection. */
  readonly bufferedBytes: number
}

/** What a sink for live viewers counts. An entry is out once it is in the ring: whoever comes in time can have it. */
export interface LiveSinkStats extends StageStats {
  /** Who looks, and what they were sent and missed. */
  readonly viewers: ViewerCounts
  /** Entries and bytes that the ring holds for viewers. */
  readonly ring: { readonly entries: number; readonly bytes: number }
}

/** The events of a sink for live viewers beside those of every `Writable`. */
export interface LiveSinkEvents {
  /** Its own server listens. */
  listening: [address: AddressInfo]
}

/** What every sink for live viewers is. */
export interface LiveSink extends EntrySink {
  /** Where its own server listens; undefined before the `'listening'` event, after the end, and without a server. */
  readonly address: AddressInfo | undefined
  readonly stats: LiveSinkStats
  /** Who looks at this moment, whoever has been here for longest first. */
  viewers(): readonly LiveViewer[]
  on<Name extends keyof LiveSinkEvents>(event: Name, listener: (...args: LiveSinkEvents[Name]) => void): this
  // biome-ignore lint/suspicious/noExplicitAny: as Node's own declaration has it
  on(event: string | symbol, listener: (...args: any[]) => void): this
}
