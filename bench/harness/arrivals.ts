/** When a process that follows a file has had all that it will get. Lines here end in ` @<time> #<number>`. */

import { listen, tell } from './measured.ts'
import { quantile } from './statistics.ts'

/** How long nothing may come before one gives up: longer than any of the followers sleeps between two looks at a file. */
const quietMs = { full: 2500, quick: 500 } as const

/** The same once as many have come as there are: some of them may have come twice, with others still on their way. */
const quietMsWithAll = 300
const lookEveryMs = 20

/** What a process that follows a file is told of the end. */
export interface FollowTask {
  /** How many lines are to come. */
  readonly lines: number
  readonly quick: boolean
}

/** See {@link quietMs}. */
export function patienceMs(quick: boolean): number {
  return quick ? quietMs.quick : quietMs.full
}

/** What ends each line that is appended: when, on the clock that all processes of a machine share, and which it is. */
export function stamp(number: number): string {
  return ` @${process.hrtime.bigint()} #${number}`
}

/**
 * Says `ready` when the first line has arrived, and waits until nothing more is written (it is told so) and nothing has
 * arrived for a while. `count` says how many have arrived.
 *
 * @returns `ms` between the first and the last arrival.
 */
export async function untilQuiet(count: () => number, { lines, quick }: FollowTask): Promise<{ ms: number }> {
  let isOver = false
  let known = 0
  let firstMs = 0
  let lastMs = 0
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
    const now = performance.now()
    const arrived = count()
    if (arrived > known) {
      if (known === 0) {
        firstMs = now
        tell({ ready: true })
        void listen()
          .next()
          .then(() => (isOver = true))
      }
      known = arrived
      lastMs = now
    }
    const patience = arrived >= lines ? quietMsWithAll : patienceMs(quick)
    if (isOver && now - lastMs >= patience) return { ms: lastMs - firstMs }
  }
}

/** Lines and their latencies. */
export class Arrivals {
  #lines = 0
  readonly #latenciesMs: number[] = []

  /** A line came. The first one was there before, and has no latency. */
  note(line: string): void {
    this.#lines++
    if (this.#lines === 1) return
    const from = line.lastIndexOf('@') + 1
    const stampedNs = BigInt(line.slice(from, line.indexOf(' ', from)))
    this.#latenciesMs.push(Number(process.hrtime.bigint() - stampedNs) / 1e6)
  }

  /** See {@link untilQuiet}. */
  settled(task: FollowTask): Promise<{ ms: number }> {
    return untilQuiet(() => this.#lines, task)
  }

  /** What to tell of it. */
  result(): { delivered: number; latency: { p50Ms: number; p99Ms: number; maxMs: number } } {
    const of = (at: number): number => quantile(this.#latenciesMs, at)
    return { delivered: this.#lines, latency: { p50Ms: of(0.5), p99Ms: of(0.99), maxMs: of(1) } }
  }
}
