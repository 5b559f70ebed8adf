/** Claim: whatever shortcut is taken over a batch, the lines are those whose source, level and message, put together, match. */

import { Batch, textPattern } from '@logwisp/core'
import { assert, constantFrom, array as listOf, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fullTextSelect, headOf } from '../src/internal/full-text-select.ts'
import { textMatch } from '../src/internal/single-match.ts'

const sources = ['', 'app.log', 'ERROR', 'my ERROR', 'a WARN b', 'é.log']
const patterns = [
  'ERROR',
  'ERROR|WARN',
  'app.log',
  'log ERROR ',
  'ERROR disk',
  ' ',
  'b INFO x|ERROR disk full',
  'é',
  '(?i)error',
  '^ERROR',
  '^app\\.log INFO',
  'full$',
  '\\bWARN\\b',
]
const lines = [
  'ERROR disk full',
  'disk full',
  '[error] disk full',
  'level=warn msg="ERROR"',
  '2026-01-31T23:59:59Z INFO x',
  '{"level":"error","msg":"x"}',
  'an ERROR',
  'é',
  '',
  ' ',
]

test('gives for a batch what it gives for each of its entries', () => {
  let selected = 0
  const someLines = listOf(constantFrom(...lines), { maxLength: 12 })
  assert(
    property(constantFrom(...sources), constantFrom(...patterns), someLines, (source, pattern, texts) => {
      const batch = Batch.of({ bytes: Buffer.from(texts.map((text) => `${text}\n`).join('')), source, time: 0 })
      const match = textMatch(textPattern(pattern), 'source-level-message')
      const wanted = [...batch].filter((entry) => match.entry(entry)).map(({ message }) => message)
      const got = [...match.select(batch)].map(({ message }) => message)
      selected += got.length
      expect(got).toEqual(wanted)
    }),
    { seed: 20261121, numRuns: 2000 },
  )
  expect(selected).toBeGreaterThan(1000)
})

describe('a head', () => {
  test('leaves out what is missing', () => {
    expect(headOf('app.log', 'error')).toBe('app.log ERROR ')
    expect(headOf('app.log', undefined)).toBe('app.log ')
    expect(headOf('', 'error')).toBe('ERROR ')
    expect(headOf('', undefined)).toBe('')
  })

  test('of another source is looked at anew', () => {
    const select = fullTextSelect({ test: (text) => text.includes('b.log'), search: undefined })
    const batch = (source: string): Batch => Batch.of({ bytes: Buffer.from('x\n'), source, time: 0 })
    expect(['a.log', 'b.log', 'a.log'].map((source) => select(batch(source)).count)).toEqual([0, 1, 0])
  })
})
