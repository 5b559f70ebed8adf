/** The stream behind `tcpClientSink`: an outbox, and always at most one connection that carries what is in it. */

import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import {
  type Batch,
  type BudgetShare,
  EntryWritable,
  encodeEntry,
  encodeEntryWithId,
  entrySize,
  formatter,
  isBatch,
  type LogEntry,
  LogwispError,
} from '@logwisp/core'
import { fullJitterMs } from '@logwisp/core/full-jitter'
import type { TcpClientSink, TcpClientSinkStats } from '../../tcp-client-sink.ts'
import { Outbox } from './outbox.ts'
import type { TcpClientSettings } from './tcp-client-settings.ts'
import { type TcpAddress, TcpLink, type TcpLinkSettings } from './tcp-link.ts'

/** A connection that nothing says is good is taken to be so after this long, where the peer acknowledges nothing. */
const stableMs = 1000

/** Below this share of the memory that was read into a batch is copied out of it: it must not keep all of that while the peer is down. */
const denseShare = 1 / 4

export class TcpClientStream extends EntryWritable implements TcpClientSink {
  readonly #addresses: readonly TcpAddress[]
  readonly #settings: TcpClientSettings
  readonly #linkSettings: TcpLinkSettings
  readonly #encode: (entry: LogEntry) => string
  readonly #outbox = new Outbox()
  readonly #share: BudgetShare | undefined
  /** What was handed over and waits for the budget to take it. */
  #incoming: (LogEntry | Batch)[] = []
  readonly #stop = new AbortController()
  readonly #open = new Set<TcpLink>()
  /** For entries without an id, so that what is sent again is known again. */
  readonly #ownIds = randomBytes(9).toString('base64url')
  #ownIdCount = 0
  #link: TcpLink | undefined
  /** Nothing more is handed over, since another connection takes its place. */
  #isHalted = false
  #failures = 0
  #turn: NodeJS.Immediate | undefined
  #onRoom: (() => void) | undefined
  #onEmpty: (() => void) | undefined
  #onSettled: (() => void) | undefined
  #bytesOut = 0
  #connections = 0
  #retries = 0
  #entriesRepeated = 0
  #lastError: LogwispError | undefined
  #hasWarned = ''

  constructor(addresses: readonly TcpAddress[], settings: TcpClientSettings, link: TcpLinkSettings) {
    super({ acknowledge: 'by-hand' })
    this.#addresses = addresses
    this.#settings = settings
    this.#linkSettings = link
    this.#encode =
      settings.protocol === 'logwisp' ? (entry) => this.#encodeWithId(entry) : formatter(settings.format ?? 'json')
    this.#share = settings.budget?.join({ name: 'tcpClientSink', onRoom: () => this.#takeIn() })
  }

  override get stats(): TcpClientSinkStats {
    return this.books({
      bytesOut: this.#bytesOut,
      bufferedBytes: this.#outbox.heldBytes,
      entriesRepeated: this.#entriesRepeated,
      connectedTo: this.#link?.address.name,
      connections: this.#connections,
      retries: this.#retries,
      lastError: this.#lastError?.message,
    })
  }

  override _construct(callback: (error?: Error | null) => void): void {
    this.#run().catch((error: Error) => this.fail(error))
    callback()
  }

  protected override consume(items: readonly (LogEntry | Batch)[]): void | Promise<void> {
    this.#incoming = [...items]
    this.#takeIn()
    if (this.#hasRoom) return
    return new Promise((resolve) => {
      this.#onRoom = resolve
    })
  }

  /** Takes what was handed over, as much of it as the budget allows. */
  #takeIn(): void {
    for (let item = this.#incoming[0]; item !== undefined && this.#isGranted(item); item = this.#incoming[0]) {
      this.#incoming.shift()
      this.#add(item)
      this.#share?.setHeld(this.#outbox.heldBytes)
    }
    if (this.#outbox.entries === 0) this.#delivered(this.#settled(0))
    if (this.#outbox.hasParcel) this.#pump()
    // What else comes in this turn goes out with it.
    else this.#turn ??= setImmediate(() => this.#pump())
    this.#tellRoom()
  }

  #isGranted(item: LogEntry | Batch): boolean {
    return this.#share === undefined || this.#share.take(entrySize(item))
  }

  get #hasRoom(): boolean {
    const { maxBufferEntries, maxBufferBytes } = this.#settings
    const { entries, heldBytes } = this.#outbox
    return this.#incoming.length === 0 && entries < maxBufferEntries && heldBytes < maxBufferBytes
  }

