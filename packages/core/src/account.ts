/** The account of a source: what became of every entry that it read, by branch and by reason. */

import { WaySum } from './internal/books/way-sum.ts'

/** What was dropped for one reason: how much of it, and where. */
export interface DropAccount {
  /** How many entries. */
  readonly entries: number
  /** The id (see `Origin.id`) of the first of them; of a source or a stage that cannot tell, of a place near by. */
  readonly first: string
  /** The id of the last of them. */
  readonly last: string
}

/**
 * What became of entries on one way. `entries = delivered + dropped + covered + forked + inFlight` holds at any moment.
 */
export interface WayAccount {
  /** How many came this way. */
  readonly entries: number
  /** How many a sink has put safely where they belong. */
  readonly delivered: number
  /** What stages on this way dropped, by reason. A reason that never happened is absent. */
  readonly dropped: Readonly<Record<string, DropAccount>>
  /**
   * How many were acknowledged only by a later one: a stage of the user's own left them out without a word, or made
   * one of many, or a sink of the user's own acknowledges many at once. Always 0 where all stages are LogWisp's own.
   */
  readonly covered: number
  /** How many went on into the branches of a `fanOut`: all of them into each branch. */
  readonly forked: number
  /** How many are under way: neither delivered nor dropped. When all has stopped, that is what is left over. */
  readonly inFlight: number
  /** Each branch of the `fanOut` that this way leads to, with what became of entries there. None without a `fanOut`. */
  readonly branches: readonly BranchAccount[]
}

/** What became of entries in one branch of a `fanOut`. */
export interface BranchAccount extends WayAccount {
  /** The branch's `name`, or its place among the branches: `'0'`, `'1'`. */
  readonly branch: string
}

/** The account of one thing that is read in order: a file with its rotations, or a server's stream. Frozen. */
export interface SourceAccount extends WayAccount {
  /** What was read: of a file its `source`. */
  readonly source: string
}

/**
 * One account of many: their sums, reason by reason and branch by branch. First and last are those of the first and of
 * the last account that has any.
 */
export function sumAccounts(source: string, accounts: readonly SourceAccount[]): SourceAccount {
  const sum = new WaySum()
  for (const account of accounts) sum.addAccount(account)
  return Object.freeze({ source, ...sum.account() })
}
