/** The example's programs as processes. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('..', import.meta.url))
const threads = new URL('../../../.config/typescript-threads.mjs', import.meta.url).href
const tsx = import.meta.resolve('tsx')
/** `pnpm test` has built the packages, and says so: with those they start several times as fast. */
const nodeWords =
  process.env['TEST_BUILT'] === '1'
    ? ['--import', tsx]
    : ['--import', tsx, '--import', threads, '--conditions=@logwisp/source']

/** How long it may take until a program says what it is waited for. */
const sayTimeoutMs = 50_000

const running = new Set<Program>()

/** One program that runs, and what it has said. */
export class Program {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  #said = ''

  constructor(command: string, words: readonly string[], directory: string, environment: Record<string, string>) {
    // In a group of its own, so that what it has started can be ended with it.
    this.#child = spawn(command, words, {
      cwd: directory,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text
        this.#child.emit('said')
      })
    }
    running.add(this)
    this.#closed = once(this.#child, 'close').then(() => running.delete(this))
  }

  get said(): string {
    return this.#said
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** The most memory that it has had. */
  get peakBytes(): number {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1]) * 1024
  }

  /** Waits until it has said this, and gives the match. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const timeout = AbortSignal.timeout(sayTimeoutMs)
    const ended = this.#closed.then(() => true)
    for (;;) {
      const found = pattern.exec(this.#said)
      if (found !== null) return found
      const said = once(this.#child, 'said', { signal: timeout }).then(() => false)
      const hasEnded = await Promise.race([said, ended]).catch(() => true)
      if (hasEnded && !pattern.test(this.#said)) throw new Error(`it did not say ${pattern}: ${this.#said}`)
    }
  }

  /** Ends it, and gives its exit code. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child.kill(signal)
    return await this.ended()
  }

  /** Ends it and what it has started. */
  async endAll(): Promise<void> {
    try {
      // Without a process, 0 would mean the tests' own group.
      if (this.pid > 1) process.kill(-this.pid, 'SIGKILL')
    } catch {
      // All of it is gone already.
    }
    await this.#closed
  }

  /** Waits until it has ended by itself, and gives its exit code. */
  async ended(): Promise<number | null> {
    await this.#closed
    return this.#child.exitCode
  }
}

/** Starts one of the programs in `src`. */
export function start(
  name: 'collector' | 'api' | 'dashboard' | 'main',
  words: readonly string[],
  directory: string,
  environment: Record<string, string> = {},
): Program {
  return new Program(process.execPath, [...nodeWords, `${folder}src/${name}.ts`, ...words], directory, environment)
}

/** Runs the generator; without pauses, unless told otherwise. */
export function generate(from: number, to: number, directory: string, environment = { PAUSE: '0' }): Program {
  return new Program(`${folder}logs.sh`, [String(from), String(to)], directory, environment)
}

/** Below those that systems give to whoever asks for any, so that nobody else gets one meanwhile. */
const firstPort = 20_000
const portCount = 10_000

/** A port that nobody listens at. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer()
    const port = firstPort + Math.floor(Math.random() * portCount)
    const isFree = await once(server.listen(port, '127.0.0.1'), 'listening').catch(() => false)
    if (isFree === false) continue
    server.close()
    await once(server, 'close')
    return port
  }
}

/** Ends what a test has left. */
export async function endAll(): Promise<void> {
  await Promise.all([...running].map((program) => program.endAll()))
}
