/** A place for one sink, which outlives what stands before it, the library's sink that is in it, and the sink's buffer. */

import { once } from 'node:events'
import type { ByteBudget, LogwispError, ReplaceableSink } from '@logwisp/core'
import { replaceableSink } from '@logwisp/core'
import type { Logger } from 'pino'
import type { BuiltBuffer } from '../build/buffer.ts'
import type { BuiltSink } from '../build/built-stage.ts'
import { BufferedSink } from './buffered-sink.ts'
import type { DirectoryHolds } from './directory-holds.ts'
import { DropCounts } from './drop-counts.ts'
import { GrowthClock } from './growth-clock.ts'
import type { BranchBooks } from './middle.ts'
import type { BufferStatus, RunState, SinkStatus } from './pipeline-status.ts'
import { stageDetails } from './stage-details.ts'
import type { SinkKey } from './stage-keys.ts'

/** What is to be in it. */
export interface SinkPlan {
  readonly key: SinkKey
  readonly build: () => Promise<BuiltSink>
  /** What stands before the sink on the disk. */
  readonly buffer?:
    | { readonly type: BufferStatus['type']; readonly directory: string; readonly make: () => BuiltBuffer }
    | undefined
}

/** What a sink slot is made of. */
export interface SinkSlotOptions {
  readonly plan: SinkPlan
  readonly log: Logger
  readonly maxRestartDelayMs: number
  readonly holds: DirectoryHolds
  /** What bounds the memory of what is kept for the sink. */
  readonly budget?: ByteBudget | undefined
  /** Its state may be another one. */
  readonly onChange: () => void
}

/** What has gone through buffers that there were before. */
interface Past {
  delivered: number
  /** Of what the slot's own sink says is safe, that which a buffer had taken. */
  buffered: number
  restarts: number
}

export class SinkSlot {
  /** What is written to: the sink, or its buffer. */
  readonly sink: ReplaceableSink
  /** Resolves when it could take something for the first time, or could not. */
  readonly started: Promise<void>
  readonly #options: SinkSlotOptions
  readonly #startTime = new Date().toISOString()
  readonly #grew = new GrowthClock()
  readonly #droppedBefore = new DropCounts()
  readonly #past: Past = { delivered: 0, buffered: 0, restarts: 0 }
  #offeredBefore = 0
  #tellStarted: () => void = () => {}
  #plan: SinkPlan
  #built: BuiltSink | undefined
  /** The buffer with the sink behind it, and what was safe when it came. */
  #buffered: { readonly stage: BufferedSink; readonly plan: SinkPlan; readonly safeBefore: number } | undefined
  #isEnded = false
  /** Whether it was told to end, and whether it then leaves what a buffer has on the disk. */
  #isLeaving = false
  #leavesRest = false
  #lastError: string | undefined
  #retireTimer: NodeJS.Timeout | undefined

