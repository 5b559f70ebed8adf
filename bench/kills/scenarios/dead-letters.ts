/** Dead letters that are rejected into several files; and a replay of them that is stopped in the middle and taken up again. */

import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { deadLetter, replay } from '@logwisp/core'
import type { KillScenario } from '../kill-scenario.ts'
import { LineTracker, lineBytes, lineCount } from '../numbered-lines.ts'
import { Arrived, lateSink, numberOf } from './buffered.ts'

/** Lines that are rejected together. */
const together = 3

/** Four files or so. */
const maxFileBytes = 14 * lineBytes

/** Rejects all lines from one on. */
async function rejectFrom(directory: string, from: number, safe: (number: number) => void): Promise<void> {
  const letters = deadLetter(join(directory, 'rejected'), { maxFileBytes })
  const tracker = new LineTracker()
  for (let number = from; number <= lineCount; number += together) {
    const count = Math.min(together, lineCount - number + 1)
    const entries = Array.from({ length: count }, (_, i) => tracker.entry(number + i))
    await Promise.all(entries.map((entry) => letters.reject(entry, { reason: 'no', stage: 'kills' })))
    safe(number + count - 1)
  }
  await letters.close()
}

async function replayInto(directory: string, arrived: Parameters<typeof lateSink>[0], maxEntries = Infinity) {
  const source = replay(join(directory, 'rejected'), { maxEntries })
  const closed = once(source, 'close')
  await pipeline(source, lateSink(arrived))
  await closed
  await source.close()
}

export const rejecting: KillScenario = {
  name: 'dead letters',
  run: (directory, from, say) => rejectFrom(directory, from, say.acknowledged),
  async judge(directory, { acknowledged }) {
    await rejectFrom(directory, acknowledged + 1, () => {})
    const arrived = new Arrived([])
    await replayInto(directory, arrived.add)
    return arrived.verdict(await readdir(join(directory, 'rejected')))
  },
}

export const replaying: KillScenario = {
  name: 'replay of dead letters',
  prepare: (directory) => rejectFrom(directory, 1, () => {}),
  async run(directory, _from, say) {
    const deliver: Parameters<typeof lateSink>[0] = (entry) => say.delivered(numberOf(entry))
    await replayInto(directory, deliver, lineCount / 2 - 1)
    await replayInto(directory, deliver)
  },
  async judge(directory, { delivered }) {
    const arrived = new Arrived(delivered)
    await replayInto(directory, arrived.add)
    return arrived.verdict(await readdir(join(directory, 'rejected')))
  },
}
