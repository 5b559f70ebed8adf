/**
 * The metrics that every program has, under the names that dashboards know. Not prom-client's own: those keep a timer
 * for the event loop's delay running, also while nobody asks.
 */

import { readdirSync } from 'node:fs'
import type { MetricSet } from './metric-set.ts'

/** Adds them. */
export function processMetrics(metrics: MetricSet): void {
  const { user, system } = process.cpuUsage()
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage()
  metrics.counter('process_cpu_seconds_total', 'Processor time used.', { value: (user + system) / 1e6 })
  metrics.gauge('process_start_time_seconds', 'When the process started, since the epoch.', {
    value: Math.round(Date.now() / 1000 - process.uptime()),
  })
  metrics.gauge('process_resident_memory_bytes', 'Memory of the process.', { value: rss })
  metrics.gauge('nodejs_heap_size_total_bytes', 'The heap of JavaScript.', { value: heapTotal })
  metrics.gauge('nodejs_heap_size_used_bytes', 'What of it is in use.', { value: heapUsed })
  metrics.gauge('nodejs_external_memory_bytes', 'Memory of buffers and the like.', { value: external })
  metrics.gauge('nodejs_eventloop_utilization_ratio', 'How busy the event loop was since the start.', {
    value: performance.eventLoopUtilization().utilization,
  })
  const descriptors = openDescriptors()
  if (descriptors !== undefined) {
    metrics.gauge('process_open_fds', 'Files and sockets that are open.', { value: descriptors })
  }
}

/** On Linux only. */
function openDescriptors(): number | undefined {
  try {
    // Less the one of this look.
    return readdirSync('/proc/self/fd').length - 1
  } catch {
    return undefined
  }
}
