/** A port that is open, and who holds it. */

import { EventEmitter } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { isIPv6 } from 'node:net'
import type { LogwispError } from '@logwisp/core'
import {
  type AccessControl,
  guardConnections,
  type Listener,
  type ListenOptions,
  listenHttp,
  listenTcp,
} from '@logwisp/core/server'
import type { ListenerStatus } from '../service/service-status.ts'
import { HttpTraffic } from './http-traffic.ts'
import type { Endpoint, Home, PortLease, Route } from './port-host.ts'
import { TcpTraffic } from './tcp-traffic.ts'

/** In what two endpoints of one address differ. `bounds` can be changed while it listens. */
export type Difference = 'nothing' | 'bounds' | 'tls'

/** What a port is opened with. */
export interface OpenPortOptions {
  readonly home: Home
  /** The routes of all ports. */
  readonly everywhere: () => readonly Route[]
  readonly onWarning: (warning: LogwispError) => void
  /** Called when all is ready but the listening itself: the last chance to free the address. */
  readonly beforeListening: () => void
}

/** One port. */
export class OpenPort {
  #endpoint: Endpoint
  readonly #listener: Listener
  readonly #traffic: HttpTraffic | TcpTraffic
  readonly #address: AddressInfo
  readonly #holders = new Set<object>()
  readonly #onWarning: (warning: LogwispError) => void
  #unguard: () => void = () => {}
  #connections = 0
  #accepted = 0

  private constructor(
    endpoint: Endpoint,
    listener: Listener,
    traffic: HttpTraffic | TcpTraffic,
    onWarning: (warning: LogwispError) => void,
  ) {
    this.#endpoint = endpoint
    this.#listener = listener
    this.#traffic = traffic
    this.#onWarning = onWarning
    this.#address = listener.address as AddressInfo
    listener.server.on('connection', (socket: Socket) => {
      this.#connections++
      this.#accepted++
      socket.once('close', () => this.#connections--)
    })
  }

  /**
   * Listens.
   *
   * @throws LogwispError `LISTEN_FAILED`, `BAD_CERTIFICATE`
   */
  static async open(endpoint: Endpoint, given: OpenPortOptions): Promise<OpenPort> {
    const { home, everywhere, onWarning, beforeListening } = given
    const { protocol, host, port, maxConnections } = endpoint
    const tls = endpoint.tls?.make()
    if (tls instanceof EventEmitter) tls.on('warning', onWarning)
    const bounds = await boundsOf(endpoint, onWarning)
    beforeListening()
    const options: ListenOptions = { host, port, maxConnections, tls }
    let opened: OpenPort
    if (protocol === 'http') {
      const traffic = new HttpTraffic({ host, isTls: tls !== undefined, home, everywhere })
      // Stages bound the bodies that they read, and the time that they take.
      const listener = await listenHttp(traffic.answer, { ...options, requestTimeoutMs: Infinity })
      traffic.attach(listener.server)
      opened = new OpenPort(endpoint, listener as unknown as Listener, traffic, onWarning)
    } else {
      const traffic = new TcpTraffic()
      opened = new OpenPort(endpoint, await listenTcp(traffic.accept, options), traffic, onWarning)
    }
    opened.#guard(bounds)
    return opened
  }

  get endpoint(): Endpoint {
    return this.#endpoint
  }

  /** What is mounted; nothing on a port that is not HTTP. */
  get routes(): readonly Route[] {
    return this.#traffic instanceof HttpTraffic ? this.#traffic.routes : []
  }

  get isHeld(): boolean {
    return this.#holders.size > 0
  }

  get status(): ListenerStatus {
    const { protocol, host, tls } = this.#endpoint
    const traffic = this.#traffic
    const isHttp = traffic instanceof HttpTraffic
    const scheme = isHttp ? (tls === undefined ? 'http' : 'https') : tls === undefined ? protocol : 'tls'
    return {
      url: `${scheme}://${placeOf(nameOf(host), this.#address.port)}${isHttp ? '/' : ''}`,
      host,
      port: this.#address.port,
      protocol: scheme as ListenerStatus['protocol'],
      connections: this.#connections,
      total_requests: isHttp ? traffic.counts.requests : this.#accepted,
      paths: isHttp ? [...new Set(traffic.routes.map(({ path }) => path))] : [],
    }
  }

  /** In what an endpoint of the same address differs from this one. */
  differenceTo({ protocol, tls, connections, maxConnections }: Endpoint): Difference {
    const own = this.#endpoint
    if (own.protocol !== protocol || own.tls?.key !== tls?.key) return 'tls'
    return own.connections?.key === connections?.key && own.maxConnections === maxConnections ? 'nothing' : 'bounds'
  }

  /** Takes other bounds of connections; those that are open stay. */
  async rebind(endpoint: Endpoint): Promise<void> {
    const bounds = await boundsOf(endpoint, this.#onWarning)
    this.#endpoint = endpoint
    this.#listener.server.maxConnections = endpoint.maxConnections
    this.#guard(bounds)
  }

  /** Holds it for one stage. */
  hold(): PortLease {
    const holder = {}
    const traffic = this.#traffic
    const place = placeOf(this.#endpoint.host, this.#address.port)
    const mustBe = (protocol: Endpoint['protocol']): void => {
      if (!this.#holders.has(holder)) throw new Error(`the port ${place} was released before it was used`)
      if (this.#endpoint.protocol !== protocol) throw new Error(`the port ${place} was not acquired for ${protocol}`)
    }
    this.#holders.add(holder)
    return {
      address: this.#address,
      mount: (mount) => {
        mustBe('http')
        ;(traffic as HttpTraffic).add(mount, holder, place)
      },
      serve: (handler) => {
        mustBe('tcp')
        ;(traffic as TcpTraffic).serve(handler, holder, place)
      },
      release: () => {
        this.#holders.delete(holder)
        traffic.remove(holder)
      },
    }
  }

  /** A change is complete: what is not there now is not waited for. */
  settle(): void {
    if (this.#traffic instanceof HttpTraffic) this.#traffic.table.settle()
  }

  /** Takes no more connections, lets answers that are under way come to their end, and cuts what is left after `ms`. */
  async close(ms: number): Promise<void> {
    this.#traffic.end()
    const closed = this.#listener.close()
    const timer = setTimeout(() => void this.cut(), ms)
    await closed
    clearTimeout(timer)
  }

  /** Cuts all connections. */
  async cut(): Promise<void> {
    await this.#listener.destroy()
  }

  #guard(bounds: AccessControl | undefined): void {
    this.#unguard()
    this.#unguard = bounds === undefined ? () => {} : guardConnections(this.#listener.server as Server, bounds)
  }
}

async function boundsOf(
  { connections }: Endpoint,
  onWarning: (warning: LogwispError) => void,
): Promise<AccessControl | undefined> {
  const bounds = connections?.make()
  if (bounds instanceof EventEmitter) bounds.on('warning', onWarning)
  await bounds?.ready?.()
  return bounds
}

/** All addresses at once are none that one could open: this machine has a name for itself. */
function nameOf(host: string): string {
  return host === '0.0.0.0' || host === '::' ? 'localhost' : host
}

/** A host and a port as URLs have them. */
export function placeOf(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}
