/** A place for one sink, which outlives what stands before it and the library's sink that is in it. */

import type { LogwispError, ReplaceableSink } from '@logwisp/core'
import { replaceableSink } from '@logwisp/core'
import type { Logger } from 'pino'
import type { BuiltSink } from '../build/built-stage.ts'
import { DropCounts } from './drop-counts.ts'
import { GrowthClock } from './growth-clock.ts'
import type { BranchBooks } from './middle.ts'
import type { RunState, SinkStatus } from './pipeline-status.ts'
import { stageDetails } from './stage-details.ts'
import type { StageKey } from './stage-keys.ts'

/** What a sink slot is made of. */
export interface SinkSlotOptions {
  readonly key: StageKey
  readonly build: () => Promise<BuiltSink>
  readonly log: Logger
  readonly maxRestartDelayMs: number
  /** Its state may be another one. */
  readonly onChange: () => void
}

export class SinkSlot {
  readonly sink: ReplaceableSink
  /** Resolves when a sink was made for the first time, or could not be. */
  readonly started: Promise<void>
  readonly #options: SinkSlotOptions
  readonly #startTime = new Date().toISOString()
  readonly #grew = new GrowthClock()
  readonly #droppedBefore = new DropCounts()
  #offeredBefore = 0
  #tellStarted: () => void = () => {}
  #key: StageKey
  #built: BuiltSink | undefined
  #isEnded = false
  #lastError: string | undefined
  #retireTimer: NodeJS.Timeout | undefined

  constructor(options: SinkSlotOptions) {
    this.#options = options
    this.#key = options.key
    this.started = new Promise((resolve) => {
      this.#tellStarted = resolve
    })
    const { log, maxRestartDelayMs, onChange } = options
    this.sink = replaceableSink(this.#makerOf(options.build), {
      minRestartDelayMs: Math.min(500, maxRestartDelayMs),
      maxRestartDelayMs,
      // The pipeline has a deadline of its own for all of it.
      endTimeoutMs: Infinity,
    })
    this.sink.on('warning', (warning: LogwispError) => {
      const hasFailed = warning.code === 'SINK_FAILED'
      const level = hasFailed ? 'error' : 'warn'
      // Of a sink whose far side is down too: it does not fail, but goes on trying.
      this.#lastError = hasFailed ? (warning.cause as Error).message : warning.message
      log[level]({ code: warning.code }, warning.message)
      onChange()
    })
    this.sink.on('error', (error: Error) => log.error({ code: (error as LogwispError).code }, error.message))
    this.sink.once('close', () => {
      this.#isEnded = true
      this.#tellStarted()
      clearTimeout(this.#retireTimer)
      onChange()
    })
  }

  get key(): StageKey {
    return this.#key
  }

  get state(): RunState {
    return this.#isEnded ? 'stopped' : this.sink.state
  }

  /** Entries that the sink has, in itself or at its door, given that so many were offered to it. */
  undelivered(branch: BranchBooks | undefined): number {
    const { entriesOut, entriesDropped } = this.sink.stats
    const offered = this.#offeredBefore + (branch?.offered ?? 0)
    const dropped = this.#droppedBefore.with(branch?.dropped ?? {}).total
    return Math.max(0, offered - dropped - entriesOut - entriesDropped)
  }

  /** Makes another sink, in the place of the one that there is, which is given so long to deliver what it has. */
  replace(key: StageKey, build: () => Promise<BuiltSink>, drainTimeoutMs: number): Promise<void> {
    this.#key = key
    return this.sink.replace(this.#makerOf(build), { drainTimeoutMs })
  }

  /** What a branch to it has counted is kept beyond it. */
  keepBooks({ offered, dropped, written }: BranchBooks): void {
    this.#offeredBefore += offered
    this.#droppedBefore.add(dropped)
    // What was on its way when everything before the sinks failed.
    this.#droppedBefore.add({ 'pipeline-failed': offered - new DropCounts().add(dropped).total - written })
  }

  /** It is not wanted any more, and has so long to deliver what it has; what comes after that is dropped. */
  retire(timeoutMs: number): void {
    this.#retireTimer ??= setTimeout(() => {
      const undelivered = this.sink.stats.entriesHeld
      if (undelivered > 0) {
        this.#options.log.warn({ entries: undelivered }, 'a sink that was removed could not deliver everything in time')
      }
      this.sink.abandon()
    }, timeoutMs)
  }

  /** Ends once everything is delivered. */
  async end(): Promise<void> {
    if (this.#isEnded) return
    const closed = new Promise<void>((resolve) => void this.sink.once('close', resolve))
    this.sink.end()
    await closed
  }

  async destroy(): Promise<void> {
    if (this.#isEnded) return
    const closed = new Promise<void>((resolve) => void this.sink.once('close', resolve))
    this.sink.destroy()
    await closed
  }

  status(branch: BranchBooks | undefined): SinkStatus {
    const { sink } = this
    const { entriesOut, entriesDropped, dropped, bytesHeld } = sink.stats
    const offered = this.#offeredBefore + (branch?.offered ?? 0)
    const drops = this.#droppedBefore.with(branch?.dropped ?? {}, dropped)
    const { bytesOut, connections, details } = stageDetails(sink.current?.stats)
    return {
      type: this.#key.type,
      state: this.state,
      restarts: sink.restarts,
      last_error: this.#lastError,
      start_time: this.#startTime,
      total_dropped: drops.total,
      dropped: drops.byReason,
      total_processed: offered,
      total_delivered: entriesOut,
      last_processed: this.#grew.look(entriesOut + entriesDropped),
      active_connections: connections,
      queue: { entries: Math.max(0, offered - drops.total - entriesOut), bytes: bytesHeld },
      bytes: bytesOut,
      viewers: this.#built?.viewers?.(),
      details,
    }
  }

  #makerOf(build: () => Promise<BuiltSink>): () => Promise<BuiltSink['stream']> {
    return async () => {
      try {
        const built = await build()
        this.#built = built
        built.stream.once('close', () => {
          if (this.#built === built) this.#built = undefined
          built.release()
          this.#options.onChange()
        })
        if (built.ready !== undefined) await untilReady(built.stream, built.ready)
        return built.stream
      } finally {
        // Later: the sink is running, or restarting, by then.
        setImmediate(() => {
          this.#tellStarted()
          this.#options.onChange()
        })
      }
    }
  }
}

/** Rejects when the sink fails before it can take anything. */
async function untilReady(stream: BuiltSink['stream'], ready: Promise<void>): Promise<void> {
  // What comes of it is looked at below; later errors are whoever's who has the stream then.
  stream.once('error', () => {})
  await ready
  if (stream.destroyed) throw stream.errored ?? new Error('it was closed before it had opened')
}
