/** One connection of `tcpClientSink`, from the first packet to the last. Whatever happens, its socket is closed. */

import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { LogwispError } from '@logwisp/core'
import type { Parcel } from './outbox.ts'
import { PeerWords, quoted } from './peer-words.ts'

/** Where to, e.g. `logs.example:9000`. */
export interface TcpAddress {
  readonly host: string
  readonly port: number
  /** As it is told. */
  readonly name: string
}

/** How a connection is made and watched. */
export interface TcpLinkSettings {
  readonly tls: ConnectionOptions | undefined
  /** The first line, when the other side is a LogWisp. */
  readonly greeting: string | undefined
  /** Whether the other side says what is delivered. */
  readonly isTold: boolean
  readonly connectTimeoutMs: number
  readonly keepAliveMs: number
  /** How long the other side may take or say nothing while it has something to take or to say. */
  readonly silenceMs: number
  /** The option that `silenceMs` came from. */
  readonly silenceName: string
}

/** What the connection tells, from when it is ready. */
export interface TcpLinkEvents {
  /** The next so many entries are safe. */
  safe(entries: number): void
  /** There is room for more. */
  room(): void
}

/** Bytes that are handed to the socket ahead of the kernel. */
const maxAheadBytes = 262_144

/** How long the end of a connection waits for the other side's. */
const lingerMs = 1000

export class TcpLink {
  readonly address: TcpAddress
  /** Resolves once it can carry parcels; rejects when it never will. */
  readonly ready: Promise<void>
  /** Resolves once its socket is closed, with the reason when it was not closed by us. */
  readonly closed: Promise<LogwispError | undefined>
  readonly #settings: TcpLinkSettings
  readonly #socket: Socket
  readonly #words = new PeerWords()
  #events: TcpLinkEvents | undefined
  #isReady = false
  #isClosing = false
  #reason: LogwispError | undefined
  #onReady: (error?: LogwispError) => void = () => {}
  /** Entries sent, and of those safe. */
  #sent = 0
  #safe = 0
  #timer: NodeJS.Timeout | undefined

  constructor(address: TcpAddress, settings: TcpLinkSettings) {
    this.address = address
    this.#settings = settings
    const { tls, connectTimeoutMs, keepAliveMs } = settings
    const { host, port } = address
    const common = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs }
    const servername = isIP(host) === 0 ? { servername: host } : {}
    const socket: Socket = tls === undefined ? connectTcp(common) : connectTls({ ...common, ...servername, ...tls })
    this.#socket = socket
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = (error) => (error === undefined ? resolve() : reject(error))
    })
    this.ready.catch(() => {})
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        clearTimeout(this.#timer)
        const reason = this.#isClosing ? undefined : (this.#reason ?? this.#lost('it closed the connection'))
        this.#onReady(reason ?? this.#lost('closed'))
        resolve(reason)
      })
    })
    this.#timer = setTimeout(() => {
      const whatFor =
        settings.greeting !== undefined && !socket.connecting
          ? "no answer to the greeting; if it is no LogWisp, use `protocol: 'plain'`"
          : 'no connection'
      this.#cut(this.#lost(`${whatFor} within ${connectTimeoutMs} ms`))
    }, connectTimeoutMs)
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      this.#reason ??= this.#lost(cause.code === undefined ? cause.message : `${cause.code}: ${cause.message}`, cause)
    })
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => this.#greet())
    socket.on('data', (chunk: Buffer) => this.#hear(chunk))
  }

  #lost(why: string, cause?: Error): LogwispError {
    return new LogwispError('PEER_LOST', `${this.address.name}: ${why}`, { cause })
  }

  #greet(): void {
    const { greeting } = this.#settings
    if (greeting === undefined) this.#open()
    else this.#socket.write(greeting)
  }

  #open(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isReady = true
    this.#onReady()
  }

  /** From now on it carries parcels. */
  use(events: TcpLinkEvents): void {
    this.#events = events
  }

  /** Whether a parcel may be handed over. */
  get hasRoom(): boolean {
    return this.#isReady && !this.#isClosing && this.#socket.writable && this.#socket.writableLength < maxAheadBytes
  }

  /** Whether something that was sent is not safe yet. */
  get isOwed(): boolean {
    return this.#safe < this.#sent
  }

  send(parcel: Parcel): void {
    const { bytes, entriesLeft } = parcel
    this.#sent += entriesLeft
    this.#watch()
    this.#socket.write(bytes, (error) => {
      if (error != null) return
      // One that is to say what it has may take bytes for long, and never say so.
      if (!this.#settings.isTold) {
        this.#heard()
        this.#settle(entriesLeft)
      }
      this.#events?.room()
    })
  }

  #settle(entries: number): void {
    if (entries === 0) return
    this.#safe += entries
    this.#events?.safe(entries)
    if (this.#safe === this.#sent) this.#unwatch()
  }

  #hear(chunk: Buffer): void {
    // A plain peer may say what it likes.
    if (this.#settings.greeting === undefined || this.#isClosing) return
    for (const word of this.#words.feed(chunk)) {
      if (word.is === 'nonsense') {
        const because = this.#isReady ? 'its acknowledgements make no sense' : 'it does not answer as a LogWisp does'
        return this.#cut(this.#misbehaved(`${because}: it said ${quoted(word.text)}`))
      }
      if (word.is === 'refusal') {
        return this.#cut(new LogwispError('PEER_REFUSED', `${this.address.name} refuses us: ${quoted(word.error)}`))
      }
      if (word.is === 'welcome') {
        this.#open()
        continue
      }
      if (!this.#settings.isTold || word.lines > this.#sent || word.lines < this.#safe) {
        return this.#cut(
          this.#misbehaved(`it acknowledges ${word.lines} lines of ${this.#sent}, and did ${this.#safe} before`),
        )
      }
      this.#heard()
      this.#settle(word.lines - this.#safe)
    }
  }

  #misbehaved(what: string): LogwispError {
    return new LogwispError('PEER_MISBEHAVED', `${this.address.name}: ${what}`)
  }

  #watch(): void {
    const { silenceMs, silenceName } = this.#settings
    if (this.#timer !== undefined || silenceMs === Infinity) return
    this.#timer = setTimeout(() => {
      const message = `${this.address.name} took or acknowledged nothing for ${silenceMs} ms (${silenceName})`
      this.#cut(new LogwispError('PEER_SILENT', message))
    }, silenceMs)
  }

  #heard(): void {
    this.#timer?.refresh()
  }

  #unwatch(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #cut(reason: LogwispError): void {
    this.#reason ??= reason
    this.#socket.destroy()
  }

  /** Closes it once all that was handed over is in the kernel; soon, whatever the other side does. */
  async end(): Promise<void> {
    this.#isClosing = true
    this.#unwatch()
    this.#timer = setTimeout(() => this.#socket.destroy(), lingerMs)
    this.#socket.end()
    await this.closed
  }

  /** Closes it now. */
  destroy(): void {
    this.#isClosing = true
    this.#socket.destroy()
  }
}
