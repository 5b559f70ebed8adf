/** What comes of looking at credentials. */

import type { Identity, Right } from './access.ts'

/** Somebody who is known, and what they may do. */
export interface Known {
  readonly name: string
  readonly provedBy: Exclude<Identity['provedBy'], 'none'>
  readonly rights: ReadonlySet<Right>
}

/** Nobody, and what to tell them. */
export interface Unproved {
  /**
   * `wrong`: it can be a guess, and counts as one. `stale`: it was right once, or will be. `blocked`: this address has
   * guessed too often. `unchecked`: it cannot be told now.
   */
  readonly failed: 'wrong' | 'stale' | 'blocked' | 'unchecked'
  readonly message: string
  readonly retryAfterMs?: number
}

/** The outcome of a look at credentials. */
export type Proof = Known | Unproved

/** Rights from an option; all of them by default. */
export function rightsFrom(rights: readonly Right[] | undefined): ReadonlySet<Right> {
  return new Set(rights ?? allRights)
}

/** Every right there is. */
export const allRights: readonly Right[] = ['ingest', 'stream', 'status']
