/** What came of a siege. */

import type { Machine } from '../harness/machine.ts'
import type { BystanderReport } from './besieged.ts'
import type { MemoryLook } from './memory-watch.ts'

/** How large and how long. */
export interface SiegeSizes {
  readonly connections: number
  readonly siegeMs: number
  /** Before and after it. */
  readonly quietMs: number
}

/** One part of a siege. */
export interface PhaseResult {
  readonly name: 'before' | 'during' | 'after'
  /** Since the beginning of the plot. */
  readonly fromMs: number
  readonly toMs: number
  /** The well-behaved client in this time. */
  readonly served: BystanderReport
}

/** One siege. */
export interface SiegeResult {
  readonly name: string
  readonly title: string
  /** Those who besiege: how many at once, how many connections they made, and how many of these were closed. */
  readonly connections: number
  readonly made: number
  readonly closed: number
  /** To listen; until all were connected; to end. */
  readonly times: { readonly startMs: number; readonly connectedMs?: number | undefined; readonly stopMs: number }
  readonly phases: readonly PhaseResult[]
  readonly memory: readonly MemoryLook[]
  /** Entries that were given, arrived at the endpoint that was bad for a while, and arrived there more than once. */
  readonly delivery?: { readonly given: number; readonly arrived: number; readonly repeated: number } | undefined
  /** Why there is no result. */
  readonly problem?: string | undefined
}

/** All of them. */
export interface SiegeResults {
  readonly date: string
  readonly machine: Machine
  readonly sizes: SiegeSizes
  readonly sieges: readonly SiegeResult[]
}
