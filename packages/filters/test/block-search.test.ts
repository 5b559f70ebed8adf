/** What a search over many lines could get wrong, one by one: each pattern with lines that would tell. */

import { Batch } from '@logwisp/core'
import { describe, expect, test } from 'vitest'
import { blockSearch } from '../src/internal/block-search.ts'
import { selectLines } from '../src/internal/select-lines.ts'

/** The lines that a block search selects, and those that match when each is tested by itself. */
function both(regexp: RegExp, lines: readonly string[], ending = '\n'): { selected: string[]; alone: string[] } {
  const test = (line: string): boolean => new RegExp(regexp.source, regexp.flags).test(line)
  const bytes = Buffer.from(lines.map((line) => `${line}${ending}`).join(''))
  const batch = Batch.of({ bytes, source: 's', time: 1 })
  const selected = selectLines(batch, { test, search: blockSearch(regexp) })
  return { selected: [...selected].map((entry) => entry.message), alone: lines.filter(test) }
}

test.each<[what: string, regexp: RegExp, lines: string[]]>([
  ['`^` is the beginning of each line', /^b/, ['ab', 'b', '', 'b']],
  ['`^` after a pattern that may be empty', /a*^b/, ['ab', 'b', 'b']],
  ['`$` is the end of each line', /a$/, ['a', 'ab', 'ba', '']],
  ['`^$` finds the empty lines only, and none behind the last', /^$/, ['', 'a', '', '', 'b']],
  ['`^` is not behind a carriage return, U+2028 or U+2029', /^b/, ['a\rb', 'a\u2028b', 'a\u2029b', 'b']],
  ['`$` is not before a carriage return, U+2028 or U+2029', /a$/, ['a\rb', 'a\u2028b', 'a\u2029b', 'a']],
  ['`^` and `$` with `m` are', /^b|a$/m, ['a\rx', 'x\rb', 'a\u2028x', 'x\u2029b', 'xbx', 'xax', 'b', 'a']],
  ['`^b` with `m` behind U+2028, where it reads as three bytes', /^b/m, ['a\u2028b', 'xb']],
  ['`\\s` does not reach the next line', /a\s+b/, ['a', 'b', 'a b', 'a\t b', 'a', '', 'b']],
  ['a negated class does not reach the next line', /a[^x]+b/, ['a', 'b', 'aab', 'a\u2028b', 'a', 'b']],
  ['a negated class that begins with a hyphen', /a[^-x]b/, ['a', 'b', 'a-b', 'axb', 'ayb', 'aab']],
  ['an empty negated class', compiled('a[^]b'), ['a', 'b', 'a.b', 'ab']],
  ['`\\D`, `\\W`', /a\D\Wb/, ['a', 'b', 'a', '', 'b', 'a--b', 'a-xb']],
  ['`.` with `s`', /a.b/s, ['a', 'b', 'a\u2028b', 'a\rb', 'a.b']],
  ['`.` without `s`', /a.b/, ['a', 'b', 'a\u2028b', 'a\rb', 'a.b']],
  ['a property that a line feed has', /a\p{Cc}+b/u, ['a', 'b', 'a\tb', 'a\0b']],
  ['a class with a range over the line feed', /a[\0-\x20]+b/, ['a', 'b', 'a b', 'a\t\0b']],
  ['a line feed matches in no line', /\n|x/, ['a', 'b', 'x', '']],
  ['an optional line feed', /a\n*b/, ['a', 'b', 'ab']],
  ['a lookahead does not see the next line', /a(?=\s*b)/, ['a', 'b', 'a b']],
  ['a negative lookahead does not see the next line', compiled('a(?![^]*b)'), ['a', 'b', 'a b', 'aa', 'b']],
  ['a lookbehind does not see the line before', /(?<=a\s*)b/, ['a', 'b', 'a b']],
  ['a negative lookbehind does not see the line before', compiled('(?<!a[^]*)b'), ['a', 'b', 'a b', 'ab', 'b']],
  ['`\\b` and `\\B` at both ends of a line', /\Ba\b|\bb\B/, ['a', 'b', 'a', 'ba', 'b-', 'bb']],
  ['`\\B` in an empty line', /^\B/, ['', 'a', '-', '']],
  ['`\\B` is not inside of a character', /\B/, ['aéb', 'éa', 'a', 'éé', 'b😀c']],
  ['an optional character before `\\B`', /x?\B/, ['aéb', 'éa', 'a', 'xa', '-']],
  ['a reference to a group', /([^x])\1/, ['a', 'a', 'aa', 'xx', '', '', 'abab']],
  ['a reference by name', compiled('(?<one>\\W)b\\k<one>'), ['', 'b', '', '-b-', '-b']],
  ['an old octal escape', compiled('\\12|\\101'), ['a', 'A', '\t']],
  ['ASCII letters that fold to others', /k/iu, ['\u212a', 'K', 'x']],
  ['ASCII letters that fold only with `u`', /s|k/i, ['\u017f', '\u212a', 'S', 'x']],
  ['word ends that `iu` sees otherwise', /a\b/iu, ['a\u017f', 'a', 'aé', 'ak']],
  ['a required text that folds to other letters', /(?:ask)é?./iu, ['aſ\u212a!', 'ask!', 'ask', 'axk!']],
  ['a required text in one alternative only', /abc.|\s+d./, ['abc', 'abcé', ' dé', 'd é']],
  ['a class beyond the first plane', /[\u{1f600}\u{1f601}]/u, ['😀', '😁', '😂', 'a']],
  ['a range that ends beyond the first plane', /[\u{1f600}-\u{1f601}x]/u, ['😀', '😂', 'x']],
  ['half of a pair', /\ud83d/, ['😀', 'a', 'é']],
  ['half of a pair with `u`', /\ud83d/u, ['😀', 'a', 'é']],
  ['bytes that read as white space in latin1', /\s|[\u0085\u00a0]$/, ['à', 'a b', 'Å', '\u00a0']],
  ['counted characters, some of them long', /^.{3}b/, ['éééb', 'aéb', 'aaab', 'ééb', '😀éb']],
  ['sets of strings', compiled('[\\q{ab|c}--c]', 'v'), ['ab', 'c', 'b', 'é ab']],
  ['sticky: at the beginning only', /a/y, ['a', 'ba', 'ab']],
  ['global, with indices', /a/dg, ['a', 'ba', 'x', 'aa']],
  ['nothing at all', /(?:)/, ['', 'a', 'é']],
  ['never', compiled('[]'), ['', 'a', 'é']],
])('%s', (_what, regexp, lines) => {
  for (const more of [[], ['é😀'], ['x\ry']]) {
    for (const ending of ['\n', '\r\n']) {
      const { selected, alone } = both(regexp, [...lines, ...more], ending)
      expect(selected, `${regexp} with ${JSON.stringify(more)} and ${JSON.stringify(ending)}`).toEqual(alone)
    }
  }
})

