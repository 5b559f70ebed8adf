/** Cuts a range of places into pieces with so many entries that looking through one is soon done. */

import type { Database } from 'better-sqlite3'
import { compareSlots, type Slot, slotIdSql, slotMsSql, slotTurnSql, slotTurns } from '../entry-id.ts'
import type { Direction } from './slot-range.ts'

/** Lengths that `counts` has, the longest first. Unit: ms. */
const units = [3_600_000, 60_000, 1_000]

/** Rows of `counts` that are looked at: a piece of a store with few entries ends after so many hours and levels. */
const maxCounts = 500

/**
 * Where a piece ends that begins at `start`, goes towards `end` and has about `entries` entries: never beyond `end`.
 *
 * It costs a few rows of `counts`, and 12 ns per entry only where a single second has more than that.
 */
export function intervalEnd(db: Database, start: Slot, end: Slot, direction: Direction, entries: number): Slot {
  for (const unit of units) {
    const ms = endByCounts(db, start, direction, unit, entries)
    if (ms === undefined) continue
    const slot = direction === 'older' ? { ms, turn: 0 } : { ms: ms + unit - 1, turn: slotTurns - 1 }
    return nearer(slot, end, direction)
  }
  return nearer(endByEntries(db, start, direction, entries) ?? end, end, direction)
}

/** Undefined when the first of these units alone has more entries; Infinity, of the direction's sign, when all have less. */
function endByCounts(
  db: Database,
  { ms }: Slot,
  direction: Direction,
  unit: number,
  entries: number,
): number | undefined {
  const [operator, order] = direction === 'older' ? ['<=', 'DESC'] : ['>=', 'ASC']
  const sql = `SELECT time, entries FROM counts WHERE unit = ? AND time ${operator} ? ORDER BY time ${order} LIMIT ${maxCounts}`
  const first = Math.floor(ms / unit) * unit
  let end: number | undefined
  let time: number | undefined
  let sum = 0
  let rows = 0
  for (const row of db.prepare<[number, number], [number, number]>(sql).raw(true).iterate(unit, first)) {
    if (row[0] !== time) {
      // A unit is within the piece once all of its levels are counted.
      end = time
      time = row[0]
    }
    sum += row[1]
    rows++
    if (sum > entries) return end
  }
  if (rows === maxCounts) return end
  return direction === 'older' ? -Infinity : Infinity
}

/** The place so many entries further; undefined when there are less. */
function endByEntries(db: Database, { ms, turn }: Slot, direction: Direction, entries: number): Slot | undefined {
  const [operator, order] = direction === 'older' ? ['<=', 'DESC'] : ['>=', 'ASC']
  const sql = `SELECT ${slotMsSql('id')} AS ms, ${slotTurnSql('id')} AS turn FROM entries WHERE id ${operator} ${slotIdSql}
    ORDER BY id ${order} LIMIT 1 OFFSET ?`
  return db.prepare<[number, number, number], Slot>(sql).get(ms, turn, entries - 1)
}

function nearer(slot: Slot, end: Slot, direction: Direction): Slot {
  const order = compareSlots(slot, end)
  return order < 0 === (direction === 'older') ? end : slot
}
