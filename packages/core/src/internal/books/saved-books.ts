/**
 * How books are kept in a checkpoint: the sum of what is settled, and what is known of the entries around the saved place
 * that were read together, of which a restart reads a part again.
 *
 * ```
 *   { e: 100, d: 20, x: { filtered: [80, 'id', 'id'] }, b: { errors: { … } } }     a sum; nought is left out
 * ```
 */

import type { Position } from '../../checkpoint.ts'
import { Count } from './count.ts'
import { Way } from './way.ts'
import { WaySum } from './way-sum.ts'

/** What is known of entries of which a part is to be read again. */
export interface PartlyKnown {
  /** How many were read. */
  readonly entries: number
  /** Up to where each file was read for them: reading that again is no reading. */
  readonly ends: ReadonlyMap<string, number>
  /** What became of them before the saved place. */
  readonly sure: Way
  /** What became of some of them, before the saved place or behind it. */
  readonly maybe: Way
}

export interface RestoredBooks {
  readonly sum: WaySum
  readonly partly: PartlyKnown | undefined
}

export function saveBooks(sum: WaySum, partly: PartlyKnown | undefined): Position {
  const saved: Record<string, Position> = { sum: saveSum(sum) }
  if (partly !== undefined) {
    const { entries, ends, sure, maybe } = partly
    saved['partly'] = { entries, ends: Object.fromEntries(ends), sure: saveWay(sure), maybe: saveWay(maybe) }
  }
  return saved
}

/** Reads books back; undefined when what was saved is none. */
export function restoreBooks(saved: unknown): RestoredBooks | undefined {
  if (!isRecord(saved)) return undefined
  const sum = restoreSum(saved['sum'])
  if (sum === undefined) return undefined
  if (saved['partly'] === undefined) return { sum, partly: undefined }
  const partly = restorePartly(saved['partly'])
  return partly && { sum, partly }
}

function saveSum(sum: WaySum): Position {
  const drops = Array.from(sum.dropped, ([reason, { entries, first, last }]) => [reason, [entries, first, last]])
  const branches = Array.from(sum.branches, ([name, branch]) => [name, saveSum(branch)])
  return {
    e: sum.entries,
    ...(sum.delivered > 0 && { d: sum.delivered }),
    ...(sum.covered > 0 && { c: sum.covered }),
    ...(sum.forked > 0 && { f: sum.forked }),
    ...(drops.length > 0 && { x: Object.fromEntries(drops) }),
    ...(branches.length > 0 && { b: Object.fromEntries(branches) }),
  }
}

function saveWay(way: Way): Position {
  const drops = (way.drops ?? []).map(({ reason, count, first, last }) => [reason, [count.entries, first, last]])
  const forks = Array.from(way.forks ?? [], ([name, fork]) => [name, saveWay(fork)])
  return {
    ...(way.delivered.entries > 0 && { d: way.delivered.entries }),
    ...(drops.length > 0 && { x: Object.fromEntries(drops) }),
    ...(way.forks !== undefined && { b: Object.fromEntries(forks) }),
    ...(way.isFailed && { failed: true }),
    ...(way.ways > 1 && { n: way.ways }),
  }
}

function restoreSum(saved: unknown): WaySum | undefined {
  if (!isRecord(saved)) return undefined
  const { e, d = 0, c = 0, f = 0, x = {}, b = {} } = saved
  if (!isCount(e) || !isCount(d) || !isCount(c) || !isCount(f) || !isRecord(b)) return undefined
  const drops = restoreDrops(x)
  if (drops === undefined) return undefined
  const sum = new WaySum()
  sum.entries = e
  sum.delivered = d
  sum.covered = c
  sum.forked = f
  for (const { reason, entries, first, last } of drops) sum.drop(reason, entries, first, last)
  for (const [name, savedBranch] of Object.entries(b)) {
    const branch = restoreSum(savedBranch)
    if (branch === undefined) return undefined
    sum.branch(name).merge(branch)
  }
  return sum
}

function restorePartly(saved: unknown): PartlyKnown | undefined {
  if (!isRecord(saved)) return undefined
  const { entries, ends } = saved
  const sure = restoreWay(saved['sure'])
  const maybe = restoreWay(saved['maybe'])
  if (!isCount(entries) || !isRecord(ends) || sure === undefined || maybe === undefined) return undefined
  const places = Object.entries(ends)
  if (!places.every((place): place is [string, number] => isCount(place[1]))) return undefined
  return { entries, ends: new Map(places), sure, maybe }
}

function restoreWay(saved: unknown): Way | undefined {
  if (!isRecord(saved)) return undefined
  const { d = 0, x = {}, b = {}, failed, n = 1 } = saved
  const drops = restoreDrops(x)
  if (!isCount(d) || drops === undefined || !isRecord(b) || !isCount(n) || n === 0) return undefined
  const way = new Way()
  way.delivered.entries = d
  way.isFailed = failed === true
  way.ways = n
  for (const { reason, entries, first, last } of drops) {
    way.addDrops({ reason, count: new Count(-Infinity, -Infinity, entries), first, last })
  }
  for (const [name, savedFork] of Object.entries(b)) {
    const fork = restoreWay(savedFork)
    if (fork === undefined) return undefined
    way.fork(name).add(fork)
  }
  return way
}

function restoreDrops(saved: unknown): { reason: string; entries: number; first: string; last: string }[] | undefined {
  if (!isRecord(saved)) return undefined
  const drops: { reason: string; entries: number; first: string; last: string }[] = []
  for (const [reason, dropped] of Object.entries(saved)) {
    if (!Array.isArray(dropped)) return undefined
    const [entries, first, last] = dropped as readonly unknown[]
    if (!isCount(entries) || typeof first !== 'string' || typeof last !== 'string') return undefined
    drops.push({ reason, entries, first, last })
  }
  return drops
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
