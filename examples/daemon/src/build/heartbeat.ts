/** A sign of life for viewers that hear nothing, as the configuration has it. */

import type { HeartbeatOptions } from '@logwisp/sinks'
import type { SinkOf } from '../config/schema.ts'

/** What `heartbeat` of a live sink says. */
export type HeartbeatConfig = SinkOf<'http'>['options']['heartbeat']

/** The heartbeat of a sink whose forms have these names. */
export function heartbeatFor<Forms extends string>(
  heartbeat: HeartbeatConfig,
  forms: Readonly<Record<HeartbeatConfig['format'], Forms>>,
): HeartbeatOptions<Forms> {
  const { enabled, interval_seconds, include_timestamp, include_stats, format } = heartbeat
  return {
    format: forms[format],
    intervalMs: enabled ? Math.round(interval_seconds * 1000) : Infinity,
    includeTime: include_timestamp,
    includeStats: include_stats,
  }
}
