/** `replaceableSink`: a sink that outlives the sink inside of it, which may fail, or be replaced by another one. */

import { type Batch, isBatch } from './batch.ts'
import type { BudgetShare, ByteBudget } from './byte-budget.ts'
import type { LogEntry } from './entry.ts'
import { entrySize } from './entry-size.ts'
import { type EntrySink, EntryWritable } from './entry-writable.ts'
import { LogwispError } from './errors.ts'
import { fullJitterMs } from './full-jitter.ts'
import { budgetRule } from './internal/budget/budget-rule.ts'
import { InnerSink } from './internal/inner-sink.ts'
import { KeptItems } from './internal/kept-items.ts'
import { checkArgument, checkOptions, type OptionRule, option } from './options.ts'
import type { StageStats } from './stats.ts'
import { type WithDefaults, withDefaults } from './with-defaults.ts'

/** Makes the sink inside, at the beginning and after each failure: a fresh one at each call. */
export type MakeSink = () => EntrySink | Promise<EntrySink>

/** The options of {@link replaceableSink}. */
export interface ReplaceableSinkOptions {
  /**
   * The longest wait after a first failure. Each further failure doubles it, up to `maxRestartDelayMs`; the wait itself is
   * drawn evenly from 0 up to that. Once a sink has acknowledged something, the next failure is a first one again.
   *
   * Unit: ms, at least 1.
   * @default 500
   */
  readonly minRestartDelayMs?: number | undefined
  /**
   * The longest wait after many failures.
   *
   * Unit: ms, at least `minRestartDelayMs`.
   * @default 30_000
   */
  readonly maxRestartDelayMs?: number | undefined
  /**
   * The most entries that are kept because they are not acknowledged; at least 1. Reached, the writer waits. A batch is
   * let in whole as long as there is room for one entry.
   * @default 100_000
   */
  readonly maxKeptEntries?: number | undefined
  /**
   * The most bytes that are kept, by `entrySize`; at least 1. Reached, the writer waits. An item is let in as long as
   * there is room for one byte. What is kept is mostly what the sink inside holds too, in the same memory.
   * @default 67_108_864
   */
  readonly maxKeptBytes?: number | undefined
  /**
   * A bound in bytes that it shares with other stages, made by `byteBudget`. Reached, the writer waits. A sink inside that
   * acknowledges only once it was given enough (`maxBatchDelayMs: Infinity`) may wait for ever then.
   */
  readonly budget?: ByteBudget | undefined
  /**
   * How long the end may take: from `end()` until everything is delivered, restarts included.
   *
   * Unit: ms, at least 0, or Infinity.
   * @default 30_000
   */
  readonly endTimeoutMs?: number | undefined
}

/** How a sink is replaced. */
export interface ReplaceOptions {
  /**
   * How long the old sink may take to deliver what it has; then it is destroyed, and the new one gets it again.
   *
   * Unit: ms, at least 0, or Infinity.
   * @default 5_000
   */
  readonly drainTimeoutMs?: number | undefined
}

/**
 * How a replaceable sink is. `starting`: the sink inside is being made. `restarting`: it failed, and another one is made
 * after a wait. `draining`: it was told to end.
 */
export type ReplaceableSinkState = 'starting' | 'running' | 'restarting' | 'draining'

/** The books of a replaceable sink, over all sinks that were inside. */
export interface ReplaceableSinkStats extends StageStats {
  /** Bytes kept because they are not acknowledged, which `maxKeptBytes` bounds. */
  readonly bytesHeld: number
  /** How often a sink was made anew after a failure. */
  readonly restarts: number
}

