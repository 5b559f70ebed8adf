/** One connection of `tcpSource`: its greeting, its bytes when the source wants them, and what it is told. */

import type { Socket } from 'node:net'
import { type AccessControl, type Identity, isRefusal } from '@logwisp/core/server'
import { GrowingBytes } from '../receive/growing-bytes.ts'
import {
  type Greeting,
  greetingMark,
  maxGreetingBytes,
  noGreeting,
  readGreeting,
  refusal,
  welcome,
} from './greeting.ts'
import type { LineSender } from './line-decoder.ts'
import type { Framing } from './line-frames.ts'

/** What a connection tells the source. */
export interface TcpPeerHost {
  readonly access: AccessControl | undefined
  /** How long a connection may take to say who it is, where that is asked. */
  readonly greetingTimeoutMs: number
  readonly idleTimeoutMs: number
  makeFraming(): Framing
  /** The name of its entries. */
  nameOf(peer: { address: string; port: number; name: string | undefined }): string
  /** It has bytes to read, or is over. */
  ready(peer: TcpPeer): void
  refused(peer: TcpPeer): void
  closed(peer: TcpPeer): void
}

/** A peer that was told of the end may say what it has under way for so long. */
const lingerMs = 1000

/** Reads whose delivery may be waited for, at most; then nothing more is read from the peer. */
const maxPendingMarks = 256

export class TcpPeer {
  readonly socket: Socket
  readonly #host: TcpPeerHost
  readonly framing: Framing
  #state: 'greeting' | 'asking' | 'flowing' | 'closing' = 'greeting'
  readonly #head = new GrowingBytes()
  /** What came behind the greeting. */
  #rest: Buffer | undefined
  #timer: NodeJS.Timeout | undefined
  #identity: Identity | undefined
  #heartbeat: NodeJS.Timeout | undefined
  #linger: NodeJS.Timeout | undefined
  /** Whose lines they are; set once they flow. */
  sender: LineSender = { source: '', scope: undefined, isTold: false }
  /** Whether it waits for its turn to be read. */
  isQueued = false
  /** Whether all that it sent was taken. */
  isFinished = false
  #hasEnded = false
  /** Until when nothing is read from it, because it sent too much. */
  #isHeldBack = false
  /** Lines taken, and of those delivered, and of those told. */
  lines = 0
  #delivered = 0
  #told = 0
  pendingMarks = 0
  /** Whether one line that is no good, or too long, was warned of. */
  hasWarned = false

