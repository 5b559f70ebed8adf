/** What the three sinks for live viewers have in common. */

import type { LiveSink, LiveSinkOptions } from '@logwisp/sinks'
import type { SinkOf } from '../../config/schema.ts'
import type { ViewerStatus } from '../../pipeline/pipeline-status.ts'
import type { BuildContext, BuiltSink } from '../built-stage.ts'
import { inMs } from '../in-ms.ts'

type ViewerLimits = Pick<
  SinkOf<'http'>['options'],
  | 'max_viewers'
  | 'max_viewers_per_address'
  | 'ring_entries'
  | 'ring_bytes'
  | 'when_viewer_slow'
  | 'stuck_timeout_seconds'
  | 'idle_timeout_seconds'
>

/** How many look, what is kept for them, and what becomes of slow ones. */
export function viewerLimits(options: ViewerLimits, { budget }: Pick<BuildContext, 'budget'>): LiveSinkOptions {
  return {
    budget,
    maxViewers: options.max_viewers,
    maxViewersPerAddress: options.max_viewers_per_address,
    ringEntries: options.ring_entries,
    ringBytes: options.ring_bytes,
    whenFull: options.when_viewer_slow,
    stuckTimeoutMs: inMs(options.stuck_timeout_seconds),
    idleTimeoutMs: inMs(options.idle_timeout_seconds),
  }
}

/** The sink with those who look. */
export function withViewers({ stream, release }: { readonly stream: LiveSink; release(): void }): BuiltSink {
  return { stream, release, viewers: () => viewersOf(stream) }
}

function viewersOf(stream: LiveSink): readonly ViewerStatus[] {
  return stream.viewers().map(({ address, name, connectedAt, lag, entriesSent, entriesMissed }) => ({
    address: address ?? 'unknown',
    name,
    connected_at: new Date(connectedAt).toISOString(),
    lag,
    sent: entriesSent,
    missed: entriesMissed,
  }))
}
