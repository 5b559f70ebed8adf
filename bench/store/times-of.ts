/** How long calls took, in few figures. */

import { quantile } from '../harness/statistics.ts'
import type { Times } from './store-result.ts'

export function timesOf(allMs: readonly number[]): Times {
  return {
    calls: allMs.length,
    p50Ms: quantile(allMs, 0.5),
    p99Ms: quantile(allMs, 0.99),
    maxMs: quantile(allMs, 1),
  }
}
