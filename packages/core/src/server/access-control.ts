/** The rules of servers in one place: addresses, how many, how often, who, and what for. */

import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LogwispError } from '../errors.ts'
import { checkOptions, type OptionRule, option } from '../options.ts'
import { withDefaults } from '../with-defaults.ts'
import {
  type AccessControl,
  type AccessSocket,
  type AccessStats,
  type AdmittedConnection,
  type Credentials,
  type Identity,
  isRefusal,
  type Refusal,
  type RefusalReason,
  type Right,
  type Standing,
} from './access.ts'
import { addressFrom, networkOf, unknownAddress } from './address.ts'
import { type AddressList, addressList, addressRule } from './address-list.ts'
import { credentialsFrom } from './authorization.ts'
import { ConnectionCount } from './connection-count.ts'
import {
  CredentialCheck,
  type CredentialOptions,
  checkCredentialOptions,
  credentialRules,
  rightsRule,
} from './credential-check.ts'
import { FailureBackoff, type FailureOptions } from './failure-backoff.ts'
import { clientAddress, type ForwardedHeader } from './forwarded.ts'
import { replyRefusal } from './http-reply.ts'
import { checkNested, objectRule } from './nested-options.ts'
import { type Attempts, allRights, type Known, type Proof, type Unproved } from './proof.ts'
import { RateLimit, type Rates } from './rate-limit.ts'
import { refusals } from './refusals.ts'

/** Options of {@link accessControl}. */
export interface AccessControlOptions extends CredentialOptions {
  /**
   * Who may come: addresses, networks such as `10.0.0.0/8` and `fd00::/8`, `'loopback'`, `'private'` (RFC 1918, link
   * local, unique local). @default everybody
   */
  readonly allow?: readonly string[] | undefined
  /** Who may not, even when `allow` has them. @default nobody */
  readonly deny?: readonly string[] | undefined
  /** Proxies whose word for the client's address is taken; in the form of `allow`. @default none */
  readonly trustedProxies?: readonly string[] | undefined
  /**
   * The one header in which these proxies tell it. A proxy that writes one may pass on the other as a client sent it, so
   * never both. @default 'x-forwarded-for'
   */
  readonly forwardedHeader?: ForwardedHeader | undefined
  /**
   * What somebody may do who shows nothing.
   * @default everything when neither `users`, `tokens`, `jwt` nor `certificates` is given, else nothing
   */
  readonly anonymous?: readonly Right[] | undefined
  /** Connections at once, of all servers that share this. @default Infinity */
  readonly maxConnections?: number | undefined
  /** Connections at once from one address (IPv6: /64). Trusted proxies have no such limit. @default Infinity */
  readonly maxConnectionsPerAddress?: number | undefined
  /** New connections. */
  readonly connectionRate?: Rates | undefined
  /** Requests of HTTP, and logins of other protocols. */
  readonly requestRate?: Rates | undefined
  /** What requests beyond `requestRate` are told, in place of 429 or 503 and our own words. */
  readonly refusedRate?: RefusedRate | undefined
  /** Entries that are sent in. */
  readonly entryRate?: Rates | undefined
  /** What wrong credentials lead to. */
  readonly failures?: FailureOptions | undefined
  /**
   * Addresses of which rates are remembered, and as many of which failures are; beyond that the one that was away for
   * longest is forgotten, and starts anew. At least 16. @default 16384
   */
  readonly maxAddresses?: number | undefined
}

/** What requests beyond a rate are told. `Retry-After` says when to come again in any case. */
export interface RefusedRate {
  /** The status of HTTP, 400 to 599. @default 429 for a rate of one client's, 503 for that of all */
  readonly status?: number | undefined
  /** The message of the answer. @default what to do about it */
  readonly message?: string | undefined
}

/** What an access control emits. */
export interface AccessControlEvents {
  /** Something that rules need cannot be had for now; what depends on it is refused. */
  warning: [error: LogwispError]
}

const defaults = {
  trustedProxies: [],
  forwardedHeader: 'x-forwarded-for',
  maxConnections: Infinity,
  maxConnectionsPerAddress: Infinity,
  maxAddresses: 16_384,
} as const satisfies AccessControlOptions