/** For what a linter or the compiler's target would refuse as a literal. */
function compiled(source: string, flags = ''): RegExp {
  return new RegExp(source, flags)
}

describe('how a pattern is searched for', () => {
  const plan = (regexp: RegExp) => {
    const search = blockSearch(regexp)
    return search && { ...search, search: search.search.source, hint: search.hint?.source }
  }

  test('a plain one as it is, in any block', () => {
    expect(plan(/ERROR|WARN/)).toMatchObject({ search: 'ERROR|WARN', searchesReturns: true, searchesBytes: true })
    expect(plan(/status=[45]\d\d\b/i)).toMatchObject({ searchesReturns: true, searchesBytes: true, anchored: false })
    expect(plan(/status=500$/)).toMatchObject({ searchesReturns: true, searchesBytes: true })
  })

  test('one that could run across a line’s end with that kept from it', () => {
    expect(plan(/a\s[^"]*b/)?.search).toBe('a[^\\S\\n][^\\n"]*b')
    expect(plan(/a[^-b]\p{Cc}/u)?.search).toBe('a(?:(?!\\n)[^-b])(?:(?!\\n)\\p{Cc})')
  })

  test('where that is not exact, by a text that each match has', () => {
    expect(plan(/ERROR.*timed? out/)).toMatchObject({ searchesReturns: true, searchesBytes: false, hint: 'ERROR' })
    expect(plan(/^\S+ (?:ERROR|WARN):/)?.hint).toBe('ERROR|WARN')
    expect(plan(/^[^ ]+ (?:ERROR|E):/)?.hint).toBeUndefined()
    expect(plan(/(?:ERROR)?.+/)?.hint).toBeUndefined()
  })

  test('line by line, when it stands at a line’s beginning or the analysis does not cover it', () => {
    expect(plan(/^a|^b/)?.anchored).toBe(true)
    expect(plan(/^a|b/)?.anchored).toBe(false)
    expect(plan(/a/y)).toBeUndefined()
    expect(plan(compiled('a', 'v'))).toBeUndefined()
  })
})
