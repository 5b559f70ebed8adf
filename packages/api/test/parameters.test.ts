/** What parameters say, and what is no parameter. */

import { describe, expect, test } from 'vitest'
import { BadParameter, type Parameter } from '../src/internal/parameter.ts'
import { parameterValues } from '../src/internal/parameter-values.ts'
import { parameters } from '../src/internal/parameters.ts'
import { timeFromText } from '../src/internal/time-text.ts'

const nowMs = Date.parse('2026-11-21T10:00:00Z')

describe('times', () => {
  test.each([
    ['2026-01-31T23:59:59Z', Date.parse('2026-01-31T23:59:59Z')],
    ['2026-01-31T23:59:59.123456789Z', Date.parse('2026-01-31T23:59:59.123Z')],
    ['2026-01-31t23:59:59z', Date.parse('2026-01-31T23:59:59Z')],
    ['2026-01-31T23:59:59+02:00', Date.parse('2026-01-31T21:59:59Z')],
    ['2026-01-31T23:59:59 02:00', Date.parse('2026-01-31T21:59:59Z')],
    ['2026-01-31T23:59:59-02:30', Date.parse('2026-02-01T02:29:59Z')],
    ['2024-02-29T00:00:00Z', Date.parse('2024-02-29T00:00:00Z')],
    ['0', 0],
    ['1769903999123', 1769903999123],
    ['-1000', -1000],
    ['-15m', nowMs - 900_000],
    ['-2h', nowMs - 7_200_000],
    ['-7d', nowMs - 604_800_000],
    ['-1w', nowMs - 604_800_000],
    ['-30s', nowMs - 30_000],
  ])('%s is one', (text, time) => {
    expect(timeFromText(text, nowMs)).toBe(time)
  })

  test.each([
    '2026-01-31',
    '2026-01-31T23:59:59',
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-31T25:00:00Z',
    'now',
    '15m',
    '+15m',
    '-15y',
    '-m',
    '1e9',
    '9999999999999999',
    '1.5',
    ' 0',
    '0x10',
    '٣',
    '',
  ])('%j is none', (text) => {
    expect(timeFromText(text, nowMs)).toBeUndefined()
  })
})

function read(list: readonly Parameter[], query: string): unknown {
  return parameterValues(list, { query: new URLSearchParams(query), path: {}, header: {} })
}

function problem(list: readonly Parameter[], query: string): { parameter: string; message: string } | undefined {
  try {
    read(list, query)
  } catch (error) {
    if (error instanceof BadParameter) return { parameter: error.parameter, message: error.message }
    throw error
  }
  return undefined
}

const list = [parameters.q, parameters.limit, parameters.before, parameters.around, parameters.pageFormat]

test('values are what they say, and those that are empty are not there', () => {
  expect(read(list, 'limit=5&before=m3k2x1a0-0&format=entries&around=&q=')).toEqual({
    limit: 5,
    before: 'm3k2x1a0-0',
    format: 'entries',
  })
  expect(read([parameters.around], 'around=-m3-z')).toEqual({ around: '-m3-z' })
  expect(read([parameters.around], 'around=1769903999000')).toEqual({ around: 1769903999000 })
})

test.each([
  ['limti=5', 'limti', 'they are q, limit, before, around, format'],
  ['limit=0', 'limit', 'from 1 to 10000, got "0"'],
  ['limit=10001', 'limit', 'from 1 to 10000'],
  ['limit=-1', 'limit', 'from 1 to 10000'],
  ['limit=1e3', 'limit', 'from 1 to 10000'],
  ['limit=5&limit=6', 'limit', 'more than once'],
  ['format=xml', 'format', 'messages or entries or ndjson'],
  ['before=x', 'before', 'the id of an entry'],
  ["before=a-0'; DROP TABLE entries; --", 'before', 'the id of an entry'],
  ['around=tomorrow', 'around', 'must be a time'],
  [`q=${'a'.repeat(1001)}`, 'q', '1000'],
  ['q=level:loud', 'q', 'loud'],
  ['q=/(/', 'q', ''],
  ['__proto__=1', '__proto__', 'is no parameter'],
  ['constructor=1', 'constructor', 'is no parameter'],
])('%s is a problem of %s', (query, parameter, message) => {
  expect(problem(list, query)).toEqual({ parameter, message: expect.stringContaining(message) })
})

test('what is required is missed', () => {
  expect(problem([parameters.of], '')).toEqual({ parameter: 'of', message: 'of is missing' })
})

test('a long value is not told whole', () => {
  expect(problem(list, `limit=${'9'.repeat(5000)}`)?.message.length).toBeLessThan(200)
  expect(problem(list, `${'x'.repeat(5000)}=1`)?.message.length).toBeLessThan(200)
})
