/** The stream behind `httpClientSink`: from entries to batches under way, and back to acknowledgements in order. */

import {
  type Batch,
  type BudgetShare,
  EntryWritable,
  entrySize,
  isBatch,
  type LogEntry,
  LogwispError,
} from '@logwisp/core'
import type { HttpClientSink, HttpClientSinkStats, HttpEndpointStats } from '../../http-client-sink.ts'
import { BatchBuilder } from './batch-builder.ts'
import { deliver, type RejectedAt, type Rejection } from './batch-delivery.ts'
import { DeadLetters } from './dead-letters.ts'
import type { HttpClientSettings } from './http-client-settings.ts'
import { HttpCourier } from './http-courier.ts'
import type { HttpEndpoint } from './http-endpoint.ts'
import type { PostBatch } from './post-batch.ts'

/** Rejected entries are warned of this often; each is counted, and told by `'reject'`. Unit: ms. */
const rejectWarningIntervalMs = 10_000

/** Who has rejected an entry, in what is kept of it. */
const stage = 'httpClientSink'

/** Node's longest timer, 24.8 days. */
const maxTimerMs = 2 ** 31 - 1

export class HttpClientStream extends EntryWritable implements HttpClientSink {
  readonly #settings: HttpClientSettings
  readonly #courier: HttpCourier
  readonly #builder: BatchBuilder
  /** What was handed over and is in no batch yet. */
  #incoming: (LogEntry | Batch)[] = []
  #taken: (() => void) | undefined
  /** A batch that is full and waits for its turn; while there is one, nothing more is taken. */
  #next: PostBatch | undefined
  /** Batches that are not acknowledged yet, in order. */
  readonly #outstanding: PostBatch[] = []
  #outstandingBytes = 0
  readonly #share: BudgetShare | undefined
  #underWay = 0
  /** The batch that is being collected must go as soon as it can. */
  #isDue = false
  #dueTimer: NodeJS.Timeout | undefined
  #isEnding = false
  #drained: (() => void) | undefined
  #drainTimer: NodeJS.Timeout | undefined
  #isOver = false
  #deadLetters: DeadLetters | undefined

  // What stats tell beside the books.
  #batches = 0
  #rejected = 0
  #warnings = 0
  #rejectWarningAt = -Infinity

  readonly #deadLetterFailed = (error: Error): void => this.fail(error)
  readonly #deadLetterWarned = (warning: LogwispError): void => this.#warn(warning)

