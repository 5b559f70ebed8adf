/** Logs now and then what each pipeline did, if it did anything. */

import type { Logger } from 'pino'
import type { PipelineStatus } from '../pipeline/pipeline-status.ts'
import type { ServiceStatus } from './service-status.ts'

/** What it needs. */
export interface StatusReporterOptions {
  readonly log: Logger
  readonly intervalMs: number
  status(): ServiceStatus
}

/** Begins to report; the function that it returns ends that. */
export function reportStatus({ log, intervalMs, status }: StatusReporterOptions): () => void {
  const reported = new Map<string, string>()
  const report = (): void => {
    const { pipelines } = status()
    for (const name of reported.keys()) if (!(name in pipelines)) reported.delete(name)
    for (const [name, pipeline] of Object.entries(pipelines)) {
      const figures = pipelineFigures(pipeline)
      const key = JSON.stringify(figures)
      if (reported.get(name) === key) continue
      reported.set(name, key)
      log.info({ pipeline: name, ...figures }, 'status')
    }
  }
  const timer = setInterval(report, intervalMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** What the ancestor's reporter says of a pipeline, and what it drops besides. */
export function pipelineFigures(status: PipelineStatus): Readonly<Record<string, unknown>> {
  const { state, sources, sinks } = status
  const connectionsOf = (pattern: RegExp): number =>
    [...sources, ...sinks]
      .filter(({ type }) => pattern.test(type))
      .reduce((sum, { active_connections }) => sum + (active_connections ?? 0), 0)
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  return {
    state,
    entries_processed: status.total_processed,
    entries_filtered: status.total_filtered,
    entries_delivered: sum(sinks.map(({ total_delivered }) => total_delivered)),
    entries_dropped: { ...status.dropped },
    dropped_rate_limit: status.total_dropped_rate_limit,
    queued: sum(sinks.map(({ queue }) => queue.entries)),
    sources: sources.length,
    tcp_connections: connectionsOf(/^tcp/),
    http_connections: connectionsOf(/^(http|websocket)/),
    ...(status.last_error !== undefined && { last_error: status.last_error }),
  }
}
