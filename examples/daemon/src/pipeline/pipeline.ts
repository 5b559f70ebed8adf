/** A pipeline that runs: sources, limits, filters and sinks, each made anew when it fails, exchanged when it is changed. */

import { resolve } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Checkpoint, LogwispError, Position } from '@logwisp/core'
import { buildBuffer } from '../build/buffer.ts'
import type { BuildContext } from '../build/built-stage.ts'
import { placeOf } from '../build/stage-place.ts'
import { diskBufferOf } from '../config/checks/check-buffers.ts'
import type { SinkConfig, SourceConfig } from '../config/schema.ts'
import { Backoff } from './backoff.ts'
import { describeChange, sinkKeys, sourceKeys } from './describe-change.ts'
import { DirectoryHolds } from './directory-holds.ts'
import { fateOfUndelivered } from './fate-of-undelivered.ts'
import { Middle } from './middle.ts'
import { openPositions } from './open-positions.ts'
import type { PipelineChange, PipelineOptions, PipelineStop, PipelineTarget } from './pipeline-options.ts'
import type { PipelineStatus, RunState } from './pipeline-status.ts'
import { PipelineTotals } from './pipeline-totals.ts'
import { sinkBudget } from './sink-budget.ts'
import { type SinkPlan, SinkSlot } from './sink-slot.ts'
import { SourceSlot } from './source-slot.ts'
import { matchStages, middleKey, type SinkKey, type StageKey } from './stage-keys.ts'

const defaults = { drainTimeoutMs: 5_000, changeTimeoutMs: 10_000 } as const

/** How long what was told to go at once may take to close. */
const destroyTimeoutMs = 2_000

/** How often it is looked which stages got something, for the times that the status tells. */
const lookIntervalMs = 1_000

export class Pipeline {
  readonly name: string
  /** Resolves once it has served for the first time, or has failed to. */
  readonly started: Promise<void>
  /** Resolves once it has ended, because all its sources had or because it was stopped. */
  readonly ended: Promise<PipelineStop>
  readonly #options: PipelineOptions
  readonly #backoff: Backoff
  readonly #totals = new PipelineTotals()
  readonly #startedAt = Date.now()
  readonly #clock: NodeJS.Timeout
  #checkpoint: Checkpoint | undefined
  /** What it is to be, and what it is; another one while it is being changed. */
  #target: PipelineTarget
  #applied: PipelineTarget | undefined
  #sources: readonly SourceSlot[] = []
  #sinks: readonly SinkSlot[] = []
  /** Sinks that are not wanted any more and still deliver. */
  readonly #retired = new Set<SinkSlot>()
  /** Sinks that are being exchanged. */
  readonly #replacing = new Set<Promise<void>>()
  #middle: Middle | undefined
  /** Whether everything must be delivered before sources are made anew: then none of it is read again. */
  #mustDrain = false
  #hasRead = false
  #lastError: string | undefined
  /** What has to be got over with a pause. */
  #failure: Error | undefined
  #isPaused = false
  #isStopping = false
  #hasEnded = false
  #deadline: Promise<'late'> = new Promise(() => {})
  #wakers: (() => void)[] = []
  #tellStarted: () => void = () => {}
  #tellLate: () => void = () => {}

