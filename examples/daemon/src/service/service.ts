/** The daemon's heart: all pipelines, each by itself, and what becomes of them when the configuration changes. */

import { mkdir } from 'node:fs/promises'
import { type ByteBudget, byteBudget, type Position } from '@logwisp/core'
import { type LoadedConfig, problemText } from '../config/loaded-config.ts'
import type { NamedFiles } from '../config/named-files.ts'
import { bytesOf } from '../config/schema/primitives.ts'
import type { Config, PipelineConfig } from '../config/schema.ts'
import { DirectoryHolds } from '../pipeline/directory-holds.ts'
import { Pipeline } from '../pipeline/pipeline.ts'
import type { Builders } from '../pipeline/pipeline-options.ts'
import { budgetStatus } from './budget-status.ts'
import { defaultBuilders } from './default-builders.ts'
import { handOver, putPositions } from './hand-over.ts'
import { LeftBuffers } from './left-buffers.ts'
import { type ListeningAddress, listeningAddresses } from './listening-addresses.ts'
import { ownFileProblems, withoutOwnFiles } from './own-files.ts'
import { patientPorts } from './patient-ports.ts'
import { onlyHere, predecessors } from './predecessors.ts'
import { reloadPlan } from './reload-plan.ts'
import type { Service, ServiceOptions, StopReport } from './service-contract.ts'
import type { ReloadStatus, ServiceStatus } from './service-status.ts'
import { checkpointPath, identityOf } from './state-directory.ts'

/** How long a pipeline that was removed may take to deliver what it has. */
const removeTimeoutMs = 5_000

/**
 * Starts all pipelines. Resolves at once: one that cannot start is tried again by itself, and takes no other along.
 *
 * @throws Error (rejects) when the state directory cannot be made, or a source is told to follow what the daemon writes.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  await mkdir(options.stateDirectory, { recursive: true, mode: 0o700 })
  refuseOwnFiles(options.loaded.config)
  return new RunningService(options)
}

/** A reload that waits for the one that is under way; a newer one takes its place. */
interface WaitingReload {
  loaded: LoadedConfig
  readonly result: Promise<ReloadStatus>
}

class RunningService implements Service {
  readonly started: Promise<void>
  readonly done: Promise<void>
  readonly #options: ServiceOptions
  readonly #builders: Builders
  readonly #holds = new DirectoryHolds()
  /** Without a bound it only counts. */
  readonly #budget: ByteBudget
  readonly #identity: string
  readonly #startedAt = new Date()
  readonly #leftBuffers: LeftBuffers
  readonly #pipelines = new Map<string, Pipeline>()
  /** Removed, and still delivering what they have. */
  readonly #leaving = new Set<Pipeline>()
  /** Positions on their way from pipelines that were removed to those that take their place. */
  readonly #handingOver = new Set<Promise<void>>()
  /** As it is followed: sources leave out what the daemon writes itself. */
  #config: Config
  #file: string | undefined
  #namedFiles: NamedFiles | undefined
  #reloads = 0
  #lastReload: ReloadStatus | undefined
  #reloading: Promise<ReloadStatus> | undefined
  #waiting: WaitingReload | undefined
  #hasStarted = false
  #isChanging = false
  #stopping: Promise<StopReport> | undefined
  #tellDone: () => void = () => {}

