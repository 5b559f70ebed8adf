/** Holds the daemon's ports open: one listener per address, shared by stages, that outlives each of them. */

import { LogwispError } from '@logwisp/core'
import type { ListenerStatus } from '../service/service-status.ts'
import { OpenPort, placeOf } from './open-port.ts'
import type { Endpoint, Home, PortHost, PortLease, Route } from './port-host.ts'

/** What {@link createPortHost} needs. */
export interface PortHostOptions {
  /** Answers what no stage does. */
  readonly home: Home
  /** Hears of trouble that ports survive: a certificate that expired, new files that are no good. */
  readonly onWarning: (warning: LogwispError) => void
}

/** Connections of a port that is closed while the daemon goes on have so long to end. */
const closingGraceMs = 5000

/**
 * Makes the holder of all ports. It has none open at first.
 *
 * What is asked of it is done one after the other: two stages that ask for the same port at once get the same.
 */
export function createPortHost(options: PortHostOptions): PortHost {
  return new Ports(options)
}

class Ports implements PortHost {
  readonly #options: PortHostOptions
  #open: readonly OpenPort[] = []
  /** Those that take no more connections, until the last one has ended. */
  readonly #closing = new Map<OpenPort, Promise<void>>()
  #turn: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(options: PortHostOptions) {
    this.#options = options
  }

  get listeners(): readonly ListenerStatus[] {
    return this.#open.map(({ status }) => status)
  }

  acquire(endpoint: Endpoint): Promise<PortLease> {
    return this.#inTurn(async () => (await this.#portFor(endpoint)).hold())
  }

  settle(): Promise<void> {
    return this.#inTurn(async () => {
      for (const port of this.#open) {
        if (port.isHeld) port.settle()
        else this.#retire(port, closingGraceMs)
      }
    })
  }

  async close(deadlineMs: number): Promise<void> {
    await this.#inTurn(async () => {
      this.#isClosed = true
      for (const port of this.#open) this.#retire(port, deadlineMs)
    })
    const timer = setTimeout(() => {
      for (const port of this.#closing.keys()) void port.cut()
    }, deadlineMs)
    await Promise.all(this.#closing.values())
    clearTimeout(timer)
  }

  async #portFor(endpoint: Endpoint): Promise<OpenPort> {
    const place = placeOf(endpoint.host, endpoint.port)
    if (this.#isClosed) throw failure(`cannot listen on ${place}: the daemon has closed its ports; start it anew`)
    const there = this.#open.find((port) => isAt(port, endpoint))
    if (there === undefined) return this.#openNew(endpoint, () => {})
    const difference = there.differenceTo(endpoint)
    if (difference === 'nothing') return there
    if (there.isHeld) throw failure(`stages that share ${place} must agree: ${disagreement(there.endpoint, endpoint)}`)
    if (difference === 'tls') return this.#openNew(endpoint, () => this.#retire(there, closingGraceMs))
    await there.rebind(endpoint)
    return there
  }

  async #openNew(endpoint: Endpoint, beforeListening: () => void): Promise<OpenPort> {
    const everywhere = (): Route[] => this.#open.flatMap(({ routes }) => routes)
    const port = await OpenPort.open(endpoint, { ...this.#options, everywhere, beforeListening }).catch((error) => {
      const other = this.#inTheWay(error, endpoint)
      if (other === undefined) throw error
      if (other.isHeld) throw advised(error, endpoint, other)
      // It was left for this one.
      this.#retire(other, closingGraceMs)
      return OpenPort.open(endpoint, { ...this.#options, everywhere, beforeListening: () => {} })
    })
    this.#open = [...this.#open, port]
    return port
  }

  /** A port in use may be so by this very daemon, under another name of the address. */
  #inTheWay(error: LogwispError, { host, port }: Endpoint): OpenPort | undefined {
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code !== 'EADDRINUSE') return undefined
    return this.#open.find(({ status }) => status.port === port && status.host !== host)
  }

  /** Takes no more connections there. */
  #retire(port: OpenPort, graceMs: number): void {
    this.#open = this.#open.filter((each) => each !== port)
    const closed = port.close(graceMs).finally(() => this.#closing.delete(port))
    this.#closing.set(port, closed)
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }
}

/** With port 0 whoever agrees shares one, but for TCP, where there is nothing to tell two stages apart by. */
function isAt(port: OpenPort, endpoint: Endpoint): boolean {
  const own = port.endpoint
  if (own.host.toLowerCase() !== endpoint.host.toLowerCase() || own.port !== endpoint.port) return false
  if (endpoint.port !== 0) return true
  if (!port.isHeld) return port.differenceTo(endpoint) !== 'tls'
  return endpoint.protocol === 'http' && port.differenceTo(endpoint) === 'nothing'
}

function disagreement(one: Endpoint, other: Endpoint): string {
  if (one.protocol !== other.protocol) {
    return `one speaks ${one.protocol}, another ${other.protocol}; give one of them another port`
  }
  if (one.tls?.key !== other.tls?.key) return 'their `ssl` differs; give both the same, or one another port'
  if (one.maxConnections !== other.maxConnections) {
    return `one has \`max_connections\` ${one.maxConnections}, another ${other.maxConnections}; give both the same`
  }
  return 'who may connect differs: `net_limit` and `auth`; give both the same, or one another port'
}

function advised(error: LogwispError, { host, port }: Endpoint, other: OpenPort): LogwispError {
  const holder = placeOf(other.status.host, port)
  const message = `cannot listen on ${placeOf(host, port)}: this daemon listens on ${holder}, which is the same to the system; give both stages the same host, or one another port`
  return new LogwispError('LISTEN_FAILED', message, { cause: error })
}

function failure(message: string): LogwispError {
  return new LogwispError('LISTEN_FAILED', message)
}
