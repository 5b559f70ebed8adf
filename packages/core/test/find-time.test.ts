import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findTime, type TimeOptions } from '../src/find-time.ts'
import { type Parts, realFormats, testNow } from './fixtures/real-formats.ts'

function time(line: string, options: TimeOptions = { zone: 'utc' }, now: number = testNow): string | undefined {
  const found = findTime(line, 0, line.length, now, options)
  return Number.isNaN(found) ? undefined : new Date(found).toISOString()
}

const ten = '2026-11-21T10:00:00.000Z'

describe('zones', () => {
  test.each([
    ['2026-11-21T10:00:00Z', ten],
    ['2026-11-21T10:00:00z', ten],
    ['2026-11-21 10:00:00 UTC', ten],
    ['2026-11-21 10:00:00 +0000', ten],
    ['2026-11-21 10:00:00.123456789 +0000 UTC m=+0.0001', '2026-11-21T10:00:00.123Z'],
    ['2026-11-21T15:30:00+05:30', ten],
    ['2026-11-21T15:30:00+0530', ten],
    ['2026-11-21T02:00:00-08', ten],
    ['2026-11-21 05:00:00 EST', ten],
    ['2026-11-21 11:00:00 CET', ten],
    ['2026-11-21 10:00:00 XYZ', ten],
    ['2026-11-21 10:00:00 -05 items', ten],
    ['2026-11-21 10:00:00 - x', ten],
    ['2026-11-21 10:00:00 +9999', ten],
  ])('reads %s', (line, expected) => {
    expect(time(line)).toBe(expected)
  })

  test('takes a time without one for local, unless told otherwise', () => {
    const line = '2026-11-21 10:00:00'
    expect(findTime(line, 0, line.length, testNow)).toBe(new Date(2026, 10, 21, 10).getTime())
    expect(time(line, { zone: 'local' })).toBe(new Date(2026, 10, 21, 10).toISOString())
    expect(time(line, { zone: 'utc' })).toBe(ten)
    expect(time(line, { zone: -300 })).toBe('2026-11-21T15:00:00.000Z')
    expect(time(line, {})).toBe(new Date(2026, 10, 21, 10).toISOString())
  })

  test('takes local times that clocks skip or show twice as Date does', () => {
    // Every half hour of a year has the changes of every zone in it, whatever TZ the tests run under.
    for (let wall = Date.UTC(2026, 0, 1); wall < Date.UTC(2027, 0, 1); wall += 1_800_000) {
      const line = new Date(wall).toISOString().slice(0, 19)
      const shown = new Date(wall)
      const [year, month, day] = [shown.getUTCFullYear(), shown.getUTCMonth(), shown.getUTCDate()]
      const expected = new Date(year, month, day, shown.getUTCHours(), shown.getUTCMinutes()).getTime()
      if (findTime(line, 0, line.length, testNow) !== expected) expect.fail(line)
    }
  })
})

describe('what cannot be', () => {
  test.each([
    '2026-13-01 10:00:00',
    '2026-00-01 10:00:00',
    '2026-02-31 10:00:00',
    '2025-02-29 10:00:00',
    '2026-11-00 10:00:00',
    '2026-11-21 24:00:00',
    '2026-11-21 10:60:00',
    '2026-11-21 10:00:61',
    '1969-12-31 23:59:59',
    '0000-01-01 00:00:00',
    'Nov 31 10:00:00',
    'Feb 30 10:00:00',
    'Nov 21 2026 13:00:00 PM',
    '[32/Nov/2026:10:00:00 +0000]',
    'E1131 10:00:00.1 x',
  ])('is no time: %s', (line) => {
    expect(time(line)).toBeUndefined()
  })

  test('29 February is one in leap years', () => {
    expect(time('2024-02-29 10:00:00')).toBe('2024-02-29T10:00:00.000Z')
    expect(time('2000-02-29 10:00:00')).toBe('2000-02-29T10:00:00.000Z')
    expect(time('2100-02-29 10:00:00')).toBeUndefined()
  })

  test('a leap second is the next minute’s first', () => {
    expect(time('2016-12-31T23:59:60Z')).toBe('2017-01-01T00:00:00.000Z')
    expect(time('2016-12-31T23:59:60.999Z')).toBe('2017-01-01T00:00:00.000Z')
  })

  test('a full date is believed from 1970 to 9999, whatever now is', () => {
    expect(time('1970-01-01T00:00:00Z')).toBe('1970-01-01T00:00:00.000Z')
    expect(time('9999-12-31T23:59:59.999Z')).toBe('9999-12-31T23:59:59.999Z')
    expect(time('2026-11-21T10:00:00Z', {}, 0)).toBe(ten)
  })
})

