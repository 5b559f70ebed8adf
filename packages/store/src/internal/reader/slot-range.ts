/** Where entries of a time range stand. */

import { firstSlot, lastSlot, type Slot, slotTurns } from '../entry-id.ts'
import { maxOwnSlotMs } from '../schema.ts'

/** Places from one to another, both included. */
export interface SlotRange {
  readonly first: Slot
  readonly last: Slot
}

/** The way in which a query goes: towards older entries or towards newer ones. */
export type Direction = 'older' | 'newer'

/**
 * All places where an entry of the time range can stand; others may stand there too. Undefined when there is none.
 *
 * @param from Not before this, in ms since the epoch.
 * @param to Before this.
 * @param maxSpillMs How far behind its time an entry may stand. Only times that no place can hold stand further away.
 */
export function slotRange(from: number, to: number, maxSpillMs: number): SlotRange | undefined {
  if (!(from < to)) return undefined
  const first = Math.floor(from)
  const last = Math.ceil(to) + maxSpillMs
  return {
    first: first < -maxOwnSlotMs ? firstSlot : { ms: Math.min(first, maxOwnSlotMs + 1), turn: 0 },
    last: last > maxOwnSlotMs ? lastSlot : { ms: Math.max(last, -maxOwnSlotMs - 1), turn: slotTurns - 1 },
  }
}

/** The place behind another, in the direction. */
export function slotBeyond({ ms, turn }: Slot, direction: Direction): Slot {
  if (direction === 'newer') return turn === slotTurns - 1 ? { ms: ms + 1, turn: 0 } : { ms, turn: turn + 1 }
  return turn === 0 ? { ms: ms - 1, turn: slotTurns - 1 } : { ms, turn: turn - 1 }
}
