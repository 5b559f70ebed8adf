import { expect, test } from 'vitest'
import { levelsOf, withLevelToggled } from '../../page/levels/level-query.ts'

test.each([
  ['', []],
  ['healthz', []],
  ['-level:debug', []],
  ['level:error', ['error']],
  ['timeout level:warn,error', ['error', 'warn']],
  ['level>=warn level:error,info', ['error']],
  ['level:none', ['none']],
  ['level:nonsense', []],
])('tells the levels that are asked for: %s', (query, levels) => {
  expect(levelsOf(query)).toEqual(levels)
})

test.each([
  ['', 'error', 'level:error'],
  ['  timeout ', 'error', 'timeout level:error'],
  ['level:error', 'warn', 'level:error,warn'],
  ['level:error,warn', 'error', 'level:warn'],
  ['level:error', 'error', ''],
  ['a level:error  b', 'error', 'a b'],
  ['a  level:error  b', 'info', 'a  level:error,info  b'],
  ['level:error a level:error,warn b', 'fatal', 'level:fatal,error a b'],
  ['-level:debug a', 'info', '-level:debug a level:info'],
  ['"level:error" /level:error/', 'error', '"level:error" /level:error/ level:error'],
  ['level:nonsense', 'error', 'level:nonsense level:error'],
] as const)('toggles a level and leaves the rest as it was written: %s + %s', (query, level, changed) => {
  expect(withLevelToggled(query, level)).toBe(changed)
})

test('a level toggled twice is asked for as before', () => {
  for (const query of ['', 'a b', 'level:warn', 'a level:warn,error b'])
    expect(levelsOf(withLevelToggled(withLevelToggled(query, 'info'), 'info'))).toEqual(levelsOf(query))
})
