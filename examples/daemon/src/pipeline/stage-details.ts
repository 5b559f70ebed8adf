/** What a stage counts besides its books. */

import type { StageStats } from '@logwisp/core'

/** What is told of it. */
export interface StageDetails {
  /** Bytes read, or written, for stages that count them. */
  readonly bytesIn: number | undefined
  readonly bytesOut: number | undefined
  /** Connections or viewers at this moment, for stages that have some. */
  readonly connections: number | undefined
  /** All of it, but for the books. */
  readonly details: Readonly<Record<string, unknown>>
}

/** Reads a stage's `stats`; of a stage that is not there nothing is known. */
export function stageDetails(stats: StageStats | undefined): StageDetails {
  const { entriesIn, entriesOut, entriesDropped, entriesHeld, dropped, ...details } = {
    ...stats,
  } as Partial<StageStats> & Record<string, unknown>
  return {
    bytesIn: numberIn(details['bytesIn']),
    bytesOut: numberIn(details['bytesOut']),
    connections: 'connectedTo' in details ? inUse(details) : openOf(details['viewers'] ?? details['connections']),
    details,
  }
}

/** A stage that connects to others uses one connection at a time; its `connections` are all that it ever made. */
function inUse({ connectedTo }: { readonly connectedTo?: unknown }): number {
  return connectedTo === undefined ? 0 : 1
}

/** Stages give the number of open ones, or the counts of all that there were. */
function openOf(counts: unknown): number | undefined {
  if (typeof counts !== 'object' || counts === null) return numberIn(counts)
  const { connected, open } = counts as { readonly connected?: unknown; readonly open?: unknown }
  return numberIn(connected) ?? numberIn(open)
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