describe('numbers', () => {
  const seconds = Date.parse(ten) / 1000

  test.each([
    `${seconds} x`,
    `${seconds}000 x`,
    `${seconds}000000 x`,
    `${seconds}000000000 x`,
    `[${seconds}] x`,
    `${seconds}.0: x`,
  ])('are times at the start of a line: %s', (line) => {
    expect(time(line)).toBe(ten)
  })

  test.each([
    `{"time":${seconds}}`,
    `{"a":1,"ts":${seconds}000}`,
    `ts=${seconds} x=1`,
    `x=1 time=${seconds}`,
    `{"t":"${seconds}"}`,
    `{"timestamp":{"seconds":${seconds},"nanos":0}}`,
  ])('are times by name: %s', (line) => {
    expect(time(line)).toBe(ten)
  })

  test('are cut to the ms', () => {
    expect(time(`${seconds}.1239 x`)).toBe('2026-11-21T10:00:00.123Z')
    expect(time(`${seconds}.9 x`)).toBe('2026-11-21T10:00:00.900Z')
    expect(time(`${seconds}123999 x`)).toBe('2026-11-21T10:00:00.123Z')
    expect(time(`${seconds}123999999 x`)).toBe('2026-11-21T10:00:00.123Z')
  })

  test.each([
    `order ${seconds} shipped`,
    `pid=${seconds} x`,
    `{"id":${seconds}}`,
    `${seconds}x y`,
    `${seconds}0 x`,
    '4711 x',
    '{"time":0.25}',
    '{"time":12}',
    '1.2.3.4 x',
  ])('are no times elsewhere, nor of another size: %s', (line) => {
    expect(time(line)).toBeUndefined()
  })

  test('are no times before 1990 or more than two days from now', () => {
    expect(time('631151999 x')).toBeUndefined()
    expect(time('631152000 x')).toBe('1990-01-01T00:00:00.000Z')
    const now = testNow / 1000
    expect(time(`${now + 2 * 86_400} x`)).toBe('2026-12-03T00:00:00.000Z')
    expect(time(`${now + 2 * 86_400 + 1} x`)).toBeUndefined()
    expect(time('991231 235959 1 INFO x')).toBe('1999-12-31T23:59:59.000Z')
    expect(time('271231 235959 1 INFO x')).toBeUndefined()
  })
})

describe('a time without a year', () => {
  test('is in the last year that does not put it more than a week ahead', () => {
    const january = Date.UTC(2026, 0, 2)
    expect(time('Dec 31 23:59:59 host x', { zone: 'utc' }, january)).toBe('2025-12-31T23:59:59.000Z')
    expect(time('Jan  2 00:00:01 host x', { zone: 'utc' }, january)).toBe('2026-01-02T00:00:01.000Z')
    expect(time('Jan  8 00:00:00 host x', { zone: 'utc' }, january)).toBe('2026-01-08T00:00:00.000Z')
    expect(time('Jan 10 00:00:00 host x', { zone: 'utc' }, january)).toBe('2025-01-10T00:00:00.000Z')
    const december = Date.UTC(2026, 11, 31, 23)
    expect(time('Jan  1 00:30:00 host x', { zone: 'utc' }, december)).toBe('2027-01-01T00:30:00.000Z')
    expect(time('Mar 17 10:00:00 host x', { zone: 'utc' }, december)).toBe('2026-03-17T10:00:00.000Z')
  })

  test('is in the last leap year when it is 29 February', () => {
    expect(time('Feb 29 10:00:00 host x')).toBe('2024-02-29T10:00:00.000Z')
    expect(time('02-29 10:00:00.000  1  2 D x')).toBe('2024-02-29T10:00:00.000Z')
  })
})

describe('which time is the line’s', () => {
  test.each([
    ['2026-11-21T10:00:00Z due 2031-01-01T00:00:00Z', ten],
    ['{"due":"2031-01-01T00:00:00Z","time":"2026-11-21T10:00:00Z"}', ten],
    ['{"msg":"2031-01-01T00:00:00Z","time":"2026-11-21T10:00:00Z"}', ten],
    ['{"a":{"time":"2031-01-01T00:00:00Z"},"time":"2026-11-21T10:00:00Z"}', ten],
    ['{"time":0.017,"timestamp":"2026-11-21T10:00:00Z"}', ten],
    ['msg="2031-01-01T00:00:00Z" ts=2026-11-21T10:00:00Z', ten],
    ['[shop] order=2031-01-01T00:00:00Z ts=1795255200.000 x', ten],
    ['[shop] due="2031-01-01T00:00:00Z" time="2026-11-21T10:00:00Z"', ten],
    ['app.log.2031-01-01_00:00:00 2026-11-21 10:00:00 x', ten],
    ['<14>1 2026-11-21T10:00:00Z host app', ten],
    ['ERROR [main] 2026-11-21 10:00:00 x', ten],
    ['worker 2026-11-21 10:00:00 x', ten],
    ['\u001b[2m2026-11-21T10:00:00Z\u001b[0m x', ten],
    ['Start-Date: 2026-11-21  10:00:00', ten],
  ])('the first in the head, the named one first of all: %s', (line, expected) => {
    expect(time(line)).toBe(expected)
  })

  test.each([
    'valid until 2031-01-01 00:00:00',
    'User 5 renewed until 2020-01-01 00:00:00',
    `${'x.'.repeat(70)} 2026-11-21 10:00:00`,
    '11/12/2026 10:00:00 may be of November or December',
    '2026-11-21 has no time of day',
    '10:00:00 has no date',
    'msg="2031-01-01T00:00:00Z" level=info',
    'version 2026.11.21 10',
  ])('none: %s', (line) => {
    expect(time(line)).toBeUndefined()
  })
})

