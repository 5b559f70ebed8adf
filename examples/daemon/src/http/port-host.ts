/**
 * The ports that the daemon listens on. Stages never listen by themselves: they are mounted here, so that several can
 * share a port, and a port stays open while the stages behind it are exchanged.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { AccessControl, ServerTls } from '@logwisp/core/server'
import type { ListenerStatus } from '../service/service-status.ts'

/** Where to listen; two stages that name the same host and port share it, and must agree in the rest. */
export interface Endpoint {
  readonly protocol: 'http' | 'tcp'
  readonly host: string
  /** 0 takes any free one; all `http` endpoints of a host with 0 share one. */
  readonly port: number
  /** Two that are `sameTls` are the same: plain data to compare, made from the configuration. */
  readonly tls: { readonly key: string; readonly make: () => ServerTls } | undefined
  /** Who may connect at all: the bounds of connections. `key` is plain data to compare. */
  readonly connections: { readonly key: string; readonly make: () => AccessControl } | undefined
  readonly maxConnections: number
}

/** What a stage's configuration says that its status tells, too. */
export interface HttpFacts {
  readonly buffer_size?: number | undefined
  readonly heartbeat?: { readonly enabled: boolean; readonly interval: number; readonly format: string } | undefined
  /** Undefined when it is not enabled. */
  readonly net_limit?:
    | {
        readonly requests_per_second: number | undefined
        readonly burst_size: number | undefined
        readonly limit_by: string
      }
    | undefined
}

/** What a stage answers on an HTTP port. */
export interface HttpMount {
  /** The pipeline that it belongs to; undefined for the daemon's own. */
  readonly pipeline: string | undefined
  /** Exact paths, e.g. `/app/stream`. */
  readonly paths: readonly string[]
  /** What these paths are, for lists: `stream`, `ingest`, `status`. */
  readonly kind: 'stream' | 'ingest' | 'status' | 'page'
  readonly access: AccessControl | undefined
  /**
   * Names, besides those of this machine, under which a port on loopback answers requests for these paths; beyond
   * loopback every name is answered unless some are given. The port host checks this, the stage need not.
   */
  readonly allowedHosts?: readonly string[] | 'any' | undefined
  /** Origins whose pages may read the status that the daemon answers with; `*` is every page. A stage asks by itself. */
  readonly allowOrigin?: readonly string[] | undefined
  /** What the status says of the server in the ancestor's words, where only its configuration knows. */
  readonly facts?: HttpFacts | undefined
  /** Without it, and of the kind `status`, the daemon answers with the pipeline's status; several may share a path then. */
  handler?:
    | ((
        req: IncomingMessage,
        res: ServerResponse,
        next?: undefined,
        /** Whether the client waits to be told to go on before it sends the body: only who takes that tells it. */
        mustContinue?: boolean,
      ) => void)
    | undefined
  /** For WebSocket. */
  handleUpgrade?: ((req: IncomingMessage, socket: Duplex, head: Buffer) => void) | undefined
}

/** A port that is held open for one stage; the last one to release it closes it. */
export interface PortLease {
  /** Where it listens. */
  readonly address: AddressInfo
  /**
   * Answers these paths from now on. While a path has nobody, because its stage is being exchanged, requests get a 503
   * with `Retry-After`. Throws a LogwispError when the path is somebody else's.
   */
  mount(mount: HttpMount): void
  /** Takes the connections of a `tcp` port from now on. Throws a LogwispError when they are somebody else's. */
  serve(handler: (socket: Socket) => void): void
  /** No more requests are answered for this lease. The port itself stays until {@link PortHost.settle}. */
  release(): void
}

/** A path that is answered on a port, and by what. */
export interface Route {
  readonly path: string
  readonly mount: HttpMount
}

/** What the daemon's own pages know of the port that they are asked for on. */
export interface PortView {
  readonly host: string
  /** The port that it listens on. */
  readonly port: number
  readonly isTls: boolean
  /** Every path that is mounted. */
  readonly routes: readonly Route[]
  /** Those of all ports. */
  readonly everywhere: readonly Route[]
  /** What came of requests: `routed` ones were a stage's, `failed` ones nobody's. */
  readonly counts: { readonly requests: number; readonly routed: number; readonly failed: number }
  /** False while stages are still being made, so that any unknown path may be one of theirs in a moment. */
  readonly isSettled: boolean
}

/** Answers what stages do not. `own` are the mounts without handler that the path belongs to, if any. */
export type Home = (req: IncomingMessage, res: ServerResponse, port: PortView, own: readonly HttpMount[]) => void

/** All of them. */
export interface PortHost {
  /**
   * Opens what is not open yet, and holds it. Nobody may hold the port with other settings: release all stages that
   * change before the first of them acquires anew.
   *
   * @throws LogwispError `LISTEN_FAILED`; nothing has changed then
   */
  acquire(endpoint: Endpoint): Promise<PortLease>
  /** Closes ports that nobody holds any more: called when a change is complete. Paths without a stage are a 404 then. */
  settle(): Promise<void>
  /** Takes no more connections, waits for those that are open up to the deadline, then cuts them. */
  close(deadlineMs: number): Promise<void>
  /** The ports that are open. */
  readonly listeners: readonly ListenerStatus[]
}
