/** The low-water mark. */

import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { acknowledge, noteDropped, type Origin, type OriginTracker, Tracker } from '../src/index.ts'

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

test('a source that is its own tracker keeps no books, whatever methods it has', () => {
  class OwnTracker extends Readable implements OriginTracker {
    readonly acknowledged: Origin[] = []

    acknowledge(origin: Origin): void {
      this.acknowledged.push(origin)
    }
  }
  const tracker = new OwnTracker()
  const entry = { time: 0, source: 'own', message: 'a', origin: { tracker, sequence: 1, id: 'own:1' } }
  // Node gives every `Readable` a method of its own of this name.
  expect(tracker).toHaveProperty('drop')
  noteDropped(entry, 'sampled')
  acknowledge(entry)
  expect(tracker.acknowledged).toEqual([entry.origin])
})
