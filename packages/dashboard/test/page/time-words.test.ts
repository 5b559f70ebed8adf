import { expect, test } from 'vitest'
import {
  bucketWords,
  exactTime,
  linesWords,
  shortNumber,
  spanWords,
  tickWords,
  zoneOf,
} from '../../page/histogram/time-words.ts'

const local = (text: string): number => new Date(text).getTime()
const morning = local('2026-06-26T09:47:02.124')

test('times are those of the reader’s zone, to the ms', () => {
  expect(exactTime(morning)).toBe('2026-06-26 09:47:02.124')
  expect(zoneOf(morning)).toMatch(/^UTC$|^GMT[+-]\d\d:\d\d$/)
})

test('a span says no more than it must', () => {
  expect(spanWords(local('2026-06-26T09:47:00'), local('2026-06-26T09:48:00'))).toBe('2026-06-26 09:47:00 to 09:48:00')
  expect(spanWords(local('2026-06-26T23:00:00'), local('2026-06-27T00:00:00'))).toBe(
    '2026-06-26 23:00:00 to 2026-06-27 00:00:00',
  )
  expect(spanWords(morning, morning + 10)).toBe('2026-06-26 09:47:02.124 to 2026-06-26 09:47:02.134')
})

test('what no date can hold is shown as the number that it is', () => {
  expect(exactTime(1e300)).toBe('1e+300')
  expect(exactTime(Number.NaN)).toBe('NaN')
  expect(spanWords(-1e300, 0)).toBe('-1e+300 to 0')
  expect(zoneOf(Number.POSITIVE_INFINITY)).toBe('UTC')
})

test('ticks are as exact as they are close together, and midnight is a date', () => {
  expect(tickWords(local('2026-06-26T09:47:30'), 30_000)).toBe('09:47:30')
  expect(tickWords(local('2026-06-26T09:45:00'), 900_000)).toBe('09:45')
  expect(tickWords(local('2026-06-26T00:00:00'), 3_600_000)).toBe('06-26')
  expect(tickWords(local('2026-06-26T12:00:00'), 86_400_000)).toBe('06-26')
  expect(tickWords(local('2026-06-01T00:00:00'), 30 * 86_400_000)).toBe('2026-06')
  expect(tickWords(morning, 100)).toBe('09:47:02.124')
})

test('numbers are short and lengths have units', () => {
  expect([1, 9_999, 12_345, 3_400_000].map(shortNumber)).toEqual(['1', '9,999', '12.3K', '3.4M'])
  expect([linesWords(1), linesWords(0), linesWords(1_234)]).toEqual(['1 line', '0 lines', '1,234 lines'])
  expect([1, 5_000, 60_000, 3_600_000, 86_400_000, 172_800_000].map(bucketWords)).toEqual([
    '1 ms',
    '5 s',
    '1 min',
    '1 h',
    '1 day',
    '2 days',
  ])
})
