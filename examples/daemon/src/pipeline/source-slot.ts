/** A place for one source: it is made, read from, and made anew when it fails, while everything else goes on. */

import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { type LogwispError, type SourceAccount, sumAccounts } from '@logwisp/core'
import type { Logger } from 'pino'
import type { BuiltSource } from '../build/built-stage.ts'
import type { SourceConfig } from '../config/schema.ts'
import { Backoff } from './backoff.ts'
import { booksStatus } from './books-status.ts'
import { DropCounts } from './drop-counts.ts'
import type { UndeliveredSource } from './fate-of-undelivered.ts'
import { GrowthClock } from './growth-clock.ts'
import type { FileStatus, RunState, SourceStatus } from './pipeline-status.ts'
import { stageDetails } from './stage-details.ts'
import type { StageKey } from './stage-keys.ts'

/** What a source slot is made of. */
export interface SourceSlotOptions {
  readonly key: StageKey
  readonly config: SourceConfig
  readonly build: () => Promise<BuiltSource>
  readonly log: Logger
  readonly maxRestartDelayMs: number
  /** Its state is another one. */
  readonly onChange: () => void
}

/** The sources that go on, after a restart, where they had come to. */
const reread: ReadonlySet<string> = new Set(['directory', 'file', 'sse'])

/** Files are looked at for the status no more often than this. */
const filesLookIntervalMs = 1000

export class SourceSlot {
  readonly key: StageKey
  readonly #options: SourceSlotOptions
  readonly #backoff: Backoff
  readonly #startTime = new Date().toISOString()
  readonly #grew = new GrowthClock()
  readonly #dropped = new DropCounts()
  #entriesBefore = 0
  #givenBefore = 0
  #bytesBefore = 0
  #built: BuiltSource | undefined
  #making: Promise<void> = Promise.resolve()
  #intake: Writable | undefined
  #state: RunState = 'starting'
  #isStopping = false
  #restarts = 0
  #lastError: string | undefined
  #files: readonly FileStatus[] | undefined
  /** The source that keeps the books: also when it has closed, since what it gave may be delivered later. */
  #bookkeeper: BuiltSource | undefined
  #filesAt = 0
  #isLookingAtFiles = false
  readonly #stopped: Promise<void>
  #tellStopped: () => void = () => {}

