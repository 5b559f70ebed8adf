import { expect, test } from 'vitest'
import { levelOfLine } from '../../page/levels/level-of-line.ts'

test.each([
  ['2026-06-26 09:47:02.124 - [ERROR]: Failed to connect to server', 'error'],
  ['2026-06-26 09:47:00.123 - Log 1', undefined],
  ['2026-06-26T09:47:02Z warn: disk is filling', 'warn'],
  ['[2026-06-26 09:47:02,124] INFO : started', 'info'],
  ['2026-06-26T09:47:02.124+02:00 [Debug]: x', 'debug'],
  ['ERROR: at once', 'error'],
  ['[warn]: at once', 'warn'],
  ['2026-06-26 09:47:02 - an ERROR: later on', undefined],
  ['ERRORS: 4', undefined],
  ['error without a colon', undefined],
  ['FATAL: no word of the rule', undefined],
  ['', undefined],
])('reads the level that stands after the time: %s', (message, level) => {
  expect(levelOfLine({ message })).toBe(level)
})

test('the level that an entry has comes before what its text says', () => {
  expect(levelOfLine({ message: 'ERROR: it was', level: 'info' })).toBe('info')
})

test('a line of 10 MB costs no more than a short one', () => {
  const message = `2026-06-26 09:47:02${' '.repeat(10_000_000)}ERROR: too far away`
  const began = performance.now()
  for (let i = 0; i < 1_000; i++) expect(levelOfLine({ message })).toBe(undefined)
  expect(performance.now() - began).toBeLessThan(2_000)
})
