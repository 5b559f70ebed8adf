/** Retry-After in both of its forms. */

import { expect, test } from 'vitest'
import { retryAfterMs } from '../src/retry-after.ts'

const now = Date.UTC(2026, 10, 21, 12)

test.each([
  ['0', 0],
  ['120', 120_000],
  [' 7 ', 7000],
  ['99999999999', 99_999_999_999_000],
  ['Sat, 21 Nov 2026 12:00:05 GMT', 5000],
  ['Saturday, 21-Nov-26 12:00:05 GMT', 5000],
  ['Sat Nov 21 12:00:05 2026', 5000],
  ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
])('%j is %i ms', (header, expected) => {
  expect(retryAfterMs(header, now)).toBe(expected)
})

test.each(['', '-1', '1.5', 'soon', '1e3', '2026-11-21T12:00:05Z', 'Xyz, 21 Foo 2026 12:00:05 GMT'])(
  '%j says nothing',
  (header) => {
    expect(retryAfterMs(header, now)).toBeUndefined()
  },
)

test('of a header that came twice the first counts; one that is absent says nothing', () => {
  expect(retryAfterMs(['3', '5'], now)).toBe(3000)
  expect(retryAfterMs(undefined, now)).toBeUndefined()
})
