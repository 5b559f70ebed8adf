/** Which of several endpoints gets the next batch, as a machine without a clock. */

import type { EndpointHealth } from './endpoint-health.ts'

/**
 * - `'failover'`: the first one that is healthy, in the order given.
 * - `'round-robin'`: each in turn.
 */
export type EndpointStrategy = 'failover' | 'round-robin'

/** What to do now. */
export interface Choice {
  /** The endpoint to ask; undefined: none may be asked before `at`. */
  readonly use: number | undefined
  /** When to look again; `Infinity`: when an attempt has ended. */
  readonly at: number
  /** An endpoint that would come first and whose pause is over: find out, beside the batches' way, whether it is alive. */
  readonly probe: number | undefined
}

export class EndpointChoice {
  readonly #strategy: EndpointStrategy
  readonly #healths: readonly EndpointHealth[]
  /** Endpoints that a probe found alive, so that the next batch may try them. */
  readonly #alive = new Set<number>()
  #turn = 0

  constructor(strategy: EndpointStrategy, healths: readonly EndpointHealth[]) {
    this.#strategy = strategy
    this.#healths = healths
  }

  /** A probe of this endpoint had an answer. */
  seenAlive(index: number): void {
    this.#alive.add(index)
  }

  /** When the first of them may be asked. */
  get readyAt(): number {
    return Math.min(...this.#healths.map(({ readyAt }) => readyAt))
  }

  choose(now: number): Choice {
    const { length } = this.#healths
    const first = this.#strategy === 'round-robin' ? this.#turn : 0
    let due: number | undefined
    let at = Infinity
    for (let step = 0; step < length; step++) {
      const index = (first + step) % length
      const health = this.#healths[index] as EndpointHealth
      if (health.readyAt > now) {
        at = Math.min(at, health.readyAt)
        continue
      }
      if (health.state === 'healthy' || this.#alive.has(index)) return this.#use(index, due)
      due ??= index
    }
    // No other is there to take the batch meanwhile, so the batch itself is the probe.
    if (due !== undefined) return this.#use(due, undefined)
    return { use: undefined, at, probe: undefined }
  }

  #use(index: number, probe: number | undefined): Choice {
    this.#alive.delete(index)
    this.#turn = (index + 1) % this.#healths.length
    return { use: index, at: 0, probe }
  }
}
