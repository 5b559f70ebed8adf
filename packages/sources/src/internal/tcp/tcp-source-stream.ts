/**
 * The stream behind `tcpSource`. Peers with bytes stand in a line, and each is read once before any is read again;
 * while the pipeline is full nobody is read, and the network makes them wait.
 *
 * ```
 *   peer ── readable ─▶ queue ── pull ─▶ framing ─▶ decoder ─▶ give ─▶ …            ─▶ sink
 *   peer ◀───────────── ACK n ◀── marks: the peer's lines up to n ◀── acknowledged up to a sequence
 * ```
 */

import type { AddressInfo, Socket } from 'node:net'
import {
  Batch,
  EntryReadable,
  isBatch,
  type LogEntry,
  LogwispError,
  type SourceAccount,
  type StageStats,
} from '@logwisp/core'
import { type Listener, listenTcp } from '@logwisp/core/server'
import type { TcpSource, TcpSourceStats } from '../../tcp-source.ts'
import { DeliveryMarks } from '../receive/delivery-marks.ts'
import { ReceivedOrigins } from '../receive/received-origins.ts'
import { type Decoded, LineDecoder } from './line-decoder.ts'
import { type Frame, type Framing, LineFrames } from './line-frames.ts'
import { OctetFrames } from './octet-frames.ts'
import { SeenIds } from './seen-ids.ts'
import { TcpPeer, type TcpPeerHost } from './tcp-peer.ts'
import type { TcpSourceSettings } from './tcp-source-settings.ts'

/** Reads in one turn of the event loop: then timers and answers get theirs. */
const maxReadsPerTurn = 16

/** From how many marks on those of peers that have gone are swept out now and then. */
const minSweep = 4096

const nothing: Buffer = Buffer.alloc(0)

export class TcpSourceStream extends EntryReadable implements TcpSource {
  readonly handler: (socket: Socket) => void
  readonly #settings: TcpSourceSettings
  readonly #host: TcpPeerHost
  readonly #peers = new Set<TcpPeer>()
  readonly #queue: TcpPeer[] = []
  readonly #origins: ReceivedOrigins
  readonly #decoder: LineDecoder
  readonly #marks = new DeliveryMarks<TcpPeer>()
  readonly #toTell = new Set<TcpPeer>()
  #sweepAt = minSweep
  #listener: Listener | undefined
  #turn: NodeJS.Immediate | undefined
  #telling: NodeJS.Immediate | undefined
  #isWanted = false
  #isReading = false
  #isStopped = false
  #onSettled: (() => void) | undefined
  /** What was decoded of the last read, from `#next` on not given to the base class yet; `#ahead` entries. */
  #pending: (LogEntry | Batch)[] = []
  #next = 0
  #ahead = 0
  #bytesIn = 0
  #linesTooLong = 0
  #linesInvalid = 0
  #unfinishedBytes = 0
  #accepted = 0
  #refused = 0

