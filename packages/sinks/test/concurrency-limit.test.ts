/** Adaptive concurrency against a simulated receiver: its latency rises once it has more requests than it can work on. */

import { describe, expect, test } from 'vitest'
import { ConcurrencyLimit } from '../src/internal/http-client/concurrency-limit.ts'

/** Rounds of as many requests at once as the limit allows; returns the limits of the last half. */
function run(limit: ConcurrencyLimit, rounds: number, latency: (underWay: number) => number): number[] {
  const seen: number[] = []
  for (let round = 0; round < rounds; round++) {
    const underWay = limit.limit
    for (let n = 0; n < underWay; n++) limit.answered(latency(underWay), underWay)
    if (round >= rounds / 2) seen.push(limit.limit)
  }
  return seen
}

/** `workers` requests take 20 ms each, more of them queue. */
const receiver = (workers: number) => (underWay: number) => 20 * Math.max(1, underWay / workers)

describe('ConcurrencyLimit', () => {
  test.each([4, 8, 16])('finds about as many as the receiver works on at once (%i)', (workers) => {
    const seen = run(new ConcurrencyLimit(64, true), 400, receiver(workers))
    const mean = seen.reduce((sum, limit) => sum + limit, 0) / seen.length
    expect(mean).toBeGreaterThan(workers * 0.8)
    expect(mean).toBeLessThan(workers * 2)
    expect(Math.max(...seen)).toBeLessThan(64)
  })

  test('grows to its maximum while the receiver does not mind, and never beyond', () => {
    expect(Math.max(...run(new ConcurrencyLimit(10, true), 100, () => 5))).toBe(10)
  })

  test('halves at each overload, down to 1, and recovers', () => {
    const limit = new ConcurrencyLimit(32, true)
    run(limit, 90, () => 5)
    expect(limit.limit).toBe(32)
    limit.overloaded()
    expect(limit.limit).toBe(16)
    for (let n = 0; n < 20; n++) limit.overloaded()
    expect(limit.limit).toBe(1)
    expect(Math.max(...run(limit, 100, () => 5))).toBe(32)
  })

  test('does not grow when there is nothing more to send', () => {
    const limit = new ConcurrencyLimit(32, true)
    run(limit, 5, () => 5)
    const before = limit.limit
    for (let n = 0; n < 1000; n++) limit.answered(5, 1)
    expect(limit.limit).toBe(before)
  })

  test('a receiver that is slower for good is got used to', () => {
    const limit = new ConcurrencyLimit(8, true)
    run(limit, 100, () => 5)
    const seen = run(limit, 2000, () => 200)
    expect(Math.max(...seen)).toBe(8)
  })

  test('without adapting it stays as it is', () => {
    const limit = new ConcurrencyLimit(7, false)
    run(limit, 10, () => 5)
    limit.overloaded()
    expect(limit.limit).toBe(7)
  })
})
