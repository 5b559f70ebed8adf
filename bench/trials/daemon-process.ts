/** The reference daemon as a process of its own, as somebody who operates it sees it: from outside. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'

const require = createRequire(import.meta.url)
const daemonPackage = dirname(require.resolve('@logwisp/example-daemon/package.json'))
const program = join(daemonPackage, 'dist', 'cli.js')

/** How long it may take until it serves. */
const readyTimeoutMs = 30_000

/** How much of what it says is kept. */
const keptChars = 20_000

/** Clock ticks of `/proc/<pid>/stat` per second, on every Linux that Node runs on. */
const ticksPerSecond = 100

/** What a status says of a stage or a pipeline; only what trials ask about. */
interface StageBooks {
  readonly type: string
  readonly state: string
  readonly total_entries?: number
  readonly total_processed?: number
  readonly total_delivered?: number
  readonly total_dropped: number
  readonly dropped: Readonly<Record<string, number>>
  readonly queue?: { readonly entries: number }
}

export interface PipelineBooks {
  readonly name: string
  readonly state: string
  readonly total_processed: number
  readonly total_filtered: number
  readonly total_dropped_rate_limit: number
  readonly dropped: Readonly<Record<string, number>>
  readonly sources: readonly StageBooks[]
  readonly sinks: readonly StageBooks[]
}

export interface DaemonStatus {
  readonly reloads: number
  readonly last_reload?: { readonly at: string; readonly result: string; readonly error?: string }
  readonly pipelines: Readonly<Record<string, PipelineBooks>>
}

/** How a daemon is started. */
export interface DaemonOptions {
  /** The words after `logwisp`. */
  readonly words: readonly string[]
  /** Where it works: relative paths, and where it finds its home. */
  readonly directory: string
  /** A URL of it, to ask whether it is ready. */
  readonly url?: string | undefined
  readonly stdio?: { readonly stdin?: 'pipe'; readonly stdout?: number; readonly stderr?: number } | undefined
}

export class DaemonProcess {
  readonly #child: ChildProcess
  readonly #url: string | undefined
  readonly #closed: Promise<unknown>
  readonly startedMs = performance.now()
  #said = ''

  constructor({ words, directory, url, stdio = {} }: DaemonOptions) {
    this.#url = url
    this.#child = spawn(process.execPath, [program, ...words], {
      cwd: directory,
      env: { PATH: process.env['PATH'], HOME: directory, TZ: 'UTC' },
      stdio: [stdio.stdin ?? 'ignore', stdio.stdout ?? 'pipe', stdio.stderr ?? 'pipe'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said = (this.#said + text).slice(-keptChars)
      })
    }
    this.#closed = once(this.#child, 'close')
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Its standard input, when it was asked for. */
  get stdin(): Writable {
    return this.#child.stdin as Writable
  }

  /** The end of what it said, where that was not sent elsewhere. */
  get said(): string {
    return this.#said
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Resolves once it says that it is ready. */
  async ready(): Promise<void> {
    for (;;) {
      if (this.hasEnded) throw new Error(`the daemon ended with ${this.#child.exitCode}: ${this.#said}`)
      if (performance.now() - this.startedMs > readyTimeoutMs) throw new Error(`the daemon is not ready: ${this.#said}`)
      const answer = await fetch(`${this.#url}/readyz`).catch(() => undefined)
      await answer?.body?.cancel()
      if (answer?.status === 200) return
      await wait(10)
    }
  }

  async status(): Promise<DaemonStatus> {
    const answer = await fetch(`${this.#url}/status`)
    return (await answer.json()) as DaemonStatus
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Ends it, and says how that went. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ readonly code: number | null; readonly ms: number }> {
    const askedMs = performance.now()
    this.#child.kill(signal)
    await this.#closed
    return { code: this.#child.exitCode, ms: performance.now() - askedMs }
  }

  /** Resolves once it has ended by itself. */
  async ended(): Promise<number | null> {
    await this.#closed
    return this.#child.exitCode
  }

  get rssBytes(): number {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  }

  get descriptors(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length
  }

  /** Processor time that it has used, in ms. */
  get processorMs(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: utime and stime are the 14th and 15th field of all.
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond
  }
}
