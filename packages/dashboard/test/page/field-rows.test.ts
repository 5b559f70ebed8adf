import { parseExact } from '@logwisp/core/parse-exact'
import { expect, test } from 'vitest'
import { entryJson } from '../../page/detail/entry-text.ts'
import { fieldRows, maxFieldRows, valueText } from '../../page/detail/field-rows.ts'

const none = new Set<string>()
const parse = (json: string): Record<string, unknown> => parseExact(json) as Record<string, unknown>

test('every value of the fields is a row, in order, below its parent', () => {
  const fields = parse('{"user":{"id":42,"name":"Ada"},"ok":true,"tags":["a",{"b":null}],"none":{}}')
  expect(
    fieldRows(fields, none).rows.map(({ depth, key, kind, text, isOpen }) => [depth, key, kind, text, isOpen]),
  ).toEqual([
    [1, 'user', 'object', '{2}', true],
    [2, 'id', 'number', '42', undefined],
    [2, 'name', 'text', 'Ada', undefined],
    [1, 'ok', 'word', 'true', undefined],
    [1, 'tags', 'list', '[2]', true],
    [2, '0', 'text', 'a', undefined],
    [2, '1', 'object', '{1}', true],
    [3, 'b', 'word', 'null', undefined],
    [1, 'none', 'object', '{0}', undefined],
  ])
})

test('the path of a row is what queries call it: places in lists are no part of it', () => {
  const fields = parse('{"user":{"id":42},"tags":["a",{"b":null},[1]],"a.b":{"c d":1}}')
  expect(fieldRows(fields, none).rows.map(({ path }) => path)).toEqual([
    'user',
    'user.id',
    'tags',
    'tags',
    'tags',
    'tags.b',
    'tags',
    'tags',
    'a.b',
    'a.b.c d',
  ])
})

test('a closed row hides what is in it, and only that', () => {
  const fields = parse('{"a":{"a":1},"b":{"a":1}}')
  const rows = fieldRows(fields, none).rows
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
  const closed = fieldRows(fields, new Set([rows[0]!.id])).rows
  expect(closed.map(({ depth, key, isOpen }) => [depth, key, isOpen])).toEqual([
    [1, 'a', false],
    [1, 'b', true],
    [2, 'a', undefined],
  ])
})

test('numbers keep every digit', () => {
  const fields = parse('{"big":12345678901234567890,"fine":0.12345678901234567891,"huge":1e400}')
  expect(fieldRows(fields, none).rows.map(({ text, kind }) => [text, kind])).toEqual([
    ['12345678901234567890', 'number'],
    ['0.12345678901234567891', 'number'],
    ['1e400', 'number'],
  ])
})

test('keys that are dangerous elsewhere are keys', () => {
  const fields = parse('{"__proto__":{"x":1},"constructor":"<b>","toString":2}')
  expect(fieldRows(fields, none).rows.map(({ path, text }) => [path, text])).toEqual([
    ['__proto__', '{1}'],
    ['__proto__.x', '1'],
    ['constructor', '<b>'],
    ['toString', '2'],
  ])
})

test('more rows than anyone reads are counted, not made', () => {
  const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`f${index}`, index]))
  const { rows, left } = fieldRows({ first: { deep: [1, 2, 3] }, ...wide }, none)
  expect(rows).toHaveLength(maxFieldRows)
  expect(rows.length + left).toBe(100_005)
})

test('as deep as JSON is read, fields are shown', () => {
  const depth = 99
  const { rows } = fieldRows(parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`), none)
  expect(rows).toHaveLength(depth)
  expect(rows.at(-1)).toMatchObject({ depth, text: '1', path: Array(depth).fill('a').join('.') })
})

test('a value is copied as it is: texts without quotes, all else as JSON', () => {
  const { a, b, c } = parse('{"a":"x\\ny","b":{"n":12345678901234567890},"c":null}')
  expect([valueText(a), valueText(b), valueText(c)]).toEqual(['x\ny', '{"n":12345678901234567890}', 'null'])
})

test('an entry is copied as the JSON that LogWisp reads back', () => {
  const json =
    '{"time":"2026-06-26T09:47:02.124Z","source":"api","level":"error","message":"a\\n\\"b\\"","fields":{"n":12345678901234567890}}'
  const { time, ...rest } = parse(json) as { time: string }
  expect(entryJson({ id: 'x-0', time: Date.parse(time), ...(rest as object) } as Parameters<typeof entryJson>[0])).toBe(
    json,
  )
  expect(entryJson({ id: 'x-0', time: 0, source: 's', message: 'm' })).toBe(
    '{"time":"1970-01-01T00:00:00.000Z","source":"s","message":"m"}',
  )
})
