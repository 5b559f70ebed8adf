/** A disk buffer that is written and read at the same time, with what comes behind it always some lines late. */

import { join } from 'node:path'
import { type DiskBuffer, type DiskBufferOptions, diskBuffer } from '@logwisp/core'
import type { KillScenario } from '../kill-scenario.ts'
import { LineTracker, lineCount } from '../numbered-lines.ts'
import { Arrived, carry, itemsFrom, lateSink, leftLocked, numberOf } from './buffered.ts'

function bufferIn(directory: string, fsync: NonNullable<DiskBufferOptions['fsync']>): DiskBuffer {
  // A segment takes seven lines or so: some of them come and go.
  return diskBuffer(join(directory, 'spool'), { segmentBytes: 1024, maxBytes: 1 << 20, fsync, fsyncIntervalMs: 1 })
}

export function diskBufferScenario(fsync: NonNullable<DiskBufferOptions['fsync']>): KillScenario {
  return {
    name: `disk buffer, fsync ${fsync}`,
    async run(directory, from, say) {
      const tracker = new LineTracker(say.acknowledged)
      async function* source() {
        for (const item of itemsFrom(from, tracker)) {
          yield item
          await tracker.untilLast()
        }
      }
      await carry(
        source(),
        bufferIn(directory, fsync),
        lateSink((entry) => say.delivered(numberOf(entry))),
      )
    },
    async judge(directory, { acknowledged, delivered }) {
      const arrived = new Arrived(delivered)
      const tracker = new LineTracker()
      const left = acknowledged < lineCount ? [tracker.item(acknowledged + 1, lineCount - acknowledged)] : []
      await carry(left, bufferIn(directory, fsync), lateSink(arrived.add))
      return arrived.verdict(await leftLocked(join(directory, 'spool')))
    },
  }
}
