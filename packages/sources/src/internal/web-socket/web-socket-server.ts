/**
 * The stream of `webSocketSource` that serves: clients send entries. Frames wait as they came, and are read one by one as
 * entries are wanted; a client with a frame that waits is not read.
 *
 * ```
 *   client ── frames ─▶ queue ── wanted ─▶ entries ─▶ …                ─▶ sink
 *   client ◀─ {"logwisp":"ack","entries":n} ◀─ marks ◀─ acknowledged up to a sequence
 * ```
 */

import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { AccountingTracker, Batch, LogwispError, type Origin, type SourceAccount } from '@logwisp/core'
import {
  type HostCheck,
  hostCheckFor,
  type Identity,
  isRefusal,
  type Listener,
  listenHttp,
  replyError,
  replyRefusal,
  requestTarget,
  responseOn,
  showOfferedToken,
} from '@logwisp/core/server'
import { type WebSocket, WebSocketServer } from 'ws'
import type { WebSocketIngest, WebSocketIngestOptions, WebSocketIngestStats } from '../../web-socket-source.ts'
import { DeliveryMarks } from '../receive/delivery-marks.ts'
import { withOrigin } from '../receive/received-entry.ts'
import { ReceivingSource } from '../receive/receiving-source.ts'
import { takenLedger } from '../receive/taken-ledger.ts'
import { RepeatedIds } from '../resume/repeated-ids.ts'
import { controlFrame } from './control-frame.ts'
import { frameEntries } from './frame-entries.ts'
import { WebSocketPeer, type WebSocketPeerHost } from './web-socket-peer.ts'

export const ingestDefaults = {
  host: '127.0.0.1',
  path: '/ingest',
  source: 'websocket',
  maxFrameBytes: 1_048_576,
  maxWaitingBytes: 67_108_864,
  maxConnections: 1000,
  maxRememberedIds: 16_384,
  pingIntervalMs: 30_000,
  drainTimeoutMs: 5000,
  compress: false,
} as const satisfies WebSocketIngestOptions

export type IngestSettings = Omit<WebSocketIngestOptions, keyof typeof ingestDefaults> & {
  readonly [Name in keyof typeof ingestDefaults]: NonNullable<WebSocketIngestOptions[Name]>
}

/** Connections beyond those of clients that send: for telling those beyond the limit that there is one. */
const spareConnections = 64

/** How often unfinished frames are added up. */
const lookIntervalMs = 250

/** From how many marks on those of peers that have gone are swept out now and then. */
const minSweep = 4096

export class WebSocketIngestStream extends ReceivingSource implements WebSocketIngest {
  readonly handler: WebSocketIngest['handler']
  readonly handleUpgrade: WebSocketIngest['handleUpgrade']
  readonly #settings: IngestSettings
  readonly #port: number | undefined
  readonly #server: WebSocketServer
  readonly #acceptsHost: HostCheck | undefined
  readonly #host: WebSocketPeerHost
  readonly #peers = new Set<WebSocketPeer>()
  readonly #pending = new Set<Duplex>()
  /** Frames that were not read yet, from `#next` on. */
  #frames: { readonly peer: WebSocketPeer; readonly bytes: Buffer }[] = []
  #next = 0
  #waitingBytes = 0
  readonly #tracker: AccountingTracker
  readonly #marks = new DeliveryMarks<WebSocketPeer>()
  readonly #toTell = new Set<WebSocketPeer>()
  readonly #repeated: RepeatedIds
  /** Ids that are made here: no other run has the same. */
  readonly #prefix = `ws-${randomBytes(9).toString('base64url')}`
  #telling: NodeJS.Immediate | undefined
  #sweepAt = minSweep
  #sequence = 0
  #listener: Listener | undefined
  #clock: NodeJS.Timeout | undefined
  #pinged = performance.now()
  #isStopped = false
  #isReading = false
  #onSettled: (() => void) | undefined
  #bytesIn = 0
  #accepted = 0
  #refused = 0

