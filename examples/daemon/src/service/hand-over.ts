/** What one pipeline has read is where another goes on. */

import { openCheckpoint, type Position } from '@logwisp/core'

/** Copies the positions of one checkpoint into another one, whose own of the same keys are older. Both must be closed. */
export async function handOver(from: string, to: string): Promise<void> {
  const before = await openCheckpoint(from)
  const positions = new Map<string, Position>()
  for (const key of before.keys()) {
    const position = before.get(key)
    if (position !== undefined) positions.set(key, position)
  }
  await before.close()
  await putPositions(positions, to)
}

/** Puts positions into a checkpoint that is closed. */
export async function putPositions(positions: ReadonlyMap<string, Position>, to: string): Promise<void> {
  const after = await openCheckpoint(to)
  for (const [key, position] of positions) after.set(key, position)
  await after.close()
}
