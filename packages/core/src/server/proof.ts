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
   * `wrong`: it can be a guess, and has counted as one. `stale`: it was right once, or will be. `blocked`: this address has
   * guessed too often. `unchecked`: it cannot be told now.
   */
  readonly failed: 'wrong' | 'stale' | 'blocked' | 'unchecked'
  readonly message: string
  readonly retryAfterMs?: number
}

/** The address has guessed too often; for how long, the caller knows. */
export const blocked: Unproved = { failed: 'blocked', message: '' }

/** The outcome of a look at credentials. */
export type Proof = Known | Unproved

/** What an address still may: asked before credentials are looked at, and told when they were wrong. */
export interface Attempts {
  /** Whether its next credentials are looked at at all. */
  mayTry(): boolean
  /** They were wrong. */
  fail(): void
}

/** Rights from an option; all of them by default. */
export function rightsFrom(rights: readonly Right[] | undefined): ReadonlySet<Right> {
  return new Set(rights ?? allRights)
}

/** Every right there is. */
export const allRights: readonly Right[] = ['ingest', 'stream', 'status']
