/** Looks through the entries of a range in order, by the words index where it helps. */

import type { Database } from 'better-sqlite3'
import { compareSlots, type Slot, slotIdSql } from '../entry-id.ts'
import type { Budget } from './budget.ts'
import { type EntryRow, entryRowSql } from './entry-row.ts'
import { intervalEnd } from './interval.ts'
import { allLevels, type Plan } from './plan.ts'
import { slotList } from './slot-list.ts'
import { type Direction, slotBeyond } from './slot-range.ts'

/** Told of every entry that may fit, in the order of the direction. Stops with `false`. */
export type EntryVisitor = (row: EntryRow) => boolean

/**
 * A statement is open for this long at most: one that is open keeps the write-ahead log from being taken over into the
 * database. Unit: ms.
 */
const statementMs = 8

/** Entries of the first piece whose levels SQLite sifts; pieces grow as long as they are done in half of {@link statementMs}. */
const firstPieceEntries = 100_000

/** Entries looked at between two looks at the clock. */
const clockEntries = 16

/** After a larger one the clock is looked at too. Unit: UTF-16 code units. */
const largeText = 65_536

/** Entries that the index does not have yet, looked up one by one between two statements. */
const maxLookedUp = 4_096

/** Where more than one of so many entries is not in the index, or is found by it, looking at all of them costs less. */
const density = 3

/**
 * Looks from `start` to `end`, both included, until the visitor or the budget ends it.
 *
 * @returns Where to go on; undefined when it came to the end. It came further than `start` in any case.
 */
export function examine(
  db: Database,
  plan: Plan,
  direction: Direction,
  start: Slot,
  end: Slot,
  budget: Budget,
  visit: EntryVisitor,
): Slot | undefined {
  let pieceEntries = firstPieceEntries
  let isCommon = false
  for (let at = start; ; ) {
    const began = performance.now()
    const piece = nextPiece(db, plan, direction, at, end, pieceEntries, isCommon)
    const walk = { budget, visit, statementEnd: began + statementMs, examined: 0, isStopped: false }
    const last = examinePiece(db, plan, direction, at, piece, walk)
    const next = slotBeyond(last, direction)
    if (isBeyond(next, end, direction)) return undefined
    if (walk.isStopped || budget.isSpent()) return next
    if (plan.isLevelsOnly) isCommon = isDense(db, direction, at, last, walk.examined)
    if (performance.now() - began < statementMs / 2) pieceEntries *= 2
    else pieceEntries = Math.max(firstPieceEntries, pieceEntries / 2)
    at = next
  }
}

interface Piece {
  readonly end: Slot
  /** Undefined: every entry of the piece is looked at. */
  readonly words: string | undefined
  readonly unindexed: readonly Slot[]
}

function nextPiece(
  db: Database,
  { words, levels, unindexed }: Plan,
  direction: Direction,
  start: Slot,
  end: Slot,
  entries: number,
  isCommon: boolean,
): Piece {
  const none: readonly Slot[] = []
  if (words === undefined || isCommon) {
    // Where every entry is given to us, the statement can end at any of them; where SQLite sifts, only at the piece's end.
    return {
      end: levels === allLevels ? end : intervalEnd(db, start, end, direction, entries),
      words: undefined,
      unindexed: none,
    }
  }
  // The index is asked for all at once: it looks for entries that have several words through all of its range, and even
  // beyond, however few are asked for. That takes it 40 ns for each place of the rarest word (measured).
  let slots = (direction === 'older' ? unindexed?.between(end, start) : unindexed?.between(start, end)) ?? none
  if (slots.length === 0) return { end, words, unindexed: none }
  let pieceEnd = end
  if (slots.length > maxLookedUp) {
    slots = direction === 'older' ? slots.slice(-maxLookedUp) : slots.slice(0, maxLookedUp)
    pieceEnd = (direction === 'older' ? slots[0] : slots.at(-1)) as Slot
  }
  return isDense(db, direction, start, pieceEnd, slots.length)
    ? { end: pieceEnd, words: undefined, unindexed: none }
    : { end: pieceEnd, words, unindexed: slots }
}

interface Walk {
  readonly budget: Budget
  readonly visit: EntryVisitor
  readonly statementEnd: number
  examined: number
  /** By the visitor. */
  isStopped: boolean
}

