/** The books of a source, for whoever looks: what became of every entry that it has read, up to now. Pure. */

import { type SourceAccount, sumAccounts, type WayAccount } from '@logwisp/core'

/** What was dropped for one reason, and where: the ids of the first and of the last of it. */
export interface DropStatus {
  readonly entries: number
  readonly first: string
  readonly last: string
}

/** What became of entries on one way. */
export interface WayStatus {
  /** How many came this way. */
  readonly entries: number
  readonly delivered: number
  /** Left out on purpose, by a filter. */
  readonly filtered: number
  /** All else that was dropped, by reason. */
  readonly dropped: Readonly<Record<string, DropStatus>>
  /** Acknowledged only by a later one: 0 where all stages are LogWisp's own. */
  readonly covered: number
  /** Under way; 0 once the source has stopped, and then they are left over. */
  readonly in_flight: number
  readonly left_over: number
  /** What is missing for the books to balance: 0. */
  readonly missing: number
}

/** The account of one file or stream. */
export interface AccountStatus extends WayStatus {
  readonly source: string
  /** How many went on to the sinks; each of them got all. */
  readonly to_sinks: number
  readonly sinks: readonly (WayStatus & { readonly sink: string })[]
}

/** The books of a source. They are saved with its positions, so that they go on over restarts. */
export interface BooksStatus {
  /** Whether everything that was read is accounted for. */
  readonly balanced: boolean
  readonly total: AccountStatus
  /** One by one: those with losses first, then those with the most under way. At most {@link maxAccounts}. */
  readonly accounts: readonly AccountStatus[]
  /** How many there are. */
  readonly account_count: number
}

/** A page that looks each second need not move megabytes. */
export const maxAccounts = 100

/** What a filter drops under: no loss, but what was asked for. */
const filteredReason = 'filtered'

/** Undefined for a source that keeps no books. `isStopped`: nothing is under way any more, what is open is left over. */
export function booksStatus(ledger: readonly SourceAccount[] | undefined, isStopped: boolean): BooksStatus | undefined {
  if (ledger === undefined) return undefined
  const bySource = new Map<string, SourceAccount[]>()
  for (const account of ledger) bySource.set(account.source, [...(bySource.get(account.source) ?? []), account])
  const accounts = [...bySource].map(([source, all]) => accountStatus(sumAccounts(source, all), isStopped))
  const total = accountStatus(sumAccounts('', ledger), isStopped)
  return {
    balanced: accounts.every(isBalanced),
    total,
    accounts: accounts.toSorted(worseFirst).slice(0, maxAccounts),
    account_count: accounts.length,
  }
}

function accountStatus(account: SourceAccount, isStopped: boolean): AccountStatus {
  return {
    source: account.source,
    ...wayStatus(account, isStopped),
    to_sinks: account.forked,
    sinks: account.branches.map((branch) => ({ sink: branch.branch, ...wayStatus(branch, isStopped) })),
  }
}

function wayStatus(way: WayAccount, isStopped: boolean): WayStatus {
  const { [filteredReason]: filtered, ...dropped } = way.dropped
  const { entries, delivered, covered, forked, inFlight } = way
  const gone = Object.values(way.dropped).reduce((sum, drop) => sum + drop.entries, 0)
  return {
    entries,
    delivered,
    filtered: filtered?.entries ?? 0,
    dropped,
    covered,
    in_flight: isStopped ? 0 : inFlight,
    left_over: isStopped ? inFlight : 0,
    missing: entries - delivered - gone - covered - forked - inFlight,
  }
}

/** Nothing missing, and nothing that is there twice. */
function isBalanced({ missing, in_flight, left_over, sinks }: AccountStatus): boolean {
  return [{ missing, in_flight, left_over }, ...sinks].every(
    (way) => way.missing === 0 && way.in_flight >= 0 && way.left_over >= 0,
  )
}

function worseFirst(one: AccountStatus, other: AccountStatus): number {
  return lossOf(other) - lossOf(one) || openOf(other) - openOf(one) || other.entries - one.entries
}

function lossOf({ dropped, sinks }: AccountStatus): number {
  return [dropped, ...sinks.map((sink) => sink.dropped)]
    .flatMap((reasons) => Object.values(reasons))
    .reduce((sum, { entries }) => sum + entries, 0)
}

function openOf({ in_flight, left_over, sinks }: AccountStatus): number {
  return in_flight + left_over + sinks.reduce((sum, sink) => sum + sink.in_flight + sink.left_over, 0)
}
