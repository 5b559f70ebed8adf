/** One slice of a search: entries that fit, from a place on, as many as are found in a short time. */

import type { LogLevel } from '@logwisp/core'
import type { Database } from 'better-sqlite3'
import type { LogQuery } from '../../log-query.ts'
import { compareSlots, encodeEntryId, type Slot } from '../entry-id.ts'
import { unpackSlots } from '../packed-slots.ts'
import { storedLevels } from '../stored-levels.ts'
import type { Budget } from './budget.ts'
import { type EntryRow, type PackedEntry, packedSize, parseFields } from './entry-row.ts'
import { examine } from './examine.ts'
import { planQuery } from './plan.ts'
import type { Reader } from './reader.ts'
import type { Direction } from './slot-range.ts'

export interface LookRequest {
  readonly query: LogQuery
  readonly direction: Direction
  /** Where to begin, this place included; undefined: at the end that the direction comes from. */
  readonly start?: Slot | undefined
  /** Where to end, included; undefined: at the other end. */
  readonly end?: Slot | undefined
  readonly limit: number
  /** So much is found at most, but for the last entry. Unit: bytes. */
  readonly maxBytes: number
  /** Entries of commits after this one are left out; undefined: after the newest one, which the answer tells. */
  readonly throughSeq?: number | undefined
}

export interface LookAnswer {
  /** In the order of the direction. */
  readonly entries: readonly PackedEntry[]
  /** Where to go on; undefined when there is nothing more in the direction. */
  readonly next?: Slot | undefined
  readonly throughSeq: number
}

/** @throws LogwispError `BAD_QUERY`, `STORE_CORRUPT`. */
export function look(reader: Reader, request: LookRequest, budget: Budget): LookAnswer {
  const { db } = reader
  // Asked before anything else: what is committed up to here is seen by every statement that follows.
  const throughSeq = request.throughSeq ?? newestSeq(db)
  const { query, direction, limit, maxBytes } = request
  const plan = planQuery(reader, query, budget)
  if (plan.range === undefined) return { entries: [], throughSeq }
  const { first, last } = plan.range
  const start = nearest(request.start, direction === 'older' ? last : first, direction)
  const end = nearest(request.end, direction === 'older' ? first : last, direction === 'older' ? 'newer' : 'older')
  if (compareSlots(start, end) * (direction === 'older' ? -1 : 1) > 0) return { entries: [], throughSeq }

  const entries: PackedEntry[] = []
  let bytes = 0
  const next = examine(db, plan, direction, start, end, budget, (row) => {
    const entry = fitting(row, reader, plan.fits)
    if (entry === undefined) return true
    bytes += packedSize(entry)
    return entries.push(entry) < limit && bytes < maxBytes
  })
  return { entries: withoutLater(db, entries, throughSeq), next, throughSeq }
}

/** The last commit; 0 when there is none. */
export function newestSeq(db: Database): number {
  return (db.prepare('SELECT max(seq) FROM commits').pluck(true).get() as number | null) ?? 0
}

/** The entry of a row when it fits. Undefined too when it was removed while it was read. */
export function fitting(
  row: EntryRow,
  { names }: Reader,
  fits: (entry: LazyEntry) => boolean,
): PackedEntry | undefined {
  const [ms, turn, exactTime, level, sourceId, message, fields] = row
  const source = names.nameOf(sourceId)
  if (source === undefined) return undefined
  const entry = new LazyEntry(ms, turn, exactTime ?? ms, storedLevels[level], source, message, fields)
  if (!fits(entry)) return undefined
  return { ms, turn, time: entry.time, level, source, message, fields: fields ?? undefined }
}

/** Fields are parsed when somebody asks for them: most entries are decided without. */
class LazyEntry {
  readonly time: number
  readonly level: LogLevel | undefined
  readonly source: string
  readonly message: string
  readonly #ms: number
  readonly #turn: number
  readonly #text: string | null
  #fields: Readonly<Record<string, unknown>> | undefined

  constructor(
    ms: number,
    turn: number,
    time: number,
    level: string | undefined,
    source: string,
    message: string,
    fields: string | null,
  ) {
    this.time = time
    this.level = level === 'none' ? undefined : (level as LogLevel | undefined)
    this.source = source
    this.message = message
    this.#ms = ms
    this.#turn = turn
    this.#text = fields
  }

  get fields(): Readonly<Record<string, unknown>> | undefined {
    if (this.#text === null) return undefined
    this.#fields ??= parseFields(this.#text, encodeEntryId(this.#ms, this.#turn))
    return this.#fields
  }
}

function nearest(asked: Slot | undefined, bound: Slot, direction: Direction): Slot {
  if (asked === undefined) return bound
  const order = compareSlots(asked, bound)
  return order < 0 === (direction === 'older') ? asked : bound
}

/** Without entries of commits after this one: they were committed while we looked. */
function withoutLater(db: Database, entries: readonly PackedEntry[], throughSeq: number): readonly PackedEntry[] {
  if (entries.length === 0) return entries
  const later = db.prepare<[number], Buffer>('SELECT ids FROM commits WHERE seq > ?').pluck(true)
  const found = new Set(entries.map(({ ms }) => ms))
  const left = new Set<string>()
  for (const ids of later.iterate(throughSeq)) {
    for (const { ms, turn } of unpackSlots(ids)) if (found.has(ms)) left.add(encodeEntryId(ms, turn))
  }
  return left.size === 0 ? entries : entries.filter(({ ms, turn }) => !left.has(encodeEntryId(ms, turn)))
}
