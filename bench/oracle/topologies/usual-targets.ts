/** What goes wrong with every topology that has such parts. */

import type { Targets } from '../plan.ts'

/** The names of the parts of a topology. */
export interface TopologyParts {
  readonly processes: readonly string[]
  readonly links: readonly string[]
  readonly disks: readonly string[]
  /** What may not be used for a while. */
  readonly places: readonly string[]
  /** Logs that are taken away before they were read. */
  readonly cutLogs?: readonly string[]
}

/** Each fault on each part that can have it; the log is called `log`. */
export function usualTargets({ processes, links, disks, places, cutLogs }: TopologyParts): Targets {
  return {
    kill: processes,
    freeze: processes,
    stop: processes,
    clock: processes,
    full: disks,
    revoke: places,
    cut: links,
    delay: links,
    silence: links,
    swallow: links,
    rotate: ['log'],
    'copy-truncate': ['log'],
    ...(cutLogs !== undefined && { outrun: cutLogs }),
  }
}