  constructor(settings: HttpClientSettings) {
    super({ acknowledge: 'by-hand' })
    this.#settings = settings
    this.#builder = new BatchBuilder(settings)
    this.#share = settings.budget?.join({ name: 'httpClientSink', onRoom: () => this.#advance() })
    this.#courier = new HttpCourier(settings, {
      retry: (retry) => this.emit('retry', retry),
      failover: (failover) => this.emit('failover', failover),
      warning: (warning) => this.#warn(warning),
    })
    settings.deadLetter?.on('error', this.#deadLetterFailed)
    settings.deadLetter?.on('warning', this.#deadLetterWarned)
  }

  get deadLetter(): DeadLetters {
    if (this.#deadLetters === undefined) {
      this.#deadLetters = new DeadLetters()
      if (this.destroyed) this.#deadLetters.stop()
    }
    return this.#deadLetters
  }

  override get stats(): HttpClientSinkStats {
    return this.books({
      batches: this.#batches,
      bytesOut: this.#courier.bytesOut,
      retries: this.#courier.retries,
      rejected: this.#rejected,
      inFlight: this.#courier.inFlight,
      concurrency: this.#courier.limit.limit,
      warnings: this.#warnings,
      endpoints: Object.freeze(this.#courier.endpoints.map(statsOf)),
    })
  }

  protected override consume(items: readonly (LogEntry | Batch)[]): void | Promise<void> {
    this.#incoming = [...items]
    this.#advance()
    if (this.#incoming.length === 0) return
    return new Promise((resolve) => (this.#taken = resolve))
  }

  protected override finish(): void | Promise<void> {
    this.#isEnding = true
    this.#advance()
    if (this.#isDrained) return
    const { drainTimeoutMs } = this.#settings
    return new Promise((resolve, reject) => {
      this.#drained = resolve
      if (drainTimeoutMs === Infinity) return
      this.#drainTimer = setTimeout(() => reject(this.#undrained()), Math.min(drainTimeoutMs, maxTimerMs))
    })
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#isOver = true
    this.#leaveDeadLetters()
    this.#share?.leave()
    clearTimeout(this.#dueTimer)
    clearTimeout(this.#drainTimer)
    // Ended, not destroyed: what it was given may still be read.
    this.#deadLetters?.stop()
    this.#courier.destroy().then(
      () => callback(error),
      (failure: Error) => callback(error ?? failure),
    )
  }

  get #isDrained(): boolean {
    return this.#outstanding.length === 0 && this.#builder.entries === 0 && this.#incoming.length === 0
  }

  get #hasTurn(): boolean {
    return this.#underWay < this.#courier.limit.limit
  }

  /** Moves everything on as far as it goes: from what was handed over into batches, and from those to the endpoints. */
  #advance(): void {
    if (this.#isOver) return
    try {
      this.#moveOn()
    } catch (error) {
      // A format threw, and perhaps long after its entry was handed over.
      this.fail(error as Error)
    }
  }

  #moveOn(): void {
    for (;;) {
      if (this.#next !== undefined && this.#hasTurn) void this.#send(this.#next)
      else if (this.#next === undefined && this.#builder.entries > 0 && this.#mustGo) this.#seal()
      else if (this.#next !== undefined || this.#incoming.length === 0) break
      else if (this.#isGranted(this.#incoming[0] as LogEntry | Batch)) this.#collect()
      // Room comes when what was collected is delivered.
      else if (this.#builder.entries > 0 && this.#hasTurn) this.#seal()
      else break
    }
    this.#armDue()
    if (this.#incoming.length > 0) return
    const taken = this.#taken
    this.#taken = undefined
    taken?.()
    if (this.#isDrained) this.#drained?.()
  }

  /** When its time has come, or nothing more will. While it could not leave anyway it goes on growing. */
  get #mustGo(): boolean {
    const isLast = this.#isEnding && this.#incoming.length === 0
    return this.#builder.isFull || ((this.#isDue || isLast) && this.#hasTurn)
  }

  #collect(): void {
    const item = this.#incoming[0] as LogEntry | Batch
    if (isBatch(item) && item.count === 0 && this.#builder.entries === 0) {
      this.#incoming.shift()
      this.#follow(item)
      return
    }
    const rest = this.#builder.add(item)
    if (rest === undefined) {
      this.#incoming.shift()
    } else {
      this.#incoming[0] = rest
      this.#seal()
    }
    this.#tellHeld()
  }

  #isGranted(item: LogEntry | Batch): boolean {
    return this.#share === undefined || (isBatch(item) && item.count === 0) || this.#share.take(entrySize(item))
  }

  #tellHeld(): void {
    this.#share?.setHeld(this.#builder.heldBytes + this.#outstandingBytes)
  }

  /** A batch without lines is safe once what came before it is. */
  #follow(mark: Batch): void {
    const last = this.#outstanding.at(-1)
    if (last === undefined) this.delivered(mark)
    else last.addMark(mark)
  }

  #seal(): void {
    this.#isDue = false
    clearTimeout(this.#dueTimer)
    this.#dueTimer = undefined
    this.#next = this.#builder.take()
    this.#outstanding.push(this.#next)
    this.#outstandingBytes += this.#next.heldBytes
  }

  #armDue(): void {
    const { maxBatchDelayMs } = this.#settings
    if (this.#builder.entries === 0 || this.#dueTimer !== undefined || this.#isDue || maxBatchDelayMs === Infinity)
      return
    this.#dueTimer = setTimeout(
      () => {
        this.#dueTimer = undefined
        this.#isDue = true
        this.#advance()
      },
      Math.min(maxBatchDelayMs, maxTimerMs),
    )
  }

  async #send(batch: PostBatch): Promise<void> {
    this.#next = undefined
    this.#underWay++
    try {
      await deliver(
        batch,
        {
          post: (batch, from, to) => this.#courier.post(batch, from, to),
          reject: (batch, rejected) => this.#reject(batch, rejected),
        },
        this.#settings.isolateRejected,
      )
    } catch (error) {
      if (!this.#isOver) this.fail(error as Error)
      return
    }
    this.#underWay--
    batch.isSettled = true
    if (this.#isOver) return
    this.#settle()
    this.#advance()
  }

  /** Acknowledges the batches at the front that are settled. */
  #settle(): void {
    while (this.#outstanding[0]?.isSettled === true) {
      const batch = this.#outstanding.shift() as PostBatch
      this.#outstandingBytes -= batch.heldBytes
      this.#batches++
      for (const entry of batch.rejectedEntries()) this.discard('rejected', entry)
      for (const item of batch.settled()) this.delivered(item)
    }
    this.#tellHeld()
  }

  #leaveDeadLetters(): void {
    const { deadLetter } = this.#settings
    deadLetter?.off('warning', this.#deadLetterWarned)
    // One that has failed tells its listeners only later, and this sink may have failed of it already: heard to the end.
    if (deadLetter?.errored === null) deadLetter.off('error', this.#deadLetterFailed)
  }

  /** Resolves once they are safe in the option `deadLetter`, and whoever reads the stream of that name has them. */
  async #reject(batch: PostBatch, rejected: readonly RejectedAt[]): Promise<void> {
    const letters = rejected.map(({ index, why }) => ({ entry: batch.entryAt(index), why }))
    for (const { index } of rejected) batch.reject(index)
    for (const { entry, why } of letters) {
      this.#rejected++
      this.emit('reject', { entry, ...why })
    }
    const { deadLetter } = this.#settings
    const kept = letters.map(({ entry, why }) => deadLetter?.reject(entry, { stage, ...why }))
    const [isRead] = await Promise.all([this.#offer(letters), ...kept])
    const last = letters.at(-1)
    if (this.#isOver || last === undefined || performance.now() - this.#rejectWarningAt < rejectWarningIntervalMs)
      return
    this.#rejectWarningAt = performance.now()
    const isDropped = deadLetter === undefined && !isRead
    const place = deadLetter === undefined ? 'in `deadLetter`' : `among the dead letters in ${deadLetter.directory}`
    const fate = isDropped ? 'it was dropped, since nobody reads `deadLetter`' : `it is ${place}`
    const message = `${last.why.endpoint} rejected an entry (${last.why.reason}); ${fate}; ${this.#rejected} so far`
    this.#warn(new LogwispError('ENTRY_REJECTED', message))
  }

  /** Gives rejected entries to the stream of them; false when nobody reads it. */
  async #offer(letters: readonly { readonly entry: LogEntry; readonly why: Rejection }[]): Promise<boolean> {
    for (const { entry, why } of letters) {
      if (!(await this.#deadLetters?.offer(deadLetterOf(entry, why)))) return false
    }
    return true
  }

  #warn(warning: LogwispError): void {
    this.#warnings++
    this.emit('warning', warning)
  }

  #undrained(): LogwispError {
    const told = this.#courier.endpoints.flatMap(({ name, lastFailure }) =>
      lastFailure === undefined ? [] : [`${name}: ${lastFailure}`],
    )
    const why = told.length === 0 ? 'no answer yet' : told.join('; ')
    const message = `${this.entriesInHand} entries were not delivered within drainTimeoutMs (${this.#settings.drainTimeoutMs}) after the end (${why}); they were not acknowledged`
    return new LogwispError('UNDELIVERED', message)
  }
}

/** Without its way back: an acknowledgement of it would cover entries before it that are not safe. */
function deadLetterOf(entry: LogEntry, why: Rejection): LogEntry {
  const { origin, fields, ...rest } = entry
  return { ...rest, fields: { ...fields, 'logwisp.rejected': { stage, ...why, ...(origin && { id: origin.id }) } } }
}

function statsOf({ name, health, requests, failed, lastFailure }: HttpEndpoint): HttpEndpointStats {
  return Object.freeze({
    url: name,
    state: health.state,
    requests,
    failed,
    ...(health.state !== 'healthy' && lastFailure !== undefined && { lastFailure }),
  })
}
