/**
 * What became of some entries that are under way, as far as it is known: what was delivered, what was dropped and why,
 * and the same for each branch that they went into.
 */

import type { Origin } from '../../origin.ts'
import { Count } from './count.ts'

/** Parts the names of branches within branches. */
export const branchSeparator = '\u0000'

/** Reasons and branches beyond these are counted as `other`: nothing grows because a stage makes up names. */
const maxReasons = 64
const maxBranches = 256

/** Where reasons and branches beyond the bound are counted. */
const other = 'other'

/** What was dropped for one reason: how much, and the ids of the first and the last of it. */
export interface Drops {
  readonly reason: string
  readonly count: Count
  first: string
  last: string
}

export class Way {
  readonly delivered: Count = new Count()
  drops: Drops[] | undefined
  forks: Map<string, Way> | undefined
  /** Whether the branch is out, so that what it did not deliver is dropped. */
  isFailed = false
  /** How many branches it is the way in: those beyond the bound are counted together. */
  ways = 1

  /** The way in a branch, or in one within that; this one itself for `''`. */
  at(branch: string): Way {
    if (branch === '') return this
    const end = branch.indexOf(branchSeparator)
    return end === -1
      ? this.fork(branch)
      : this.fork(branch.slice(0, end)).at(branch.slice(end + branchSeparator.length))
  }

  /** The way in one branch. */
  fork(name: string): Way {
    this.forks ??= new Map()
    const key = boundedKey(this.forks, name, maxBranches)
    let fork = this.forks.get(key)
    if (fork === undefined) {
      fork = new Way()
      this.forks.set(key, fork)
    }
    return fork
  }

  /** It goes on into branches, all of it into each. */
  forkInto(names: readonly string[]): void {
    let together = 0
    for (const name of names) {
      this.fork(name)
      if (this.forks?.has(name) !== true || name === other) together++
    }
    if (together > 1) this.fork(other).ways = Math.max(this.fork(other).ways, together)
  }

  /** Of how many of so many entries that came this way nothing is known yet, in a branch, or in one within that. */
  roomFor(branch: string, entries: number): number {
    const left = Math.max(0, entries - this.delivered.entries - this.droppedEntries)
    if (branch === '') return left
    const end = branch.indexOf(branchSeparator)
    const name = end === -1 ? branch : branch.slice(0, end)
    const fork = this.forks?.get(name) ?? this.forks?.get(other)
    if (fork === undefined) return 0
    return fork.roomFor(end === -1 ? '' : branch.slice(end + branchSeparator.length), left * fork.ways)
  }

  /** Whether anything is known of a branch. */
  has(branch: string): boolean {
    const end = branch.indexOf(branchSeparator)
    if (end === -1) return this.forks?.has(branch) === true
    return this.forks?.get(branch.slice(0, end))?.has(branch.slice(end + branchSeparator.length)) === true
  }

  deliver(sequence: number, entries: number): void {
    const { lastAt } = this.delivered
    // In order: a batch's entries lie behind what came before it.
    const firstAt = entries === 1 ? sequence : Math.min(sequence, lastAt + 1)
    if (entries > 0) this.delivered.add(firstAt, sequence, entries)
  }

  drop(reason: string, entries: number, first: Origin, last: Origin): void {
    const known = this.#dropsFor(reason)
    if (known === undefined) {
      const count = new Count(first.sequence, last.sequence, entries)
      this.addDrops({ reason, count, first: first.id, last: last.id })
      return
    }
    if (first.sequence < known.count.firstAt) known.first = first.id
    if (last.sequence > known.count.lastAt) known.last = last.id
    known.count.add(first.sequence, last.sequence, entries)
  }

  #dropsFor(reason: string): Drops | undefined {
    return this.drops?.find((drops) => drops.reason === reason)
  }

  /** Adds what was dropped elsewhere behind this. */
  addDrops(more: Drops): void {
    this.drops ??= []
    const known = this.#dropsFor(more.reason)
    if (known !== undefined) {
      known.count.merge(more.count)
      known.last = more.last
    } else if (this.drops.length < maxReasons || more.reason === other) this.drops.push(more)
    else this.addDrops({ ...more, reason: other })
  }

  /** Adds all that is known of entries behind these. */
  add(more: Way): void {
    this.delivered.merge(more.delivered)
    this.isFailed ||= more.isFailed
    this.ways = Math.max(this.ways, more.ways)
    for (const drops of more.drops ?? []) this.addDrops(withCount(drops, drops.count.entries))
    for (const [name, fork] of more.forks ?? []) this.fork(name).add(fork)
  }

  /**
   * Parts it at a place: what surely lies before it, and what may, since it lies on both sides of it. What lies behind it
   * is in neither.
   */
  upTo(place: number): { readonly sure: Way; readonly maybe: Way } {
    const sure = new Way()
    const maybe = new Way()
    sure.isFailed = this.isFailed
    sure.ways = maybe.ways = this.ways
    const delivered = this.delivered.upTo(place)
    sure.delivered.entries = delivered.sure
    maybe.delivered.entries = delivered.maybe
    for (const drops of this.drops ?? []) {
      const counts = drops.count.upTo(place)
      if (counts.sure > 0) sure.addDrops(withCount(drops, counts.sure))
      if (counts.maybe > 0) maybe.addDrops(withCount(drops, counts.maybe))
    }
    for (const [name, fork] of this.forks ?? []) {
      const parts = fork.upTo(place)
      sure.fork(name).add(parts.sure)
      maybe.fork(name).add(parts.maybe)
    }
    return { sure, maybe }
  }

  /** How many entries it takes for all of this to be so. */
  get least(): number {
    let least = this.delivered.entries + this.droppedEntries
    let most = 0
    for (const fork of this.forks?.values() ?? []) most = Math.max(most, Math.ceil(fork.least / fork.ways))
    least += most
    return least
  }

  get droppedEntries(): number {
    let entries = 0
    for (const drops of this.drops ?? []) entries += drops.count.entries
    return entries
  }

  /**
   * Takes of what may be so as much as there is room for in `entries`. What was dropped comes first, and before any fork:
   * a drop there is one for all branches.
   */
  resolve(maybe: Way, entries: number): void {
    let room = entries - this.least
    for (const drops of maybe.drops ?? []) {
      const taken = Math.min(drops.count.entries, Math.max(0, room))
      room -= taken
      if (taken > 0) this.addDrops(withCount(drops, taken))
    }
    this.delivered.entries += Math.min(maybe.delivered.entries, Math.max(0, room))
    const forked = entries - this.delivered.entries - this.droppedEntries
    for (const [name, fork] of maybe.forks ?? []) this.fork(name).resolve(fork, forked * fork.ways)
  }
}

/** So much of what was dropped, wherever it was. */
function withCount({ reason, first, last, count }: Drops, entries: number): Drops {
  return { reason, first, last, count: new Count(count.firstAt, count.lastAt, entries) }
}

/** The key itself, or `other` when a map is full. */
export function boundedKey(map: ReadonlyMap<string, unknown>, key: string, max: number = maxBranches): string {
  return map.size < max || map.has(key) ? key : other
}

/** The most reasons that are told apart. */
export const maxReasonsTold: number = maxReasons