const failureDefaults = { allowed: 5, firstDelayMs: 1000, maxDelayMs: 900_000 } as const satisfies FailureOptions

const rules = {
  ...credentialRules,
  allow: option.list(addressRule, 1),
  deny: option.list(addressRule),
  trustedProxies: option.list(addressRule),
  forwardedHeader: option.oneOf('x-forwarded-for', 'forwarded'),
  anonymous: rightsRule,
  maxConnections: option.integer({ min: 1, orInfinity: true }),
  maxConnectionsPerAddress: option.integer({ min: 1, orInfinity: true }),
  connectionRate: objectRule,
  requestRate: objectRule,
  refusedRate: objectRule,
  entryRate: objectRule,
  failures: objectRule,
  maxAddresses: option.integer({ min: 16 }),
} satisfies Record<keyof AccessControlOptions, OptionRule>

const rateRules = {
  ratePerSecond: option.number({ above: 0 }),
  burst: option.number({ min: 1 }),
}

const refusedRateRules = {
  status: option.integer({ min: 400, max: 599 }),
  message: option.text,
} satisfies Record<keyof RefusedRate, OptionRule>

const failureRules = {
  allowed: option.integer({ min: 0 }),
  firstDelayMs: option.integer({ min: 1 }),
  maxDelayMs: option.integer({ min: 1 }),
} satisfies Record<keyof FailureOptions, OptionRule>

/**
 * Rules for servers: give the result to a stage as its option `access`, or put `middleware` before a handler of your own.
 *
 * - What is refused is answered with a status and a reason, never with a secret: 403 for an address, 401 for credentials
 *   that are missing or wrong, 403 for a right that they lack, 429 with `Retry-After` for whoever comes too often.
 * - Secrets are configured as hashes and compared in constant time; nothing here keeps, tells or throws one.
 * - Every table has a bound: `maxAddresses` addresses, and as many connections as are open. No timer runs.
 *
 * @throws OptionError `BAD_OPTION`.
 *
 * @example
 * ```ts
 * import { accessControl } from '@logwisp/core/server'
 *
 * const access = accessControl({
 *   allow: ['10.0.0.0/8', 'loopback'],
 *   tokens: { shipper: { hash: process.env['SHIPPER_TOKEN_SHA256'] ?? '', rights: ['ingest'] } },
 *   maxConnectionsPerAddress: 20,
 *   requestRate: { perAddress: { ratePerSecond: 50 } },
 * })
 * ```
 */
export function accessControl(options: AccessControlOptions = {}): AccessControl & EventEmitter<AccessControlEvents> {
  const stage = 'accessControl'
  checkOptions(stage, options, rules)
  for (const name of ['connectionRate', 'requestRate', 'entryRate'] as const) {
    // Who connects has no name yet.
    const named = name === 'connectionRate' ? undefined : { perName: objectRule }
    checkNested(stage, name, options[name], { perAddress: objectRule, total: objectRule, ...named })
    for (const whose of ['perAddress', 'perName', 'total'] as const) {
      checkNested(stage, `${name}.${whose}`, options[name]?.[whose], rateRules, ['ratePerSecond'])
    }
  }
  checkNested(stage, 'refusedRate', options.refusedRate, refusedRateRules)
  checkNested(stage, 'failures', options.failures, failureRules)
  checkCredentialOptions(stage, options)
  return new Rules(withDefaults(defaults, options))
}

type Settings = Omit<AccessControlOptions, keyof typeof defaults> & {
  readonly [Name in keyof typeof defaults]: NonNullable<AccessControlOptions[Name]>
}

const identities = new WeakMap<IncomingMessage, Identity>()

/** Who sent a request that `access.request` or `access.middleware` let in; undefined for any other. */
export function identityOf(req: IncomingMessage): Identity | undefined {
  return identities.get(req)
}

class Rules extends EventEmitter<AccessControlEvents> implements AccessControl {
  readonly #settings: Settings
  readonly #allow: AddressList | undefined
  readonly #deny: AddressList | undefined
  readonly #proxies: AddressList
  readonly #open: ConnectionCount
  readonly #connectionRate: RateLimit
  readonly #requestRate: RateLimit
  readonly #entryRate: RateLimit
  readonly #failures: FailureBackoff
  readonly #credentials: CredentialCheck
  readonly #anonymous: ReadonlySet<Right>
  readonly #refused: Partial<Record<RefusalReason, number>> = {}
  #admitted = 0

