/** The names of rotated files, and when a file is due. */

import { expect, test } from 'vitest'
import {
  compareRotated,
  isPeriodOver,
  looksRotated,
  nextRotatedName,
  parseRotatedName,
  type RotatedName,
  untilPeriodEnds,
} from '../src/internal/file/rotation.ts'

const noon = Date.parse('2026-11-21T12:00:00.000Z')
const hour = 3_600_000

test('a rotated file is named after the time of its rotation, in UTC', () => {
  expect(nextRotatedName('app', noon + 123.9, undefined).fileName).toBe('app-20261121T120000.123Z-000001.log')
})

test('names sort in the order of rotation, within one millisecond and when the clock goes back', () => {
  const clock = [noon, noon, noon + 1, noon - 9 * hour, noon - 9 * hour, noon + 2]
  const names: RotatedName[] = []
  for (const time of clock) names.push(nextRotatedName('app', time, names.at(-1)))
  const fileNames = names.map(({ fileName }) => fileName)
  expect(new Set(fileNames).size).toBe(clock.length)
  expect(fileNames.toSorted()).toEqual(fileNames)
  expect(names.toReversed().sort(compareRotated)).toEqual(names)
})

test('names still sort after the last number of a millisecond', () => {
  const last = { fileName: '', time: noon, sequence: 999_999, isCompressed: false }
  expect(nextRotatedName('app', noon, last).fileName).toBe('app-20261121T120000.001Z-000001.log')
})

test('rotated names sort before the name of the file that is being written', () => {
  expect(['app.log', nextRotatedName('app', noon, undefined).fileName].sort()[1]).toBe('app.log')
})

test('reads back the names that it makes, compressed ones too', () => {
  const made = nextRotatedName('app', noon, undefined)
  expect(parseRotatedName('app', made.fileName)).toEqual(made)
  expect(parseRotatedName('app', `${made.fileName}.gz`)).toEqual({
    ...made,
    fileName: `${made.fileName}.gz`,
    isCompressed: true,
  })
})

test.each([
  'app.log',
  'other-app.log',
  'app-old.log',
  'app-20261121.log',
  'app-2-20261121T120000.123Z-000001.log',
  'app2-20261121T120000.123Z-000001.log',
  'app-20261121T120000.123Z-000001.log.bz2',
  'app-20261121T120000.123Z-000001.log.gz.partial',
  'app-20261321T120000.123Z-000001.log',
  'xapp-20261121T120000.123Z-000001.log',
])('takes %s for no rotated file of app', (fileName) => {
  expect(parseRotatedName('app', fileName)).toBeUndefined()
})

test('a name with the signs of a pattern means itself', () => {
  expect(parseRotatedName('a.c', 'abc-20261121T120000.123Z-000001.log')).toBeUndefined()
  expect(parseRotatedName('a.c', 'a.c-20261121T120000.123Z-000001.log')).toBeDefined()
})

test('knows a sink name whose file would look rotated', () => {
  expect(looksRotated('app-20261121T120000.123Z-000001')).toBe(true)
  expect(looksRotated('app-20261121')).toBe(false)
})

test('periods are counted from the epoch', () => {
  expect(isPeriodOver(hour, noon, noon + hour - 1)).toBe(false)
  expect(isPeriodOver(hour, noon - 1, noon)).toBe(true)
  expect(isPeriodOver(hour, noon, noon - hour)).toBe(false)
  expect(isPeriodOver(Infinity, 0, noon)).toBe(false)
  expect(untilPeriodEnds(hour, noon + 1)).toBe(hour - 1)
  expect(untilPeriodEnds(Infinity, noon)).toBe(Infinity)
})
