/** A run: connections from a seed, some at once, until enough cases were sent; and what came of it. */

import type { FuzzOptions } from './fuzz-options.ts'
import { type ArrivalListener, FuzzTarget } from './fuzz-target.ts'
import { httpSession } from './http-requests.ts'
import { Ledger } from './ledger.ts'
import { lineSession, lineViewerSession, octetSession } from './line-connections.ts'
import { Neighbours } from './neighbours.ts'
import { Random } from './random.ts'
import { runSession } from './run-session.ts'
import type { FuzzSession, TargetName } from './session.ts'
import type { Health } from './target.ts'
import { viewerSession } from './viewer-requests.ts'
import { webSocketSession, webSocketViewerSession } from './web-socket-frames.ts'

/** What a run came to. */
export interface FuzzResult {
  readonly isClean: boolean
  /** For people. */
  readonly text: string
}

const makers: Readonly<Record<TargetName, (random: Random, number: number) => FuzzSession>> = {
  httpSource: httpSession,
  tcpSource: lineSession,
  'tcpSource octet-counted': octetSession,
  webSocketSource: webSocketSession,
  sseSink: viewerSession,
  webSocketSink: webSocketViewerSession,
  tcpSink: lineViewerSession,
}

/** After so many faults a run is over: one mistake makes thousands. */
const maxFaults = 20

/** The share of a run after which caches are full and code is compiled: from there on memory may not grow. */
const warmShare = 0.2

/**
 * Timers come and go; a forgotten one keeps the process from ending, which is looked at too. Pipes are the standard streams,
 * which are opened when they are first used.
 */
const passingResources: ReadonlySet<string> = new Set(['Timeout', 'Immediate', 'PipeWrap', 'TTYWrap'])

/** What memory in use may grow by from there, in bytes, whatever the number of cases. */
const maxGrowthBytes = 16 << 20

/** Makes a connection again from its seed and its number. */
export function sessionOf(seed: number, number: number, targets: readonly TargetName[]): FuzzSession {
  const random = Random.of(seed, number)
  const shares = targets.flatMap((name) => (name === 'httpSource' ? [name, name, name] : [name]))
  const target = shares[number % shares.length] as TargetName
  return { ...makers[target](random, number), target }
}

/** Runs it. `program` is the file of the process that is fuzzed. */
export async function fuzz(
  program: string,
  options: FuzzOptions,
  progress: (what: string) => void,
): Promise<FuzzResult> {
  const run = new FuzzRun(options, progress)
  return run.run(program)
}

class FuzzRun {
  readonly #options: FuzzOptions
  readonly #progress: (what: string) => void
  readonly #faults: string[] = []
  readonly #ledger: Ledger
  readonly #cases = new Map<TargetName, number>()
  readonly #statuses = new Map<string, number>()
  #casesDone = 0
  #next = 0
  #slowestMs = 0
  #target: FuzzTarget | undefined

  constructor(options: FuzzOptions, progress: (what: string) => void) {
    this.#options = options
    this.#progress = progress
    this.#ledger = new Ledger((session, fault) => this.#fault(session, fault))
  }

  async run(program: string): Promise<FuzzResult> {
    const { session, connections } = this.#options
    const startedMs = performance.now()
    const listener: ArrivalListener = {
      marks: (pairs) => {
        for (let at = 0; at < pairs.length; at += 2) {
          this.#ledger.note({ session: pairs[at] as number, entry: pairs[at + 1] as number })
        }
      },
      stray: (text) => this.#ledger.noteStray(text),
    }
    const target = await FuzzTarget.start(program, listener)
    this.#target = target
    try {
      const atRest = await target.health()
      const neighbours = new Neighbours(target.ports, this.#ledger, (fault) => this.#fault(undefined, fault))
      await neighbours.begin()
      let warm: Health | undefined
      if (session !== undefined) await this.#one(session)
      else {
        const lanes = Array.from({ length: connections }, () => this.#lane())
        warm = await this.#whenWarm()
        await Promise.all(lanes)
      }
      await neighbours.end()
      const last = await target.health()
      this.#judgeHealth(atRest, warm, last)
      const lacking = this.#ledger.lackingStrays
      if (lacking.length > 0) {
        this.#fault(
          undefined,
          `${lacking.length} junk lines were lost, the first ${JSON.stringify(lacking[0]?.slice(0, 200))}`,
        )
      }
      if (!(await target.stop()))
        this.#fault(undefined, `it did not end well when it was told to: ${target.complaints}`)
      return this.#report(performance.now() - startedMs, neighbours.summary(), warm ?? atRest, last)
    } finally {
      await target.kill()
    }
  }

  get #isOver(): boolean {
    return this.#casesDone >= this.#options.cases || this.#faults.length >= maxFaults || !this.#target?.isRunning
  }

  async #lane(): Promise<void> {
    while (!this.#isOver) await this.#one(this.#next++)
  }

