/** The low-water mark. */

import { expect, test } from 'vitest'
import { acknowledge, type Origin, Tracker } from '../src/index.ts'

function origins(tracker: Tracker): (sequence: number) => Origin {
  return (sequence) => ({ tracker, sequence, id: String(sequence) })
}

test('keeps the greatest origin, and tells of each step forward once', () => {
  const told: number[] = []
  const tracker = new Tracker(({ sequence }) => told.push(sequence))
  const at = origins(tracker)
  expect(tracker.acknowledged).toBeUndefined()
  for (const sequence of [1, 5, 3, 5, 9, 9, 2]) acknowledge({ time: 0, source: '', message: '', origin: at(sequence) })
  expect(tracker.acknowledged?.sequence).toBe(9)
  expect(told).toEqual([1, 5, 9])
})

test('an entry without an origin is acknowledged by nobody', () => {
  expect(() => acknowledge({ time: 0, source: '', message: '' })).not.toThrow()
})
