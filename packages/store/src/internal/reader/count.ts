/** One slice of a histogram: counts per bucket and level, from the newest on, as far as a short time goes. */

import type { Database } from 'better-sqlite3'
import type { LogQuery } from '../../log-query.ts'
import type { Slot } from '../entry-id.ts'
import { bucketSizeMs, type CountSegment, countSegments } from './buckets.ts'
import type { Budget } from './budget.ts'
import { examine } from './examine.ts'
import { fitting } from './look.ts'
import { allowedLevels, planQuery } from './plan.ts'
import type { Reader } from './reader.ts'

export interface CountRequest {
  readonly query: LogQuery
  /** At most so many buckets. */
  readonly buckets: number
  /** Where an earlier slice had come to. */
  readonly resume?: CountResume | undefined
}

/** How far counting has come, and what was found out at its beginning. */
export interface CountResume {
  /** The times that are shown; those that are counted are the query's. */
  readonly from: number
  readonly to: number
  readonly bucketMs: number
  /** The segment to go on with, and where in it. */
  readonly segment: number
  readonly slot?: Slot | undefined
  readonly before?: number | undefined
}

export interface CountAnswer {
  readonly from: number
  readonly to: number
  readonly bucketMs: number
  /** Beginning of the bucket, level by its number, entries. */
  readonly counts: readonly (readonly [time: number, level: number, entries: number])[]
  /** Undefined when all is counted. */
  readonly resume?: CountResume | undefined
  /** With `resume`: nothing before this time is counted, and all from it on. */
  readonly countedFrom?: number | undefined
}

/** @throws LogwispError `BAD_QUERY`, `STORE_CORRUPT`. */
export function count(reader: Reader, request: CountRequest, budget: Budget): CountAnswer {
  const { db } = reader
  const { query, resume } = request
  // Refuses what is no query, before `counts` is asked, which does not look at all of it.
  planQuery(reader, { ...query, to: -Infinity }, budget)
  const { from, to, bucketMs } = resume ?? shownRange(db, query, request.buckets)
  const isByLevelOnly = (query.terms ?? []).every(({ kind }) => kind === 'level')
  const segments = countSegments(query.from ?? -Infinity, query.to ?? Infinity, isByLevelOnly ? bucketMs : 0)
  const tally = new Tally(bucketMs)
  let at = { slot: resume?.slot, before: resume?.before }
  for (let index = resume?.segment ?? 0; index < segments.length; index++) {
    const segment = segments[index] as CountSegment
    const left =
      segment.unit === undefined
        ? countEntries(reader, query, segment, at.slot, budget, tally)
        : countUnits(db, allowedLevels(query.terms ?? []), segment, segment.unit, at.before, budget, tally)
    if (left !== undefined) {
      const countedFrom = left.before ?? (left.slot as Slot).ms + 1
      return {
        from,
        to,
        bucketMs,
        counts: tally.counts(),
        resume: { from, to, bucketMs, segment: index, ...left },
        countedFrom,
      }
    }
    at = { slot: undefined, before: undefined }
  }
  return { from, to, bucketMs, counts: tally.counts() }
}

/** The times to show: the query's, or those of what is there; as whole buckets. */
function shownRange(db: Database, query: LogQuery, buckets: number): { from: number; to: number; bucketMs: number } {
  const oldest = timeOf(db, 'ASC', -Infinity, Infinity, 1_000)
  const newest = timeOf(db, 'DESC', -Infinity, Infinity, 1_000)
  const isTime = (time: number | undefined): time is number => time !== undefined && Number.isFinite(time)
  const from = isTime(query.from) ? query.from : Math.min(oldest ?? 0, isTime(query.to) ? query.to : Infinity)
  const to = Math.max(from, isTime(query.to) ? query.to : newest === undefined ? from : newest + 1_000)
  const bucketMs = bucketSizeMs(from, to, buckets)
  return { from: Math.floor(from / bucketMs) * bucketMs, to: Math.ceil(to / bucketMs) * bucketMs, bucketMs }
}

/** Where to go on in a segment; undefined when it is done. */
type Left =
  | { readonly slot: Slot; readonly before?: undefined }
  | { readonly before: number; readonly slot?: undefined }

function countEntries(
  reader: Reader,
  query: LogQuery,
  { from, to }: CountSegment,
  start: Slot | undefined,
  budget: Budget,
  tally: Tally,
): Left | undefined {
  const plan = planQuery(reader, { ...query, from, to }, budget)
  if (plan.range === undefined) return undefined
  const { first, last } = plan.range
  const slot = examine(reader.db, plan, 'older', start ?? last, first, budget, (row) => {
    const entry = fitting(row, reader, plan.fits)
    if (entry !== undefined) tally.add(entry.time, entry.level, 1)
    return true
  })
  return slot && { slot }
}

function countUnits(
  db: Database,
  levels: number,
  { from, to }: CountSegment,
  unit: number,
  before: number | undefined,
  budget: Budget,
  tally: Tally,
): Left | undefined {
  const sums = db
    .prepare<[number, number, number], [number, number]>(
      'SELECT level, sum(entries) FROM counts WHERE unit = ? AND time >= ? AND time < ? GROUP BY level',
    )
    .raw(true)
  let end = before ?? to
  for (;;) {
    // Buckets without entries are passed over.
    const newest = timeOf(db, 'DESC', from, end, unit)
    if (newest === undefined) return undefined
    const start = Math.max(from, tally.bucketOf(newest))
    for (const [level, entries] of sums.iterate(unit, start, end)) {
      if (((levels >> level) & 1) === 1) tally.add(newest, level, entries)
    }
    end = start
    if (budget.isSpent()) return { before: end }
  }
}

/** The first or the last unit that has entries. */
function timeOf(db: Database, order: 'ASC' | 'DESC', from: number, to: number, unit: number): number | undefined {
  const sql = `SELECT time FROM counts WHERE unit = ? AND time >= ? AND time < ? ORDER BY time ${order} LIMIT 1`
  return db.prepare<[number, number, number], number>(sql).pluck(true).get(unit, from, to)
}

/** Sums by bucket and level. */
class Tally {
  readonly #bucketMs: number
  readonly #buckets = new Map<number, number[]>()

  constructor(bucketMs: number) {
    this.#bucketMs = bucketMs
  }

  add(time: number, level: number, entries: number): void {
    const bucket = this.bucketOf(time)
    let sums = this.#buckets.get(bucket)
    if (sums === undefined) this.#buckets.set(bucket, (sums = []))
    sums[level] = (sums[level] ?? 0) + entries
  }

  bucketOf(time: number): number {
    return Math.floor(time / this.#bucketMs) * this.#bucketMs
  }

  counts(): [number, number, number][] {
    return [...this.#buckets].flatMap(([time, sums]) =>
      // Levels without entries are holes of the array, which `flatMap` passes over.
      sums.flatMap((entries, level) => [[time, level, entries] as [number, number, number]]),
    )
  }
}
