/** Where an entry stands: the two numbers that make its place, and the text of it. No import of Node: pages use it too. */

import type { EntryId } from '../stored-entry.ts'
import { maxSlotMs, turnBits } from './schema.ts'

/** An entry's place: the ms that it stands in, and its turn within it. */
export interface Slot {
  /** Whole ms since the epoch, at most `maxSlotMs` away from it. */
  readonly ms: number
  /** From 0, below 2^14. */
  readonly turn: number
}

/** An id of the table as SQL makes it of a slot's two numbers: those of JavaScript are bound as REAL, which has no `<<`. */
export const slotIdSql: string = `((CAST(? AS INTEGER) << ${turnBits}) | CAST(? AS INTEGER))`

/** SQL for the ms of an id, a column or an expression. */
export function slotMsSql(id: string): string {
  return `(${id} >> ${turnBits})`
}

/** SQL for the turn of an id within its ms. */
export function slotTurnSql(id: string): string {
  return `(${id} & ${2 ** turnBits - 1})`
}

/** Turns of one ms. */
export const slotTurns: number = 2 ** turnBits

/** Before every entry. */
export const firstSlot: Slot = { ms: -maxSlotMs, turn: 0 }

/** The last place that an entry can have. */
export const lastSlot: Slot = { ms: maxSlotMs, turn: slotTurns - 1 }

/** A slot as text: `m3k2x1a0-0`. */
export function encodeEntryId(ms: number, turn: number): EntryId {
  return `${ms.toString(36)}-${turn.toString(36)}`
}

/** The slot of a text that {@link encodeEntryId} made; undefined for any other text. */
export function decodeEntryId(id: EntryId): Slot | undefined {
  const match = /^(-?[0-9a-z]{1,9})-([0-9a-z]{1,4})$/.exec(id)
  if (match === null) return undefined
  const ms = Number.parseInt(match[1] as string, 36)
  const turn = Number.parseInt(match[2] as string, 36)
  // One ms beyond both ends is a place to page from, where nothing stands.
  if (Math.abs(ms) > maxSlotMs + 1 || turn >= slotTurns) return undefined
  // One text for each place: neither `00a-0` nor `-0-0`, which would be another key for the same entry.
  return encodeEntryId(ms, turn) === id ? { ms, turn } : undefined
}

/** Below 0 when `a` stands before `b`, above when after, 0 when they are the same place. */
export function compareSlots(a: Slot, b: Slot): number {
  return a.ms - b.ms || a.turn - b.turn
}
