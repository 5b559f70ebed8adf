/** Patterns that come as text: no text makes them slow, and a batch gives what single entries give. */

import { textPattern } from '@logwisp/core'
import { expect, test } from 'vitest'
import { include } from '../src/index.ts'
import { batchOf, through } from './batches.ts'

test('a pattern that would take a backtracking engine for ever answers at once', async () => {
  const line = 'a'.repeat(100_000)
  const batch = batchOf(`${line}\n${line}!\n${line}é\n`)
  for (const items of [[batch], [...batch]]) {
    const filter = include(textPattern('(a+)+$'))
    const start = performance.now()
    const kept = await through(filter, items)
    // Some tens of ms on a quiet machine; a backtracking engine would not be done in this universe's time.
    expect(performance.now() - start).toBeLessThan(5000)
    expect(kept.messages).toEqual([line])
  }
})

const patterns = [
  ...[
    'error',
    '(?i)error',
    '^error',
    'error$',
    '^$',
    'err.r',
    'status=[45]\\d\\d',
    '\\berror\\b',
    'a\\s+b',
    '[^x]b',
    '(?s)a.b',
  ],
  ...['\\Aa', 'b\\z', '(?m)^b', '[[:space:]]b', 'é', 'a|^b$', '(?P<level>ERROR|WARN)', 'x*', '\\pL', '(a|b)+c', '.*b'],
]
const lines = [
  ...[
    'an error',
    'Error',
    'terrors',
    '',
    'a b',
    'a\tb',
    'a',
    'b',
    'status=404',
    'status=200',
    'ERROR',
    'abc',
    'x',
    '-',
  ],
  ...['a\u2028b', 'é', 'aéb', 'errér', 'a\rb', 'b\r', '\rb', '\u212a'],
]

test.each(patterns)('%s selects the same lines from a batch as from entries', async (text) => {
  const pattern = textPattern(text)
  for (const ending of ['\n', '\r\n']) {
    // In ASCII alone, and with other characters.
    for (const some of [lines.slice(0, 14), lines]) {
      const batch = batchOf(some.map((line) => `${line}${ending}`).join(''))
      const expected = [...batch].map(({ message }) => message).filter((message) => pattern.test(message))
      expect((await through(include(pattern), [batch])).messages).toEqual(expected)
      expect((await through(include(pattern), [...batch])).messages).toEqual(expected)
    }
  }
})
