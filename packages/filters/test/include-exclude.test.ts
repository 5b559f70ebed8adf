/** `include` and `exclude`: which entries match, one by one and as batches alike, and what the books say. */

import { Batch, type EntryFilter, type LogEntry, type Origin } from '@logwisp/core'
import { describe, expect, test } from 'vitest'
import { exclude, include, type MatchOptions, type Pattern } from '../src/index.ts'
import { batchOf, through } from './batches.ts'

const entry = (message: string, more: Partial<LogEntry> = {}): LogEntry => ({
  time: 1,
  source: 'app.log',
  message,
  ...more,
})

/** What passes, once as entries and once as a batch, which must be the same. */
async function passing(make: () => EntryFilter, messages: readonly string[]): Promise<string[]> {
  const batch = batchOf(messages.map((message) => `${message}\n`).join(''))
  const asEntries = make()
  const asBatch = make()
  const result = await through(asEntries, [...batch])
  const fromBatch = await through(asBatch, [batch])
  expect(fromBatch.messages).toEqual(result.messages)
  expect(asBatch.stats).toEqual(asEntries.stats)
  const { entriesIn, entriesOut, entriesDropped, entriesHeld, dropped } = asBatch.stats
  expect([entriesIn, entriesOut, entriesHeld]).toEqual([messages.length, result.messages.length, 0])
  expect(entriesIn).toBe(entriesOut + entriesDropped)
  expect(dropped).toEqual(entriesDropped === 0 ? {} : { filtered: entriesDropped })
  return result.messages
}

const lines = ['both: a and b', 'only a', 'only b!', 'neither of them', '', 'a', 'b', 'ab']
const a = (text: string) => /\ba|ab/.test(text)
const b = (text: string) => /b/.test(text.replace('both', ''))

describe('the truth table of include, exclude, or, and', () => {
  const patterns: Record<string, Pattern[]> = {
    'regular expressions': [/\ba|ab/, /(?<!^)b(?!o)|^b(?!o)/],
    functions: [(it) => a(it.message), (it) => b(it.message)],
    'a regular expression and a function': [/\ba|ab/, (it) => b(it.message)],
    'things that test': [{ test: a }, { test: b }],
  }
  for (const [name, pair] of Object.entries(patterns)) {
    test.each([
      ['include', 'or', (it: string) => a(it) || b(it)],
      ['include', 'and', (it: string) => a(it) && b(it)],
      ['exclude', 'or', (it: string) => !(a(it) || b(it))],
      ['exclude', 'and', (it: string) => !(a(it) && b(it))],
    ] as const)(`with ${name}: %s, %s`, async (stage, logic, expected) => {
      const make = () => (stage === 'include' ? include : exclude)(pair, { logic })
      expect(await passing(make, lines)).toEqual(lines.filter(expected))
    })
  }
  test('or is the default', async () => {
    expect(await passing(() => include([/x/, /y/]), ['x', 'y', 'z'])).toEqual(['x', 'y'])
  })
})

describe('what a pattern means', () => {
  const kept = (pattern: Pattern, messages: string[], options?: MatchOptions) =>
    passing(() => include(pattern, options), messages)

  test('a string is looked for as it stands', async () => {
    expect(await kept('a.*b(', ['a.*b(c', 'axxb(', 'A.*B('])).toEqual(['a.*b(c'])
    expect(await kept('\\d$', ['1', '\\d$'])).toEqual(['\\d$'])
  })

  test('a string with a line feed matches no line', async () => {
    expect(await kept('a\nb', ['a', 'b'])).toEqual([])
  })

  test('a regular expression is looked for anywhere, case as written', async () => {
    expect(await kept(/error/, ['an error', 'Error', 'terrors'])).toEqual(['an error', 'terrors'])
    expect(await kept(/error/i, ['an error', 'Error'])).toEqual(['an error', 'Error'])
  })

  test('`^` and `$` are the beginning and the end of the message', async () => {
    expect(await kept(/^b/, ['ab', 'ba', 'b'])).toEqual(['ba', 'b'])
    expect(await kept(/b$/, ['ab', 'ba', 'b'])).toEqual(['ab', 'b'])
    expect(await kept(/^$/, ['', 'x', ''])).toEqual(['', ''])
  })

  test('a global or sticky regular expression keeps no state, neither its own nor the filter’s', async () => {
    const global = /a/g
    global.lastIndex = 1
    expect(await kept(global, ['a', 'a', 'ba'])).toEqual(['a', 'a', 'ba'])
    expect(global.lastIndex).toBe(1)
    const sticky = /a/y
    sticky.lastIndex = 1
    expect(await kept(sticky, ['a', 'ba', 'ab', 'a'])).toEqual(['a', 'ab', 'a'])
    expect(sticky.lastIndex).toBe(1)
  })

  test('a regular expression that is used elsewhere meanwhile does not disturb the filter', async () => {
    const shared = /a/g
    const filter = include([shared, (it) => shared.test(it.message) && false])
    expect((await through(filter, [entry('xa'), entry('a'), entry('a')])).messages).toEqual(['xa', 'a', 'a'])
  })

  test('a function sees the whole entry', async () => {
    const filter = include((it) => it.fields?.['status'] === 500)
    const kept = await through(filter, [entry('x', { fields: { status: 500 } }), entry('y')])
    expect(kept.messages).toEqual(['x'])
  })

  test('a function that throws ends the stream with its error', async () => {
    const filter = include(() => {
      throw new Error('mine')
    })
    await expect(through(filter, [entry('x')])).rejects.toThrow('mine')
  })
})

