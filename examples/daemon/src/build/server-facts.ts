/** What the status tells of a live sink's server, which only its configuration knows. */

import type { SinkOf } from '../config/schema.ts'
import type { HttpFacts } from '../http/port-host.ts'

/** In the words of the ancestor's status page. */
export function serverFacts(options: SinkOf<'http' | 'websocket'>['options']): HttpFacts {
  const { buffer_size, heartbeat, net_limit } = options
  const { requests_per_second, burst_size, limit_by } = net_limit
  return {
    buffer_size,
    heartbeat: { enabled: heartbeat.enabled, interval: heartbeat.interval_seconds, format: heartbeat.format },
    net_limit: net_limit.enabled ? { requests_per_second, burst_size, limit_by } : undefined,
  }
}
