/** A token bucket never gives more than its burst and what its rate brought back, whatever is asked and whatever the clock does. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tokenBucket } from '../src/index.ts'

function clock(start = 0) {
  const it = { now: start, tell: () => it.now }
  return it
}

test('starts full and gives its burst at once, and no more', () => {
  const time = clock()
  const bucket = tokenBucket({ ratePerSecond: 10, burst: 3, now: time.tell })
  expect([bucket.take(1), bucket.take(1), bucket.take(1), bucket.take(1)]).toEqual([true, true, true, false])
})

test('refills at its rate, up to its burst', () => {
  const time = clock()
  const bucket = tokenBucket({ ratePerSecond: 10, burst: 3, now: time.tell })
  expect(bucket.takeUpTo(100)).toBe(3)
  time.now = 150
  expect(bucket.tokens).toBeCloseTo(1.5)
  expect(bucket.takeUpTo(100)).toBe(1)
  time.now = 1e9
  expect(bucket.tokens).toBe(3)
})

test('takes all of what is asked or nothing', () => {
  const time = clock()
  const bucket = tokenBucket({ ratePerSecond: 1, burst: 5, now: time.tell })
  expect(bucket.take(6)).toBe(false)
  expect(bucket.tokens).toBe(5)
  expect(bucket.take(5)).toBe(true)
  expect(bucket.tokens).toBe(0)
})

test('says how long to wait, and then gives', () => {
  const time = clock()
  const bucket = tokenBucket({ ratePerSecond: 4, burst: 2, now: time.tell })
  expect(bucket.waitMs(2)).toBe(0)
  bucket.take(2)
  expect(bucket.waitMs(1)).toBe(250)
  expect(bucket.waitMs(2)).toBe(500)
  time.now += 250
  expect(bucket.waitMs(1)).toBe(0)
  expect(bucket.take(1)).toBe(true)
})

test('would wait for ever for more than its burst', () => {
  expect(tokenBucket({ ratePerSecond: 4, burst: 2 }).waitMs(3)).toBe(Infinity)
})

test('a clock that goes backwards gives nothing, takes nothing and stops nothing', () => {
  const time = clock(1_000_000)
  const bucket = tokenBucket({ ratePerSecond: 10, burst: 10, now: time.tell })
  bucket.take(8)
  time.now = 0
  expect(bucket.tokens).toBe(2)
  time.now = 500
  expect(bucket.tokens).toBe(7)
})

test('a rate below one still lets one pass, now and then', () => {
  const time = clock()
  const bucket = tokenBucket({ ratePerSecond: 0.1, now: time.tell })
  expect(bucket.take(1)).toBe(true)
  expect(bucket.take(1)).toBe(false)
  time.now = 10_000
  expect(bucket.take(1)).toBe(true)
})

test('bounds nothing at an infinite rate', () => {
  const bucket = tokenBucket({ ratePerSecond: Infinity })
  expect(bucket.takeUpTo(1e9)).toBe(1e9)
  expect(bucket.take(1e9)).toBe(true)
  expect(bucket.waitMs(1e9)).toBe(0)
})

test('keeps time by itself when it is given no clock', async () => {
  const bucket = tokenBucket({ ratePerSecond: 200, burst: 1 })
  expect(bucket.take(1)).toBe(true)
  await expect.poll(() => bucket.take(1)).toBe(true)
})

describe('for any sequence of questions and clock movements', () => {
  const step = fc.record({
    elapsedMs: fc.oneof(
      fc.nat(2000),
      fc.integer({ min: -5000, max: 5000 }),
      fc.double({ min: 0, max: 50, noNaN: true }),
    ),
    wanted: fc.nat(60),
    all: fc.boolean(),
  })
  const settings = {
    ratePerSecond: fc.double({ min: 0.01, max: 5000, noNaN: true }),
    burst: fc.integer({ min: 1, max: 100 }),
  }

  test('never gives more than burst + rate × time', () => {
    fc.assert(
      fc.property(fc.record(settings), fc.array(step, { maxLength: 60 }), ({ ratePerSecond, burst }, steps) => {
        const time = clock()
        const bucket = tokenBucket({ ratePerSecond, burst, now: time.tell })
        let given = 0
        let forwardMs = 0
        for (const { elapsedMs, wanted, all } of steps) {
          time.now += elapsedMs
          forwardMs += Math.max(0, elapsedMs)
          if (all) given += bucket.take(wanted) ? wanted : 0
          else given += bucket.takeUpTo(wanted)
          const bound = burst + (ratePerSecond * forwardMs) / 1000
          expect(given).toBeLessThanOrEqual(bound + bound * 1e-9)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('never holds one back longer than it said, but for rounding', () => {
    fc.assert(
      fc.property(fc.record(settings), fc.array(step, { maxLength: 60 }), ({ ratePerSecond, burst }, steps) => {
        const time = clock()
        const bucket = tokenBucket({ ratePerSecond, burst, now: time.tell })
        for (const { elapsedMs, wanted } of steps) {
          time.now += elapsedMs
          const asked = Math.min(wanted, burst)
          const waitMs = bucket.waitMs(asked)
          time.now += waitMs + Math.max(1e-6, waitMs * 1e-9)
          expect(bucket.take(asked)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})

test.each([
  [{}, 'ratePerSecond', 'must be a number above 0, or Infinity, got undefined'],
  [{ ratePerSecond: 0 }, 'ratePerSecond', 'got 0 (number)'],
  [{ ratePerSecond: Number.NaN }, 'ratePerSecond', 'got NaN (number)'],
  [{ ratePerSecond: '5' }, 'ratePerSecond', 'got "5" (string)'],
  [{ ratePerSecond: 5, burst: 0.5 }, 'burst', 'must be a number of at least 1, or Infinity'],
  [{ ratePerSecond: 5, now: 3 }, 'now', 'must be a function'],
  [{ ratePerSecond: 5, brust: 3 }, 'brust', 'is no option'],
])('refuses %j', (options, name, message) => {
  const make = () => tokenBucket(options as never)
  expect(make).toThrow(expect.objectContaining({ code: 'BAD_OPTION', option: name }))
  expect(make).toThrow(message)
})

test('what was overdrawn comes back first, however much it was', () => {
  let now = 0
  const bucket = tokenBucket({ ratePerSecond: 100, burst: 10, now: () => now })
  bucket.overdraw(10)
  expect([bucket.tokens, bucket.waitMs(0)]).toEqual([0, 0])
  bucket.overdraw(1000)
  expect([bucket.tokens, bucket.waitMs(0), bucket.waitMs(1)]).toEqual([-1000, 10_000, 10_010])
  now = 9990
  expect([bucket.take(1), bucket.takeUpTo(5), bucket.waitMs(0)]).toEqual([false, 0, 10])
  now = 10_020
  expect([bucket.takeUpTo(5), bucket.tokens]).toEqual([2, 0])
})
