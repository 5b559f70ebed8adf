/** A heartbeat for readers that know nothing but entries. */

import type { LogEntry } from '@logwisp/core'
import type { LiveFacts } from './live-writable.ts'

/** An entry of the source `logwisp`; with facts, they are its fields. */
export function heartbeatEntry(facts: LiveFacts | undefined): LogEntry {
  const entry = { time: Date.now(), source: 'logwisp', level: 'info', message: 'heartbeat' } as const
  return facts === undefined ? entry : { ...entry, fields: { ...facts } }
}