/** What {@link replaceableSink} returns. */
export interface ReplaceableSink extends EntrySink {
  /** `entriesOut` counts what a sink inside acknowledged; `entriesHeld` is what is kept. */
  readonly stats: ReplaceableSinkStats
  /** The sink inside; undefined while there is none. Do not write to it, end or destroy it. */
  readonly current: EntrySink | undefined
  /** How it is at this moment. */
  readonly state: ReplaceableSinkState
  /** How often a sink was made anew after a failure. */
  readonly restarts: number
  /** The last failure of a sink inside, or of making one. */
  readonly lastError: Error | undefined
  /**
   * Puts another sink in the place of the one inside, which is ended first; what it does not deliver in time the new one
   * gets again. At once while a restart is waited for. Of several calls under way the last one's `make` counts.
   *
   * Resolves, never rejects, once the new sink is made, or making it has failed and is tried again as after any failure.
   *
   * @throws OptionError `BAD_OPTION`
   */
  replace(make: MakeSink, options?: ReplaceOptions): Promise<void>
  /** Resolves once everything that was written is acknowledged, or the sink has closed. */
  drained(): Promise<void>
  /**
   * Delivers nothing any more: drops what is kept, and what will still be written, under `abandoned`, and acknowledges it,
   * so that it holds nothing back. Destroys the sink inside.
   */
  abandon(): void
  /**
   * `warning`: a sink inside failed, or could not be made, and is made anew. Code `SINK_FAILED`, the failure as `cause`. The
   * warnings of the sinks inside come here too.
   */
  on(event: 'warning', listener: (warning: LogwispError) => void): this
  on(event: string | symbol, listener: (...args: never[]) => void): this
}

const name = 'replaceableSink'

const defaults = {
  minRestartDelayMs: 500,
  maxRestartDelayMs: 30_000,
  maxKeptEntries: 100_000,
  maxKeptBytes: 64 * 1024 * 1024,
  endTimeoutMs: 30_000,
} as const satisfies ReplaceableSinkOptions

const replaceDefaults = { drainTimeoutMs: 5_000 } as const satisfies ReplaceOptions

/** Node's timers can wait no longer. */
const maxTimerMs = 2 ** 31 - 1

const rules = {
  minRestartDelayMs: option.integer({ min: 1, max: maxTimerMs }),
  maxRestartDelayMs: option.integer({ min: 1, max: maxTimerMs }),
  maxKeptEntries: option.integer({ min: 1, orInfinity: true }),
  maxKeptBytes: option.integer({ min: 1 }),
  budget: budgetRule,
  endTimeoutMs: option.integer({ min: 0, max: maxTimerMs, orInfinity: true }),
} as const

const replaceRules = { drainTimeoutMs: option.integer({ min: 0, max: maxTimerMs, orInfinity: true }) } as const

class ReplaceableSinkStream extends EntryWritable implements ReplaceableSink {
  readonly #options: WithDefaults<ReplaceableSinkOptions, typeof defaults>
  readonly #kept = new KeptItems((item) => this.#safe(item))
  readonly #share: BudgetShare | undefined
  #make: MakeSink
  #state: ReplaceableSinkState = 'starting'
  #inner: InnerSink | undefined
  /** The number of the attempt to make a sink that counts; whatever an earlier one makes is destroyed. */
  #attempt = 0
  #isMaking = false
  #madeAt = 0
  #failures = 0
  #restarts = 0
  #lastError: Error | undefined
  #restartTimer: NodeJS.Timeout | undefined
  #drainTimer: NodeJS.Timeout | undefined
  #drainDeadline = Infinity
  #endTimer: NodeJS.Timeout | undefined
  /** What was given to `consume` and is not kept yet. */
  #waiting: readonly (LogEntry | Batch)[] = []
  #waitingFrom = 0
  #consumed: (() => void) | undefined
  #finished: (() => void) | undefined
  #pumping = false
  #abandoned = false
  /** The sink that was inside when this one was destroyed, and whom to tell when it has closed. */
  #last: { readonly inner: InnerSink; readonly closed: () => void } | undefined
  /** Those that wait for a replacement, and those that wait until all is delivered. */
  #replacing: (() => void)[] = []
  #draining: (() => void)[] = []

  constructor(make: MakeSink, options: WithDefaults<ReplaceableSinkOptions, typeof defaults>) {
    super({ acknowledge: 'relayed' })
    this.#make = make
    this.#options = options
    this.#share = options.budget?.join({ name, onRoom: () => this.#pump() })
  }

  get current(): EntrySink | undefined {
    return this.#inner?.sink
  }

  get state(): ReplaceableSinkState {
    return this.#state
  }

  get restarts(): number {
    return this.#restarts
  }

  get lastError(): Error | undefined {
    return this.#lastError
  }

