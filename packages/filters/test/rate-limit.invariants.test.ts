/**
 * However its clock goes (forward, by leaps, back, not at all) and however its entries come, a rate limit that waits gives
 * every entry in order; one that drops gives some of them in order and counts the rest; neither gives more than the burst
 * and what the clock's way forward allows; and the books balance all along.
 *
 * 2 × 150 lives by lot (seed 20261121); `LOGWISP_RUNS=10` takes ten times as many, `LOGWISP_SEED` others.
 */

import { pipeline } from 'node:stream/promises'
import type { Batch, LogEntry } from '@logwisp/core'
import { collectingSink, givingSource, RecordingTracker } from '@logwisp/core/testing'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { rateLimit } from '../src/index.ts'

const factor = Number(process.env['LOGWISP_RUNS'] ?? 1)
const seed = Number(process.env['LOGWISP_SEED'] ?? 20_261_121)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 6; turn++) await new Promise(setImmediate)
}

const arrivals = fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.boolean()), { minLength: 1, maxLength: 8 })
/** What the clock does while the timers run on as ever: it keeps their time, leaps, goes back, stands still. */
const clockSteps = fc.array(fc.constantFrom('true', 'true', 'leap', 'back', 'still'), { minLength: 1, maxLength: 12 })

test.each(['wait', 'drop'] as const)(
  'whenLimited: %s',
  async (whenLimited) => {
    await fc.assert(
      fc.asyncProperty(
        arrivals,
        clockSteps,
        fc.constantFrom(1, 10, 250),
        fc.integer({ min: 1, max: 8 }),
        async (coming, steps, ratePerSecond, burst) => {
          let now = 5_000
          let forwardMs = 0
          const move = (ms: number): void => {
            now += ms
            if (ms > 0) forwardMs += ms
          }
          const stage = rateLimit({ ratePerSecond, burst, whenLimited, now: () => now })
          const tracker = new RecordingTracker()
          let made = 0
          const items = coming.flatMap(([count, asBatch]): (LogEntry | Batch)[] => {
            const lines = Array.from({ length: count }, () => `line ${made++}`)
            return asBatch ? [tracker.batch(lines)] : tracker.entries(lines)
          })
          const sink = collectingSink()
          let isDone = false
          const done = pipeline(givingSource(items), stage, sink).then(() => {
            isDone = true
          })
          const check = (): void => {
            expect(sink.messages.length).toBeLessThanOrEqual(burst + (forwardMs * ratePerSecond) / 1000 + 1e-6)
            const { entriesIn, entriesOut, entriesDropped, entriesHeld } = stage.stats
            expect(entriesIn).toBe(entriesOut + entriesDropped + entriesHeld)
          }
          await turns()
          for (const step of steps) {
            check()
            if (step === 'true') move(500)
            else if (step === 'leap') move(1e9)
            else if (step === 'back') move(-1e9)
            await vi.advanceTimersByTimeAsync(500)
            await turns()
          }
          // However it went, once the clock goes on all of it comes: one entry a second at least.
          for (let left = 2 * made + 4; !isDone && left > 0; left--) {
            move(500)
            await vi.advanceTimersByTimeAsync(500)
            await turns()
            check()
          }
          expect(isDone, 'it ends').toBe(true)
          await done
          check()
          expect(vi.getTimerCount()).toBe(0)
          const all = Array.from({ length: made }, (_, n) => `line ${n}`)
          if (whenLimited === 'wait') expect(sink.messages).toEqual(all)
          else {
            expect(sink.messages).toEqual(all.filter((line) => sink.messages.includes(line)))
            expect(stage.stats.dropped['rate-limited'] ?? 0).toBe(made - sink.messages.length)
          }
        },
      ),
      { numRuns: Math.ceil(150 * factor), seed },
    )
  },
  120_000 * factor,
)
