/** What the status tells of the memory that queues and viewers share. */

import type { ByteBudgetStats } from '@logwisp/core'

/** All that hold entries for sinks, and what they may hold together. */
export interface BudgetStatus {
  /** Absent: no common bound. */
  readonly max_bytes?: number
  readonly held_bytes: number
  /** The most that was ever held. */
  readonly peak_bytes: number
  /** What each may hold whatever the others do; absent without a bound. */
  readonly share_bytes?: number
  /** Who holds something or waits, the one with the most first. */
  readonly holders: readonly HolderStatus[]
}

/** One of them, e.g. `app/http_client/httpClientSink`. */
export interface HolderStatus {
  readonly name: string
  readonly held_bytes: number
  readonly is_waiting: boolean
  /** How often it was denied more. */
  readonly denied: number
}

/** A status that is asked for each second need not name hundreds that hold little. */
const maxHolders = 100

export function budgetStatus({ maxBytes, bytesHeld, peakBytes, shareBytes, holders }: ByteBudgetStats): BudgetStatus {
  const isBounded = maxBytes !== Infinity
  return {
    ...(isBounded && { max_bytes: maxBytes }),
    held_bytes: bytesHeld,
    peak_bytes: peakBytes,
    ...(isBounded && { share_bytes: shareBytes }),
    holders: holders
      .filter(({ bytesHeld, isWaiting, denied }) => bytesHeld > 0 || isWaiting || denied > 0)
      .sort((one, other) => other.bytesHeld - one.bytesHeld)
      .slice(0, maxHolders)
      .map(({ name, bytesHeld, isWaiting, denied }) => ({
        name,
        held_bytes: bytesHeld,
        is_waiting: isWaiting,
        denied,
      })),
  }
}
