import { expect, test } from 'vitest'
import { querySegments } from '../../page/search/query-segments.ts'

test('the segments of a text are the text, and each part is one of them', () => {
  const text = ' level:error  -source:api "exact words" /re[g]ex/i field.a=1 level:wrong word* '
  const segments = querySegments(text)
  expect(segments.map((segment) => segment.text).join('')).toBe(text)
  expect(segments.filter(({ part }) => part).map(({ text: piece, part }) => [piece, part?.kind, part?.not])).toEqual([
    ['level:error', 'level', false],
    ['-source:api', 'source', true],
    ['"exact words"', 'phrase', false],
    ['/re[g]ex/i', 'pattern', false],
    ['field.a=1', 'field', false],
    ['level:wrong', 'level', false],
    ['word*', 'word', false],
  ])
  expect(segments.find((segment) => segment.text === 'level:wrong')?.part?.problem).toMatch(/no level/)
})

test.each(['', '   ', '"', '-', '/', 'a'.repeat(5_000), '\u{1F600} "\u202e" <b>'])(
  'no character is lost or doubled',
  (text) => {
    expect(
      querySegments(text)
        .map((segment) => segment.text)
        .join(''),
    ).toBe(text)
  },
)