  #tellRoom(): void {
    if (!this.#hasRoom) return
    this.#onRoom?.()
    this.#onRoom = undefined
  }

  #settled(entries: number): (LogEntry | Batch)[] {
    const items = this.#outbox.settle(entries)
    this.#share?.setHeld(this.#outbox.heldBytes)
    return items
  }

  #add(item: LogEntry | Batch): void {
    if (!isBatch(item)) return this.#outbox.add(item, `${this.#encode(item)}\n`)
    const batch = item.count > 0 && item.byteLength < item.bytes.buffer.byteLength * denseShare ? item.compact() : item
    const { protocol, format } = this.#settings
    if (protocol === 'plain' && format === 'raw') return this.#outbox.add(batch, batch.toBytes())
    const lines: string[] = []
    for (const entry of batch) lines.push(this.#encode(entry), '\n')
    this.#outbox.add(batch, lines.join(''))
  }

  #encodeWithId(entry: LogEntry): string {
    if (entry.origin !== undefined) return encodeEntryWithId(entry)
    return `{"logwisp.id":"${this.#ownIds}:${this.#ownIdCount++}",${encodeEntry(entry).slice(1)}`
  }

  #pump(): void {
    clearImmediate(this.#turn)
    this.#turn = undefined
    const link = this.#link
    if (link === undefined || this.#isHalted) return
    while (link.hasRoom) {
      const parcel = this.#outbox.next()
      if (parcel === undefined) return
      this.#bytesOut += parcel.bytes.length
      link.send(parcel)
    }
  }

  #safe(entries: number): void {
    // Something came through: the next failure is a first one again.
    if (this.#linkSettings.isTold) this.#healed()
    this.#delivered(this.#settled(entries))
    this.#tellRoom()
    if (this.#outbox.entries === 0) this.#onEmpty?.()
    if (this.#link?.isOwed !== true) this.#onSettled?.()
  }

  #delivered(items: readonly (LogEntry | Batch)[]): void {
    for (const item of items) this.delivered(item)
  }

  #healed(): void {
    this.#failures = 0
    this.#hasWarned = ''
  }

  /** Connects, and again whenever the connection is lost, until the stream is closed. */
  async #run(): Promise<void> {
    const { signal } = this.#stop
    let index = 0
    let downSince = performance.now()
    while (!signal.aborted) {
      let link: TcpLink | undefined = await this.#connect(index)
      let isLast = index === this.#addresses.length - 1
      index = isLast ? 0 : index + 1
      while (link !== undefined && !signal.aborted) {
        const better = await this.#carry(link)
        // After a loss the order of addresses holds again.
        index = 0
        isLast = true
        downSince = performance.now()
        link = better
      }
      if (signal.aborted) return
      const { giveUpAfterMs, retryDelayMs, maxRetryDelayMs } = this.#settings
      const downMs = performance.now() - downSince
      if (downMs >= giveUpAfterMs) throw this.#gaveUp(giveUpAfterMs)
      // The others are tried at once; then all of them get a rest.
      const jitterMs = isLast ? fullJitterMs(this.#failures++, retryDelayMs, maxRetryDelayMs) : 0
      const delayMs = Math.min(jitterMs, Math.max(1, Math.ceil(giveUpAfterMs - downMs)))
      this.#retries++
      this.emit('retry', { address: (this.#addresses[index] as TcpAddress).name, delayMs, error: this.#lastError })
      if (delayMs > 0) await wait(delayMs, undefined, { signal }).catch(() => {})
    }
  }

  #gaveUp(afterMs: number): LogwispError {
    const { code = 'PEER_LOST', message = '' } = this.#lastError ?? {}
    return new LogwispError(code, `gave up after ${afterMs} ms (giveUpAfterMs) without a connection: ${message}`, {
      cause: this.#lastError,
    })
  }

  async #connect(index: number): Promise<TcpLink | undefined> {
    const link = this.#newLink(index)
    try {
      await link.ready
      return link
    } catch (error) {
      this.#failed(error as LogwispError)
      return undefined
    }
  }

  #newLink(index: number): TcpLink {
    const link = new TcpLink(this.#addresses[index] as TcpAddress, this.#linkSettings)
    this.#open.add(link)
    link.closed.then(() => this.#open.delete(link))
    return link
  }

  #failed(error: LogwispError): void {
    if (this.#stop.signal.aborted) return
    this.#lastError = error
    // Once for an outage, and when it turns into another one.
    if (this.#hasWarned !== error.code) {
      this.#hasWarned = error.code
      this.emit('warning', error)
    }
  }

  /** Lets a connection carry what waits, until it is lost, or an earlier address works again: then that connection. */
  async #carry(link: TcpLink): Promise<TcpLink | undefined> {
    this.#link = link
    this.#isHalted = false
    this.#connections++
    this.#lastError = undefined
    this.#entriesRepeated += this.#outbox.rewind()
    link.use({ safe: (entries) => this.#safe(entries), room: () => this.#pump() })
    const over = new AbortController()
    const stable = setTimeout(() => !this.#linkSettings.isTold && this.#healed(), stableMs)
    this.emit('connect', { address: link.address.name })
    this.#pump()
    const better = await Promise.race([link.closed.then(() => undefined), this.#betterThan(link, over.signal)])
    if (better !== undefined) await this.#leave(link)
    const error = await link.closed
    over.abort()
    clearTimeout(stable)
    this.#link = undefined
    this.#onSettled?.()
    if (error !== undefined) this.#failed(error)
    if (!this.#stop.signal.aborted) this.emit('disconnect', { address: link.address.name, error })
    return better
  }

  /** Tries the addresses before that of `link` now and then. Never resolves when there are none. */
  async #betterThan(link: TcpLink, signal: AbortSignal): Promise<TcpLink | undefined> {
    const index = this.#addresses.indexOf(link.address)
    if (index <= 0) return new Promise(() => {})
    for (;;) {
      try {
        await wait(this.#settings.failbackIntervalMs, undefined, { signal, ref: false })
      } catch {
        return undefined
      }
      for (let i = 0; i < index; i++) {
        const candidate = this.#newLink(i)
        const isReady = await candidate.ready.then(
          () => true,
          () => false,
        )
        if (!isReady) continue
        if (!signal.aborted) return candidate
        candidate.destroy()
        return undefined
      }
    }
  }

  /** Sends no more by it, and closes it once what was sent is safe, or will not be. */
  async #leave(link: TcpLink): Promise<void> {
    this.#isHalted = true
    if (link.isOwed) {
      const settled = new Promise<void>((resolve) => {
        this.#onSettled = resolve
      })
      await Promise.race([settled, link.closed])
      this.#onSettled = undefined
    }
    await link.end()
  }

  protected override async finish(): Promise<void> {
    this.#pump()
    if (this.#outbox.entries > 0) await this.#drain()
    this.#stop.abort()
    await this.#link?.end()
  }

  #drain(): Promise<void> {
    const { drainTimeoutMs } = this.#settings
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        const why = this.#lastError === undefined ? '' : `; ${this.#lastError.message}`
        const message = `${this.#outbox.entries} entries were not delivered within ${drainTimeoutMs} ms (drainTimeoutMs)${why}`
        reject(new LogwispError('UNDELIVERED', message, { cause: this.#lastError }))
      }
      const timer = drainTimeoutMs === Infinity ? undefined : setTimeout(giveUp, drainTimeoutMs)
      const end = (): void => {
        clearTimeout(timer)
        resolve()
      }
      this.#onEmpty = end
      // Destroyed meanwhile: nobody waits any more.
      this.#stop.signal.addEventListener('abort', end, { once: true })
    })
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#stop.abort()
    clearImmediate(this.#turn)
    this.#share?.leave()
    this.#onRoom?.()
    const links = [...this.#open]
    for (const link of links) link.destroy()
    Promise.all(links.map(({ closed }) => closed)).then(() => callback(error))
  }
}