describe('what text is matched', () => {
  test('the message alone, unless told otherwise', async () => {
    const make = () => include(/app\.log|error/)
    expect(await passing(make, ['ERROR x', 'y'])).toEqual([])
  })

  test('source, level and message, as the ancestor matched them', async () => {
    const make = (pattern: RegExp) => () => include(pattern, { text: 'source-level-message' })
    const some = ['[ERROR] disk full', 'no level here', 'WARN: slow']
    expect(await passing(make(/^app\.log ERROR \[ERROR\] disk full$/), some)).toEqual(['[ERROR] disk full'])
    expect(await passing(make(/^app\.log no level here$/), some)).toEqual(['no level here'])
    expect(await passing(make(/^ERROR/), some)).toEqual([])
  })

  test('an empty source leaves no space', async () => {
    const filter = include(/^WARN x$/, { text: 'source-level-message' })
    expect((await through(filter, [entry('x', { source: '', level: 'warn' })])).messages).toEqual(['x'])
  })
})

test('entries and batches may come in any mixture, and leave in the order they came in', async () => {
  const filter = include(/a/)
  const items = [entry('a1'), batchOf('a2\nb\na3'), entry('b'), entry('a4'), batchOf('b\nb\n'), batchOf('a5\n')]
  expect((await through(filter, items)).messages).toEqual(['a1', 'a2', 'a3', 'a4', 'a5'])
  expect(filter.stats).toMatchObject({ entriesIn: 9, entriesOut: 5, entriesDropped: 4, entriesHeld: 0 })
})

test('a batch stays a batch, and a batch of which nothing is left still tells how far its source has come', async () => {
  const tracker = {
    acknowledged: [] as number[],
    acknowledge(origin: Origin) {
      this.acknowledged.push(origin.sequence)
    },
  }
  const at = (_start: number, end: number): Origin => ({ tracker, sequence: end, id: `${end}` })
  const kept = await through(exclude('a'), [batchOf('a\nb\n', { at }), batchOf('a\na\n', { at })])
  expect(kept.items.every((item) => item instanceof Batch)).toBe(true)
  expect(kept.messages).toEqual(['b'])
  expect(tracker.acknowledged).toEqual([4, 4])
})

test.each([
  [[undefined], 'patterns', 'must be a RegExp, a non-empty string'],
  [[''], 'patterns', 'got "" (string)'],
  [[[]], 'patterns', 'an array of at least 1'],
  [[[/a/, 5]], 'patterns', 'an array'],
  [[async () => true], 'patterns', 'not async'],
  [[/a/, { logic: 'xor' }], 'logic', "must be 'or' or 'and'"],
  [[/a/, { text: 'source' }], 'text', "'message' or 'source-level-message'"],
  [[/a/, { ignoreCase: true }], 'ignoreCase', 'is no option; the options are logic, text'],
])('refuses %j', (args, option, message) => {
  for (const factory of [include, exclude]) {
    const make = () => factory(...(args as Parameters<typeof include>))
    expect(make).toThrow(expect.objectContaining({ code: 'BAD_OPTION', option, stage: factory.name }))
    expect(make).toThrow(message)
  }
})