  override get stats(): ReplaceableSinkStats {
    return this.books({ bytesHeld: this.#kept.bytes, restarts: this.#restarts })
  }

  override _construct(callback: (error?: Error | null) => void): void {
    callback()
    if (!this.destroyed) this.#start()
  }

  async replace(make: MakeSink, options: ReplaceOptions = {}): Promise<void> {
    checkArgument(name, 'make', make, option.function)
    checkOptions(`${name}.replace`, options, replaceRules)
    if (this.destroyed || this.#abandoned) return
    const { drainTimeoutMs } = withDefaults(replaceDefaults, options)
    this.#make = make
    this.#failures = 0
    const replaced = new Promise<void>((resolve) => this.#replacing.push(resolve))
    if (this.#state === 'restarting') this.#start()
    else {
      this.#state = 'draining'
      this.#inner?.end()
      this.#drainBy(drainTimeoutMs)
    }
    return replaced
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#draining.push(resolve)
      this.#tellDrained()
    })
  }

  abandon(): void {
    if (this.#abandoned || this.destroyed) return
    this.#abandoned = true
    this.#attempt++
    this.#clearTimers()
    const inner = this.#inner
    this.#inner = undefined
    inner?.destroy()
    for (const item of this.#kept.clear()) this.#drop(item)
    this.#share?.setHeld(0)
    this.#tellReplaced()
    this.#pump()
  }

  /** The deadline runs from here, however long what was written before has to wait. */
  override end(...given: unknown[]): this {
    const { endTimeoutMs } = this.#options
    if (endTimeoutMs !== Infinity) this.#endTimer ??= setTimeout(() => this.#endTooLate(), endTimeoutMs)
    return super.end(...(given as []))
  }

  protected override consume(items: readonly (LogEntry | Batch)[]): void | Promise<void> {
    this.#waiting = items
    this.#waitingFrom = 0
    this.#pump()
    if (this.#isIdle) return this.#tellDrained()
    return new Promise((resolve) => {
      this.#consumed = resolve
    })
  }

  protected override finish(): void | Promise<void> {
    if (this.#isOver) return this.#endQuietly()
    return new Promise((resolve) => {
      this.#finished = resolve
      this.#pump()
    })
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#attempt++
    this.#clearTimers()
    const inner = this.#inner
    this.#inner = undefined
    const closed = (): void => {
      this.#share?.leave()
      this.#tellReplaced()
      for (const resolve of this.#draining.splice(0)) resolve()
      callback(error)
    }
    if (inner === undefined || inner.sink.closed) return closed()
    this.#last = { inner, closed }
    inner.destroy()
  }

  #start(): void {
    clearTimeout(this.#restartTimer)
    this.#endDrain()
    const attempt = ++this.#attempt
    this.#state = 'starting'
    this.#isMaking = true
    let making: EntrySink | Promise<EntrySink>
    try {
      making = this.#make()
    } catch (error) {
      return this.#notMade(attempt, error)
    }
    if (making instanceof Promise) {
      making.then(
        (sink) => this.#made(attempt, sink),
        (error) => this.#notMade(attempt, error),
      )
    } else this.#made(attempt, making)
  }

  #made(attempt: number, sink: EntrySink): void {
    const isWanted = attempt === this.#attempt && this.#state === 'starting'
    if (attempt === this.#attempt) this.#isMaking = false
    if (!isSink(sink)) {
      if (isWanted)
        this.#failed(new LogwispError('BAD_OPTION', `${name}: \`make\` must return an object-mode Writable`))
      else if (attempt === this.#attempt) this.#start()
      return
    }
    const inner: InnerSink = new InnerSink(sink, {
      onWanted: () => inner === this.#inner && this.#pump(),
      onWarning: (warning) => this.emit('warning', warning),
      onClosed: (error) => this.#innerClosed(inner, attempt, error),
    })
    // Another one was asked for meanwhile: that is made once this one has closed.
    if (!isWanted) return inner.destroy()
    this.#inner = inner
    this.#madeAt = performance.now()
    this.#state = 'running'
    this.#kept.rewind()
    this.#tellReplaced()
    this.#pump()
  }

  #notMade(attempt: number, error: unknown): void {
    if (attempt !== this.#attempt) return
    this.#isMaking = false
    if (this.#state === 'draining') this.#start()
    else this.#failed(error as Error)
  }

  #innerClosed(inner: InnerSink, attempt: number, error: Error | undefined): void {
    if (inner === this.#last?.inner) return this.#last.closed()
    if (inner !== this.#inner) {
      // Made for nothing; or too late, and then nobody waits for it.
      if (attempt === this.#attempt && this.#state === 'draining') this.#start()
      return
    }
    this.#inner = undefined
    // A sink that finishes has delivered what was written to it.
    if (error === undefined) this.#kept.settle(inner.isMidBatch)
    else if (performance.now() - this.#madeAt > this.#options.maxRestartDelayMs) this.#failures = 0
    if (this.#replacing.length > 0 && !this.#isOver) {
      if (error !== undefined) this.#tellFailure(error, 'and another one takes its place now')
      this.#start()
    } else if (error !== undefined) this.#failed(error)
    else this.#pump()
  }

  /** The sink inside failed, or could not be made. */
  #failed(error: Error): void {
    this.#endDrain()
    this.#tellReplaced()
    if (this.#isOver) {
      this.#lastError = error
      return this.#pump()
    }
    const { minRestartDelayMs, maxRestartDelayMs } = this.#options
    const delayMs = fullJitterMs(this.#failures++, minRestartDelayMs, maxRestartDelayMs)
    this.#state = 'restarting'
    this.#restartTimer = setTimeout(() => {
      this.#restarts++
      this.#start()
    }, delayMs)
    this.#tellFailure(error, `and is made anew in ${delayMs} ms`)
  }

  #tellFailure(error: Error, next: string): void {
    this.#lastError = error
    const held = this.entriesInHand
    const message = `a sink failed (${error.message}) ${next}; ${held} entries that it did not acknowledge wait for it`
    this.emit('warning', new LogwispError('SINK_FAILED', message, { cause: error }))
  }

  /** Lets in what there is room for, and gives what is kept for as long as it is wanted. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    for (;;) {
      this.#admit()
      const inner = this.#inner
      if (inner === undefined || this.#state !== 'running' || !inner.wants) break
      if (inner.isMidBatch) {
        inner.writeOn()
        continue
      }
      const item = this.#kept.take()
      if (item === undefined) break
      inner.write(item)
    }
    this.#pumping = false
    if (this.#isIdle) this.#tellConsumed()
    if (this.#finished !== undefined) this.#pumpEnd(this.#finished)
  }

  #pumpEnd(finished: () => void): void {
    const inner = this.#inner
    if (this.#isOver) {
      this.#endQuietly()
      finished()
    } else if (inner !== undefined && this.#state === 'running' && !inner.isMidBatch && !this.#kept.hasMore) {
      this.#state = 'draining'
      inner.end()
    }
  }

  /** Whether, at the end, nothing is left to be done. */
  get #isOver(): boolean {
    if (this.#abandoned) return true
    const isEnding = this.#finished !== undefined || this.writableEnded
    return isEnding && this.#inner === undefined && !this.#isMaking && this.entriesInHand === 0
  }

  #endQuietly(): void {
    this.#clearTimers()
    this.#state = 'draining'
    this.#tellDrained()
  }

  #endTooLate(): void {
    const held = this.entriesInHand
    const reason = this.#lastError === undefined ? '' : `; the last failure was: ${this.#lastError.message}`
    this.fail(
      new LogwispError(
        'UNDELIVERED',
        `${held} entries could not be delivered within ${this.#options.endTimeoutMs} ms of the end${reason}`,
        { cause: this.#lastError },
      ),
    )
  }

  #admit(): void {
    for (; this.#waitingFrom < this.#waiting.length; this.#waitingFrom++) {
      const item = this.#waiting[this.#waitingFrom] as LogEntry | Batch
      if (this.#abandoned) this.#drop(item)
      else if (this.#hasRoomFor(item)) this.#keep(item)
      else return
    }
  }

  #keep(item: LogEntry | Batch): void {
    this.#kept.add(item)
    // A few lines of a block were copied out of it.
    this.#share?.setHeld(this.#kept.bytes)
  }

  #hasRoomFor(item: LogEntry | Batch): boolean {
    const { maxKeptEntries, maxKeptBytes } = this.#options
    if (this.#kept.entries >= maxKeptEntries || this.#kept.bytes >= maxKeptBytes) return false
    // A batch without lines is not kept.
    if (this.#share === undefined || (isBatch(item) && item.count === 0)) return true
    return this.#share.take(entrySize(item))
  }

  /** Whether everything was given, and the sink inside wants more. */
  get #isIdle(): boolean {
    if (this.#waitingFrom < this.#waiting.length) return false
    if (this.#abandoned) return true
    const inner = this.#inner
    return inner !== undefined && this.#state === 'running' && inner.wants && !inner.isMidBatch && !this.#kept.hasMore
  }

  #safe(item: LogEntry | Batch): void {
    this.#failures = 0
    this.#share?.setHeld(this.#kept.bytes)
    this.delivered(item)
    if (this.#waitingFrom < this.#waiting.length) this.#pump()
    this.#tellDrained()
  }

  #drop(item: LogEntry | Batch): void {
    this.discard('abandoned', item)
    item.origin?.tracker.acknowledge(item.origin)
  }

  #drainBy(timeoutMs: number): void {
    const deadline = performance.now() + timeoutMs
    if (deadline >= this.#drainDeadline) return
    clearTimeout(this.#drainTimer)
    this.#drainDeadline = deadline
    this.#drainTimer = setTimeout(() => {
      const inner = this.#inner
      if (inner !== undefined) inner.destroy()
      else this.#start()
    }, timeoutMs)
  }

  #endDrain(): void {
    clearTimeout(this.#drainTimer)
    this.#drainDeadline = Infinity
  }

  #clearTimers(): void {
    clearTimeout(this.#restartTimer)
    clearTimeout(this.#endTimer)
    this.#endDrain()
  }

  #tellConsumed(): void {
    const resolve = this.#consumed
    this.#consumed = undefined
    this.#waiting = []
    this.#waitingFrom = 0
    resolve?.()
  }

  #tellReplaced(): void {
    for (const resolve of this.#replacing.splice(0)) resolve()
  }

  /** Later, since Node still counts what is being written. */
  #tellDrained(): void {
    if (this.#draining.length === 0) return
    setImmediate(() => {
      const isDrained = this.entriesInHand === 0 && this.writableLength === 0
      if (isDrained || this.destroyed) for (const resolve of this.#draining.splice(0)) resolve()
    })
  }
}

/**
 * A sink that outlives the sink inside of it: when that one fails, or another is to take its place, a new one is made and
 * gets again, in order, what the old one had not acknowledged. Meanwhile the writer waits.
 *
 * - **Delivery**: an entry is acknowledged once a sink inside has acknowledged it, or has finished. What a failed one had
 *   delivered without saying so comes twice, with the same `origin.id`: entries without an origin get one for that.
 *   So the sinks inside must acknowledge, as those of LogWisp do.
 * - **Order** is kept. **Dropped** is nothing, unless {@link ReplaceableSink.abandon} is called.
 * - **Failures** are `'warning'`s and are never given up on, before the end.
 * - **Ends** once the sink inside has finished; when that fails it goes on with another until `endTimeoutMs` is over.
 *   Destroys the sink inside when it is destroyed.
 *
 * @throws OptionError `BAD_OPTION`
 * `'error'`: `UNDELIVERED` when the end takes longer than `endTimeoutMs`; `stats.entriesHeld` says how many were not.
 *
 * @example
 * ```ts
 * import { replaceableSink } from '@logwisp/core'
 * import { tcpClientSink } from '@logwisp/sinks'
 *
 * const sink = replaceableSink(() => tcpClientSink('old.example:9090'))
 * sink.on('warning', ({ message }) => console.warn(message))
 * // Later, while entries flow:
 * await sink.replace(() => tcpClientSink('new.example:9090'), { drainTimeoutMs: 2_000 })
 * ```
 */
export function replaceableSink(make: MakeSink, options: ReplaceableSinkOptions = {}): ReplaceableSink {
  checkArgument(name, 'make', make, option.function)
  checkOptions(name, options, rules)
  const all = withDefaults(defaults, options)
  const most: OptionRule = option.integer({ min: all.minRestartDelayMs, max: maxTimerMs })
  checkArgument(name, 'maxRestartDelayMs', all.maxRestartDelayMs, most)
  return new ReplaceableSinkStream(make, all)
}

function isSink(value: unknown): value is EntrySink {
  const { write, on, writableObjectMode } = (value ?? {}) as Partial<EntrySink>
  return typeof write === 'function' && typeof on === 'function' && writableObjectMode === true
}