  constructor(options: ServiceOptions) {
    this.#options = options
    this.#builders = options.builders ?? defaultBuilders
    this.#identity = identityOf(options.loaded)
    this.#config = withoutOwnFiles(options.loaded.config)
    this.#file = options.loaded.file
    this.#namedFiles = options.loaded.namedFiles
    this.#budget = byteBudget({ maxBytes: budgetBytes(this.#config) })
    const { stateDirectory, log } = options
    this.#leftBuffers = new LeftBuffers({ stateDirectory, identity: this.#identity, holds: this.#holds, log })
    this.done = new Promise((resolve) => {
      this.#tellDone = resolve
    })
    void this.#leftBuffers.look(this.#config)
    for (const pipeline of this.#config.pipelines) this.#start(pipeline, this.#config)
    this.started = Promise.all([...this.#pipelines.values()].map(({ started }) => started)).then(async () => {
      this.#hasStarted = true
      if (this.#reloading === undefined) await options.ports.settle()
    })
  }

  get isReady(): boolean {
    if (!this.#hasStarted || this.#stopping !== undefined) return false
    return [...this.#pipelines.values()].every(({ isReady }) => isReady)
  }

  status(): ServiceStatus {
    const { version, ports } = this.#options
    const { rss, heapUsed } = process.memoryUsage()
    const pipelines = [...this.#pipelines].map(([name, pipeline]) => [name, pipeline.status()] as const)
    return {
      service: 'LogWisp',
      version,
      pid: process.pid,
      start_time: this.#startedAt.toISOString(),
      uptime_seconds: Math.floor((Date.now() - this.#startedAt.getTime()) / 1000),
      mode: this.#config.router ? 'router' : 'standalone',
      state: this.#state,
      config_file: this.#file,
      reloads: this.#reloads,
      last_reload: this.#lastReload,
      memory: { rss_bytes: rss, heap_bytes: heapUsed, budget: budgetStatus(this.#budget.stats) },
      pipelines: Object.fromEntries(pipelines),
      total_pipelines: pipelines.length,
      listeners: ports.listeners,
    }
  }

  reload(loaded: LoadedConfig): Promise<ReloadStatus> {
    if (this.#reloading === undefined) return this.#reloadNow(loaded)
    if (this.#waiting !== undefined) {
      this.#waiting.loaded = loaded
      return this.#waiting.result
    }
    const waiting: WaitingReload = {
      loaded,
      result: this.#reloading.then(() => {
        this.#waiting = undefined
        return this.#reloadNow(waiting.loaded)
      }),
    }
    this.#waiting = waiting
    return waiting.result
  }

  refused(error: string): ReloadStatus {
    this.#lastReload = { at: new Date().toISOString(), result: 'refused', error, changes: [] }
    return this.#lastReload
  }

  stop(timeoutMs: number): Promise<StopReport> {
    this.#stopping ??= this.#stop(timeoutMs)
    return this.#stopping
  }

  get #state(): ServiceStatus['state'] {
    if (this.#stopping !== undefined) return 'stopping'
    if (this.#reloading !== undefined) return 'reloading'
    return this.#hasStarted ? 'running' : 'starting'
  }

  #start(config: PipelineConfig, { router }: Config): Pipeline {
    const { log, ports, stdin, once, stateDirectory } = this.#options
    const pipeline = new Pipeline(
      { config, router, namedFiles: this.#namedFiles },
      {
        builders: this.#builders,
        holds: this.#holds,
        budget: this.#budget,
        ports: patientPorts(ports, () => this.#isChanging),
        stdin,
        once,
        log: log.child({ pipeline: config.name }),
        checkpointPath: checkpointPath(stateDirectory, this.#identity, config.name),
      },
    )
    this.#pipelines.set(config.name, pipeline)
    void pipeline.ended.then(() => this.#lookWhetherDone())
    return pipeline
  }

  #lookWhetherDone(): void {
    if (this.#reloading !== undefined) return
    if ([...this.#pipelines.values()].every(({ hasEnded }) => hasEnded)) this.#tellDone()
  }

  #reloadNow(loaded: LoadedConfig): Promise<ReloadStatus> {
    const reloading = this.#reload(loaded).then(({ result, error, changes }) => {
      const status = { at: new Date().toISOString(), result, error, changes }
      this.#lastReload = status
      if (this.#reloading === reloading) this.#reloading = undefined
      this.#lookWhetherDone()
      return status
    })
    this.#reloading = reloading
    return reloading
  }

  async #reload(loaded: LoadedConfig): Promise<Omit<ReloadStatus, 'at'>> {
    if (this.#stopping !== undefined) return { result: 'refused', error: 'the daemon is stopping', changes: [] }
    const { namedFiles } = loaded
    const config = withoutOwnFiles(loaded.config)
    const { added, removed, kept, changes } = reloadPlan(this.#config, config, {
      before: this.#namedFiles,
      after: namedFiles,
    })
    if (changes.length === 0) return { result: 'unchanged', error: undefined, changes }
    try {
      refuseOwnFiles(loaded.config)
      // Made once to see whether they can be: what is wrong with a pattern shows here, and nothing has changed yet.
      for (const pipeline of config.pipelines) this.#builders.filters(pipeline)
      await this.#openNewPorts(config)
    } catch (error) {
      const reason = (error as Error).message
      this.#options.log.error(`the new configuration is not taken, everything goes on as it was: ${reason}`)
      return { result: 'refused', error: reason, changes: [] }
    }
    if (this.#stopping !== undefined) return { result: 'refused', error: 'the daemon is stopping', changes: [] }
    const before = this.#config.pipelines
    this.#config = config
    this.#file = loaded.file
    this.#namedFiles = namedFiles
    this.#budget.resize(budgetBytes(config))
    this.#reloads++
    this.#isChanging = true
    const { router } = config
    const waiting: string[] = []
    // Sources that go from one pipeline to another: as they are now, since both change at once. Some lines come twice.
    const lost = onlyHere(before, config.pipelines)
    const moved = new Map<string, ReadonlyMap<string, Position>>()
    for (const gaining of onlyHere(config.pipelines, before)) {
      const names = predecessors(gaining, lost)
      const positions = names.flatMap((name) => [...(this.#pipelines.get(name)?.positions() ?? [])])
      moved.set(gaining.name, new Map(positions))
    }
    const leaving = before.filter(({ name }) => removed.includes(name))
    const left = new Map(removed.map((name) => [name, this.#remove(name)]))
    await Promise.all([
      ...left.values(),
      ...kept.map(async (pipeline) => {
        const running = this.#pipelines.get(pipeline.name)
        if (running === undefined || running.hasEnded) {
          if (changes.some((change) => change.startsWith(`${pipeline.name}: `)))
            await this.#start(pipeline, config).started
          return
        }
        running.adopt(moved.get(pipeline.name) ?? new Map())
        const { isWaiting } = await running.change({ config: pipeline, router, namedFiles })
        if (isWaiting) waiting.push(pipeline.name)
      }),
      ...added.map(async (pipeline) => {
        const names = predecessors(pipeline, leaving)
        // It would begin anew what they have read, or leave out what came in between.
        const positions = moved.get(pipeline.name)
        if (positions?.size) await this.#succeed(pipeline.name, positions, names, left)
        if (this.#stopping === undefined) await this.#start(pipeline, config).started
      }),
    ])
    this.#isChanging = false
    void this.#leftBuffers.look(config)
    await this.#options.ports.settle()
    this.#options.log.info({ changes }, 'the new configuration is in use')
    return { result: 'changed', error: undefined, changes: [...changes, ...waiting.map(waits)] }
  }

  /**
   * Opens the ports that are not open yet; they stay so until {@link PortHost.settle}, for the stages that will come. One
   * that only moves to another host has to be left by its stages first, so it is opened by the first that comes.
   */
  async #openNewPorts(config: Config): Promise<void> {
    const { ports } = this.#options
    const isOpen = ({ host, port }: ListeningAddress): boolean =>
      ports.listeners.some((listener) => listener.port === port && listener.host === host)
    const wanted = listeningAddresses(config)
    const isMoved = ({ port }: ListeningAddress): boolean =>
      ports.listeners.some(
        (listener) =>
          listener.port === port && !wanted.some((next) => next.port === port && next.host === listener.host),
      )
    try {
      for (const address of wanted) {
        if (isOpen(address) || isMoved(address)) continue
        const settings = { tls: undefined, connections: undefined, maxConnections: 1 }
        const lease = await ports.acquire({ ...address, ...settings })
        lease.release()
      }
    } catch (error) {
      await ports.settle()
      throw error
    }
  }

  async #remove(name: string): Promise<void> {
    const pipeline = this.#pipelines.get(name)
    if (pipeline === undefined) return
    this.#pipelines.delete(name)
    this.#leaving.add(pipeline)
    const { undelivered } = await pipeline.stop(removeTimeoutMs)
    this.#leaving.delete(pipeline)
    for (const { sink, entries, fate } of undelivered) {
      this.#options.log.warn(
        { pipeline: name, sink, entries },
        `a pipeline that was removed left entries undelivered; ${fate}`,
      )
    }
  }

  /** Gives a pipeline the positions of others: those that end, once they have ended. */
  #succeed(
    name: string,
    positions: ReadonlyMap<string, Position>,
    others: readonly string[],
    left: ReadonlyMap<string, Promise<void>>,
  ): Promise<void> {
    const { stateDirectory, log } = this.#options
    const pathOf = (pipeline: string): string => checkpointPath(stateDirectory, this.#identity, pipeline)
    const handOverAll = async (): Promise<void> => {
      await putPositions(positions, pathOf(name))
      for (const other of others) {
        await left.get(other)
        await handOver(pathOf(other), pathOf(name))
      }
    }
    const done = handOverAll()
      .catch((error: Error) =>
        log.warn({ pipeline: name }, `it does not go on where ${others.join()} ended: ${error.message}`),
      )
      .finally(() => this.#handingOver.delete(done))
    this.#handingOver.add(done)
    return done
  }

  async #stop(timeoutMs: number): Promise<StopReport> {
    const stops = await Promise.all(
      [...this.#pipelines.values(), ...this.#leaving].map(async (pipeline) => {
        const { undelivered } = await pipeline.stop(timeoutMs)
        return undelivered.map((rest) => ({ pipeline: pipeline.name, ...rest }))
      }),
    )
    const undelivered = stops.flat()
    await Promise.all(this.#handingOver)
    await this.#leftBuffers.settled
    this.#tellDone()
    return { complete: undelivered.length === 0, undelivered }
  }
}

function budgetBytes({ memory_budget_mb }: Config): number {
  return memory_budget_mb === undefined ? Infinity : bytesOf(memory_budget_mb)
}

function waits(pipeline: string): string {
  return `${pipeline}: not complete yet, it waits for a sink that takes nothing`
}

function refuseOwnFiles(config: Config): void {
  const problems = ownFileProblems(config)
  if (problems.length > 0) throw new Error(problems.map(problemText).join('\n'))
}
