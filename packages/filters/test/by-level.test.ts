/** `byLevel`: which levels pass, as entries and as batches alike. */

import { type LogLevel, logLevels } from '@logwisp/core'
import { expect, test } from 'vitest'
import { byLevel } from '../src/index.ts'
import { batchOf, through } from './batches.ts'

const text = `${logLevels.map((level) => `[${level.toUpperCase()}] it\n`).join('')}    at a stack trace\n`

test.each(logLevels.map((minimum, rank) => [minimum, rank] as const))('%s and up', async (minimum, rank) => {
  for (const whenUnknown of ['pass', 'drop', undefined] as const) {
    const unknown = whenUnknown === 'drop' ? [] : [undefined]
    const expected = [...logLevels.slice(rank), ...unknown]
    const batch = batchOf(text)
    for (const items of [[batch], [...batch]]) {
      const filter = byLevel(minimum, { whenUnknown })
      const kept = await through(filter, items)
      expect(kept.entries.map((entry) => entry.level)).toEqual(expected)
      const dropped = 7 - expected.length
      expect(filter.stats).toEqual({
        entriesIn: 7,
        entriesOut: expected.length,
        entriesDropped: dropped,
        dropped: dropped === 0 ? {} : { filtered: dropped },
        entriesHeld: 0,
      })
    }
  }
})

test('goes by the level that an entry has, not by what its message looks like', async () => {
  const kept = await through(byLevel('warn'), [
    { time: 1, source: 's', level: 'error', message: '[DEBUG] a' },
    { time: 1, source: 's', level: 'debug', message: '[ERROR] b' },
  ])
  expect(kept.messages).toEqual(['[DEBUG] a'])
})

test('refuses what is no level', () => {
  expect(() => byLevel('warning' as LogLevel)).toThrow("`minimum` must be 'trace' or")
  expect(() => byLevel('warn', { whenUnknown: 'keep' as 'pass' })).toThrow("`whenUnknown` must be 'pass' or 'drop'")
})
