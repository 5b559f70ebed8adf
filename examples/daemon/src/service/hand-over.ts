/** What one pipeline has read is where another goes on. */

import { openCheckpoint } from '@logwisp/core'

/** Copies the positions of one checkpoint into another one, whose own of the same keys are older. Both must be closed. */
export async function handOver(from: string, to: string): Promise<void> {
  const before = await openCheckpoint(from)
  const after = await openCheckpoint(to)
  for (const key of before.keys()) {
    const position = before.get(key)
    if (position !== undefined) after.set(key, position)
  }
  await Promise.all([before.close(), after.close()])
}
