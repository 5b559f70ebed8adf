/** The inside of a micro bench: measures functions one by one with mitata, in the process that it was started in. */

import { isAsyncFunction } from 'node:util/types'
import { do_not_optimize as keep, measure } from 'mitata'
import { task, tell } from './measured.ts'
import type { MicroResult } from './results.ts'

/** One function to measure. */
export interface MicroBench {
  readonly name: string
  /** What one call works on, where that is more than one thing. */
  readonly perCall?: MicroResult['perCall']
  /** What is measured. What it returns is kept from being optimized away. */
  readonly run: () => unknown
}

const cpuTimeMs = { full: 400, quick: 10 } as const
const nsPerMs = 1e6

/** Measures each in turn, and tells all results at the end. */
export async function microSuite(suite: string, benches: readonly MicroBench[]): Promise<void> {
  const { quick } = task<{ quick: boolean }>()
  const budget = quick ? cpuTimeMs.quick : cpuTimeMs.full
  const results: MicroResult[] = []
  for (const { name, perCall = {}, run } of benches) {
    // One that is asynchronous has to be one for mitata too: it decides by the function's kind whether to wait.
    const body = isAsyncFunction(run) ? async () => keep(await run()) : () => keep(run())
    const stats = await measure(body, { min_cpu_time: budget * nsPerMs })
    results.push({ suite, name, perCall, medianNs: stats.p50, p99Ns: stats.p99 })
  }
  tell({ results })
}