  constructor(settings: TcpSourceSettings) {
    super()
    this.#settings = settings
    const { source, framing, access, greetingTimeoutMs, idleTimeoutMs } = settings
    const name = typeof source === 'function' ? 'tcp' : source
    this.#origins = new ReceivedOrigins(name, (sequence) => this.#delivered(sequence))
    const seen = new SeenIds({ maxIds: settings.rememberedIds })
    this.#decoder = new LineDecoder(settings, this.#origins, seen)
    this.#host = {
      access,
      greetingTimeoutMs,
      idleTimeoutMs,
      makeFraming: (): Framing => (framing === 'lines' ? new LineFrames(settings) : new OctetFrames(settings)),
      nameOf: typeof source === 'function' ? source : () => source,
      ready: (peer) => this.#ready(peer),
      refused: () => void this.#refused++,
      closed: (peer) => this.#closed(peer),
    }
    this.handler = (socket) => this.#accept(socket)
  }

  get address(): AddressInfo | undefined {
    return this.#listener?.address
  }

  /** One account of all peers; what has no way back is not in it. */
  override get ledger(): readonly SourceAccount[] {
    return this.#origins.ledger
  }

  override get stats(): TcpSourceStats {
    return this.#books()
  }

  #books(): StageStats & TcpSourceStats {
    return this.books(this.#ahead, {
      bytesIn: this.#bytesIn,
      linesTooLong: this.#linesTooLong,
      linesInvalid: this.#linesInvalid,
      unfinishedBytes: this.#unfinishedBytes,
      connections: Object.freeze({ open: this.#peers.size, accepted: this.#accepted, refused: this.#refused }),
    })
  }

  override _construct(callback: (error?: Error | null) => void): void {
    const { port, host, maxConnections, access, tls } = this.#settings
    if (port === undefined) return callback()
    listenTcp(this.handler, { port, host, maxConnections, access, tls }).then((listener) => {
      this.#listener = listener
      listener.server.on('drop', () => void this.#refused++)
      callback()
      // Outside of the promise, so that what a listener throws is an uncaught exception, as it is with any event.
      process.nextTick(() => listener.address !== undefined && this.emit('listening', listener.address))
    }, callback)
  }

  #accept(socket: Socket): void {
    if (this.#isStopped || this.destroyed || this.#peers.size >= this.#settings.maxConnections) {
      this.#refused++
      socket.on('error', () => {})
      socket.destroy()
      return
    }
    this.#accepted++
    this.#peers.add(new TcpPeer(socket, this.#host))
  }

  #ready(peer: TcpPeer): void {
    if (peer.isQueued || this.#isStopped || this.destroyed) return
    peer.isQueued = true
    this.#queue.push(peer)
    this.#read()
  }

  protected override pull(): void {
    this.#isWanted = true
    this.#read()
  }

  #read(): void {
    if (this.#isReading || this.#turn !== undefined) return
    this.#isReading = true
    for (let reads = 0; this.#givePending(); reads++) {
      if (this.#queue.length === 0) {
        if (this.#isStopped) this.finish()
        break
      }
      if (reads === maxReadsPerTurn) {
        this.#turn = setImmediate(() => {
          this.#turn = undefined
          this.#read()
        })
        break
      }
      this.#readOne(this.#queue.shift() as TcpPeer)
    }
    this.#isReading = false
  }

  /** Gives what was decoded for as long as it is wanted. True: nothing is left of it, and more is wanted. */
  #givePending(): boolean {
    const items = this.#pending
    while (this.#isWanted && this.#next < items.length && !this.destroyed) {
      const item = items[this.#next++] as LogEntry | Batch
      this.#ahead -= isBatch(item) ? item.count : 1
      this.#isWanted = this.give(item)
    }
    if (this.#next < items.length) return false
    this.#next = 0
    if (items.length > 0) this.#pending = []
    return this.#isWanted && !this.destroyed
  }

  #readOne(peer: TcpPeer): void {
    peer.isQueued = false
    if (!peer.mayBeRead) return
    const chunk = peer.take()
    if (chunk !== undefined) this.#feed(peer, chunk)
    else if (peer.isOver) this.#finishPeer(peer)
    else return
    if (peer.mayBeRead && peer.hasMore && !peer.isFinished) this.#ready(peer)
  }

  #feed(peer: TcpPeer, chunk: Buffer): void {
    const { framing } = peer
    this.#bytesIn += chunk.length
    this.#unfinishedBytes -= framing.unfinishedBytes
    const tooLong = framing.linesTooLong
    const frames = framing.feed(chunk)
    this.#unfinishedBytes += framing.unfinishedBytes
    if (framing.linesTooLong > tooLong) {
      this.#linesTooLong += framing.linesTooLong - tooLong
      this.#warn(peer, 'LINE_TOO_LONG', 'a line is too long: raise maxLineBytes to have such lines whole')
    }
    this.#giveFrames(peer, frames)
    if (framing.fault !== undefined)
      this.#cut(peer, `${framing.fault}; look at what it sends, and at the option framing`)
    else if (this.#unfinishedBytes > this.#settings.maxUnfinishedBytes) this.#cutGreediest()
  }

  #giveFrames(peer: TcpPeer, frames: readonly Frame[]): void {
    if (frames.length === 0) return
    const decoded = this.#decoder.decode(frames, this.#settings.framing === 'octet-counted', peer.sender)
    this.#count(peer, decoded)
    if (this.#pending.length === 0) this.#pending = decoded.items
    else for (const item of decoded.items) this.#pending.push(item)
    peer.account(decoded.lines)
    if (!peer.sender.isTold || decoded.lines === 0) return
    peer.lines += decoded.lines
    this.#owe(peer)
  }

  #count(peer: TcpPeer, decoded: Decoded): void {
    const { given, dropped, invalid, fault } = decoded
    let out = 0
    for (const [reason, entries] of Object.entries(dropped)) {
      this.discard(reason, entries)
      out += entries
    }
    this.took(given + out)
    this.#ahead += given
    this.#linesInvalid += invalid
    if (fault !== undefined) this.#warn(peer, 'BAD_ENTRY', `a line is no entry (${fault.message})`, fault)
  }

  /** What comes behind a read, so that it is told of also when a filter drops its last entries. */
  #owe(peer: TcpPeer): void {
    peer.pendingMarks++
    this.#marks.add(this.#origins.last, peer, peer.lines)
    if (this.#marks.size >= this.#sweepAt) {
      this.#marks.sweep((waiter) => this.#peers.has(waiter))
      this.#sweepAt = Math.max(minSweep, 2 * this.#marks.size)
    }
    // All of it may have come before, and be delivered.
    if (this.#origins.last <= this.#origins.acknowledged) return this.#delivered(this.#origins.last)
    const marker = Batch.of({
      bytes: nothing,
      source: peer.sender.source,
      time: Date.now(),
      origins: this.#origins.here(),
    })
    this.#pending.push(marker)
  }

  #delivered(sequence: number): void {
    this.#marks.advance(sequence, (peer, lines) => {
      peer.deliver(lines)
      this.#toTell.add(peer)
    })
    // One answer for all that is acknowledged in this turn.
    if (this.#toTell.size > 0) this.#telling ??= setImmediate(() => this.#tell())
  }

  #tell(): void {
    this.#telling = undefined
    // Whom more is delivered to meanwhile is told in the next turn.
    const peers = [...this.#toTell]
    this.#toTell.clear()
    for (const peer of peers) {
      peer.tell()
      if (peer.isFinished && peer.isSettled) peer.close()
      else if (peer.mayBeRead && peer.hasMore && !peer.isFinished) this.#ready(peer)
    }
    if (this.#onSettled !== undefined && this.#isSettled) this.#onSettled()
  }

  get #isSettled(): boolean {
    for (const peer of this.#peers) if (!peer.isSettled) return false
    return true
  }

  /** Nothing more comes: an unfinished line of a plain peer is kept, that of one that is told comes again. */
  #finishPeer(peer: TcpPeer): void {
    if (peer.isFinished) return
    peer.isFinished = true
    const { framing } = peer
    this.#unfinishedBytes -= framing.unfinishedBytes
    const frame = peer.sender.isTold || framing.fault !== undefined ? undefined : framing.end()
    if (frame !== undefined) this.#giveFrames(peer, [frame])
    if (peer.isSettled) peer.close()
    if (peer.socket.closed) this.#forget(peer)
  }

  /** The peer broke the protocol. */
  #cut(peer: TcpPeer, why: string): void {
    this.#finishPeer(peer)
    this.emit('warning', new LogwispError('PEER_MISBEHAVED', `${peer.name}: ${why}; its connection is closed`))
    peer.close()
  }

  /** All unfinished lines together take too much: whose is the longest has to go. */
  #cutGreediest(): void {
    let greediest: TcpPeer | undefined
    for (const peer of this.#peers) {
      if (peer.isFinished) continue
      if (greediest === undefined || peer.framing.unfinishedBytes > greediest.framing.unfinishedBytes) greediest = peer
    }
    if (greediest !== undefined) {
      this.#cut(greediest, 'unfinished lines take more than maxUnfinishedBytes, and its is the longest')
    }
  }

  #warn(peer: TcpPeer, code: 'LINE_TOO_LONG' | 'BAD_ENTRY', message: string, cause?: Error): void {
    // One of a kind for each connection: a peer must not be able to flood the program's own log.
    if (peer.hasWarned) return
    peer.hasWarned = true
    this.emit('warning', new LogwispError(code, `${peer.name}: ${message}`, { cause }))
  }

  #closed(peer: TcpPeer): void {
    // One that has gone without a word may have sent lines that were not wanted yet.
    if (peer.isFlowing && !peer.isFinished && !this.#isStopped && !this.destroyed) this.#ready(peer)
    else this.#forget(peer)
  }

  #forget(peer: TcpPeer): void {
    this.#peers.delete(peer)
    if (this.#onSettled !== undefined && this.#isSettled) this.#onSettled()
  }

  override stop(): void {
    if (this.#isStopped) return
    // Of plain peers what came already, and their unfinished lines: they cannot send it again.
    for (const peer of this.#peers) {
      if (peer.sender.isTold || peer.isFinished) continue
      const chunk = peer.take()
      if (chunk !== undefined) this.#feed(peer, chunk)
      this.#finishPeer(peer)
    }
    this.#isStopped = true
    this.#queue.length = 0
    void this.#listener?.close()
    // What is decoded goes out before the end, as it is wanted.
    if (this.#ahead === 0) this.finish()
    else this.#read()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#queue.length = 0
    clearImmediate(this.#turn)
    const close = (): void => {
      this.#onSettled = undefined
      clearImmediate(this.#telling)
      clearTimeout(timer)
      const closed = this.#listener?.destroy()
      for (const peer of this.#peers) peer.socket.destroy()
      if (closed === undefined) callback(error)
      else closed.then(() => callback(error))
    }
    let timer: NodeJS.Timeout | undefined
    // At a regular end, those who wait for acknowledgements hear what the sinks still finish.
    if (error !== null || !this.readableEnded || this.#peers.size === 0) return close()
    timer = setTimeout(close, this.#settings.drainTimeoutMs)
    const part = (): void => {
      for (const peer of this.#peers) peer.close()
      // Until they have gone too; each goes soon.
      this.#onSettled = () => void (this.#peers.size === 0 && close())
      this.#onSettled()
    }
    if (this.#isSettled) return part()
    this.#onSettled = part
  }
}
