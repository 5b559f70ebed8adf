/** A checkpoint, saved again and again. */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openCheckpoint } from '@logwisp/core'
import type { KillScenario } from '../kill-scenario.ts'

/** How many positions are saved. */
const saves = 12

/** Positions are numbers; a key beside it makes the file longer each time, and shorter again. */
export const checkpoint: KillScenario = {
  name: 'checkpoint',
  async run(directory, from, say) {
    const positions = await openCheckpoint(join(directory, 'positions.json'), { saveIntervalMs: 3_600_000 })
    for (let number = from; number <= saves; number++) {
      positions.set('line', number)
      positions.set('other', 'x'.repeat((number * 37) % 101))
      // Saved or not: it may be found from now on.
      say.delivered(number)
      await positions.save()
      say.acknowledged(number)
    }
    await positions.close()
  },
  async judge(directory, { acknowledged, delivered }) {
    const path = join(directory, 'positions.json')
    const positions = await openCheckpoint(path)
    const found = Number(positions.get('line') ?? 0)
    const isTorn = found > 0 && positions.get('other') !== 'x'.repeat((found * 37) % 101)
    const isUnknown = found > (delivered.at(-1) ?? 0)
    positions.set('line', saves)
    await positions.close()
    const names = await readdir(directory)
    const isClean = names.length === 1 && names[0] === 'positions.json'
    return {
      lost: Math.max(0, acknowledged - found),
      torn: isTorn ? 1 : 0,
      repeats: Math.max(0, found - acknowledged),
      problem: isUnknown ? `found ${found}, never set` : isClean ? undefined : `left over: ${names.join(' ')}`,
    }
  },
}
