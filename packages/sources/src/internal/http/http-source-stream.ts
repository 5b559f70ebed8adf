/** The stream behind `httpSource`: gives what requests bring, one request at a time, and ends when they have. */

import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  AccountingTracker,
  Batch,
  EntryReadable,
  type Origin,
  type SourceAccount,
  type StageStats,
} from '@logwisp/core'
import { type AccessControl, type HostCheck, type Listener, listenHttp, type ServerTls } from '@logwisp/core/server'
import { takenLedger } from '../receive/taken-ledger.ts'
import { DeliveryWaits } from './delivery-waits.ts'
import { HttpIngest, type IngestOutcome, type RequestCounts } from './http-ingest.ts'
import { type IngestHandler, ingestHandler } from './ingest-handler.ts'
import { HeldBytes, type IngestParcel } from './receive-body.ts'
import type { ReceivedItem } from './received-entries.ts'
import type { ReceivedOrigin } from './received-origin.ts'
import { Remembered } from './remembered.ts'
import { Turnstile } from './turnstile.ts'

/** What {@link HttpSourceStream} counts beside entries. */
export interface HttpSourceCounts {
  readonly bytesIn: number
  readonly duplicates: number
  readonly requests: RequestCounts
}

/** The options of `httpSource`, with every default in place. */
export interface HttpSourceSettings {
  readonly path: string
  readonly port: number | undefined
  readonly host: string
  readonly access: AccessControl | undefined
  readonly tls: ServerTls | undefined
  readonly acceptsHost: HostCheck | undefined
  readonly allowOrigins: readonly string[]
  readonly maxConnections: number
  readonly source: string
  readonly addSender: boolean
  readonly respond: 'accepted' | 'delivered' | 'either'
  readonly answer: ((outcome: IngestOutcome) => object) | undefined
  readonly whenInvalid: 'reject-all' | 'skip'
  readonly maxRequests: number
  readonly maxBodyBytes: number
  readonly maxEntryBytes: number
  readonly maxHeldBytes: number
  readonly bodyTimeoutMs: number
  readonly busyTimeoutMs: number
  readonly deliverTimeoutMs: number
  readonly drainTimeoutMs: number
  readonly dedupe: boolean
  readonly maxRememberedIds: number
  readonly maxRememberedBytes: number
  readonly rememberMs: number
}

/** How long connections may take to close once everything is answered. */
const closeTimeoutMs = 2000

const noBytes = Buffer.alloc(0)

export class HttpSourceStream extends EntryReadable {
  readonly handler: IngestHandler
  readonly #settings: HttpSourceSettings
  readonly #turnstile = new Turnstile(performance.now())
  readonly #deliveries = new DeliveryWaits()
  readonly #tracker: AccountingTracker
  readonly #ids: Remembered<true> | undefined
  readonly #ingest: HttpIngest
  readonly #instance = randomBytes(6).toString('hex')
  #listener: Listener<Server> | undefined
  #drainTimer: NodeJS.Timeout | undefined
  #sequence = 0
  #duplicates = 0
  #isStopped = false

