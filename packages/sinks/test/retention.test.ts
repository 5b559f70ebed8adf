/** Which rotated files are removed. */

import { expect, test } from 'vitest'
import { decideRetention } from '../src/internal/file/retention.ts'

const files = [
  { fileName: 'a', bytes: 10, lastWrite: 1000 },
  { fileName: 'b', bytes: 20, lastWrite: 2000 },
  { fileName: 'c', bytes: 30, lastWrite: 3000 },
]
const decide = (maxRotatedBytes: number, maxAgeMs: number, now: number) => {
  const { remove, nextExpiry } = decideRetention(files, { maxRotatedBytes, maxAgeMs }, now)
  return [remove.map(({ fileName }) => fileName).join(''), nextExpiry]
}

test('without a bound everything stays', () => {
  expect(decide(Infinity, Infinity, 1e12)).toEqual(['', Infinity])
})

test('for space the oldest go first, and no more than needed', () => {
  expect(decide(60, Infinity, 0)).toEqual(['', Infinity])
  expect(decide(59, Infinity, 0)).toEqual(['a', Infinity])
  expect(decide(49, Infinity, 0)).toEqual(['ab', Infinity])
  expect(decide(0, Infinity, 0)).toEqual(['abc', Infinity])
})

test('a small old file does not outlive a large newer one', () => {
  expect(decide(35, Infinity, 0)).toEqual(['ab', Infinity])
})

test('what reaches the age goes, and the next one says when', () => {
  expect(decide(Infinity, 500, 1499)).toEqual(['', 1500])
  expect(decide(Infinity, 500, 1500)).toEqual(['a', 2500])
  expect(decide(Infinity, 500, 9999)).toEqual(['abc', Infinity])
})

test('what is too old takes no space from the others', () => {
  expect(decide(50, 500, 1600)).toEqual(['a', 2500])
})