/** The last place that was looked at. */
function examinePiece(db: Database, plan: Plan, direction: Direction, start: Slot, piece: Piece, walk: Walk): Slot {
  const { end, words, unindexed } = piece
  const bounds = direction === 'older' ? [end, start] : [start, end]
  const rows =
    words === undefined
      ? rowsBetween(db, direction, bounds, plan.levels)
      : merged(rowsOfWords(db, direction, bounds, words), rowsAt(db, direction, unindexed), direction)
  for (const row of rows) {
    walk.examined++
    if (((plan.levels >> row[3]) & 1) === 1 && !walk.visit(row)) walk.isStopped = true
    const isTimeToLook = walk.examined % clockEntries === 0 || row[5].length + (row[6]?.length ?? 0) > largeText
    if (walk.isStopped || (isTimeToLook && (performance.now() > walk.statementEnd || walk.budget.isSpent()))) {
      return { ms: row[0], turn: row[1] }
    }
  }
  return end
}

function isBeyond(slot: Slot, end: Slot, direction: Direction): boolean {
  const order = compareSlots(slot, end)
  return direction === 'older' ? order < 0 : order > 0
}

function orderOf(direction: Direction): 'DESC' | 'ASC' {
  return direction === 'older' ? 'DESC' : 'ASC'
}

function numbersOf(bounds: readonly Slot[]): number[] {
  return bounds.flatMap(({ ms, turn }) => [ms, turn])
}

/** All entries between two places that have one of these levels. */
function rowsBetween(db: Database, direction: Direction, bounds: readonly Slot[], levels: number): Iterable<EntryRow> {
  const sifted = levels === allLevels ? '' : `AND (${levels} >> e.level) & 1`
  const sql = `SELECT ${entryRowSql} FROM entries e WHERE e.id BETWEEN ${slotIdSql} AND ${slotIdSql} ${sifted}
    ORDER BY e.id ${orderOf(direction)}`
  return db
    .prepare<number[], EntryRow>(sql)
    .raw(true)
    .iterate(...numbersOf(bounds))
}

/** The entries between two places that the index finds. */
function rowsOfWords(db: Database, direction: Direction, bounds: readonly Slot[], words: string): Iterable<EntryRow> {
  // The index may have entries that are gone.
  const sql = `SELECT ${entryRowSql} FROM words w CROSS JOIN entries e ON e.id = w.rowid
    WHERE w.words MATCH ? AND w.rowid >= ${slotIdSql} AND w.rowid <= ${slotIdSql} ORDER BY w.rowid ${orderOf(direction)}`
  return db
    .prepare<[string, ...number[]], EntryRow>(sql)
    .raw(true)
    .iterate(words, ...numbersOf(bounds))
}

/** The entries at these places, which are in order. */
function rowsAt(db: Database, direction: Direction, slots: readonly Slot[]): Iterable<EntryRow> {
  if (slots.length === 0) return []
  const list = slotList(direction === 'older' ? slots.toReversed() : slots)
  const sql = `SELECT ${entryRowSql} FROM json_each(?) j CROSS JOIN entries e ON e.id = j.value`
  return db.prepare<[string], EntryRow>(sql).raw(true).iterate(list)
}

/** Both in one order; what is in both comes once. */
function* merged(found: Iterable<EntryRow>, more: Iterable<EntryRow>, direction: Direction): Generator<EntryRow> {
  const others = more[Symbol.iterator]()
  try {
    let other = others.next()
    for (const row of found) {
      let order = other.done ? -1 : orderOfRows(row, other.value, direction)
      while (order > 0) {
        yield other.value
        other = others.next()
        order = other.done ? -1 : orderOfRows(row, other.value, direction)
      }
      if (order === 0) other = others.next()
      yield row
    }
    for (; !other.done; other = others.next()) yield other.value
  } finally {
    others.return?.()
  }
}

function orderOfRows(a: EntryRow, b: EntryRow, direction: Direction): number {
  const order = a[0] - b[0] || a[1] - b[1]
  return direction === 'older' ? -order : order
}

/** Whether these are more than one in {@link density} of the entries between two places. */
function isDense(db: Database, direction: Direction, start: Slot, end: Slot, entries: number): boolean {
  const bounds = direction === 'older' ? [end, start] : [start, end]
  const sql = `SELECT count(*) FROM (SELECT 1 FROM entries e WHERE e.id BETWEEN ${slotIdSql} AND ${slotIdSql} LIMIT ?)`
  const enough = entries * density
  const counted = db
    .prepare<number[], number>(sql)
    .pluck(true)
    .get(...numbersOf(bounds), enough) as number
  return counted < enough
}
