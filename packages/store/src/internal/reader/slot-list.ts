/** Places as one parameter of a statement. */

import { type Slot, slotTurns } from '../entry-id.ts'

/** The ids at these places as JSON, for `json_each(?)`: whole numbers, which SQLite reads with all 64 bits. */
export function slotList(slots: readonly Slot[]): string {
  return `[${slots.map(({ ms, turn }) => String(BigInt(ms) * BigInt(slotTurns) + BigInt(turn))).join(',')}]`
}