  constructor(settings: HttpSourceSettings) {
    super()
    this.#settings = settings
    this.#tracker = new AccountingTracker({
      source: settings.source,
      onAdvance: ({ sequence }) => this.#deliveries.acknowledge(sequence),
    })
    const { dedupe, maxRememberedIds, maxRememberedBytes, rememberMs } = settings
    if (dedupe) {
      const limits = { maxEntries: maxRememberedIds, maxBytes: maxRememberedBytes, windowMs: rememberMs }
      this.#ids = new Remembered(limits)
    }
    this.#ingest = new HttpIngest({
      ...settings,
      rejectsAll: settings.whenInvalid === 'reject-all',
      turnstile: this.#turnstile,
      deliveries: this.#deliveries,
      tracker: this.#tracker,
      held: new HeldBytes(settings.maxHeldBytes),
      instance: this.#instance,
      parcel: (items, isMarked) => this.#parcel(items, isMarked),
      onInvalid: (entries) => {
        this.took(entries)
        this.discard('invalid', entries)
      },
    })
    this.handler = ingestHandler({ ...settings, ingest: this.#ingest })
  }

  get address(): AddressInfo | undefined {
    return this.#listener?.address
  }

  /** One account of all requests; entries without a way back are not in it. */
  override get ledger(): readonly SourceAccount[] {
    return takenLedger(this.#tracker)
  }

  override get stats(): StageStats & HttpSourceCounts {
    const { bytesIn, requests } = this.#ingest
    return this.books(0, { bytesIn, duplicates: this.#duplicates, requests })
  }

  override _construct(callback: (error?: Error | null) => void): void {
    const { port, host, maxConnections, access, tls } = this.#settings
    if (port === undefined) return callback()
    // Bodies have limits of their own, and wait for the pipeline as long as it takes.
    const options = { port, host, maxConnections, access, tls, requestTimeoutMs: Infinity }
    listenHttp(this.handler, options).then((listener) => {
      this.#listener = listener
      // Instead of Node's telling every client to go on: a request that is refused need not send its body.
      listener.server.on('checkContinue', (req, res) => this.handler(req, res, undefined, true))
      if (this.#isStopped) void listener.close()
      callback()
      // Outside of the promise, so that what a listener throws is an uncaught exception, as it is with any event.
      process.nextTick(() => listener.address !== undefined && this.emit('listening', listener.address))
    }, callback)
  }

  protected override pull(): void {
    this.#turnstile.want()
  }

  /** Ends once the requests under way have given what they bring; they are cut short after `drainTimeoutMs`. */
  override stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    void this.#listener?.close()
    this.#cutAfterDrainTimeout()
    void this.#ingest.given().then(() => {
      if (!this.destroyed) this.finish()
    })
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#isStopped = true
    clearTimeout(this.#drainTimer)
    // After its end, requests may still wait for the sinks to say what is delivered.
    const isEnded = error === null && this.readableEnded
    if (isEnded) this.#cutAfterDrainTimeout()
    else this.#ingest.cut('the pipeline that took the entries is gone')
    void this.#close(isEnded ? closeTimeoutMs : 0).then(() => callback(error))
  }

  async #close(timeoutMs: number): Promise<void> {
    await this.#ingest.settled()
    clearTimeout(this.#drainTimer)
    if (this.#listener === undefined) return
    // Answers are on their way; whoever does not take them is not waited for.
    const giveUp = setTimeout(() => void this.#listener?.destroy(), timeoutMs)
    await this.#listener.close()
    clearTimeout(giveUp)
  }

  #cutAfterDrainTimeout(): void {
    const { drainTimeoutMs } = this.#settings
    if (drainTimeoutMs === Infinity) return
    this.#drainTimer = setTimeout(() => this.#ingest.cut('the service is stopping'), drainTimeoutMs).unref()
  }

  /** Gives one item. False: the pipeline wants no more for now. Undefined: it had come before, and was not given. */
  #giveItem(item: ReceivedItem): boolean | undefined {
    if ('batch' in item) {
      const { batch, origins } = item
      if (origins !== undefined) origins.base = this.#sequence
      this.#sequence += batch.byteLength
      if (origins !== undefined) this.#tracker.read(this.#sequence, batch.count)
      this.took(batch.count)
      return this.give(batch)
    }
    this.took(1)
    const origin = item.origin as ReceivedOrigin | undefined
    if (origin === undefined) return this.give(item)
    const { ownId } = origin
    if (ownId !== undefined && this.#ids !== undefined) {
      const nowMs = performance.now()
      if (this.#ids.get(ownId, nowMs) !== undefined) {
        this.#duplicates++
        this.discard('duplicate', 1)
        return undefined
      }
      this.#ids.add(ownId, true, nowMs)
    }
    origin.sequence = ++this.#sequence
    this.#tracker.read(this.#sequence, 1)
    return this.give(item)
  }

  /** Follows a request's entries: filters may drop the last of them, and what is behind them is acknowledged all the same. */
  #giveMark(): boolean {
    const origin: Origin = {
      tracker: this.#tracker,
      sequence: ++this.#sequence,
      id: `${this.#instance}:${this.#sequence}`,
    }
    const { source } = this.#settings
    return this.give(Batch.of({ bytes: noBytes, source, time: Date.now(), origins: { at: () => origin } }))
  }

  #parcel(items: readonly ReceivedItem[], isMarked: boolean): IngestParcel {
    let next = 0
    let isMarkDue = isMarked
    const parcel = { duplicates: 0, sequence: this.#sequence, isBegun: false, isGiven: false, give }
    const giveItem = (item: ReceivedItem): boolean => {
      const isWanted = this.#giveItem(item)
      if (isWanted === undefined) parcel.duplicates++
      parcel.sequence = this.#sequence
      return isWanted ?? true
    }
    const giveMark = (): boolean => {
      if (items.length === 0) parcel.sequence = this.#sequence
      isMarkDue = false
      return this.#giveMark()
    }
    function give(): boolean {
      let isWanted = true
      parcel.isBegun = true
      while (isWanted && next < items.length) isWanted = giveItem(items[next++] as ReceivedItem)
      if (isWanted && isMarkDue) isWanted = giveMark()
      parcel.isGiven = next === items.length && !isMarkDue
      return isWanted
    }
    return parcel
  }
}