  async #whenWarm(): Promise<Health | undefined> {
    while (!this.#isOver && this.#casesDone < this.#options.cases * warmShare) {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return this.#target?.health()
  }

  async #one(number: number): Promise<void> {
    const { seed, targets, session: only } = this.#options
    const session = sessionOf(seed, number, targets)
    if (only !== undefined) for (const { name, bytes } of session.cases) print(`${name}\n${shown(bytes)}`)
    const port = this.#target?.ports[session.target]
    if (port === undefined) throw new Error(`nothing listens for ${session.target}`)
    const { faults, cases, statuses, ms } = await runSession(session, port, this.#ledger)
    for (const fault of faults) this.#fault(number, `${session.target}: ${fault}`)
    this.#casesDone += cases
    this.#cases.set(session.target, (this.#cases.get(session.target) ?? 0) + cases)
    this.#slowestMs = Math.max(this.#slowestMs, ms)
    for (const [status, count] of statuses) {
      const key = `${session.target} ${status}`
      this.#statuses.set(key, (this.#statuses.get(key) ?? 0) + count)
    }
    if (only !== undefined)
      print(`answered: ${[...statuses].map(([status, count]) => `${count} × ${status}`).join(', ')}`)
    if (number % 100 === 0) this.#progress(`${this.#casesDone} cases, ${this.#faults.length} faults`)
  }

  #fault(session: number | undefined, fault: string): void {
    const { seed, targets } = this.#options
    if (this.#faults.length >= maxFaults) return
    const only =
      targets.length === Object.keys(makers).length ? '' : targets.map((name) => ` --target '${name}'`).join('')
    const again =
      session === undefined || session >= 1e9 ? '' : `\n  again: fuzz --seed ${seed} --session ${session}${only}`
    this.#faults.push(`session ${session ?? 'unknown'}: ${fault}${again}`)
  }

  #judgeHealth(atRest: Health | undefined, warm: Health | undefined, last: Health | undefined): void {
    const { complaints = '' } = this.#target ?? {}
    if (atRest === undefined || last === undefined) {
      this.#fault(undefined, `the process that is fuzzed died or hangs: ${complaints}`)
      return
    }
    if (complaints !== '') this.#fault(undefined, `it complained: ${complaints}`)
    for (const [kind, count] of Object.entries(last.resources)) {
      const before = atRest.resources[kind] ?? 0
      if (!passingResources.has(kind) && count > before)
        this.#fault(undefined, `${count} of ${kind} are open, ${before} were at first`)
    }
    const growth = warm === undefined ? 0 : last.inUseBytes - warm.inUseBytes
    if (growth > maxGrowthBytes) this.#fault(undefined, `memory in use grew by ${megabytes(growth)}`)
  }

  #report(ms: number, neighbours: string, before: Health | undefined, after: Health | undefined): FuzzResult {
    const perSecond = Math.round(this.#casesDone / (ms / 1000))
    const lines = [
      `seed ${this.#options.seed}: ${whole(this.#casesDone)} cases on ${whole(this.#next)} connections in ${(ms / 1000).toFixed(1)} s (${whole(perSecond)}/s), ${whole(this.#ledger.arrived)} entries arrived, slowest connection ${Math.round(this.#slowestMs)} ms`,
      ...[...this.#cases].map(([name, count]) => {
        const answers = [...this.#statuses].filter(
          ([key]) => key.startsWith(`${name} `) && /^(\d+|none)$/.test(key.slice(name.length + 1)),
        )
        const told = answers.map(([key, times]) => `${whole(times)} × ${key.slice(name.length + 1)}`).join(', ')
        return `  ${name}: ${whole(count)} cases${told === '' ? '' : `; answers: ${told}`}`
      }),
      `  neighbours: ${neighbours}`,
      `  memory: in use ${megabytes(before?.inUseBytes)} when warm, ${megabytes(after?.inUseBytes)} at the end; RSS ${megabytes(before?.rssBytes)}, ${megabytes(after?.rssBytes)}`,
      `  warnings: ${
        Object.entries(after?.warnings ?? {})
          .map(([code, count]) => `${whole(count)} × ${code}`)
          .join(', ') || 'none'
      }`,
      this.#faults.length === 0
        ? '  no fault'
        : `  ${this.#faults.length}${this.#faults.length >= maxFaults ? ' and more' : ''} faults:`,
      ...this.#faults.map((fault) => `  - ${fault}`),
    ]
    return { isClean: this.#faults.length === 0, text: lines.join('\n') }
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function shown(bytes: Buffer): string {
  const text = JSON.stringify(bytes.toString('latin1'))
  return text.length > 2000 ? `${text.slice(0, 2000)}… (${bytes.length} bytes)` : text
}

function whole(value: number): string {
  return value.toLocaleString('en-US')
}

function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? 'unknown' : `${(bytes / 1e6).toFixed(1)} MB`
}
