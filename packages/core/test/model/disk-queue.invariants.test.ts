/**
 * Whatever is put into, taken from and acknowledged to a disk queue, and wherever its runs are cut off by a kill or a
 * power loss, whatever of its unsynced writes is on the disk then: at the next opening every entry that was acknowledged
 * to where it came from is there, or was given and acknowledged; they come in the order in which they were put, once,
 * under the ids that they always had; nothing comes that was not put; the segments stay within their bounds. When a byte
 * turns in what is known to be synced, what it costs is told of, and nothing that is not lost is told of as lost.
 *
 * By lot: 25 lives for each of twelve ways to be set up, three of them with memory before it as in a spill buffer, of up to three runs each, with seed 20261121. `LOGWISP_RUNS=10` takes
 * ten times as many, `LOGWISP_SEED` others.
 */

import fc from 'fast-check'
import { afterAll, afterEach, beforeEach, describe, test, vi } from 'vitest'
import type { DiskQueueSettings } from '../../src/internal/disk/disk-queue-settings.ts'
import { randomFrom } from '../../src/testing/sample-lines.ts'
import { drawn } from './choices.ts'
import { DiskWorld, type QueueAction, type RunEnd } from './disk-world.ts'
import { crashMoments, ModelDisk } from './model-disk.ts'

const factor = Number(process.env['LOGWISP_RUNS'] ?? 1)
const seed = Number(process.env['LOGWISP_SEED'] ?? 20_261_121)

/** So small that segments are rolled, and the bound is reached, after a few lines. */
const small = { maxBytes: 1500, segmentBytes: 400, fsyncIntervalMs: 1000, retryDelayMs: 1000 } as const
const sectorBytes = 64

let lives = 0
const seen: Record<string, number> = {}
const count = (world: DiskWorld): void => {
  lives++
  for (const [what, times] of Object.entries(world.seen)) seen[what] = (seen[what] ?? 0) + times
}
afterAll(() => console.info(`disk queue: ${lives} lives, ${JSON.stringify(seen)}`))

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const size = fc.integer({ min: 5, max: 60 })
const action: fc.Arbitrary<QueueAction> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('batch' as const),
      from: fc.nat(1),
      sizes: fc.array(size, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('entry' as const),
      from: fc.constantFrom(0, 1, undefined),
      size,
      fields: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('mark' as const), from: fc.nat(1) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 5 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), count: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(10, 500, 1000, 3000) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'settle' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
)

const end: fc.Arbitrary<RunEnd> = fc.record({
  crash: fc.option(fc.record({ operation: fc.nat(60), moment: fc.constantFrom(...crashMoments) }), { nil: undefined }),
  losesPower: fc.boolean(),
  rots: fc.nat(3).map((lot) => lot === 0),
})

async function tryLives(settings: DiskQueueSettings, memoryEntries = 0): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.array(action, { minLength: 3, maxLength: 25 }), end), { minLength: 1, maxLength: 3 }),
      fc.nat(),
      fc.constantFrom(Infinity, 1200),
      async (runs, luck, diskBytes) => {
        const world = new DiskWorld(settings, new ModelDisk({ sectorBytes, maxBytes: diskBytes }), memoryEntries)
        const choices = drawn(randomFrom(luck))
        for (const [index, [actions, how]] of runs.entries()) {
          const rots = how.rots === true && index === runs.length - 1
          await world.live(actions, { ...how, rots }, choices)
        }
        count(world)
      },
    ),
    { numRuns: Math.ceil(25 * factor), seed },
  )
}

describe.each(['block', 'drop-newest', 'drop-oldest'] as const)('whenFull: %s', (whenFull) => {
  test.each(['never', 'interval', 'always'] as const)(
    'fsync: %s',
    (fsync) => tryLives({ ...small, whenFull, fsync }),
    120_000 * factor,
  )
})

test.each(['never', 'interval', 'always'] as const)(
  'with memory before it, that spills to it: fsync: %s',
  (fsync) => tryLives({ ...small, whenFull: 'block', fsync }, 6),
  120_000 * factor,
)
