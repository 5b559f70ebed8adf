/** What the status page of a live sink says. */

import type { LiveSinkStats } from '../../live-sink.ts'
import type { LiveSettings } from './live-settings.ts'
import type { LiveFacts } from './live-writable.ts'
import { version } from './version.ts'

/** The page's body; `more` is the program's own part, whose names win. */
export function liveStatus(
  endpoints: { readonly stream: string; readonly status: string },
  facts: LiveFacts,
  { viewers, ring, ...stats }: LiveSinkStats,
  { maxViewers, ringEntries, ringBytes }: LiveSettings,
  more: object | undefined,
): object {
  return {
    service: 'LogWisp',
    version,
    uptimeMs: facts.uptimeMs,
    endpoints,
    viewers: { ...viewers, max: maxViewers },
    ring: { ...ring, maxEntries: ringEntries, maxBytes: ringBytes },
    stats,
    ...more,
  }
}
