/** The stream of a sink into a store: several writes are in flight, up to a bound. */

import { setTimeout } from 'node:timers/promises'
import { type Batch, EntryWritable, entrySize, isBatch, type LogEntry, type LogwispError } from '@logwisp/core'
import type { Appended } from '../open-store.ts'
import type { SqliteSink, SqliteSinkStats } from '../sqlite-sink.ts'

/** Where entries go. */
export interface Destination {
  append(entries: readonly LogEntry[]): Promise<Appended>
  /** Commits what was appended, or gives up after so many ms in which nothing could be. Absent: it is not the sink's to close. */
  close?(graceMs?: number): Promise<void>
}

export interface DestinationEvents {
  readonly onWarning: (error: LogwispError) => void
  readonly onFailed: (error: LogwispError) => void
}

export interface SqliteSinkSettings {
  readonly open: (events: DestinationEvents) => Promise<Destination>
  /** Tells when it can no longer be written to. */
  readonly failing?: {
    on(event: 'failed', listener: (error: LogwispError) => void): unknown
    off(event: 'failed', listener: (error: LogwispError) => void): unknown
  }
}

/** One append has so much at least, while others are in flight. */
const appendEntries = 4_000
const appendBytes = 1_048_576

/** Two for the writer to take into one transaction while it is at another one. */
const maxAppendsInFlight = 3

/** A full disk or a locked database is looked at again. Unit: ms. */
const openRetryMs = 500

interface Collected {
  readonly items: (LogEntry | Batch)[]
  readonly entries: LogEntry[]
  bytes: number
}

export class SqliteSinkStream extends EntryWritable implements SqliteSink {
  readonly #settings: SqliteSinkSettings
  readonly #abort = new AbortController()
  #destination: Destination | undefined
  #collected: Collected = nothingCollected()
  #inFlight = 0
  #last: Promise<void> = Promise.resolve()
  #repeated = 0
  /** Whoever waits for an append to end. */
  #wake: (() => void) | undefined

  constructor(settings: SqliteSinkSettings) {
    super({ acknowledge: 'by-hand' })
    this.#settings = settings
  }

  override get stats(): SqliteSinkStats {
    return this.books({ repeated: this.#repeated })
  }

  override _construct(callback: (error?: Error | null) => void): void {
    this.#open().then(
      () => {
        callback()
        if (!this.destroyed) this.emit('ready')
      },
      (error: Error) => callback(error),
    )
  }

  protected override consume(items: readonly (LogEntry | Batch)[]): void | Promise<void> {
    const collected = this.#collected
    for (const item of items) {
      collected.items.push(item)
      collected.bytes += entrySize(item)
      if (!isBatch(item)) collected.entries.push(item)
      else for (const entry of item) collected.entries.push(entry)
    }
    if (this.#inFlight === 0 || this.#isEnough()) this.#send()
    if (this.#isEnough()) return this.#whenSent()
  }

  protected override async finish(): Promise<void> {
    while (this.#collected.items.length > 0 || this.#inFlight > 0) {
      this.#send()
      if (this.#inFlight > 0) await this.#nextEnd()
    }
  }

  /** Node calls `_destroy` only once the database is open, for which this does not wait. */
  override destroy(error?: Error): this {
    this.#abort.abort()
    return super.destroy(error)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#settings.failing?.off('failed', this.#onFailed)
    this.#wake?.()
    const closed = this.#destination?.close?.(this.writableFinished ? undefined : 0) ?? Promise.resolve()
    closed.then(
      () => callback(error),
      (closeError: Error) => callback(error ?? closeError),
    )
  }

  async #open(): Promise<void> {
    const events: DestinationEvents = {
      onWarning: (error) => void this.emit('warning', error),
      onFailed: this.#onFailed,
    }
    let told: string | undefined
    const { signal } = this.#abort
    while (this.#destination === undefined && !signal.aborted) {
      try {
        this.#destination = await this.#settings.open(events)
      } catch (error) {
        const { code } = error as { code?: string }
        if (code !== 'DISK_FULL' && code !== 'STORE_BUSY') throw error
        if (code !== told) this.emit('warning', error)
        told = code
        await setTimeout(openRetryMs, undefined, { signal }).catch(() => {})
      }
    }
    this.#settings.failing?.on('failed', this.#onFailed)
  }

  readonly #onFailed = (error: LogwispError): void => this.fail(error)

  #isEnough(): boolean {
    return this.#collected.entries.length >= appendEntries || this.#collected.bytes >= appendBytes
  }

  #send(): void {
    const collected = this.#collected
    if (collected.items.length === 0 || this.#inFlight >= maxAppendsInFlight || this.#destination === undefined) return
    this.#collected = nothingCollected()
    this.#inFlight++
    const appended = this.#destination.append(collected.entries)
    this.#last = this.#deliver(collected, appended, this.#last)
  }

  /** After what was sent before: batches without lines are safe once that is. */
  async #deliver({ items }: Collected, appended: Promise<Appended>, before: Promise<void>): Promise<void> {
    try {
      const [{ repeated }] = await Promise.all([appended, before])
      this.#repeated += repeated
      for (const item of items) this.delivered(item)
    } catch (error) {
      this.fail(error as Error)
    }
    this.#inFlight--
    this.#send()
    this.#wake?.()
  }

  async #whenSent(): Promise<void> {
    while (this.#isEnough() && !this.destroyed) await this.#nextEnd()
  }

  #nextEnd(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }
}

function nothingCollected(): Collected {
  return { items: [], entries: [], bytes: 0 }
}
