/** The outside of the process that is fuzzed: started, listened to, asked how it feels, and stopped. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Health, TargetReport, TargetWish } from './target.ts'

/** After it was told to stop; longer than the stages' own patience with those who do not hang up. */
const stopTimeoutMs = 30_000
const answerTimeoutMs = 30_000
const keptErrorChars = 4000

/** What arrives. */
export interface ArrivalListener {
  /** Pairs of connection and entry. */
  marks(pairs: readonly number[]): void
  stray(text: string): void
}

/** The process, while it runs. */
export class FuzzTarget {
  readonly ports: Readonly<Record<string, number>>
  readonly pid: number
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  readonly #complaints: () => string

  private constructor(child: ChildProcess, ports: Readonly<Record<string, number>>, complaints: () => string) {
    this.#child = child
    this.#closed = once(child, 'close')
    this.#complaints = complaints
    this.ports = ports
    this.pid = child.pid ?? 0
  }

  /** Starts the program at `path`. */
  static async start(path: string, listener: ArrivalListener): Promise<FuzzTarget> {
    const child = fork(path, {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      serialization: 'advanced',
      execArgv: [...process.execArgv, '--expose-gc'],
    })
    let complaints = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaints = (complaints + text).slice(-keptErrorChars)
    })
    child.on('message', (report: TargetReport) => {
      if (report.kind !== 'arrived') return
      listener.marks(report.marks)
      for (const stray of report.strays) listener.stray(stray)
    })
    const ended = once(child, 'close').then(([code]) => {
      throw new Error(`the process to fuzz ended with status ${code} before it listened: ${complaints}`)
    })
    const { ports } = await Promise.race([reported(child, 'listening'), ended])
    ended.catch(() => {})
    return new FuzzTarget(child, ports, () => complaints)
  }

  /** What it wrote to its standard error. */
  get complaints(): string {
    return this.#complaints()
  }

  /** Whether it lives. */
  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Settles when it has ended. */
  get closed(): Promise<unknown> {
    return this.#closed
  }

  /** How it feels; undefined when it does not say so in time. */
  async health(): Promise<Health | undefined> {
    const { health } = (await this.#ask('health', 'health', answerTimeoutMs)) ?? {}
    return health
  }

  /** Stops it; whether it ended by itself, and well. */
  async stop(): Promise<boolean> {
    const stopped = await this.#ask('stop', 'stopped', stopTimeoutMs)
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopped === undefined ? 0 : stopTimeoutMs)
    await this.#closed
    clearTimeout(timer)
    return this.#child.exitCode === 0
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    if (this.isRunning) this.#child.kill('SIGKILL')
    await this.#closed
  }

  async #ask<Kind extends TargetReport['kind']>(
    wish: TargetWish,
    kind: Kind,
    timeoutMs: number,
  ): Promise<Extract<TargetReport, { kind: Kind }> | undefined> {
    if (!this.isRunning) return undefined
    const answer = reported(this.#child, kind)
    this.#child.send(wish)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, timeoutMs, undefined)
    })
    const result = await Promise.race([answer, late, this.#closed.then(() => undefined)])
    clearTimeout(timer)
    return result
  }
}

function reported<Kind extends TargetReport['kind']>(
  child: ChildProcess,
  kind: Kind,
): Promise<Extract<TargetReport, { kind: Kind }>> {
  return new Promise((resolve) => {
    const listen = (report: TargetReport): void => {
      if (report.kind !== kind) return
      child.off('message', listen)
      resolve(report as Extract<TargetReport, { kind: Kind }>)
    }
    child.on('message', listen)
  })
}