  constructor(options: SourceSlotOptions) {
    this.key = options.key
    this.#options = options
    this.#backoff = new Backoff(options.maxRestartDelayMs)
    this.#stopped = new Promise((resolve) => {
      this.#tellStopped = resolve
    })
  }

  get state(): RunState {
    return this.#state
  }

  /** Whether it was told to stop: then it is on its way out. */
  get isStopping(): boolean {
    return this.#isStopping
  }

  /** Whether what it gave and nobody acknowledged is read again by its successor. */
  get isReread(): boolean {
    const { config } = this.#options
    return reread.has(config.type) || (config.type === 'websocket' && 'url' in config.options)
  }

  /** Entries that it has read and will still give, or has given, whether they have flowed on or not. */
  get entriesRead(): number {
    const stats = this.#built?.stream.stats
    return this.#givenBefore + (stats === undefined ? 0 : stats.entriesOut + stats.entriesHeld)
  }

  /** How many entries its books have open, at the sink that has the most of them open; undefined without books. */
  undelivered(): Pick<UndeliveredSource, 'config' | 'open'> {
    const { config } = this.#options
    const accounts = this.#ledger ?? []
    if (accounts.length === 0) return { config, open: undefined }
    const { inFlight, branches } = sumAccounts('', accounts)
    return { config, open: inFlight + Math.max(0, ...branches.map((branch) => branch.inFlight)) }
  }

  /** Makes the source. Resolves, never rejects, when it is made or has failed for the first time. */
  start(): Promise<void> {
    this.#making = this.#make()
    return this.#making
  }

  /** Lets its entries flow into `intake`, now or as soon as there are any. */
  attach(intake: Writable): void {
    if (this.#intake === intake) return
    this.detach()
    this.#intake = intake
    this.#pipe()
  }

  /** Its entries wait. */
  detach(): void {
    const intake = this.#intake
    this.#intake = undefined
    if (intake !== undefined) this.#built?.stream.unpipe(intake)
  }

  /** Reads no more, and resolves once all that was read has flowed; it must be attached for that. */
  stop(): Promise<void> {
    if (!this.#isStopping) {
      this.#isStopping = true
      this.#backoff.cancel()
      if (this.#state === 'running') this.#become('draining')
      void this.#making.then(() => {
        if (this.#built === undefined) this.#end()
        else this.#built.stream.stop()
      })
    }
    return this.#stopped
  }

  /** Ends it at once; what it has read and not given is gone, or read again. */
  async destroy(): Promise<void> {
    this.#isStopping = true
    this.#backoff.cancel()
    this.detach()
    await this.#making
    const stream = this.#built?.stream
    if (stream !== undefined && !stream.closed) {
      const closed = once(stream, 'close')
      stream.destroy()
      await closed
    }
    this.#end()
  }

  status(): SourceStatus {
    const stats = this.#built?.stream.stats
    const { bytesIn, connections, details } = stageDetails(stats)
    const total = this.#entriesBefore + (stats?.entriesIn ?? 0)
    const drops = this.#dropped.with(stats?.dropped ?? {})
    this.#lookAtFiles()
    return {
      type: this.key.type,
      state: this.#state,
      restarts: this.#restarts,
      last_error: this.#lastError,
      start_time: this.#startTime,
      total_entries: total,
      dropped_entries: drops.total,
      total_dropped: drops.total,
      dropped: drops.byReason,
      last_entry_time: this.#grew.look(total),
      bytes: bytesIn === undefined ? this.#bytesBefore || undefined : this.#bytesBefore + bytesIn,
      active_connections: connections,
      files: this.#files,
      books: booksStatus(this.#ledger, this.#state === 'stopped'),
      details,
    }
  }

  /** What cannot read again keeps none. */
  get #ledger(): readonly SourceAccount[] | undefined {
    if (this.#options.config.type === 'stdin') return undefined
    return this.#bookkeeper?.stream.ledger
  }

  async #make(): Promise<void> {
    const { build, log } = this.#options
    this.#become('starting')
    let built: BuiltSource
    try {
      built = await build()
    } catch (error) {
      this.#failed(error as Error)
      return
    }
    const { stream } = built
    this.#built = this.#bookkeeper = built
    let failure: Error | undefined
    stream.on('error', (error: Error) => {
      failure = error
    })
    stream.on('warning', (warning: LogwispError) => log.warn({ code: warning.code }, warning.message))
    stream.once('close', () => this.#closed(built, failure))
    if (stream.closed) return this.#closed(built, failure)
    this.#pipe()
    // A file that appears once it is said to run is new, and read from its first line.
    await built.ready
    if (this.#built !== built) return
    this.#become(this.#isStopping ? 'draining' : 'running')
  }

  #pipe(): void {
    const stream = this.#built?.stream
    if (this.#intake !== undefined && stream !== undefined && !stream.destroyed)
      stream.pipe(this.#intake, { end: false })
  }

  /** The stream has closed: it ended, or failed. */
  #closed(built: BuiltSource, failure: Error | undefined): void {
    const { stream } = built
    if (this.#built !== built) return
    this.#built = undefined
    if (this.#intake !== undefined) stream.unpipe(this.#intake)
    built.release()
    const { entriesIn, entriesOut, entriesHeld, dropped } = stream.stats
    this.#entriesBefore += entriesIn - entriesHeld
    this.#givenBefore += entriesOut
    this.#bytesBefore += stageDetails(stream.stats).bytesIn ?? 0
    this.#dropped.add(dropped)
    if (failure === undefined && (stream.readableEnded || this.#isStopping)) return this.#end()
    this.#failed(failure ?? new Error('it was closed before its end'))
  }

  #failed(error: Error): void {
    this.#lastError = error.message
    if (this.#isStopping) return this.#end()
    const delayMs = this.#backoff.wait(() => {
      this.#restarts++
      void this.start()
    })
    this.#options.log.error(
      { code: (error as LogwispError).code },
      `the source failed, and is made anew in ${delayMs} ms: ${error.message}`,
    )
    this.#become('restarting')
  }

  #end(): void {
    this.#become('stopped')
    this.#tellStopped()
  }

  #become(state: RunState): void {
    if (this.#state === state) return
    this.#state = state
    this.#options.onChange()
  }

  #lookAtFiles(): void {
    const built = this.#built
    if (built?.files === undefined || this.#isLookingAtFiles || Date.now() - this.#filesAt < filesLookIntervalMs) return
    this.#isLookingAtFiles = true
    this.#filesAt = Date.now()
    built
      .files()
      .then((files) => {
        this.#files = files
      })
      .catch(() => {})
      .finally(() => {
        this.#isLookingAtFiles = false
      })
  }
}