test.each([
  '',
  ' ',
  '2',
  '2026',
  '2026-',
  '2026-11-21',
  '2026-11-21T',
  '2026-11-21T10',
  '2026-11-21T10:',
  '2026-11-21T10:0',
  '[',
  '<3',
  '{"',
  '{"time"',
  '{"time":',
  'time=',
  'Nov',
  'Nov 2',
  'Sat, ',
  '\u001b[',
  '-',
  '- 1',
])('finds nothing in the stump %j', (line) => {
  expect(time(line)).toBeUndefined()
})

const minute = 60_000

function partsOf(epochMs: number, offset: number | 'local'): Parts {
  const shown = new Date(epochMs)
  const east = offset === 'local' ? -shown.getTimezoneOffset() : offset
  const wall = new Date(epochMs + east * minute)
  return {
    epochMs,
    year: wall.getUTCFullYear(),
    month: wall.getUTCMonth() + 1,
    day: wall.getUTCDate(),
    hour: wall.getUTCHours(),
    minute: wall.getUTCMinutes(),
    second: wall.getUTCSeconds(),
    ms: wall.getUTCMilliseconds(),
    weekday: wall.getUTCDay(),
    offset: east,
  }
}

const timed = realFormats.filter(({ write, keeps = 'none' }) => write !== undefined && keeps !== 'none')

test.each(timed)('gives back any instant written as $name, in UTC, an offset and local', (format) => {
  const { write, keeps, hasZone = false, hasNoYear = false, isWeak = false, levels = {} } = format
  const word = Object.keys(levels)[0] ?? ''
  const min = hasNoYear ? testNow - 357 * 86_400_000 : isWeak ? Date.UTC(1990, 0, 2) : Date.UTC(1970, 0, 2)
  const max = hasNoYear || isWeak ? testNow : Date.UTC(9999, 11, 30)
  const zone = fc.constantFrom<number | 'local'>(0, 'local', 330, -480, 345, 840, -720)
  fc.assert(
    fc.property(fc.integer({ min, max }), zone, (instant, offset) => {
      const parts = partsOf(instant, offset)
      const line = (write as NonNullable<typeof write>)(parts, word, 'x')
      const found = findTime(line, 0, line.length, testNow, { zone: offset })
      const step = keeps === 'second' ? 1000 : 1
      const told = Math.floor(instant / step) * step
      if (offset === 'local' && !hasZone) {
        // Clocks that were put back show a time twice; Date takes the first.
        const { year, month, day, hour, minute: min, second, ms } = parts
        expect(found).toBe(new Date(year, month - 1, day, hour, min, second, step === 1 ? ms : 0).getTime())
      } else if (hasZone && (line.includes('UTC') || /\dZ /.test(line))) {
        expect(found).toBe(told + parts.offset * minute)
      } else {
        expect(found).toBe(told)
      }
    }),
    { numRuns: 300, seed: 7 },
  )
})

const piece = fc.oneof(
  fc.constantFrom(
    ...[
      '2026-11-21',
      'T',
      ' ',
      '10:00:00',
      '.123',
      'Z',
      '+01:00',
      'Nov 21',
      'Sat, ',
      '21/Nov/2026:',
      '[',
      ']',
      '<34>',
      '{"',
      '"time":',
      '}',
      '=',
    ],
    ...[
      '1795255200',
      '123',
      ' UTC',
      ' PM',
      ',',
      '"',
      '\\',
      '\u001b[2m',
      'E1121 ',
      '11-21 ',
      '26/11/21 ',
      '- ',
      ' 2026.11.21 ',
      'é',
      '|',
    ],
  ),
  fc.string({ maxLength: 6 }),
)
const line = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))

test('never looks outside the line: what stands around it does not matter', () => {
  fc.assert(
    fc.property(line, line, line, (before, middle, after) => {
      const text = before + middle + after
      const found = findTime(text, before.length, before.length + middle.length, testNow, { zone: 'utc' })
      expect(found).toBe(findTime(middle, 0, middle.length, testNow, { zone: 'utc' }))
    }),
    { numRuns: 3000, seed: 7 },
  )
})