  constructor(target: PipelineTarget, options: PipelineOptions) {
    this.name = target.config.name
    this.#target = target
    this.#options = options
    this.#backoff = new Backoff(target.config.max_restart_delay_seconds * 1000)
    this.started = new Promise((resolve) => {
      this.#tellStarted = resolve
    })
    this.#deadline = new Promise((resolve) => {
      this.#tellLate = () => resolve('late')
    })
    this.#clock = setInterval(() => void this.status(), lookIntervalMs).unref()
    this.ended = this.#run()
  }

  get state(): RunState {
    if (this.#hasEnded) return 'stopped'
    if (this.#isStopping) return 'draining'
    if (this.#isPaused) return 'draining'
    if (this.#applied === this.#target) return 'running'
    if (this.#lastError !== undefined) return 'restarting'
    return this.#hasRead ? 'draining' : 'starting'
  }

  /** Whether it runs, and no stage of it is being made anew. */
  get isReady(): boolean {
    if (this.#hasEnded) return true
    const isUp = ({ state }: { readonly state: RunState }): boolean => state !== 'starting' && state !== 'restarting'
    return this.state === 'running' && this.#sources.every(isUp) && this.#sinks.every(isUp)
  }

  /** Whether it has come to its end. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /**
   * Makes it what `next` says; whatever is the same in it stays as it is. Resolves when that is complete, or after a while
   * when a sink that takes nothing holds it up: then it goes on in the background, with the sources waiting. A further
   * change takes the place of one that waits.
   */
  async change(next: PipelineTarget): Promise<PipelineChange> {
    const changes = describeChange(this.#target, next)
    this.#target = next
    this.#wake()
    const { changeTimeoutMs = defaults.changeTimeoutMs } = this.#options
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      this.#wake()
    }, changeTimeoutMs)
    while (this.#target === next && this.#applied !== next && !this.#hasEnded && !isLate) await this.#nextWake()
    clearTimeout(timer)
    const isWaiting = this.#target === next && this.#applied !== next && !this.#hasEnded
    if (isWaiting) this.#options.log.warn('a change waits for a sink that takes nothing; sources wait meanwhile')
    return { changes, isWaiting }
  }

  /**
   * Ends it: sources first, then what is under way, then sinks, then the positions are saved. What is not done after
   * `timeoutMs` is cut off, and told.
   */
  stop(timeoutMs: number): Promise<PipelineStop> {
    this.#isStopping = true
    this.#wake()
    const timer = setTimeout(this.#tellLate, timeoutMs)
    void this.ended.finally(() => clearTimeout(timer))
    return this.ended
  }

  /** Where its sources are, by what was acknowledged so far. */
  positions(): ReadonlyMap<string, Position> {
    const positions = new Map<string, Position>()
    const checkpoint = this.#hasEnded ? undefined : this.#checkpoint
    for (const key of checkpoint?.keys() ?? []) {
      const position = checkpoint?.get(key)
      if (position !== undefined) positions.set(key, position)
    }
    return positions
  }

  /** Positions of other pipelines, from which a source of this one is to go on that it has not had so far. */
  adopt(positions: ReadonlyMap<string, Position>): void {
    const checkpoint = this.#hasEnded ? undefined : this.#checkpoint
    const known = new Set(checkpoint?.keys())
    for (const [key, position] of positions) if (!known.has(key)) checkpoint?.set(key, position)
  }

  status(): PipelineStatus {
    const { config } = this.#target
    return {
      name: this.name,
      state: this.state,
      last_error: this.#lastError,
      uptime_seconds: Math.floor((Date.now() - this.#startedAt) / 1000),
      ...this.#totals.status(config, this.#middle?.books()),
      sources: this.#sources.map((source) => source.status()),
      sinks: this.#sinks.map((sink) => sink.status(this.#middle?.branch(sink))),
      source_count: config.sources.length,
      filter_count: config.filters.length,
      sink_count: config.sinks.length,
    }
  }

  async #run(): Promise<PipelineStop> {
    while (!this.#isStopping) {
      const target = this.#target
      if (this.#failure !== undefined) {
        await this.#failed(this.#failure, target)
        this.#failure = undefined
        continue
      }
      if (this.#applied === target) {
        if (this.#sources.every(({ state }) => state === 'stopped')) break
        await this.#nextWake()
        continue
      }
      try {
        if (!(await this.#apply(target))) continue
        this.#applied = target
        this.#lastError = undefined
        this.#wake()
      } catch (error) {
        this.#failure = error as Error
      }
      this.#tellStarted()
    }
    const stop = await this.#windDown()
    this.#tellStarted()
    return stop
  }

  /** Makes it what it is to be. False when that is something else by now. An error leaves what is there as it is. */
  async #apply(target: PipelineTarget): Promise<boolean> {
    const { config } = target
    this.#checkpoint ??= await openPositions(this.#options.checkpointPath, this.#options.log)
    const sinks = this.#takeSinks(target)
    if (!(await this.#untilReady(sinks, target))) return false
    const key = middleKey(config)
    const middle = this.#middle
    const keptSources = this.#keptSources(target)
    const leaving = this.#sources.filter((source) => !keptSources.includes(source))
    this.#mustDrain ||= leaving.some(({ isReread }) => isReread)
    const isMiddleNew = middle === undefined || middle.isEnding || middle.key !== key || !isSame(middle.sinks, sinks)
    // What is wrong with them shows before anything is changed.
    const stages = isMiddleNew || this.#mustDrain ? this.#options.builders.filters(config) : []
    if (isMiddleNew || this.#mustDrain) {
      this.#isPaused = this.#hasRead
      for (const source of this.#sources) if (!leaving.includes(source)) source.detach()
    }
    // What leaves gives what it has read as long as there is a way for it.
    const canDrain = middle !== undefined && !middle.isEnding
    const left = leaving.map((source) => (canDrain || source.isStopping ? source.stop() : source.destroy()))
    if (!(await this.#until(Promise.all(left), target))) return false
    this.#forget(leaving)
    if (isMiddleNew || this.#mustDrain) {
      if (middle !== undefined && !(await this.#until(middle.end(), target))) return false
      this.#close(middle)
      if (!(await this.#until(Promise.all([...this.#retired].map((sink) => sink.end())), target))) return false
      this.#retired.clear()
      if (this.#mustDrain && !(await this.#until(Promise.all(sinks.map(({ sink }) => sink.drained())), target)))
        return false
      this.#mustDrain = false
      this.#open(target, stages)
    }
    if (!(await this.#startSources(target))) return false
    return this.#until(Promise.all(this.#replacing), target)
  }

  /** The sinks that it is to have: those that stay, those that are exchanged in their place, and new ones. */
  #takeSinks(target: PipelineTarget): readonly SinkSlot[] {
    const { config } = target
    const { drainTimeoutMs = defaults.drainTimeoutMs } = this.#options
    const keys = sinkKeys(target)
    const old = this.#sinks
    const matched = matchStages(
      old.map(({ key }) => key),
      keys,
    )
    this.#sinks = config.sinks.map((sink, index) => {
      const slot = old[matched[index] ?? -1]
      const plan = this.#sinkPlan(keys[index] as SinkKey, sink, target)
      if (slot === undefined) return this.#newSink(plan, index, sink)
      if (slot.key.key !== plan.key.key) {
        const replaced = slot.replace(plan, drainTimeoutMs).finally(() => this.#replacing.delete(replaced))
        this.#replacing.add(replaced)
      }
      return slot
    })
    for (const slot of old) {
      if (this.#sinks.includes(slot)) continue
      this.#retired.add(slot)
      slot.retire(drainTimeoutMs)
    }
    return this.#sinks
  }

  #sinkPlan(key: SinkKey, sink: SinkConfig, target: PipelineTarget): SinkPlan {
    const { builders } = this.#options
    const { config } = target
    const budget = sinkBudget(this.#options.budget, config, config.sinks.indexOf(sink))
    const build = (): ReturnType<typeof builders.sink> => builders.sink(sink, { ...this.#context(target), budget })
    const buffer = diskBufferOf(sink)
    if (buffer === undefined) return { key, build }
    const place = `${placeOf(target.config, sink).replace(/options$/, 'buffer')}`
    const make = () => buildBuffer(buffer, { budget }, place)
    return { key, build, buffer: { type: buffer.type, directory: resolve(buffer.directory), make } }
  }

  #newSink(plan: SinkPlan, index: number, { type }: SinkConfig): SinkSlot {
    const { holds = new DirectoryHolds() } = this.#options
    return new SinkSlot({
      plan,
      holds,
      budget: sinkBudget(this.#options.budget, this.#target.config, index),
      log: this.#options.log.child({ sink: index, type }),
      maxRestartDelayMs: this.#maxRestartDelayMs,
      onChange: () => this.#wake(),
    })
  }

  /** Nothing is read before the first sink is ready to take it. */
  async #untilReady(sinks: readonly SinkSlot[], target: PipelineTarget): Promise<boolean> {
    if (this.#hasRead) return true
    if (!(await this.#until(Promise.all(sinks.map(({ started }) => started)), target))) return false
    while (!sinks.some(({ takes }) => takes)) {
      // It has failed to serve, and goes on trying.
      this.#tellStarted()
      await this.#nextWake()
      if (this.#target !== target || this.#isStopping) return false
    }
    return true
  }

  #keptSources(target: PipelineTarget): readonly (SourceSlot | undefined)[] {
    const keys = sourceKeys(target)
    const old = this.#sources.filter(({ isStopping }) => !isStopping)
    const matched = matchStages(
      old.map(({ key }) => key),
      keys,
    )
    return keys.map(({ key }, index) => {
      const slot = old[matched[index] ?? -1]
      return slot?.key.key === key ? slot : undefined
    })
  }

  async #startSources(target: PipelineTarget): Promise<boolean> {
    const { intake } = this.#middle as Middle
    const kept = this.#keptSources(target)
    const fresh: SourceSlot[] = []
    this.#sources = target.config.sources.map((source, index) => {
      const slot = kept[index]
      if (slot !== undefined) return slot
      const made = this.#newSource(source, index, target)
      fresh.push(made)
      return made
    })
    for (const source of this.#sources) source.attach(intake)
    this.#hasRead = true
    this.#isPaused = false
    const isWanted = await this.#until(Promise.all(fresh.map((source) => source.start())), target)
    return isWanted && this.#middle?.isEnding === false
  }

  #newSource(config: SourceConfig, index: number, target: PipelineTarget): SourceSlot {
    return new SourceSlot({
      key: sourceKeys(target)[index] as StageKey,
      config,
      build: () => this.#options.builders.source(config, this.#context(target)),
      log: this.#options.log.child({ source: index, type: config.type }),
      maxRestartDelayMs: this.#maxRestartDelayMs,
      onChange: () => this.#wake(),
    })
  }

  #context({ config, router }: PipelineTarget): BuildContext {
    const { ports, stdin, once } = this.#options
    return { pipeline: config, router, ports, stdin, once, checkpoint: this.#checkpoint as Checkpoint }
  }

  get #maxRestartDelayMs(): number {
    return Math.round(this.#target.config.max_restart_delay_seconds * 1000)
  }

  #open({ config }: PipelineTarget, stages: readonly Duplex[]): Middle {
    const middle = new Middle(middleKey(config), config, stages, this.#sinks, this.#options.budget)
    this.#middle = middle
    void middle.done.then((error) => {
      if (error !== undefined && this.#middle === middle) this.#middleFailed(middle, error)
    })
    return middle
  }

  /** Its counts stay. */
  #close(middle: Middle | undefined): void {
    if (middle === undefined || this.#middle !== middle) return
    this.#totals.keep(middle.books())
    for (const slot of middle.sinks) {
      const branch = middle.branch(slot)
      if (branch !== undefined) slot.keepBooks(branch)
    }
    this.#middle = undefined
  }

  /** What was in it is lost, unless a source can read it again: such sources go back to what was acknowledged. */
  #middleFailed(middle: Middle, error: Error): void {
    this.#close(middle)
    this.#mustDrain = true
    for (const source of this.#sources) {
      source.detach()
      if (source.isReread) void source.destroy()
    }
    this.#applied = undefined
    this.#failure = error
    this.#wake()
  }

  #forget(sources: readonly SourceSlot[]): void {
    for (const source of sources) this.#totals.keepRead(source.entriesRead)
    this.#sources = this.#sources.filter((source) => !sources.includes(source))
  }

  async #failed(error: Error, target: PipelineTarget): Promise<void> {
    this.#lastError = error.message
    let isOver = false
    const delayMs = this.#backoff.wait(() => {
      isOver = true
      this.#wake()
    })
    const { code } = error as LogwispError
    this.#options.log.error({ code }, `the pipeline failed, and is made anew in ${delayMs} ms: ${error.message}`)
    this.#tellStarted()
    while (!isOver && !this.#isStopping && this.#target === target) await this.#nextWake()
    this.#backoff.cancel()
  }

  async #windDown(): Promise<PipelineStop> {
    this.#isPaused = false
    const outcome = await Promise.race([this.#drain(), this.#deadline])
    const undelivered = outcome === 'late' ? this.#undelivered() : []
    if (outcome === 'late') await this.#destroy()
    clearInterval(this.#clock)
    await this.#checkpoint?.close().catch((error: LogwispError) => {
      this.#options.log.error({ code: error.code }, error.message)
    })
    this.#close(this.#middle)
    this.#hasEnded = true
    this.#wake()
    return { undelivered }
  }

  /** Sources first, then what is under way, then sinks. */
  async #drain(): Promise<void> {
    let middle = this.#middle
    if (this.#hasRead && (middle === undefined || middle.isEnding)) {
      // It is being changed: what sources have read needs a way out.
      await middle?.done
      this.#close(middle)
      middle = this.#open(this.#target, this.#options.builders.filters(this.#target.config))
    }
    for (const source of this.#sources) if (middle !== undefined) source.attach(middle.intake)
    await Promise.all(this.#sources.map((source) => (middle === undefined ? source.destroy() : source.stop())))
    await middle?.end()
    const { drainTimeoutMs = defaults.drainTimeoutMs } = this.#options
    // Told to stop, it leaves on the disk what is there. Come to its end by itself, nobody would ask for it later.
    const leaveAfterMs = this.#isStopping ? drainTimeoutMs : undefined
    await Promise.all([...this.#sinks, ...this.#retired].map((sink) => sink.end(leaveAfterMs)))
  }

  async #destroy(): Promise<void> {
    const all = [
      ...this.#sources.map((source) => source.destroy()),
      this.#middle?.destroy(),
      ...[...this.#sinks, ...this.#retired].map((sink) => sink.destroy()),
    ]
    await Promise.race([Promise.all(all), new Promise((resolve) => setTimeout(resolve, destroyTimeoutMs).unref())])
  }

  /** What was read and did not get to each sink. */
  #undelivered(): PipelineStop['undelivered'] {
    const middle = this.#middle
    const read = this.#sources.reduce((sum, { entriesRead }) => sum + entriesRead, 0)
    const before = this.#totals.notFannedOut(read, middle?.books())
    const fate = fateOfUndelivered(
      this.#sources.flatMap((source, index) => (source.entriesRead === 0 ? [] : [{ index, ...source.undelivered() }])),
    )
    const { sinks } = this.#target.config
    return this.#sinks.flatMap((slot, index) => {
      const entries = before + slot.undelivered(middle?.branch(slot))
      return entries === 0 ? [] : [{ sink: `${index} (${sinks[index]?.type ?? slot.key.type})`, entries, fate }]
    })
  }

  /** Waits for `work`, unless something else is wanted before; whether this is still what is wanted. */
  async #until(work: Promise<unknown>, target: PipelineTarget): Promise<boolean> {
    let isDone = false
    void work.then(() => {
      isDone = true
      this.#wake()
    })
    while (!isDone && this.#target === target && !this.#isStopping) await this.#nextWake()
    return this.#target === target && !this.#isStopping
  }

  #nextWake(): Promise<void> {
    return new Promise((resolve) => void this.#wakers.push(resolve))
  }

  #wake(): void {
    for (const wake of this.#wakers.splice(0)) wake()
  }
}

function isSame(one: readonly SinkSlot[], other: readonly SinkSlot[]): boolean {
  return one.length === other.length && one.every((sink, index) => sink === other[index])
}
