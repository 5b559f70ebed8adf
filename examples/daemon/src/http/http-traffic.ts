/** The requests of a port: each to the stage whose path it names, all others to the daemon's own pages. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type HostCheck, hostCheck, isLoopback, replyError, requestTarget, responseOn } from '@logwisp/core/server'
import type { Home, HttpMount, PortView, Route } from './port-host.ts'
import { RouteTable } from './route-table.ts'

/** What of a body may come after its answer, in ms: whoever sends on for longer is cut off. */
const bodyAfterAnswerMs = 5000

/** When to come again while a stage is being exchanged. */
const comeAgainSeconds = 1

/** What {@link HttpTraffic} is made with. */
export interface HttpTrafficOptions {
  readonly host: string
  readonly isTls: boolean
  readonly home: Home
  /** The routes of all ports. */
  readonly everywhere: () => readonly Route[]
}

/** Routes requests. */
export class HttpTraffic implements PortView {
  readonly host: string
  readonly isTls: boolean
  readonly table: RouteTable = new RouteTable()
  readonly #home: Home
  readonly #everywhere: () => readonly Route[]
  readonly #hostChecks = new WeakMap<HttpMount, HostCheck>()
  #server: Server | undefined
  #requests = 0
  #routed = 0
  #failed = 0
  #isEnding = false

  constructor({ host, isTls, home, everywhere }: HttpTrafficOptions) {
    this.host = host
    this.isTls = isTls
    this.#home = home
    this.#everywhere = everywhere
  }

  get counts(): PortView['counts'] {
    return { requests: this.#requests, routed: this.#routed, failed: this.#failed }
  }

  get port(): number {
    return (this.#server?.address() as AddressInfo | null | undefined)?.port ?? 0
  }

  get routes(): readonly Route[] {
    return this.table.routes
  }

  get everywhere(): readonly Route[] {
    return this.#everywhere()
  }

  get isSettled(): boolean {
    return this.table.isSettled
  }

  /** Says which server the requests come from. */
  attach(server: Server): void {
    this.#server = server
    // Instead of Node's telling every client to go on: a request that is refused need not send its body.
    server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => this.#answer(req, res, true))
    this.#listenForUpgrades()
  }

  /** Connections end with the answers that are under way. */
  end(): void {
    this.#isEnding = true
  }

  /** Gives a mount its paths; throws when one is somebody else's. */
  add(mount: HttpMount, holder: object, place: string): void {
    this.table.add(mount, holder, place)
    const check = hostCheckOf(this.host, mount.allowedHosts)
    if (check !== undefined) this.#hostChecks.set(mount, check)
    this.#listenForUpgrades()
  }

  /** Takes back what a holder has. */
  remove(holder: object): void {
    this.table.remove(holder)
    this.#listenForUpgrades()
  }

  /** Answers a request. */
  readonly answer = (req: IncomingMessage, res: ServerResponse): void => this.#answer(req, res, false)

  #answer(req: IncomingMessage, res: ServerResponse, mustContinue: boolean): void {
    this.#requests++
    // A peer that goes away is no error; the `close` of the response follows.
    res.on('error', () => {})
    if (this.#isEnding) res.shouldKeepAlive = false
    const target = requestTarget(req.url)
    const whose = 'path' in target ? this.table.find(target.path) : 'nobody'
    const mounts = typeof whose === 'string' ? [] : whose.mounts
    const handler = mounts[0]?.handler
    // A stage that takes bodies bounds them by itself.
    if (mounts[0]?.kind !== 'ingest') boundBody(req, res)
    if (whose === 'awaited') {
      this.#failed++
      return replyComeAgain(req, res)
    }
    if (handler === undefined) {
      res.once('finish', () => {
        if (res.statusCode === 404) this.#failed++
      })
      return this.#home(req, res, this, mounts)
    }
    const strange = this.#strangeHost(req, mounts[0] as HttpMount)
    if (strange !== undefined) return replyError(req, res, 403, strange)
    this.#routed++
    handler(req, res, undefined, mustContinue)
  }

  /**
   * Node takes every request with an `Upgrade` for one as soon as somebody listens, though most of them, such as h2c,
   * ask for nothing that matters: so somebody listens only while there is a WebSocket on the port.
   */
  #listenForUpgrades(): void {
    const wanted = this.routes.some(({ mount }) => mount.handleUpgrade !== undefined)
    this.#server?.off('upgrade', this.#upgrade)
    if (wanted) this.#server?.on('upgrade', this.#upgrade)
  }

  readonly #upgrade = (req: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // What goes wrong with it is a connection less.
    socket.on('error', () => {})
    const target = requestTarget(req.url)
    const whose = 'path' in target ? this.table.find(target.path) : 'nobody'
    const mount = typeof whose === 'string' ? undefined : whose.mounts[0]
    const isWebSocket = req.headers.upgrade?.toLowerCase() === 'websocket'
    if (isWebSocket && mount?.handleUpgrade !== undefined) {
      this.#requests++
      const strange = this.#strangeHost(req, mount)
      if (strange !== undefined) return replyError(req, responseOn(req, socket), 403, strange)
      this.#routed++
      return mount.handleUpgrade(req, socket, head)
    }
    const res = responseOn(req, socket)
    // Its body stands in what the parser has left of it, where no handler finds it.
    if (hasBody(req)) return replyError(req, res, 501, 'send a request with a body without the header Upgrade')
    if (isWebSocket && mount !== undefined) {
      this.#requests++
      return replyError(req, res, 400, 'there is no WebSocket here: ask without the header Upgrade')
    }
    // Whoever offers another protocol can do without it (RFC 9110, 7.8).
    this.answer(req, res)
  }

  #strangeHost(req: IncomingMessage, mount: HttpMount): string | undefined {
    if (this.#hostChecks.get(mount)?.(req.headers.host) !== false) return undefined
    const host = JSON.stringify(req.headers.host)
    return `requests for the host ${host} are not answered here: name it in allowed_hosts`
  }
}

/** Under which names a port is asked: its own address besides this machine's names, and those that a stage was given. */
export function hostCheckOf(host: string, allowedHosts: HttpMount['allowedHosts']): HostCheck | undefined {
  if (allowedHosts === 'any' || (allowedHosts === undefined && !isLoopback(host))) return undefined
  return hostCheck([host, ...(allowedHosts ?? [])])
}

/** The path is somebody's again in a moment. */
export function replyComeAgain(req: IncomingMessage, res: ServerResponse): void {
  if (req.method === 'GET' && req.headers.accept?.includes('text/event-stream')) {
    // A browser's EventSource gives up for good on an error: it gets a stream that ends, and comes again.
    const headers = { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store' }
    res.writeHead(200, headers).end(`retry: ${comeAgainSeconds * 1000}\n\n`)
    return
  }
  res.setHeader('Retry-After', comeAgainSeconds)
  replyError(req, res, 503, 'what answers here is being exchanged; come again in a moment')
}

/** Node reads on after the answer, to find the next request; for this long. */
function boundBody(req: IncomingMessage, res: ServerResponse): void {
  if (!hasBody(req)) return
  res.once('finish', () => {
    if (req.complete) return
    const timer = setTimeout(() => req.socket.destroy(), bodyAfterAnswerMs)
    req.once('close', () => clearTimeout(timer)).once('end', () => clearTimeout(timer))
  })
}

function hasBody(req: IncomingMessage): boolean {
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0
}
