/** What is known of the whole daemon. */

import type { PipelineStatus } from '../pipeline/pipeline-status.ts'
import type { BudgetStatus } from './budget-status.ts'

/** What became of the last attempt to take a changed configuration. */
export interface ReloadStatus {
  readonly at: string
  readonly result: 'changed' | 'unchanged' | 'refused'
  /** Why it was refused. */
  readonly error: string | undefined
  /** What was made anew, e.g. `app: sink 1 (http_client)`. */
  readonly changes: readonly string[]
}

/** One port. */
export interface ListenerStatus {
  readonly url: string
  readonly host: string
  readonly port: number
  readonly protocol: 'http' | 'https' | 'tcp' | 'tls'
  readonly connections: number
  readonly total_requests: number
  readonly paths: readonly string[]
}

/** The daemon. */
export interface ServiceStatus {
  readonly service: 'LogWisp'
  readonly version: string
  readonly pid: number
  readonly start_time: string
  readonly uptime_seconds: number
  readonly mode: 'router' | 'standalone'
  readonly state: 'starting' | 'running' | 'reloading' | 'stopping'
  readonly config_file: string | undefined
  readonly reloads: number
  readonly last_reload: ReloadStatus | undefined
  readonly memory: { readonly rss_bytes: number; readonly heap_bytes: number; readonly budget: BudgetStatus }
  readonly pipelines: Readonly<Record<string, PipelineStatus>>
  readonly total_pipelines: number
  readonly listeners: readonly ListenerStatus[]
}