  constructor(socket: Socket, host: TcpPeerHost) {
    this.socket = socket
    this.#host = host
    this.framing = host.makeFraming()
    const { idleTimeoutMs, greetingTimeoutMs, access } = host
    socket.setKeepAlive(true, 30_000)
    socket.on('readable', () => this.#stir())
    socket.on('end', () => this.#end())
    // What it sent before counts; there is nobody to tell.
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(this.#timer)
      clearTimeout(this.#linger)
      clearInterval(this.#heartbeat)
      this.#end()
      host.closed(this)
    })
    if (idleTimeoutMs !== Infinity) {
      socket.setTimeout(idleTimeoutMs)
      socket.on('timeout', () => this.#idle(idleTimeoutMs))
    }
    if (access !== undefined) {
      this.#timer = setTimeout(() => this.refuse('no greeting in time'), greetingTimeoutMs)
      this.#timer.unref()
    }
  }

  get name(): string {
    const { remoteAddress = 'a peer that has gone', remotePort } = this.socket
    return remotePort === undefined ? remoteAddress : `${remoteAddress} port ${remotePort}`
  }

  /** Whether it may be read from now. */
  get mayBeRead(): boolean {
    return this.#state !== 'closing' && !this.#isHeldBack && this.pendingMarks < maxPendingMarks
  }

  /** Whether there is something to take without waiting for the network. */
  get hasMore(): boolean {
    return this.#rest !== undefined || this.socket.readableLength > 0 || (this.#hasEnded && this.#state === 'flowing')
  }

  /** Whether nothing more comes, and all was taken but an unfinished line. */
  get isOver(): boolean {
    return this.#hasEnded && this.#state === 'flowing' && this.#rest === undefined && this.socket.readableLength === 0
  }

  /** Greetings are answered at once, also while the pipeline is full; lines wait until they are wanted. */
  #stir(): void {
    if (this.#state === 'greeting') this.#greet()
    else this.#host.ready(this)
  }

  #end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#stir()
  }

  /** Whether its lines are known to be lines. */
  get isFlowing(): boolean {
    return this.#state === 'flowing'
  }

  /** Bytes of lines, if there are some. */
  take(): Buffer | undefined {
    if (this.#state !== 'flowing') return undefined
    const rest = this.#rest
    if (rest === undefined) return this.socket.read() ?? undefined
    this.#rest = undefined
    return rest
  }

  #greet(): void {
    const chunk: Buffer | null = this.socket.read()
    if (chunk !== null) this.#head.add(chunk, 0, chunk.length)
    const { length } = this.#head
    if (length === 0 && !this.#hasEnded) return
    const isGreeting = this.#beginsWithMark(length)
    if (isGreeting === undefined && !this.#hasEnded) return
    const bytes = this.#head.take()
    if (isGreeting !== true) return void this.#ask(noGreeting, bytes, false)
    const end = bytes.indexOf('\n')
    if (end === -1) {
      if (length > maxGreetingBytes) this.refuse(`the greeting is longer than ${maxGreetingBytes} bytes`)
      else if (this.#hasEnded) this.refuse('the greeting is not finished')
      else this.#head.add(bytes, 0, length)
      return
    }
    const greeting = readGreeting(bytes.toString('utf8', 0, end))
    if (typeof greeting === 'string') return this.refuse(greeting)
    void this.#ask(greeting, bytes.subarray(end + 1), true)
  }

  /** Undefined: too little has come to tell. */
  #beginsWithMark(length: number): boolean | undefined {
    const common = Math.min(length, greetingMark.length)
    if (this.#head.peek().toString('latin1', 0, common) !== greetingMark.slice(0, common)) return false
    return common === greetingMark.length ? true : undefined
  }

  async #ask(greeting: Greeting, rest: Buffer, isGreeted: boolean): Promise<void> {
    const { access } = this.#host
    this.#state = 'asking'
    if (access !== undefined) {
      const identity = await access.present(this.socket, greeting.credentials, 'ingest')
      // It may have gone meanwhile.
      if ((this.#state as string) !== 'asking') return
      if (isRefusal(identity)) return this.refuse(isGreeted ? identity.message : undefined)
      this.#identity = identity
    }
    clearTimeout(this.#timer)
    const { acknowledge, name } = greeting
    const { remoteAddress = 'unknown', remotePort = 0 } = this.socket
    const scope = [this.#identity?.name, name].filter((part) => part !== undefined).join(' ')
    this.sender = {
      source: this.#host.nameOf({ address: remoteAddress, port: remotePort, name: name ?? this.#identity?.name }),
      scope: scope === '' ? undefined : scope,
      isTold: acknowledge,
    }
    this.#state = 'flowing'
    if (isGreeted && this.socket.writable) this.socket.write(welcome(greeting))
    if (acknowledge) this.#heartbeat = setInterval(() => this.tell(true), greeting.heartbeatMs).unref()
    if (rest.length > 0) this.#rest = rest
    this.#host.ready(this)
  }

  /** Tells it why, if it asked in words, and closes. */
  refuse(error: string | undefined): void {
    this.#host.refused(this)
    this.close(error === undefined ? undefined : refusal(error))
  }

  /** For so many entries that came nothing more is read for a while, if the access control says so. */
  account(entries: number): void {
    const waitMs = this.#identity === undefined ? 0 : (this.#host.access?.entries(this.#identity, entries) ?? 0)
    if (waitMs <= 0) return
    this.#isHeldBack = true
    this.#timer = setTimeout(() => {
      this.#isHeldBack = false
      this.#host.ready(this)
    }, waitMs)
    this.#timer.unref()
  }

  /** So many of its lines are delivered. */
  deliver(lines: number): void {
    this.pendingMarks--
    this.#delivered = lines
  }

  /** Whether all that it is owed was delivered. */
  get isSettled(): boolean {
    return this.pendingMarks === 0
  }

  /** Says how many lines are delivered, unless it knows; with `again` also if it does. */
  tell(again = false): void {
    if (!this.sender.isTold || this.#state === 'closing' || !this.socket.writable) return
    // One who does not read gets the last number when he does.
    if ((this.#told === this.#delivered && !again) || this.socket.writableLength > 0) return
    this.socket.write(`ACK ${this.#delivered}\n`, () => this.tell())
    this.#told = this.#delivered
  }

  #idle(idleTimeoutMs: number): void {
    // It is us who do not read, or it waits for us.
    if (this.isQueued || !this.mayBeRead || !this.isSettled) this.socket.setTimeout(idleTimeoutMs)
    else if (this.isFlowing) this.#end()
    else this.close()
  }

  /** Says the last word and lets the peer finish; then it is gone, and soon. */
  close(lastWord?: string): void {
    if (this.#state === 'closing') return
    const { socket } = this
    const last = lastWord ?? (this.sender.isTold && this.#told !== this.#delivered ? `ACK ${this.#delivered}\n` : '')
    this.#state = 'closing'
    this.#rest = undefined
    clearTimeout(this.#timer)
    clearInterval(this.#heartbeat)
    if (socket.destroyed) return
    socket.end(last)
    socket.removeAllListeners('readable')
    socket.removeAllListeners('timeout')
    // What it still sends is of no use, but a connection cut with bytes unread takes the last word with it.
    socket.resume()
    this.#linger = setTimeout(() => socket.destroy(), lingerMs)
    this.#linger.unref()
  }
}
