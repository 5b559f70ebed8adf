/** What is in a directory of rejected entries: how many, from when, and why. */

import { readDeadLetters } from '@logwisp/core'

/** How many were rejected for one reason. */
export interface RejectedGroup {
  readonly stage: string
  readonly endpoint: string | undefined
  readonly reason: string
  readonly entries: number
}

/** All of it. */
export interface RejectedSummary {
  readonly entries: number
  /** Of these, those that were replayed and rejected again at least once. */
  readonly repeated: number
  /** When the first and the last were rejected, in ms since the epoch; undefined when there are none. */
  readonly first: number | undefined
  readonly last: number | undefined
  /** Most entries first. Of very many reasons some are together under `other reasons`. */
  readonly groups: readonly RejectedGroup[]
}

/** Of a directory without any. */
export const emptySummary: RejectedSummary = { entries: 0, repeated: 0, first: undefined, last: undefined, groups: [] }

/** A receiver that tells each entry's own number in its reason would make a group of each. */
const maxGroups = 1000

/**
 * Reads all of it.
 *
 * @throws LogwispError `FILE_UNREADABLE`
 */
export async function summaryOf(directory: string): Promise<RejectedSummary> {
  const groups = new Map<string, RejectedGroup>()
  let [entries, repeated, first, last] = [0, 0, Infinity, -Infinity]
  for await (const { rejection, rejectedAt, times } of readDeadLetters(directory)) {
    entries++
    if (times > 1) repeated++
    if (rejectedAt < first) first = rejectedAt
    if (rejectedAt > last) last = rejectedAt
    const { stage = 'unknown', endpoint, reason } = rejection
    let group = { stage, endpoint, reason, entries: 0 }
    if (groups.size >= maxGroups && !groups.has(keyOf(group))) {
      group = { stage: '', endpoint: undefined, reason: 'other reasons', entries: 0 }
    }
    const key = keyOf(group)
    groups.set(key, { ...group, entries: (groups.get(key)?.entries ?? 0) + 1 })
  }
  return {
    entries,
    repeated,
    first: Number.isFinite(first) ? first : undefined,
    last: Number.isFinite(last) ? last : undefined,
    groups: [...groups.values()].sort((a, b) => b.entries - a.entries),
  }
}

function keyOf({ stage, endpoint, reason }: RejectedGroup): string {
  return JSON.stringify([stage, endpoint, reason])
}
