/** Which pipelines there are, for requests of which nobody knows yet who sends them: the whole status costs too much. */

import type { ServiceStatus } from '../service/service-status.ts'

/** Their names, and whether paths begin with them. */
export interface KnownPipelines {
  readonly isRouter: boolean
  readonly names: readonly string[]
}

/** A status may tell of thousands of files: it is not made for each of a flood of requests. */
const refreshIntervalMs = 100

/** Makes what tells them; undefined as long as there is no status. */
export function knownPipelines(status: () => ServiceStatus | undefined): () => KnownPipelines | undefined {
  let known: KnownPipelines | undefined
  let at = -Infinity
  return () => {
    const now = performance.now()
    if (known !== undefined && now - at < refreshIntervalMs) return known
    const service = status()
    known = service && { isRouter: service.mode === 'router', names: Object.keys(service.pipelines) }
    at = now
    return known
  }
}
