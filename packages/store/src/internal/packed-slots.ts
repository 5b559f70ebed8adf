/** The ids of one commit in one blob, in the order of storing: read without a BigInt for each. */

import type { Slot } from './entry-id.ts'

const packedSlotBytes = 12

/** Slots as `commits.ids` holds them, in order: each the ms as Float64LE and the turn as Uint32LE. */
export function packSlots(slots: readonly Slot[]): Buffer {
  const packed = Buffer.allocUnsafe(slots.length * packedSlotBytes)
  let at = 0
  for (const { ms, turn } of slots) {
    packed.writeDoubleLE(ms, at)
    packed.writeUInt32LE(turn, at + 8)
    at += packedSlotBytes
  }
  return packed
}

/** The slots of {@link packSlots}, from one index to before another. */
export function unpackSlots(packed: Buffer, from = 0, to: number = packed.length / packedSlotBytes): Slot[] {
  const slots: Slot[] = []
  for (let at = from * packedSlotBytes; at < to * packedSlotBytes; at += packedSlotBytes) {
    slots.push({ ms: packed.readDoubleLE(at), turn: packed.readUInt32LE(at + 8) })
  }
  return slots
}