  constructor(settings: Settings) {
    super()
    const { allow, deny, trustedProxies, maxAddresses } = settings
    this.#settings = settings
    this.#allow = allow && addressList(allow)
    this.#deny = deny && addressList(deny)
    this.#proxies = addressList(trustedProxies)
    this.#open = new ConnectionCount(settings)
    this.#connectionRate = new RateLimit(settings.connectionRate, maxAddresses)
    this.#requestRate = new RateLimit(settings.requestRate, maxAddresses)
    this.#entryRate = new RateLimit(settings.entryRate, maxAddresses)
    this.#failures = new FailureBackoff(withDefaults(failureDefaults, settings.failures), maxAddresses)
    this.#credentials = new CredentialCheck(settings, (error) => this.emit('warning', error))
    this.#anonymous = new Set(settings.anonymous ?? (this.#credentials.knowsAnybody ? [] : allRights))
  }

  get stats(): AccessStats {
    return Object.freeze({
      connections: this.#open.open,
      addresses: Math.max(this.#connectionRate.addresses, this.#requestRate.addresses, this.#entryRate.addresses),
      failingAddresses: this.#failures.addresses,
      admitted: this.#admitted,
      refused: Object.freeze({ ...this.#refused }),
    })
  }

  connect(remoteAddress: string | undefined): AdmittedConnection | Refusal {
    const address = addressFrom(remoteAddress) ?? unknownAddress
    const isProxy = this.#proxies.has(address)
    // Whether a proxy's clients may come is found when they tell their addresses.
    if (!isProxy && this.#isDenied(address)) return this.#refuse(refusals.addressDenied)
    const network = isProxy ? undefined : networkOf(address)
    const full = this.#open.fullFor(network)
    if (full !== undefined) return this.#refuse(refusals.tooManyConnections[full])
    const over = this.#connectionRate.take(network)
    if (over !== undefined) {
      return this.#refuse({ ...refusals.tooManyConnections[over.whose], retryAfterMs: over.waitMs })
    }
    this.#admitted++
    return { release: this.#open.add(network) }
  }

  ready(): Promise<void> {
    return this.#credentials.ready()
  }

  async request(req: IncomingMessage, right: Right): Promise<Identity | Refusal> {
    const answer = this.#told((await this.standing(req)).may(right))
    if (!isRefusal(answer)) identities.set(req, answer)
    return answer
  }

  standing(req: IncomingMessage): Promise<Standing> {
    const header = req.headers.authorization
    const credentials = header === undefined ? undefined : (credentialsFrom(header) ?? {})
    return this.#stand(this.addressOf(req), req.socket, credentials)
  }

  async present(socket: AccessSocket, credentials: Credentials, right: Right): Promise<Identity | Refusal> {
    const shown = credentials.token === undefined && credentials.user === undefined ? undefined : credentials
    const standing = await this.#stand(addressFrom(socket.remoteAddress) ?? unknownAddress, socket, shown)
    return this.#told(standing.may(right))
  }

  entries(identity: Identity, entries: number): number {
    return this.#entryRate.charge(networkOf(identity.address), identity.name, entries)
  }

  overEntryRate(identity: Identity): Refusal | undefined {
    const waitMs = this.#entryRate.owedMs(networkOf(identity.address), identity.name)
    return waitMs === 0 ? undefined : this.#refuse({ ...refusals.tooManyEntries, retryAfterMs: waitMs })
  }

  addressOf(req: IncomingMessage): string {
    const peer = addressFrom(req.socket.remoteAddress) ?? unknownAddress
    const { forwardedHeader } = this.#settings
    const header = req.headers[forwardedHeader]
    return clientAddress(peer, Array.isArray(header) ? header.join(',') : header, forwardedHeader, this.#proxies)
  }

  middleware(right: Right): (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void {
    return (req, res, next) => {
      this.request(req, right).then((answer) => {
        // Outside of the promise, so that what a handler throws is what it would be without this one.
        process.nextTick(() => (isRefusal(answer) ? replyRefusal(req, res, answer) : next()))
      })
    }
  }

  /** All that has to be asked or taken from a rate; what somebody may do is then a matter of looking it up. */
  async #stand(address: string, socket: AccessSocket, shown: Credentials | undefined): Promise<Standing> {
    if (this.#isDenied(address)) return barred(refusals.addressDenied)
    const network = networkOf(address)
    const over = this.#requestRate.take(network)
    if (over !== undefined) return barred(this.#overRate(over))
    let guesses = 0
    const attempts: Attempts = {
      mayTry: () => this.#failures.waitMs(network) === 0,
      fail: () => {
        guesses++
        this.#failures.fail(network)
      },
    }
    const proof = await (shown === undefined
      ? this.#credentials.certificate(socket)
      : this.#proofOf(shown, network, attempts))
    const failed = proof !== undefined && 'failed' in proof ? proof : undefined
    const known = proof !== undefined && 'failed' in proof ? undefined : proof
    const overOwn = failed === undefined ? this.#requestRate.takeOfName(known?.name, network) : undefined
    if (overOwn !== undefined) return barred(this.#overRate(overOwn))
    return {
      isKnown: known !== undefined,
      may: (right) => {
        // A good certificate of somebody unknown takes nothing from what an unknown one may.
        const isStranger = failed !== undefined && shown === undefined && this.#anonymous.has(right)
        return failed === undefined || isStranger
          ? this.#answerTo(known, address, right)
          : this.#unproved(failed, network)
      },
      pardon: () => {
        for (; guesses > 0; guesses--) this.#failures.pardon(network)
      },
    }
  }

  #overRate({ whose, waitMs }: { readonly whose: 'address' | 'name' | 'total'; readonly waitMs: number }): Refusal {
    const { status, message } = this.#settings.refusedRate ?? {}
    const refusal = refusals.tooManyRequests[whose]
    return {
      ...refusal,
      status: status ?? refusal.status,
      message: message ?? refusal.message,
      retryAfterMs: waitMs,
    }
  }

  async #proofOf(shown: Credentials, network: string, attempts: Attempts): Promise<Proof | undefined> {
    // Where nobody is known, what is shown is meant for somebody else, e.g. the application that a stage is mounted in.
    if (!this.#credentials.knowsAnybody) return undefined
    return this.#credentials.prove(shown, network, attempts)
  }

  /** Somebody who is known may do all that an unknown one may, too. */
  #answerTo(known: Known | undefined, address: string, right: Right): Identity | Refusal {
    if (this.#anonymous.has(right) || known?.rights.has(right) === true) {
      return { name: known?.name, provedBy: known?.provedBy ?? 'none', address }
    }
    if (known !== undefined) return refusals.rightMissing(right)
    return { ...refusals.credentialsMissing(right), ...this.#challenged() }
  }

  #unproved({ failed, message, retryAfterMs }: Unproved, network: string): Refusal {
    if (failed === 'unchecked') return { ...refusals.credentialsUnchecked, message, retryAfterMs }
    if (failed !== 'blocked') return { reason: 'credentials-wrong', message, ...this.#challenged() }
    return { ...refusals.tooManyFailures, retryAfterMs: this.#failures.waitMs(network) }
  }

  /** A 401 must say how to do better (RFC 9110); without anything to say it is a 403. */
  #challenged(): Pick<Refusal, 'status' | 'challenge'> {
    const { challenge } = this.#credentials
    return challenge === undefined ? { status: 403 } : { status: 401, challenge }
  }

  /** Counts an answer. */
  #told(answer: Identity | Refusal): Identity | Refusal {
    if (isRefusal(answer)) return this.#refuse(answer)
    this.#admitted++
    return answer
  }

  #isDenied(address: string): boolean {
    return this.#deny?.has(address) === true || this.#allow?.has(address) === false
  }

  #refuse(refusal: Refusal): Refusal {
    this.#refused[refusal.reason] = (this.#refused[refusal.reason] ?? 0) + 1
    return refusal
  }
}

/** Somebody who gets one answer to everything. */
function barred(refusal: Refusal): Standing {
  return { isKnown: false, may: () => refusal, pardon: () => {} }
}
