import { expect, test } from 'vitest'
import { fullJitterMs } from '../src/full-jitter.ts'

test('waits grow with each failure, are spread evenly, and have a bound', () => {
  expect(fullJitterMs(0, 200, 30_000, () => 0.5)).toBe(100)
  expect(fullJitterMs(3, 200, 30_000, () => 0.5)).toBe(800)
  expect(fullJitterMs(1000, 200, 30_000, () => 0.999)).toBeLessThanOrEqual(30_000)
  expect(fullJitterMs(5, 200, 30_000, () => 0)).toBe(0)
})
