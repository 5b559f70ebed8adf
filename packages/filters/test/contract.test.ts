/** Every filter keeps the contract of filters. */

import type { LogEntry } from '@logwisp/core'
import { checkOptionErrors, type FilterContractOptions, filterContract } from '@logwisp/core/testing'
import { describe, test } from 'vitest'
import { byLevel, exclude, include, limitSize, rateLimit } from '../src/index.ts'

type Make = Parameters<typeof filterContract>[0]

function keeps(name: string, make: Make, options: FilterContractOptions = {}): void {
  describe(name, () => {
    for (const check of filterContract(make, options)) test(check.name, check.run)
  })
}

/** The contract's option for a filter that lets through what `keep` says yes to. */
const selects = (keep: (entry: LogEntry) => boolean): FilterContractOptions => ({
  expected: (entries) => entries.filter(keep),
})

keeps(
  'include, a pattern',
  () => include(/ERROR|WARN/),
  selects(({ message }) => /ERROR|WARN/.test(message)),
)
keeps(
  'include, a pattern of what is not ASCII',
  () => include(/ö.*€/),
  selects(({ message }) => /ö.*€/.test(message)),
)
keeps(
  'include, a string',
  () => include('line 1'),
  selects(({ message }) => message.includes('line 1')),
)
keeps(
  'include, a function',
  () => include((entry) => entry.level === undefined),
  selects((entry) => entry.level === undefined),
)
keeps(
  'include, empty lines',
  () => include(/^$/),
  selects(({ message }) => message === ''),
)
keeps(
  'include, all of several',
  () => include([/e/, /n/], { logic: 'and' }),
  selects(({ message }) => message.includes('e') && message.includes('n')),
)
keeps(
  'exclude',
  () => exclude([/ERROR/, /^\s*at /]),
  selects(({ message }) => !/ERROR|^\s*at /.test(message)),
)
keeps(
  'byLevel',
  () => byLevel('warn', { whenUnknown: 'drop' }),
  selects(({ level }) => level === 'warn' || level === 'error' || level === 'fatal'),
)
keeps(
  'limitSize',
  () => limitSize(30),
  selects(({ message }) => Buffer.byteLength(message) <= 30),
)
keeps('rateLimit that waits', () => rateLimit({ ratePerSecond: 1e6, burst: 50 }), { expected: (entries) => entries })
keeps('rateLimit that drops', () => rateLimit({ ratePerSecond: 1, burst: 1e6, whenLimited: 'drop' }), {
  expected: (entries) => entries,
})

test('every filter refuses bad options', () => {
  checkOptionErrors((options) => include(/x/, options), { logic: ['xor', 1, null] })
  checkOptionErrors((options) => exclude(/x/, options), { logic: ['xor', 1, null] })
  checkOptionErrors(
    (options) => rateLimit(options),
    { ratePerSecond: [0, -1, '5', Number.NaN], burst: [0, '1'] },
    { ratePerSecond: 1 },
  )
})
