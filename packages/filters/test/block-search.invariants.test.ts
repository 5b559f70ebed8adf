/**
 * Whatever the regular expression and whatever the bytes: selecting lines from a batch gives exactly the lines that the
 * expression matches when each is decoded and tested by itself.
 *
 * More runs: BLOCK_SEARCH_RUNS=1000000 BLOCK_SEARCH_SEED=7 npx vitest run packages/filters/test/block-search.invariants.test.ts
 */

import { Batch } from '@logwisp/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { blockSearch } from '../src/internal/block-search.ts'
import { selectLines } from '../src/internal/select-lines.ts'

const seed = Number(process.env['BLOCK_SEARCH_SEED'] ?? 20_261_121)
const runs = Number(process.env['BLOCK_SEARCH_RUNS'] ?? 8_000)

const atoms = [
  ...['a', 'b', 'A', 'k', 's', 'é', '1', ' ', '"', '-', '_', '😀', 'abc', 'aba'],
  ...String.raw`\n \r \t \0 \x0a \cJ \cM \u2028 \u00a0 \u212a \u{1f600} . . \s \S \d \D \w \W \p{L} \P{L} \p{Cc}`.split(
    ' ',
  ),
  ...String.raw`[] [^] [ab] [^ab] [^"] [^-a] [-a] [^a-] [\s,] [^\s] [^\S] [\W] [\d\D] [\0-\x1f] [^\r] [^\n]`.split(' '),
  ...String.raw`[^\n\r] [a-zé] [^é] [\]a] [^\]] [\u0080-\uffff] [^\p{L}] [😀a]`.split(' '),
]
const assertions = ['^', '$', '^', '$', '\\b', '\\B']
// Unbounded ones for single characters only: nested ones would take the engine for ever.
const bounded = ['?', '{2}', '{0}', '{1,2}', '??']
const quantifiers = [...bounded, '*', '+', '*?', '+?']

const { pattern, worded } = fc.letrec<Record<'pattern' | 'worded' | 'branch' | 'element', string>>((tie) => ({
  element: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { arbitrary: fc.constantFrom(...atoms), weight: 4 },
    { arbitrary: fc.constantFrom(...assertions), weight: 3 },
    fc
      .tuple(fc.constantFrom(...atoms), fc.constantFrom(...quantifiers))
      .map(([atom, quantifier]) => `(?:${atom})${quantifier}`),
    fc
      .tuple(fc.constantFrom('(', '(?:', '(?=', '(?!', '(?<=', '(?<!'), tie('pattern'))
      .map(([open, inner]) => `${open}${inner})`),
    fc
      .tuple(fc.constantFrom('(', '(?:'), tie('pattern'), fc.constantFrom(...bounded))
      .map(([open, inner, quantifier]) => `${open}${inner})${quantifier}`),
    fc.tuple(tie('element'), fc.constantFrom('\\1', '\\2')).map(([element, reference]) => `(${element})${reference}`),
  ),
  branch: fc.array(tie('element'), { minLength: 1, maxLength: 3 }).map((elements) => elements.join('')),
  pattern: fc.oneof(
    { arbitrary: tie('branch'), weight: 3 },
    fc.tuple(tie('branch'), tie('branch')).map((two) => two.join('|')),
  ),
  // As most patterns in use do, some contain a plain text.
  worded: fc
    .tuple(tie('branch'), fc.constantFrom('abc', '(abc|aba)', 'a(?:abc)b'), tie('branch'))
    .map((parts) => parts.join('')),
}))

const flags = fc.subarray(['g', 'i', 'm', 's', 'u', 'y', 'd']).map((some) => some.join(''))

function compiled(source: string, some: string): RegExp | undefined {
  try {
    return new RegExp(source, some)
  } catch {
    return undefined
  }
}

const regexp = fc
  .tuple(fc.oneof({ arbitrary: pattern, weight: 2 }, worded), flags)
  .map(([source, some]) => compiled(source, some))
  .filter((it) => it !== undefined)

const ascii = ['a', 'b', 'A', 'k', 's', '1', ' ', '"', '-', '_', ',', ']', 'abc', 'aba', '\t', '\0', '\n', '\n', '\n\n']
const beyond = ['é', '😀', '\u2028', '\u2029', '\u0085', '\u00a0', '\u212a', '\u017f', 'à', '\ufeff', 'ÿ']
const broken = [[0xff], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xc3], [0xed, 0xa0, 0x80], [0x80], [0xc0, 0x8a]]
const pieces = [
  ...[ascii, [...ascii, '\r\n', '\r\n', '\r'], [...ascii, ...beyond], [...ascii, ...beyond, '\r\n', '\r']].map((some) =>
    some.map((it) => Buffer.from(it)),
  ),
  [...ascii, ...beyond, '\r\n'].map((it) => Buffer.from(it)).concat(broken.map((it) => Buffer.from(it))),
]
const block = fc
  .constantFrom(...pieces, ...pieces.slice(0, 1), ...pieces.slice(0, 1))
  .chain((some) =>
    fc.array(fc.constantFrom(...some), { minLength: 5, maxLength: 25, size: 'max' }).map((it) => Buffer.concat(it)),
  )

/** The messages of a block's lines, found the plain way. */
function messagesOf(bytes: Buffer): string[] {
  const lines: Buffer[] = []
  for (let start = 0; start < bytes.length; ) {
    const feed = bytes.indexOf(10, start)
    const line = bytes.subarray(start, feed === -1 ? bytes.length : feed)
    lines.push(feed !== -1 && line.at(-1) === 13 ? line.subarray(0, -1) : line)
    start = feed === -1 ? bytes.length : feed + 1
  }
  return lines.map((line) => line.toString('utf8'))
}

const numbered = (batch: Batch, keep: (line: number) => boolean): Batch => {
  let line = 0
  return batch.select(() => keep(line++))
}

test('a batch gives the lines that match one by one', () => {
  const ways = { searched: 0, hinted: 0, tried: 0, telling: 0 }
  fc.assert(
    fc.property(regexp, block, fc.array(fc.boolean(), { maxLength: 8 }), (it, bytes, gaps) => {
      const search = blockSearch(it)
      const alone = new RegExp(it.source, it.flags)
      const matches = (line: string): boolean => {
        alone.lastIndex = 0
        return alone.test(line)
      }
      const whole = Batch.of({ bytes, source: 's', time: 1 })
      const isKept = (line: number): boolean => gaps[line % gaps.length] !== true
      const batch = gaps.includes(true) ? numbered(whole, isKept) : whole
      const selected = selectLines(batch, { test: matches, search })
      const expected = messagesOf(bytes).filter((line, index) => (batch === whole || isKept(index)) && matches(line))
      expect([...selected].map((entry) => entry.message)).toEqual(expected)
      expect(selected.count).toBe(expected.length)
      if (expected.length > 0 && expected.length < batch.count) ways.telling++
      const { ascii: isAscii, hasCarriageReturns } = batch
      if (search === undefined) ways.tried++
      else if ((isAscii || search.searchesBytes) && (!hasCarriageReturns || search.searchesReturns)) ways.searched++
      else if (search.hint !== undefined) ways.hinted++
      else ways.tried++
    }),
    { numRuns: runs, seed },
  )
  if (process.env['BLOCK_SEARCH_RUNS']) console.log(ways)
  // The test says something only as long as each way is taken often.
  expect(ways.searched).toBeGreaterThan(runs / 5)
  expect(ways.hinted).toBeGreaterThan(runs / 100)
  expect(ways.tried).toBeGreaterThan(runs / 10)
})
