/** What happened when, to whom, and how much was owed at that moment. */

import type { Topology } from './topology.ts'

/** One line of it. */
export interface Moment {
  /** Since the run began. */
  readonly ms: number
  readonly topology: string
  readonly what: string
  readonly whom: string
  /** Ids that were owed and had not arrived where most was missing. */
  readonly backlog: number
}

export class Timeline {
  readonly moments: Moment[] = []
  readonly #startedMs = performance.now()
  readonly #tell: (line: string) => void

  constructor(tell: (line: string) => void) {
    this.#tell = tell
  }

  get ms(): number {
    return performance.now() - this.#startedMs
  }

  /** Something happens now; the backlog is looked up beside it. */
  note(topology: Topology, what: string, whom: string): void {
    const { ms } = this
    void topology.backlog().then(
      (backlog) => this.#add({ ms, topology: topology.name, what, whom, backlog }),
      () => this.#add({ ms, topology: topology.name, what, whom, backlog: Number.NaN }),
    )
  }

  #add(moment: Moment): void {
    this.moments.push(moment)
    const { ms, topology, what, whom, backlog } = moment
    const time = (ms / 1000).toFixed(1).padStart(7)
    this.#tell(`${time} s  ${topology.padEnd(8)} ${what.padEnd(14)} ${whom.padEnd(44)} backlog ${backlog}`)
  }
}
