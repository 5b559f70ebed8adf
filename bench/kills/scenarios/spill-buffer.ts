/** A spill buffer whose memory is full after a few lines, and empty again in between: all three of its ways are gone. */

import { join } from 'node:path'
import { type SpillBuffer, spillBuffer } from '@logwisp/core'
import type { KillScenario } from '../kill-scenario.ts'
import { LineTracker, lineCount } from '../numbered-lines.ts'
import { Arrived, carry, itemsFrom, lateSink, leftLocked, numberOf } from './buffered.ts'

/** So many lines come at once; then all of them are waited for. */
const burst = 12

function bufferIn(directory: string): SpillBuffer {
  const options = { maxMemoryEntries: 4, segmentBytes: 1024, maxBytes: 1 << 20, fsync: 'interval' } as const
  return spillBuffer(join(directory, 'spool'), { ...options, fsyncIntervalMs: 1 })
}

export const spilled: KillScenario = {
  name: 'spill buffer',
  async run(directory, from, say) {
    const tracker = new LineTracker(say.acknowledged)
    let given = 0
    async function* source() {
      for (const item of itemsFrom(from, tracker)) {
        yield item
        // Of the last of them some wait in the sink for more.
        if (++given % burst === 0) await tracker.until(from + given - burst / 2)
      }
    }
    await carry(
      source(),
      bufferIn(directory),
      lateSink((entry) => say.delivered(numberOf(entry))),
    )
  },
  async judge(directory, { acknowledged, delivered }) {
    const arrived = new Arrived(delivered)
    const tracker = new LineTracker()
    const left = acknowledged < lineCount ? [tracker.item(acknowledged + 1, lineCount - acknowledged)] : []
    await carry(left, bufferIn(directory), lateSink(arrived.add))
    return arrived.verdict(await leftLocked(join(directory, 'spool')))
  },
}
