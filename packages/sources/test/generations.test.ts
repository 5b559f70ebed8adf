/** Which names are rotated forms of a log, and in what order they were written. */

import { expect, test } from 'vitest'
import { oldestFirst, originalOf, possibleBases, rotatedName } from '../src/internal/file/generations.ts'

test.each([
  ['app.log', 'app.log.1', 'number'],
  ['app.log', 'app.log.12.gz', 'number'],
  ['app.log', 'app.1.log', 'number'],
  ['app.log', 'app.log-20261121', 'date'],
  ['app.log', 'app.log-20261121.gz', 'date'],
  ['app.log', 'app.log-20261121-1792484000', 'date'],
  ['app.log', 'app.log.2026-11-21', 'date'],
  ['app.log', 'app-2026-11-21.log', 'date'],
  ['app.log', 'app.2026-11-21T10-00-00.000Z.log', 'date'],
  ['app.log', 'app.log.old', 'word'],
  ['app.log', 'app.log.gz', 'word'],
  ['messages', 'messages.1', 'number'],
  ['messages', 'messages-20261121', 'date'],
] as const)('of %s, %s is a rotated form, told by its %s', (base, name, scheme) => {
  expect(rotatedName(base, name)?.scheme).toBe(scheme)
  expect(possibleBases(name)).toContain(base)
})

test.each([
  ['app.log', 'app.log'],
  ['app.log', 'app.log.errors'],
  ['app.log', 'app.logger'],
  ['app.log', 'app2.log'],
  ['app.log', 'application.log'],
  ['app.log', 'my-app.log.1'],
  ['app.log', 'app.log.1.tmp'],
  ['access.log', 'access_ssl.log'],
])('of %s, %s is none', (base, name) => {
  expect(rotatedName(base, name)).toBeUndefined()
})

const sibling = (name: string, mtimeNs: number) => ({
  path: name,
  stat: { mtimeNs: BigInt(mtimeNs) } as never,
  name: rotatedName('app.log', name) as NonNullable<ReturnType<typeof rotatedName>>,
})

test.each([
  [
    'numbers, whatever the times say',
    ['app.log.1', 'app.log.10.gz', 'app.log.2'],
    [1, 9, 5],
    ['app.log.10.gz', 'app.log.2', 'app.log.1'],
  ],
  [
    'dates, with a time of the day in some',
    ['app.log-20261122', 'app.log-20261121-1530', 'app.log-20261121'],
    [1, 2, 3],
    ['app.log-20261121', 'app.log-20261121-1530', 'app.log-20261122'],
  ],
  [
    'both: then times tell',
    ['app.log.1', 'app.log-20261121', 'app.log.old'],
    [3, 1, 2],
    ['app.log-20261121', 'app.log.old', 'app.log.1'],
  ],
])('orders by %s', (_what, names, times, expected) => {
  const ordered = oldestFirst(names.map((name, index) => sibling(name, times[index] as number)))
  expect(ordered.map(({ path }) => path)).toEqual(expected)
})

const born = (name: string, birthtimeNs: number, mtimeNs: number) => ({
  ...sibling(name, mtimeNs),
  stat: { birthtimeNs: BigInt(birthtimeNs), mtimeNs: BigInt(mtimeNs) } as never,
})

test.each([
  ['all were made and written in the order of their numbers', [1, 2, 3], [4, 5, 6], ['1', '2', '3']],
  ['logrotate moved them up', [3, 2, 1], [6, 5, 4], ['3', '2', '1']],
  ['a stale writer wrote to the oldest last', [3, 2, 1], [4, 5, 6], ['3', '2', '1']],
  ['they were put back by a backup, in the order of their names', [1, 2, 3], [6, 5, 4], ['3', '2', '1']],
  ['the file system does not tell when they were made', [0, 0, 0], [4, 5, 6], ['3', '2', '1']],
])('orders numbers when %s', (_when, births, times, expected) => {
  const names = ['1', '2', '3']
  const ordered = oldestFirst(names.map((name, i) => born(`app.log.${name}`, births[i] as number, times[i] as number)))
  expect(ordered.map(({ path }) => path)).toEqual(expected.map((name) => `app.log.${name}`))
})

const made = (name: string, birthtimeNs: number) => ({
  ...sibling(name, 0),
  stat: { birthtimeNs: BigInt(birthtimeNs) } as never,
})

test.each<[string, [string, number][], number, number | undefined]>([
  ['a copy: of what the path shows', [['app.log.1', 20]], 10, 10],
  [
    'a copy: of what was renamed after it',
    [
      ['app.log.2', 20],
      ['app.log.1', 10],
    ],
    30,
    10,
  ],
  [
    'a copy before another: of the same',
    [
      ['app.log.2', 20],
      ['app.log.1', 30],
    ],
    10,
    10,
  ],
  [
    'a renamed file: of none',
    [
      ['app.log.2', 10],
      ['app.log.1', 20],
    ],
    30,
    undefined,
  ],
  ['one of the same tick of the clock: of none', [['app.log.1', 10]], 10, undefined],
  [
    'any, where times make the order: of none',
    [
      ['app.log.1', 20],
      ['app.log.old', 20],
    ],
    10,
    undefined,
  ],
  ['any, where the system does not tell when a file was made: of none', [['app.log.1', 10]], 0, undefined],
])('what a rotated file was copied from: %s', (_what, rotated, shown, original) => {
  const siblings = rotated.map(([name, time]) => made(name, time))
  const found = originalOf(0, siblings, { birthtimeNs: BigInt(shown) } as never)
  expect(found?.birthtimeNs).toBe(original === undefined ? undefined : BigInt(original))
})
