/**
 * However the clock goes (forward, by leaps, back, not at all) a token bucket holds from 0 to `burst` tokens, unless it
 * was overdrawn; gives no more than `burst` and what came back in the time that passed forward; and what `waitMs` says
 * is enough, and no more than it takes.
 *
 * 2000 lives by lot (seed 20261121); `LOGWISP_RUNS=10` takes ten times as many, `LOGWISP_SEED` others.
 */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tokenBucket } from '../../src/index.ts'

const numRuns = 2000 * Number(process.env['LOGWISP_RUNS'] ?? 1)
const seed = Number(process.env['LOGWISP_SEED'] ?? 20_261_121)

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 3000 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  // A leap of years, and back: a clock that was set.
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(-1, -5000, -1e12, 1e12) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('take' as const), tokens: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('takeUpTo' as const), tokens: fc.nat(30) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('overdraw' as const), tokens: fc.integer({ min: 1, max: 30 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), tokens: fc.integer({ min: 1, max: 30 }) }) },
)

test('a clock that leaps, goes back and stands still', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.constantFrom(0.5, 1, 7, 1000),
      fc.integer({ min: 1, max: 20 }),
      (steps, ratePerSecond, burst) => {
        let now = 1_000_000
        let forwardMs = 0
        let given = 0
        // As the bucket should be, counted in another way: how much is missing.
        let missing = 0
        const bucket = tokenBucket({ ratePerSecond, burst, now: () => now })
        const close = (actual: number, expected: number): void =>
          expect(Math.abs(actual - expected)).toBeLessThan(1e-6 * Math.max(1, Math.abs(expected)))
        for (const it of steps) {
          if (it.kind === 'pass') {
            now += it.ms
            if (it.ms > 0) forwardMs += it.ms
            missing = Math.max(0, missing - (Math.max(0, it.ms) * ratePerSecond) / 1000)
            // Asked, so that it knows of each leap back, as it does when entries come.
            close(bucket.tokens, burst - missing)
          } else if (it.kind === 'take') {
            const enough = bucket.tokens >= it.tokens
            expect(bucket.take(it.tokens)).toBe(enough)
            if (enough) {
              missing += it.tokens
              given += it.tokens
            }
          } else if (it.kind === 'takeUpTo') {
            const there = Math.max(0, Math.floor(bucket.tokens))
            const taken = bucket.takeUpTo(it.tokens)
            expect(taken).toBe(Math.min(there, it.tokens))
            missing += taken
            given += taken
          } else if (it.kind === 'overdraw') {
            bucket.overdraw(it.tokens)
            missing += it.tokens
            given += it.tokens
          } else {
            const ms = bucket.waitMs(it.tokens)
            if (it.tokens > burst) expect(ms).toBe(Infinity)
            else close(ms, (Math.max(0, it.tokens - (burst - missing)) / ratePerSecond) * 1000)
          }
          expect(bucket.tokens).toBeLessThanOrEqual(burst)
          if (missing <= burst) expect(bucket.tokens).toBeGreaterThanOrEqual(-1e-6)
          const overdrawn = Math.max(0, missing - burst)
          const most = burst + (forwardMs * ratePerSecond) / 1000 + overdrawn
          expect(given).toBeLessThanOrEqual(most + 1e-6 * Math.max(1, most))
        }
      },
    ),
    { numRuns, seed },
  )
})
