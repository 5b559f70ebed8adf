/** What every server of LogWisp asks before it serves anybody: the questions, and the forms of the answers. */

import type { IncomingMessage, ServerResponse } from 'node:http'

/** What somebody may do. `ingest`: send entries. `stream`: read them. `status`: see what a stage says of itself. */
export type Right = 'ingest' | 'stream' | 'status'

/** Who a request or a connection turned out to be. */
export interface Identity {
  /** The user's, token's or certificate's name, or the token's subject; undefined for somebody unknown. */
  readonly name: string | undefined
  /** How it was proved. `none`: it was not asked for. */
  readonly provedBy: 'none' | 'password' | 'token' | 'jwt' | 'certificate'
  /** The client's address, behind trusted proxies the one that they tell; IPv4 addresses in their IPv4 form. */
  readonly address: string
}

/** Why somebody is not served. */
export type RefusalReason =
  | 'address-denied'
  | 'too-many-connections'
  | 'too-many-requests'
  | 'too-many-entries'
  | 'too-many-failures'
  | 'credentials-missing'
  | 'credentials-wrong'
  | 'credentials-unchecked'
  | 'right-missing'

/** A refusal, ready to be answered with. */
export interface Refusal {
  readonly reason: RefusalReason
  /** What an HTTP server answers: 401, 403, 429, 503, or what `refusedRate` says. */
  readonly status: number
  /** For whoever is refused: what is wrong and what to do, and nothing that helps an attacker. */
  readonly message: string
  /** When it makes sense to come again, in ms from now. */
  readonly retryAfterMs?: number | undefined
  /** The `WWW-Authenticate` of a 401. */
  readonly challenge?: string | undefined
}

/** A connection that was let in. */
export interface AdmittedConnection {
  /** Call it when the connection has closed; calling it again does nothing. */
  release(): void
}

/** What a peer of a line protocol shows instead of a header. */
export interface Credentials {
  readonly user?: string | undefined
  readonly password?: string | undefined
  /** A static token or a JWT. */
  readonly token?: string | undefined
}

/** What whoever sent a request may do at one access control, for who asks several of them: see `standings`. */
export interface Standing {
  /** Whether what was shown is somebody's here. */
  readonly isKnown: boolean
  /** Who it is, if that may do this; counts as neither admitted nor refused. */
  may(right: Right): Identity | Refusal
  /** Takes back that what was shown counted as a wrong guess here, because it turned out to be good elsewhere. */
  pardon(): void
}

/** Tells the two kinds of answers apart. */
export function isRefusal(answer: object): answer is Refusal {
  return 'reason' in answer
}

/** What an access control counts. */
export interface AccessStats {
  /** Connections that are open now. */
  readonly connections: number
  /** Addresses that rates are kept of, IPv6 by /64; bounded. */
  readonly addresses: number
  /** Addresses that have shown something wrong lately; bounded. */
  readonly failingAddresses: number
  /** Requests and connections that were let in. */
  readonly admitted: number
  /** Those that were not, by reason. */
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>
}

/**
 * The rules of one or several servers: who may come, how often, and what for. Made by `accessControl`; every server
 * takes one as its option `access`. One that is given to several servers counts for all of them together.
 */
export interface AccessControl {
  /**
   * Resolves once whatever the rules need is there; servers wait for it before they listen.
   *
   * @throws LogwispError `PACKAGE_MISSING` when an optional package that they need is not installed.
   */
  ready?(): Promise<void>
  /** A connection came from this address (`socket.remoteAddress`): counted until it is released, or refused. */
  connect(remoteAddress: string | undefined): AdmittedConnection | Refusal
  /** A request came: who sends it, if that may do this. Takes one from the request rates. Never rejects. */
  request(req: IncomingMessage, right: Right): Promise<Identity | Refusal>
  /**
   * The same for all rights at once, taking one from the request rates. Never rejects. Who asks several access controls
   * about one request calls `standings`.
   */
  standing(req: IncomingMessage): Promise<Standing>
  /**
   * The same for a peer without HTTP headers: by what it showed, or its TLS certificate (`socket` is a `TLSSocket` then).
   */
  present(socket: AccessSocket, credentials: Credentials, right: Right): Promise<Identity | Refusal>
  /**
   * Takes `entries` from the entry rates, for entries that have come already: for how many ms nothing more should be
   * read from this client then; 0 is no wait.
   */
  entries(identity: Identity, entries: number): number
  /** The refusal for a client that owes the entry rates, else undefined. Takes nothing. */
  overEntryRate(identity: Identity): Refusal | undefined
  /** The client's address of a request, behind trusted proxies the one that they tell. */
  addressOf(req: IncomingMessage): string
  /** The books at this moment. */
  readonly stats: AccessStats
  /**
   * For a user's own server: answers who is refused, and calls `next` for everybody else. The identity is then
   * found with `identityOf(req)`.
   */
  middleware(right: Right): (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void
}

/** What {@link AccessControl.present} needs to know of a socket; Node's `Socket` and `TLSSocket` have it. */
export interface AccessSocket {
  readonly remoteAddress?: string | undefined
  /** A `TLSSocket`'s. */
  readonly authorized?: boolean | undefined
  getPeerCertificate?(detailed?: boolean): object
}
