/** What a scenario is: contestants that do the same work, each in processes of its own. */

import type { Measurement } from './measured.ts'
import type { Workshop } from './workshop.ts'

/** Who a contestant is: one of ours, somebody else's, or the bare loop that nothing can be expected to pass. */
export type Role = 'logwisp' | 'peer' | 'limit'

/** What one run of a contestant came to. */
export interface RunResult extends Measurement {
  /** Lines that arrived, repeated ones not counted twice. */
  readonly delivered: number
  /** Lines that were left out on purpose, and said to be: for a viewer that is too slow. */
  readonly missed?: number | undefined
  /** Lines that arrived more than once, the first time not counted; where that was looked at. */
  readonly repeated?: number | undefined
  /** Whether the output is, byte for byte, what it should be; where there is one such output. */
  readonly identical?: boolean | undefined
  /** From the moment before a line was appended to the moment after it had arrived. */
  readonly latency?: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number } | undefined
}

/** One that takes part. */
export interface Contestant {
  readonly name: string
  readonly role: Role
  /** Why it cannot run here; absent when it can. */
  readonly missing?: string | undefined
  /** Runs once, in an empty directory. */
  run(directory: string): Promise<RunResult>
}

/** What is to be done, and by whom. */
export interface Contest {
  /** How many lines should arrive. */
  readonly lines: number
  /** How many bytes are read; absent where speed is not the question. */
  readonly bytes?: number | undefined
  readonly contestants: readonly Contestant[]
}

/** What a scenario's result shows; decides which columns and which panel of the plot it gets. */
export type Question = 'throughput' | 'viewers' | 'latency' | 'loss'

/** A piece of work, named after its way. */
export interface Scenario {
  readonly name: string
  readonly question: Question
  /** One sentence. */
  readonly title: string
  /** Runs of each contestant at most; absent: as many as were asked for. */
  readonly maxRounds?: number | undefined
  prepare(workshop: Workshop): Promise<Contest>
}