  constructor(options: SinkSlotOptions) {
    this.#options = options
    this.#plan = options.plan
    this.started = new Promise((resolve) => {
      this.#tellStarted = resolve
    })
    this.sink = this.#replaceable(() => this.#make())
    this.sink.once('close', () => {
      this.#isEnded = true
      this.#tellStarted()
      clearTimeout(this.#retireTimer)
      options.onChange()
    })
  }

  get key(): SinkKey {
    return this.#plan.key
  }

  get state(): RunState {
    if (this.#isEnded) return 'stopped'
    const { state } = this.sink
    return state === 'running' ? (this.#buffered?.stage.sink.state ?? state) : state
  }

  /** Whether what is written to it goes somewhere: into the sink, or into its buffer. */
  get takes(): boolean {
    return !this.#isEnded && this.sink.state === 'running'
  }

  /** Entries that are not safe, at its door or in it, given that so many were offered to it. */
  undelivered(branch: BranchBooks | undefined): number {
    const { entriesOut, entriesDropped } = this.sink.stats
    const offered = this.#offeredBefore + (branch?.offered ?? 0)
    const dropped = this.#droppedBefore.with(branch?.dropped ?? {}).total
    return Math.max(0, offered - dropped - entriesOut - entriesDropped)
  }

  /**
   * Puts another plan in the place of the one that there is. A sink is given so long to deliver what it has; what a buffer
   * has is given on by the next one in the same directory, and else delivered first, however long that takes.
   */
  replace(plan: SinkPlan, drainTimeoutMs: number): Promise<void> {
    const before = this.#plan.key
    this.#plan = plan
    const { key, buffer } = plan
    const buffered = this.#buffered
    if (buffer !== undefined && key.buffer === before.buffer) {
      // The buffer stays. Where it is being made, the sink that it gets is the new one already.
      return buffered?.stage.sink.replace(this.#maker(plan), { drainTimeoutMs }) ?? Promise.resolve()
    }
    if (buffered === undefined) return this.sink.replace(() => this.#make(), { drainTimeoutMs })
    const isSameDirectory = buffered.plan.buffer?.directory === buffer?.directory
    if (isSameDirectory) buffered.stage.leaveRest()
    else this.#tellDrains(buffered.stage)
    return this.sink.replace(() => this.#make(), { drainTimeoutMs: isSameDirectory ? drainTimeoutMs : Infinity })
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
    this.#isLeaving = true
    this.#retireTimer ??= setTimeout(() => {
      const undelivered = this.sink.stats.entriesHeld
      if (undelivered > 0) {
        this.#options.log.warn({ entries: undelivered }, 'a sink that was removed could not deliver everything in time')
      }
      this.sink.abandon()
    }, timeoutMs)
  }

  /**
   * Ends once everything is delivered; with `leaveAfterMs`, what is in a buffer on the disk stays there, and its sink
   * has so long for what it has in hand.
   */
  async end(leaveAfterMs?: number): Promise<void> {
    if (this.#isEnded) return
    this.#isLeaving = true
    const ended = once(this.sink, 'close')
    this.sink.end()
    let timer: NodeJS.Timeout | undefined
    if (leaveAfterMs !== undefined) {
      this.#leavesRest = true
      this.#buffered?.stage.leaveRest()
      timer = setTimeout(() => this.#buffered?.stage.destroy(), leaveAfterMs)
    }
    await ended
    clearTimeout(timer)
  }

  async destroy(): Promise<void> {
    if (this.#isEnded) return
    this.#isLeaving = true
    const ended = once(this.sink, 'close')
    this.sink.destroy()
    await ended
  }

  status(branch: BranchBooks | undefined): SinkStatus {
    const { sink } = this
    const inner = this.#buffered?.stage
    const { entriesOut, dropped, bytesHeld } = sink.stats
    const offered = this.#offeredBefore + (branch?.offered ?? 0)
    const atTheDoor = this.#droppedBefore.with(branch?.dropped ?? {}, dropped)
    const drops = inner === undefined ? atTheDoor : atTheDoor.with(inner.buffer.stats.dropped, inner.sink.stats.dropped)
    const current = inner === undefined ? sink.current : inner.sink.current
    const { bytesOut, connections, details } = stageDetails(current?.stats)
    const behind = inner === undefined ? 0 : inner.buffer.stats.entriesHeld + inner.sink.stats.entriesHeld
    const delivered = this.#delivered
    return {
      type: this.key.type,
      state: this.state,
      restarts: sink.restarts + this.#past.restarts + (inner?.sink.restarts ?? 0),
      last_error: this.#lastError,
      start_time: this.#startTime,
      total_dropped: drops.total,
      dropped: drops.byReason,
      total_processed: offered,
      total_delivered: delivered,
      last_processed: this.#grew.look(delivered + drops.total),
      active_connections: connections,
      queue: {
        entries: Math.max(0, offered - atTheDoor.total - entriesOut) + behind,
        bytes: bytesHeld + (inner?.sink.stats.bytesHeld ?? 0),
      },
      buffer: this.#bufferStatus(),
      bytes: bytesOut,
      viewers: this.#built?.viewers?.(),
      details,
    }
  }

  /** What sinks have, wherever it was before. */
  get #delivered(): number {
    const { entriesOut } = this.sink.stats
    const buffered = this.#buffered
    const past = entriesOut - this.#past.buffered + this.#past.delivered
    if (buffered === undefined) return past
    return past - (entriesOut - buffered.safeBefore) + buffered.stage.sink.stats.entriesOut
  }

  #bufferStatus(): BufferStatus | undefined {
    const { buffer } = this.#plan
    if (buffer === undefined) return undefined
    const { type, directory } = buffer
    const stage = this.#buffered?.stage
    const stats = stage?.buffer.stats
    return {
      type,
      directory,
      entries: (stats?.entriesHeld ?? 0) + (stage?.sink.stats.entriesHeld ?? 0),
      disk_bytes: stats?.bytesHeld ?? 0,
      segments: stats?.segments ?? 0,
      is_full: stage !== undefined && (stats?.isWaitingForSpace === true || stage.buffer.writableNeedDrain),
    }
  }

  /** What is to be in it: the sink, or a buffer with the sink behind it. */
  async #make(): Promise<BuiltSink['stream']> {
    const { buffer } = this.#plan
    if (buffer === undefined) return this.#maker(this.#plan)()
    try {
      return await this.#makeBuffered(this.#plan, buffer)
    } finally {
      this.#tellMade()
    }
  }

  async #makeBuffered(plan: SinkPlan, { make, directory }: NonNullable<SinkPlan['buffer']>): Promise<BufferedSink> {
    const { holds } = this.#options
    await holds.free(directory)
    const buffer = make()
    holds.add(directory, buffer)
    // Rejects with the error of a buffer that cannot be opened.
    await once(buffer, 'ready')
    // The plan may have been exchanged meanwhile, and with it the sink.
    const sink = this.#replaceable(this.#maker(this.#plan.key.buffer === plan.key.buffer ? this.#plan : plan))
    const stage = new BufferedSink(buffer, sink)
    this.#buffered = { stage, plan, safeBefore: this.sink.stats.entriesOut }
    stage.once('close', () => this.#bufferClosed(stage))
    if (this.#leavesRest) stage.leaveRest()
    return stage
  }

  #bufferClosed(stage: BufferedSink): void {
    const buffered = this.#buffered
    if (buffered?.stage !== stage) return
    this.#buffered = undefined
    const { buffer, sink } = stage
    this.#past.buffered += this.sink.stats.entriesOut - buffered.safeBefore
    this.#past.delivered += sink.stats.entriesOut
    this.#past.restarts += sink.restarts
    this.#droppedBefore.add(buffer.stats.dropped)
    this.#droppedBefore.add(sink.stats.dropped)
    const entries = buffer.stats.entriesHeld + sink.stats.entriesHeld
    if (entries > 0 && this.#isLeaving) {
      const { directory } = buffer
      this.#options.log.info(
        { entries, directory },
        'entries are left in a buffer: whoever opens its directory next delivers them',
      )
    }
  }

  #tellDrains({ buffer }: BufferedSink): void {
    const { entriesHeld: entries } = buffer.stats
    if (entries === 0) return
    const { directory } = buffer
    this.#options.log.info({ entries, directory }, 'a buffer that is not wanted any more is delivered first')
  }

  /** A sink that is made anew for ever, and whose troubles are told. */
  #replaceable(make: () => Promise<BuiltSink['stream']>): ReplaceableSink {
    const { log, maxRestartDelayMs, onChange } = this.#options
    const sink = replaceableSink(make, {
      minRestartDelayMs: Math.min(500, maxRestartDelayMs),
      maxRestartDelayMs,
      budget: this.#options.budget,
      // The pipeline has a deadline of its own for all of it.
      endTimeoutMs: Infinity,
    })
    sink.on('warning', (warning: LogwispError) => {
      const hasFailed = warning.code === 'SINK_FAILED'
      const level = hasFailed ? 'error' : 'warn'
      // Of a sink whose far side is down too: it does not fail, but goes on trying.
      this.#lastError = hasFailed ? (warning.cause as Error).message : warning.message
      log[level]({ code: warning.code }, warning.message)
      onChange()
    })
    sink.on('error', (error: Error) => log.error({ code: (error as LogwispError).code }, error.message))
    return sink
  }

  #maker({ build }: SinkPlan): () => Promise<BuiltSink['stream']> {
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
        this.#tellMade()
      }
    }
  }

  /** Later: it is running, or restarting, by then. */
  #tellMade(): void {
    setImmediate(() => {
      if (this.#plan.buffer === undefined || this.sink.state !== 'starting') this.#tellStarted()
      this.#options.onChange()
    })
  }
}

/** Rejects when the sink fails before it can take anything. */
async function untilReady(stream: BuiltSink['stream'], ready: Promise<void>): Promise<void> {
  // What comes of it is looked at below; later errors are whoever's who has the stream then.
  stream.once('error', () => {})
  await ready
  if (stream.destroyed) throw stream.errored ?? new Error('it was closed before it had opened')
}