  constructor(port: number | undefined, settings: IngestSettings) {
    super()
    this.#port = port
    this.#settings = settings
    this.#repeated = new RepeatedIds(settings.maxRememberedIds)
    const { maxFrameBytes, compress, source } = settings
    this.#tracker = new AccountingTracker({
      source: typeof source === 'function' ? ingestDefaults.source : source,
      onAdvance: ({ sequence }) => this.#delivered(sequence),
    })
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: maxFrameBytes,
      handleProtocols: (offered) => (offered.has(protocol) ? protocol : false),
      // No context is kept between frames: each would hold a window of 32 KiB for as long as a client is connected.
      perMessageDeflate: compress
        ? { serverNoContextTakeover: true, clientNoContextTakeover: true, concurrencyLimit: 4 }
        : false,
    })
    this.#acceptsHost = hostCheckFor({ ...settings, port })
    this.#host = {
      frame: (peer, bytes) => this.#frame(peer, bytes),
      closed: (peer, error) => this.#closed(peer, error),
    }
    this.handler = (req, res, next) => this.#answer(req, res, next)
    this.handleUpgrade = (req, socket, head, next) => this.#upgrade(req, socket, head, next)
  }

  get address(): AddressInfo | undefined {
    return this.#listener?.address
  }

  /** One account of all clients; entries without a way back are not in it. */
  override get ledger(): readonly SourceAccount[] {
    return takenLedger(this.#tracker)
  }

  override get stats(): WebSocketIngestStats {
    return this.books(this.entriesWaiting, {
      bytesIn: this.#bytesIn,
      waitingBytes: this.#waitingBytes,
      connections: Object.freeze({ open: this.#peers.size, accepted: this.#accepted, refused: this.#refused }),
    })
  }

  override _construct(callback: (error?: Error | null) => void): void {
    this.#clock = setInterval(() => this.#look(), Math.min(lookIntervalMs, this.#settings.pingIntervalMs)).unref()
    if (this.#port === undefined) return callback()
    const { host, access, tls, maxConnections } = this.#settings
    const options = { port: this.#port, host, access, tls, maxConnections: maxConnections + spareConnections }
    listenHttp(this.handler, options).then((listener) => {
      this.#listener = listener
      listener.server.on('upgrade', this.handleUpgrade)
      callback()
      // Outside of the promise, so that what a listener throws is an uncaught exception, as it is with any event.
      process.nextTick(() => listener.address !== undefined && this.emit('listening', listener.address))
    }, callback)
  }

  /** Plain HTTP requests can only be told what to do. */
  #answer(req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void): void {
    const target = requestTarget(req.url)
    const { path } = this.#settings
    const isKnown = 'path' in target && target.path === path
    if (!isKnown && next !== undefined) return next()
    if (!this.#acceptsName(req, res)) return
    if ('status' in target) return replyError(req, res, target.status, target.message)
    if (!isKnown) return replyError(req, res, 404, `entries are taken at ${path}, over a WebSocket`)
    res.setHeader('Upgrade', 'websocket')
    replyError(req, res, 426, `${path} takes entries over a WebSocket: connect with ws:// or wss://`)
  }

  #acceptsName(req: IncomingMessage, res: ServerResponse): boolean {
    const { host } = req.headers
    if (this.#acceptsHost === undefined || this.#acceptsHost(host)) return true
    this.#refused++
    const message = `requests for the host ${JSON.stringify(host)} are not answered here: name it in allowedHosts`
    replyError(req, res, 403, message)
    return false
  }

  #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, next?: () => void): void {
    const target = requestTarget(req.url)
    const { path, access, maxConnections } = this.#settings
    if (next !== undefined && !('path' in target && target.path === path)) return next()
    socket.on('error', () => {})
    const res = responseOn(req, socket)
    if (!this.#acceptsName(req, res)) return
    if ('status' in target) return replyError(req, res, target.status, target.message)
    if (target.path !== path) return replyError(req, res, 404, `entries are taken at ${path}`)
    if (!this.#acceptsOrigin(req)) {
      this.#refused++
      return replyError(req, res, 403, 'pages of this origin may not send entries: name it in allowOrigin')
    }
    if (this.#isStopped || this.destroyed) return replyError(req, res, 503, 'no entries are taken any more')
    if (this.#peers.size + this.#pending.size >= maxConnections) {
      this.#refused++
      res.setHeader('Retry-After', 5)
      return replyError(req, res, 503, `there are ${maxConnections} connections already, which is the most at once`)
    }
    showOfferedToken(req)
    if (access === undefined) return this.#accept(req, res, socket, head, undefined)
    this.#pending.add(socket)
    access.request(req, 'ingest').then((answer) => {
      this.#pending.delete(socket)
      if (socket.destroyed) return
      if (this.#isStopped || this.destroyed) return replyError(req, res, 503, 'no entries are taken any more')
      if (!isRefusal(answer)) return this.#accept(req, res, socket, head, answer)
      this.#refused++
      replyRefusal(req, res, answer)
    })
  }

  /** A page of another origin can open a WebSocket to anywhere, and the browser only tells where the page is from. */
  #acceptsOrigin({ headers }: IncomingMessage): boolean {
    const { origin, host } = headers
    if (origin === undefined) return true
    const allowed = [this.#settings.allowOrigin ?? []].flat()
    if (allowed.includes('*') || allowed.includes(origin)) return true
    return URL.canParse(origin) && new URL(origin).host === host
  }

  #accept(
    req: IncomingMessage,
    res: ServerResponse,
    socket: Duplex,
    head: Buffer,
    identity: Identity | undefined,
  ): void {
    res.detachSocket(socket as Socket)
    this.#server.handleUpgrade(req, socket, head, (webSocket) => this.#connected(webSocket, socket as Socket, identity))
  }

  #connected(webSocket: WebSocket, socket: Socket, identity: Identity | undefined): void {
    const { source } = this.#settings
    const address = identity?.address ?? socket.remoteAddress ?? 'unknown'
    const sender = { address, name: identity?.name }
    const from = {
      identity,
      source: typeof source === 'function' ? source(sender) : source,
      name: sender.name ?? address,
    }
    this.#peers.add(new WebSocketPeer(++this.#accepted, webSocket, socket, from, this.#host))
  }

  #frame(peer: WebSocketPeer, bytes: Buffer): void {
    if (this.#isStopped || this.destroyed) return
    this.#bytesIn += bytes.length
    peer.framesWaiting++
    this.#waitingBytes += bytes.length
    this.#frames.push({ peer, bytes })
    if (this.isWanted) return this.readOn()
    // What has come along with it still follows.
    peer.pause()
    if (this.#waitingBytes > this.#settings.maxWaitingBytes) this.#tooMuch(peer)
  }

  /** A client whose frames have come already cannot be made to wait. */
  #tooMuch(peer: WebSocketPeer): void {
    const text = `${peer.name} sent so much at once that more than maxWaitingBytes waits; its connection was closed`
    this.emit('warning', new LogwispError('PEER_MISBEHAVED', text))
    peer.close(1013, 'too much waits here, try again later')
  }

  /** Reads frames for as long as entries are wanted. */
  protected override readOn(): void {
    if (this.#isReading) return
    this.#isReading = true
    while (this.isWanted && this.#next < this.#frames.length) {
      const { peer, bytes } = this.#frames[this.#next++] as { peer: WebSocketPeer; bytes: Buffer }
      this.#waitingBytes -= bytes.length
      peer.framesWaiting--
      const waitMs = this.#read(peer, bytes)
      if (peer.framesWaiting > 0) continue
      if (waitMs > 0) peer.pause()
      peer.resume(waitMs)
    }
    if (this.#next === this.#frames.length || this.#next > 1024) {
      this.#frames = this.#frames.slice(this.#next)
      this.#next = 0
    }
    this.#isReading = false
    if (this.#isStopped && this.#frames.length === 0) this.end()
  }

  /** Gives a frame's entries; returns for how many ms nothing more should be read of this client. */
  #read(peer: WebSocketPeer, bytes: Buffer): number {
    const text = bytes.toString('utf8')
    const isFirst = !peer.hasBegun
    peer.hasBegun = true
    if (isFirst && this.#isHello(peer, text)) return 0
    const received = frameEntries(text, { time: Date.now(), source: peer.source })
    if (received.length === 0) return 0
    for (const { entry, wireId } of received) {
      this.took(1)
      if (wireId !== undefined && this.#repeated.isRepeated(wireId, peer.number)) this.discard('duplicate', 1)
      else if (wireId === undefined && !peer.acknowledges) this.receive(withOrigin(entry, undefined))
      else this.receive(withOrigin(entry, this.#nextOrigin(wireId)))
    }
    peer.entries += received.length
    if (peer.acknowledges) this.#owe(peer)
    const { access } = this.#settings
    return access === undefined || peer.identity === undefined ? 0 : access.entries(peer.identity, received.length)
  }

  #isHello(peer: WebSocketPeer, text: string): boolean {
    const control = controlFrame(text)
    if (control?.kind !== 'hello') return false
    peer.acknowledges = control.more['acknowledge'] === true
    if (peer.acknowledges) peer.greet()
    return true
  }

  #nextOrigin(wireId: string | undefined): Origin {
    const sequence = ++this.#sequence
    this.#tracker.read(sequence, 1)
    return { tracker: this.#tracker, sequence, id: wireId ?? `${this.#prefix}:${sequence}` }
  }

  /** What comes behind a frame, so that it is told of also when a filter drops its last entries. */
  #owe(peer: WebSocketPeer): void {
    this.#marks.add(this.#sequence, peer, peer.entries)
    if (this.#marks.size >= this.#sweepAt) {
      this.#marks.sweep((waiter) => this.#peers.has(waiter))
      this.#sweepAt = Math.max(minSweep, 2 * this.#marks.size)
    }
    const acknowledged = this.#tracker.acknowledged?.sequence ?? 0
    // All of it may have come before, and be delivered.
    if (this.#sequence <= acknowledged) return this.#delivered(acknowledged)
    const origin = { tracker: this.#tracker, sequence: this.#sequence, id: `${this.#prefix}:${this.#sequence}` }
    this.receive(Batch.of({ ...noLines, origins: { at: () => origin } }))
  }

  #delivered(sequence: number): void {
    this.#marks.advance(sequence, (peer, entries) => {
      peer.deliver(entries)
      this.#toTell.add(peer)
    })
    // One answer for all that is acknowledged in this turn.
    if (this.#toTell.size > 0) this.#telling ??= setImmediate(() => this.#tell())
  }

  #tell(): void {
    this.#telling = undefined
    for (const peer of this.#toTell) peer.tell()
    this.#toTell.clear()
    this.#onSettled?.()
  }

  #closed(peer: WebSocketPeer, error: Error | undefined): void {
    this.#peers.delete(peer)
    if (error !== undefined && !this.destroyed && !this.#isStopped) this.#warn(peer, error)
    this.#onSettled?.()
  }

  #warn(peer: WebSocketPeer, cause: Error & { readonly code?: string }): void {
    if (cause.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
      const text = `${peer.name} sent a frame of more than ${this.#settings.maxFrameBytes} bytes and was cut: raise maxFrameBytes, or send less in one frame`
      this.emit('warning', new LogwispError('ENTRY_TOO_LARGE', text, { cause }))
    } else if (cause.code?.startsWith('WS_ERR_')) {
      const text = `${peer.name} broke the WebSocket protocol and was cut: ${cause.message}`
      this.emit('warning', new LogwispError('PEER_MISBEHAVED', text, { cause }))
    }
  }

  /** Pings who is due, and cuts who keeps too much unfinished. */
  #look(): void {
    const { pingIntervalMs, maxWaitingBytes } = this.#settings
    const now = performance.now()
    if (now - this.#pinged >= pingIntervalMs) {
      this.#pinged = now
      for (const peer of this.#peers) peer.ping()
    }
    let unfinished = 0
    let greediest: WebSocketPeer | undefined
    for (const peer of this.#peers) {
      unfinished += peer.unfinishedBytes
      if (greediest === undefined || peer.unfinishedBytes > greediest.unfinishedBytes) greediest = peer
    }
    if (unfinished > maxWaitingBytes && greediest !== undefined) {
      const text = `${greediest.name}: unfinished frames take more than maxWaitingBytes, and its is the longest; it was cut`
      this.emit('warning', new LogwispError('PEER_MISBEHAVED', text))
      greediest.cut()
    }
  }

  override stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    for (const peer of this.#peers) peer.pause()
    if (this.#frames.length === 0) this.end()
    else if (this.isWanted) this.readOn()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearInterval(this.#clock)
    this.#isStopped = true
    this.#frames = []
    let timer: NodeJS.Timeout | undefined
    const close = (): void => {
      this.#onSettled = undefined
      clearTimeout(timer)
      clearImmediate(this.#telling)
      for (const peer of this.#peers) peer.cut()
      for (const socket of this.#pending) socket.destroy()
      const closed = this.#listener?.destroy()
      if (closed === undefined) callback(error)
      else closed.then(() => callback(error))
    }
    // At a regular end, those who wait for acknowledgements hear what the sinks still finish.
    if (error !== null || !this.readableEnded || this.#peers.size === 0) return close()
    timer = setTimeout(close, this.#settings.drainTimeoutMs)
    let isParting = false
    this.#onSettled = () => {
      if (!isParting) {
        for (const peer of this.#peers) if (!peer.isSettled) return
        isParting = true
        for (const peer of this.#peers) peer.close(1001, 'no entries are taken any more')
      }
      if (this.#peers.size === 0) close()
    }
    this.#onSettled()
  }
}

const protocol = 'logwisp'

const noLines = { bytes: Buffer.alloc(0), source: '', time: 0 } as const
