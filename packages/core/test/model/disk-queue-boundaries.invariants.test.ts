/**
 * The same as in disk-queue.invariants.test.ts, not by lot: one life that begins, fills, rolls, acknowledges and removes is
 * cut off at every boundary of its calls to the disk, and in the middle of each; by a kill, and by a power cut that
 * leaves nothing of what was not synced, all of it, or one of two mixtures of it (drawn, seed 20261121; `LOGWISP_RUNS=10`
 * draws ten times as many); and by each of them with a byte turned, drawn too, in what is known to be synced.
 */

import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { DiskQueueSettings } from '../../src/internal/disk/disk-queue-settings.ts'
import { randomFrom } from '../../src/testing/sample-lines.ts'
import { type Choices, drawn } from './choices.ts'
import { DiskWorld, type QueueAction } from './disk-world.ts'
import { type CrashPlan, ModelDisk } from './model-disk.ts'

const factor = Number(process.env['LOGWISP_RUNS'] ?? 1)
const seed = Number(process.env['LOGWISP_SEED'] ?? 20_261_121)

const batch = (from: number, ...sizes: number[]): QueueAction => ({ kind: 'batch', from, sizes })
const life: readonly QueueAction[] = [
  batch(0, 60, 50, 40),
  batch(1, 60, 60),
  { kind: 'wait', ms: 1000 },
  { kind: 'take', count: 2 },
  { kind: 'acknowledge', count: 4 },
  { kind: 'entry', from: 0, size: 60, fields: true },
  batch(0, 60, 60, 60),
  { kind: 'wait', ms: 1000 },
  { kind: 'take', count: 9 },
  { kind: 'acknowledge', count: 5 },
  { kind: 'wait', ms: 1000 },
  batch(1, 30, 60),
  { kind: 'settle' },
]

const nothing: Choices = { pick: () => 0 }
const everything: Choices = { pick: (count) => count - 1 }

let states = 0
let boundaries = 0
afterAll(() => console.info(`disk queue: ${boundaries} boundaries, ${states} states after a crash`))

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test.each(['never', 'interval', 'always'] as const)(
  'fsync: %s',
  async (fsync) => {
    const settings: DiskQueueSettings = {
      ...{ maxBytes: 1500, segmentBytes: 400, fsyncIntervalMs: 1000, retryDelayMs: 1000, whenFull: 'block', fsync },
    }
    let calls = 0
    const live = async (
      crash: CrashPlan | undefined,
      losesPower: boolean,
      choices: Choices,
      rots = false,
    ): Promise<void> => {
      const world = new DiskWorld(settings, new ModelDisk({ sectorBytes: 64 }))
      await world.live(life, { crash, losesPower, rots }, choices)
      calls = world.calls
      states++
    }
    await live(undefined, false, nothing)
    const all = calls
    expect(all).toBeGreaterThan(20)
    const random = randomFrom(seed)
    for (let operation = 0; operation < all; operation++) {
      boundaries++
      // After one call is before the next.
      for (const moment of ['before', 'middle'] as const) await live({ operation, moment }, false, nothing)
      const mixtures = Array.from({ length: 2 * factor }, () => drawn(random))
      for (const choices of [nothing, everything, ...mixtures])
        await live({ operation, moment: 'middle' }, true, choices)
      for (const losesPower of [false, true])
        await live({ operation, moment: 'middle' }, losesPower, drawn(random), true)
    }
  },
  120_000 * factor,
)
