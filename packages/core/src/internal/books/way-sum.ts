/** What became of all entries so far, in sum: grows by what is settled, and is what a checkpoint keeps. */

import type { DropAccount, WayAccount } from '../../account.ts'
import { boundedKey, maxReasonsTold, type Way } from './way.ts'

/** What the entries are of which nothing is known: acknowledged by a later one, under way, or lost for a reason. */
export type Rest = 'covered' | 'in-flight' | { readonly reason: string }

/** What was dropped for one reason, growing. */
interface DropSum {
  entries: number
  readonly first: string
  last: string
}

export class WaySum {
  entries = 0
  delivered = 0
  covered = 0
  forked = 0
  inFlight = 0
  readonly dropped: Map<string, DropSum> = new Map()
  readonly branches: Map<string, WaySum> = new Map()

  /** Adds so many entries and what became of them. `at` has a place to name where nothing better is known. */
  add(way: Way, entries: number, rest: Rest, at: { readonly id: string }): void {
    this.entries += entries
    let left = entries
    // More than there were: a stage of the user's own gave one entry on twice.
    for (const { reason, count, first, last } of way.drops ?? []) {
      const taken = Math.min(count.entries, left)
      left -= taken
      if (taken > 0) this.drop(reason, taken, first, last)
    }
    const delivered = Math.min(way.delivered.entries, left)
    this.delivered += delivered
    left -= delivered
    if (way.forks !== undefined && way.forks.size > 0) {
      this.forked += left
      for (const [name, fork] of way.forks) this.branch(name).add(fork, left * fork.ways, rest, at)
    } else if (left > 0) this.#addRest(way.isFailed ? { reason: 'branch-failed' } : rest, left, at)
  }

  #addRest(rest: Rest, entries: number, at: { readonly id: string }): void {
    if (rest === 'covered') this.covered += entries
    else if (rest === 'in-flight') this.inFlight += entries
    else this.drop(rest.reason, entries, at.id, at.id)
  }

  drop(name: string, entries: number, first: string, last: string): void {
    const known = this.dropped.get(name) ?? this.dropped.get(boundedKey(this.dropped, name, maxReasonsTold))
    if (known === undefined) {
      this.dropped.set(boundedKey(this.dropped, name, maxReasonsTold), { entries, first, last })
      return
    }
    known.entries += entries
    known.last = last
  }

  branch(name: string): WaySum {
    const key = boundedKey(this.branches, name)
    let branch = this.branches.get(key)
    if (branch === undefined) {
      branch = new WaySum()
      this.branches.set(key, branch)
    }
    return branch
  }

  /** The same once more, to be added to. */
  copy(): WaySum {
    const copy = new WaySum()
    copy.merge(this)
    return copy
  }

  /** Adds another sum. */
  merge(more: WaySum): void {
    this.entries += more.entries
    this.delivered += more.delivered
    this.covered += more.covered
    this.forked += more.forked
    this.inFlight += more.inFlight
    for (const [reason, { entries, first, last }] of more.dropped) this.drop(reason, entries, first, last)
    for (const [name, branch] of more.branches) this.branch(name).merge(branch)
  }

  /** Adds what is shown of another one. */
  addAccount(account: WayAccount): void {
    this.entries += account.entries
    this.delivered += account.delivered
    this.covered += account.covered
    this.forked += account.forked
    this.inFlight += account.inFlight
    for (const [reason, { entries, first, last }] of Object.entries(account.dropped)) {
      this.drop(reason, entries, first, last)
    }
    for (const branch of account.branches) this.branch(branch.branch).addAccount(branch)
  }

  /** Counts what is under way as dropped. */
  giveUp(reason: string): void {
    if (this.inFlight > 0) this.drop(reason, this.inFlight, '', '')
    this.inFlight = 0
    for (const branch of this.branches.values()) branch.giveUp(reason)
  }

  /** As it is shown; frozen. */
  account(): WayAccount {
    const dropped = Array.from(this.dropped, ([reason, drops]): [string, DropAccount] => [
      reason,
      Object.freeze({ ...drops }),
    ])
    const branches = Array.from(this.branches, ([branch, sum]) => Object.freeze({ branch, ...sum.account() }))
    return {
      entries: this.entries,
      delivered: this.delivered,
      dropped: Object.freeze(Object.fromEntries(dropped)),
      covered: this.covered,
      forked: this.forked,
      inFlight: this.inFlight,
      branches: Object.freeze(branches),
    }
  }
}
