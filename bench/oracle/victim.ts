/** A process that is made to suffer: killed, stopped, frozen, its clock changed; and started again whenever it ends. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isFromSources } from './programs.ts'

/** Debian's, from the package faketime. */
const fakeTime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'

/** Why clocks cannot jump here; undefined when they can. */
export const whyNoClocks: string | undefined = existsSync(fakeTime)
  ? undefined
  : 'no libfaketime: apt-get install faketime'

const isRoot = process.getuid?.() === 0

/** Root may use everything. Who is to find that it may not is somebody else; who must be able to read these programs, though. */
export const nobody: number | undefined = isRoot && mayRun(65_534) ? 65_534 : undefined

/** Why permissions mean nothing to the processes here; undefined when they do. */
export const whyNoRevokes: string | undefined =
  isRoot && nobody === undefined ? 'we are root, and nobody else may read these programs where they lie' : undefined

/** Whether another user can run Node, and find the packages from here. From sources, threads are made in places of ours. */
function mayRun(user: number): boolean {
  if (isFromSources) return false
  const program = "require('node:module').createRequire(process.argv[1])('better-sqlite3')"
  const { status } = spawnSync(process.execPath, ['-e', program, fileURLToPath(import.meta.url)], {
    uid: user,
    gid: user,
    cwd: '/',
    timeout: 30_000,
  })
  return status === 0
}

/** As a service manager does it. */
const restartDelayMs = 500

/** Longer than any of them waits for what is not delivered. */
const stopTimeoutMs = 60_000

/** How much is repeated of what a process said last. */
const lastChars = 4000

/** What a process is made of. */
export interface NodeProgram {
  /** What Node is given. */
  readonly words: readonly string[]
  /** Where it works. */
  readonly directory: string
  /** Where it may put what it likes. */
  readonly home: string
  /** A name by which all processes of a run can be found. */
  readonly run: string
}

/** What it is. */
export interface VictimProgram extends NodeProgram {
  readonly name: string
  /** Hears that it has ended by itself, with what it said last. */
  readonly onEnded: (code: number | NodeJS.Signals, said: string) => void
}

export class Victim {
  readonly name: string
  readonly #program: VictimProgram
  readonly #clock: string
  readonly #output: string
  #child: ChildProcess | undefined
  #closed: Promise<unknown> = Promise.resolve()
  #isWanted = false
  /** Where in what it has said its last start begins. */
  #saidBefore = 0
  /** Its end is our doing. */
  #isEnding = false
  /** How often it has ended by itself. */
  endings = 0
  starts = 0

  constructor(program: VictimProgram) {
    this.name = program.name
    this.#program = program
    const place = join(program.directory, 'processes')
    mkdirSync(place, { recursive: true })
    this.#clock = join(place, `${this.name}.clock`)
    this.#output = join(place, `${this.name}.txt`)
    writeFileSync(this.#clock, '+0')
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** All that it has said, from its first start on. */
  get said(): string {
    return existsSync(this.#output) ? readFileSync(this.#output, 'utf8') : ''
  }

  start(): void {
    if (this.#child !== undefined) return
    this.#isWanted = true
    this.#isEnding = false
    this.starts++
    this.#saidBefore = this.said.length
    const output = openSync(this.#output, 'a')
    const child = spawnNode(this.#program, this.#clockEnvironment(), output)
    closeSync(output)
    this.#child = child
    this.#closed = once(child, 'close').then(([code, signal]) => this.#ended(child, code ?? signal))
  }

  /** Without a chance to tidy up; resolves once it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** As an operator would: resolves with its exit code, or the name of the signal that had to be used. */
  async stop(): Promise<number | string> {
    const child = this.#child
    if (child === undefined) return 0
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
    await this.#end('SIGTERM')
    clearTimeout(timer)
    return child.exitCode ?? child.signalCode ?? 0
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Its clock, from now on, is so far from ours. */
  setClock(offsetSeconds: number): void {
    writeFileSync(this.#clock, `${offsetSeconds < 0 ? '' : '+'}${offsetSeconds}`)
  }

  /** Makes sure, at once, that nothing of it is left. */
  abandon(): void {
    this.#isWanted = false
    this.#isEnding = true
    this.#child?.kill('SIGKILL')
    if (this.#child?.pid !== undefined) forgetSharedMemory(this.#child.pid)
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#isWanted = false
    this.#isEnding = true
    this.#child?.kill(signal)
    await this.#closed
  }

  #ended(child: ChildProcess, code: number | NodeJS.Signals): void {
    if (child.pid !== undefined) forgetSharedMemory(child.pid)
    this.#child = undefined
    if (this.#isEnding) return
    this.endings++
    this.#program.onEnded(code, this.said.slice(this.#saidBefore).slice(-lastChars).trim())
    void this.#startAgain()
  }

  async #startAgain(): Promise<void> {
    await wait(restartDelayMs)
    if (this.#isWanted) this.start()
  }

  #clockEnvironment(): NodeJS.ProcessEnv {
    if (whyNoClocks !== undefined) return {}
    return {
      LD_PRELOAD: fakeTime,
      FAKETIME_TIMESTAMP_FILE: this.#clock,
      // The file is looked at once in a second, and not at each reading of the clock.
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      // Times of files are the kernel's, and its clock does not jump: a network drive would be like that.
      NO_FAKE_STAT: '1',
    }
  }
}

/** Starts a process that is somebody else's, where we are root. What it says goes to `output`. */
export function spawnNode(
  { words, directory, home, run }: NodeProgram,
  environment: NodeJS.ProcessEnv,
  output: number | 'pipe',
): ChildProcess {
  return spawn(process.execPath, words, {
    cwd: directory,
    env: { PATH: process.env['PATH'], HOME: home, TMPDIR: home, TZ: 'UTC', ORACLE_RUN: run, ...environment },
    stdio: ['ignore', output, output],
    ...(nobody !== undefined && { uid: nobody, gid: nobody }),
  })
}

/** What libfaketime of a process that was killed leaves behind. */
function forgetSharedMemory(pid: number): void {
  if (!existsSync('/dev/shm')) return
  for (const name of readdirSync('/dev/shm')) {
    if (/^(sem\.)?faketime_(sem|shm)_/.test(name) && name.endsWith(`_${pid}`))
      rmSync(join('/dev/shm', name), { force: true })
  }
}
