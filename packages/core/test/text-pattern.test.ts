/**
 * The claim: a pattern given as text matches what RE2 says, whichever engine runs it, and no pattern is slow.
 */

import fc from 'fast-check'
import { RE2JS } from 're2js'
import { describe, expect, it } from 'vitest'
import { simpleRegExp } from '../src/internal/simple-pattern.ts'
import { maxPatternLength, textPattern } from '../src/text-pattern.ts'

fc.configureGlobal({ seed: Number(process.env['LOGWISP_SEED'] ?? 1) })

/** More of the random tests: LOGWISP_RUNS=50 for a night's worth. */
const runs = Number(process.env['LOGWISP_RUNS'] ?? 1)

function refusal(text: string): { code: string; message: string } {
  try {
    textPattern(text)
  } catch (error) {
    return error as { code: string; message: string }
  }
  throw new Error('was not refused')
}

/** What differs between engines: blanks, digits and letters beyond ASCII, line ends, halves of pairs, odd case pairs. */
const oddCharacters = [
  'a',
  'b',
  'k',
  's',
  'K',
  'S',
  'x',
  '1',
  '2',
  '_',
  ' ',
  '\t',
  '\v',
  '\r',
  '\u00a0',
  '\u2028',
  '\u0085',
  'é',
  'É',
  'ſ',
  '\u212a',
  '٣',
  '😀',
  '\ud83d',
  '\ude00',
  '-',
  '.',
  '\u0000',
  '\ufeff',
]
const oneLine = fc.string({ unit: fc.constantFrom(...oddCharacters), maxLength: 12 })

const character = fc.constantFrom(
  'a',
  'b',
  'k',
  's',
  'K',
  'S',
  '1',
  '_',
  ' ',
  'é',
  '😀',
  '\\.',
  '\\-',
  '\\x41',
  '\\t',
  '\\r',
  '\\v',
  '-',
  '{',
  '}',
  ']',
  '"',
)
const classItem = fc.constantFrom(
  'a',
  'k',
  's',
  'K',
  'a-k',
  'A-Z',
  '0-9',
  '1',
  '\\d',
  '\\s',
  '\\w',
  '\\D',
  '\\W',
  '\\S',
  'é',
  '😀',
  '.',
  '_',
  '\\]',
  '\\\\',
  '\\-',
  '{',
  '|',
  '(',
)
const charClass = fc
  .tuple(fc.constantFrom('', '^'), fc.array(classItem, { minLength: 1, maxLength: 3 }), fc.constantFrom('', '', '-'))
  .map(([mark, items, end]) => `[${mark}${items.join('')}${end}]`)
const assertion = fc.constantFrom('^', '$', '\\b', '\\A', '\\z')
const quantifier = fc.constantFrom('', '', '', '+', '*', '?', '{2}', '{1,3}', '{2,}', '+?', '*?', '??')
const { pattern } = fc.letrec<{ pattern: string; sequence: string; piece: string }>((tie) => ({
  pattern: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }).map((branches) => branches.join('|')),
  sequence: fc.array(tie('piece'), { maxLength: 5 }).map((pieces) => pieces.join('')),
  piece: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc
      .tuple(
        fc.oneof(character, character, charClass, fc.constantFrom('\\d', '\\s', '\\w', '\\D', '\\W', '\\S', '.')),
        quantifier,
      )
      .map((parts) => parts.join('')),
    assertion,
    fc
      .tuple(fc.constantFrom('(', '(?:', '(?P<n>', '(?i:'), tie('pattern'), fc.constantFrom(')', ')?', ')', ')*'))
      .map((parts) => parts.join('')),
  ),
}))
/** Mostly what the recogniser takes. */
const plainPattern = fc
  .array(
    fc.array(
      fc
        .tuple(
          fc.oneof(character, character, charClass, fc.constantFrom('\\d', '\\s', '\\w', '.')),
          fc.constantFrom('', '', '', '+', '{2}', '?'),
        )
        .map((parts) => parts.join('')),
      { minLength: 1, maxLength: 4 },
    ),
    { minLength: 1, maxLength: 2 },
  )
  .map((branches) => branches.map((pieces) => pieces.join('')).join('|'))
const casedPattern = fc
  .tuple(fc.constantFrom('', '', '(?i)'), fc.oneof(pattern, plainPattern))
  .map((parts) => parts.join(''))

function compiled(text: string, ignoreCase: boolean): RE2JS | undefined {
  try {
    return RE2JS.compile(text, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0)
  } catch {
    return undefined
  }
}

function linesFoundBy(regexp: RegExp, block: string): readonly number[] {
  const search = new RegExp(regexp.source, `${regexp.flags}g`)
  const found = new Set<number>()
  for (const { 0: match, index } of block.matchAll(search)) {
    expect(match).not.toBe('')
    expect(match).not.toContain('\n')
    found.add(block.slice(0, index).split('\n').length - 1)
  }
  return [...found]
}

describe('textPattern', () => {
  it('matches what RE2 matches, in a line, in a text of many lines, and as a search through a block', () => {
    let simple = 0
    fc.assert(
      fc.property(
        casedPattern,
        fc.boolean(),
        fc.array(oneLine, { minLength: 1, maxLength: 8 }),
        (text, ignoreCase, lines) => {
          const engine = compiled(text, ignoreCase)
          fc.pre(engine !== undefined)
          const own = textPattern(text, { ignoreCase })
          const expected = lines.map((line) => engine.matcher(line).find())
          expect(lines.map((line) => own.test(line))).toEqual(expected)
          const block = lines.join('\n')
          expect(own.test(block)).toBe(engine.matcher(block).find())
          if (own.regexp === undefined) return
          simple++
          expect(lines.map((line) => own.regexp?.test(line))).toEqual(expected)
          expect(linesFoundBy(own.regexp, block)).toEqual(expected.flatMap((found, index) => (found ? [index] : [])))
        },
      ),
      { numRuns: 4_000 * runs },
    )
    // A recogniser that refused everything would pass too.
    expect(simple).toBeGreaterThan(500)
  })

  it.each([
    ['ERROR', /ERROR/],
    ['ERROR|WARN', /ERROR|WARN/],
    ['(?i)disk', /[Dd][Ii][Ss\u017f][Kk\u212a]/],
    ['"status":5\\d\\d', /"status":5[0-9][0-9]/],
    ['took \\d+ms', /took [0-9]+ms/],
    ['^\\[?(DEBUG|TRACE)\\]?', /(?<![^\n])\[?(?:DEBUG|TRACE)/],
    ['.*failed.*', /failed/],
    ['^.*failed$', /failed(?![^\n])/],
    ['\\A(?P<verb>GET|PUT) /', /(?<![^\n])(?:GET|PUT) \//],
    ['{"level":"error"', /\{"level":"error"/],
    ['\\b\\d+ms\\b', /\b[0-9]+ms\b/],
    ['[^"]x', /[^\u000a"]x/u],
  ])('runs the simple pattern %s on the native engine', (text, expected) => {
    expect(textPattern(text).regexp).toEqual(expected)
  })

  it.each([
    '(a+)+$',
    'a+a+b',
    '(?:a|a)*b',
    '=.*.*=',
    'x.*y',
    'user=[^ ]+ id',
    '(a?){30}a{30}',
    'xa?a?a?a?a?a?a?a?a?aaaaaaaaa',
    '(?:a|b)(?:a|b)(?:a|b)(?:a|b)(?:a|b)(?:a|b)(?:a|b)(?:a|b)(?:a|b)c',
    '[[:alpha:]]x',
    '\\pLx',
    '(?i)é',
    '(?s).x',
    'a|',
    '',
    '^$',
    '\\Qa.b\\E',
    'a\nb',
    '(?m)^a',
    'x\\B',
    '\\x{1F600}',
  ])('leaves the pattern %j to RE2', (text) => {
    expect(textPattern(text).regexp).toBeUndefined()
  })

  it('takes case as RE2 does: the Kelvin sign is a k and the long s an s', () => {
    expect(textPattern('disk', { ignoreCase: true }).test('di\u017f\u212a')).toBe(true)
    expect(textPattern('(?i)[a-z]{4}x').test('DI\u017f\u212aX')).toBe(true)
    expect(textPattern('\\w').test('\u212a')).toBe(false)
    expect(textPattern('disk').test('DISK')).toBe(false)
  })

  it('accepts what the ancestor’s patterns use', () => {
    expect(textPattern('(?i)\\Aerr(?P<rest>[[:alpha:]]+)\\z').test('ERRor')).toBe(true)
    expect(textPattern('^stdin').test('a\nstdin')).toBe(false)
    expect(textPattern('(?m)^stdin').test('a\nstdin')).toBe(true)
  })

  it('says what is wrong with a pattern and where', () => {
    expect(refusal('ab(cd')).toMatchObject({
      code: 'BAD_PATTERN',
      message: expect.stringMatching(/"ab\(cd".*missing closing \)/),
    })
    expect(refusal('a{1001}')).toMatchObject({
      code: 'BAD_PATTERN',
      message: expect.stringMatching(/repeat count: `\{1001\}` at position 1/),
    })
    expect(refusal('x(?=y)')).toMatchObject({
      code: 'BAD_PATTERN',
      message: expect.stringMatching(/unsupported Perl syntax: `\(\?=` at position 1/),
    })
    expect(refusal('[b-a]').code).toBe('BAD_PATTERN')
    expect(refusal('\\1').code).toBe('BAD_PATTERN')
  })

  it('refuses patterns that would take much memory, before compiling them', () => {
    expect(refusal('a'.repeat(maxPatternLength + 1))).toMatchObject({
      code: 'BAD_PATTERN',
      message: expect.stringMatching(/1001 characters, at most 1000/),
    })
    for (const text of [
      'a{1000}{1000}',
      '(a{1000}){1000}',
      `(?:${'x'.repeat(900)}){1000}`,
      '\\pL{1000}'.repeat(90),
      '(((a{100}b){10}c){10}d){10}',
      `${'[^a]{999}'.repeat(3)}`,
      '((a{1,100}){1,10}b){1,10}',
    ]) {
      expect(refusal(text).code, text.slice(0, 40)).toBe('BAD_PATTERN')
    }
    expect(textPattern('a{1000}').test('a'.repeat(1000))).toBe(true)
  })

  it('refuses what is no text, and unknown options', () => {
    expect(() => textPattern(/a/ as never)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
    expect(() => textPattern('a', { caseless: true } as never)).toThrow(/`caseless` is no option/)
  })

  it('answers at once where a backtracking engine would run for years', () => {
    const text = `${'a'.repeat(100_000)}b`
    for (const hostile of ['(a+)+$', '(?:a|a)+$', '(a*)*c', '(?:a?){20}a{20}$', '.*.*.*=', 'a.*a.*a.*c']) {
      const started = performance.now()
      expect(textPattern(hostile).test(text)).toBe(false)
      // Measured: 5 ms. Exponential or cubic time would not end within the test's own limit.
      expect(performance.now() - started, hostile).toBeLessThan(2_000)
    }
  })
})

describe('simpleRegExp', () => {
  it('lets through only patterns whose steps grow linearly, counted on texts made to be hard for them', () => {
    const unit = fc.constantFrom('a', 'b', 'k', '1', '_', ' ', '.')
    const hard = fc.oneof(
      fc.tuple(fc.string({ unit, minLength: 1, maxLength: 4 }), fc.string({ unit, maxLength: 2 })),
      fc.tuple(fc.string({ unit, minLength: 1, maxLength: 1 }), fc.string({ unit, maxLength: 2 })),
    )
    let seen = 0
    fc.assert(
      fc.property(casedPattern, hard, (text, [period, end]) => {
        fc.pre(compiled(text, false) !== undefined)
        const regexp = simpleRegExp(text, false)
        if (regexp === undefined) return
        seen++
        const length = 600
        const steps = stepsOf(regexp.source, period.repeat(length / period.length) + end)
        expect(steps / length).toBeLessThan(600)
      }),
      { numRuns: 2_000 * runs },
    )
    expect(seen).toBeGreaterThan(200)
  })

  it('counts quadratic patterns as quadratic: the measure of the test above can tell', () => {
    const perCharacter = (length: number): number => stepsOf('x[^ ]+ y', 'x'.repeat(length)) / length
    expect(perCharacter(1_000)).toBeGreaterThan(1.8 * perCharacter(500))
  })
})

/** How many characters a backtracking engine looks at until it has tried `source` at every start of `text`. Knows only what simpleRegExp writes. */
function stepsOf(source: string, text: string): number {
  type Next = (at: number) => boolean
  type Matcher = (at: number, next: Next) => boolean
  let steps = 0
  let position = 0
  const branches = (): Matcher => {
    const all = [sequence()]
    while (source[position] === '|') {
      position++
      all.push(sequence())
    }
    return (at, next) => all.some((one) => one(at, next))
  }
  const sequence = (): Matcher => {
    const parts: Matcher[] = []
    while (position < source.length && source[position] !== '|' && source[position] !== ')') parts.push(quantified())
    return (at, next) => {
      const from = (index: number, here: number): boolean =>
        index === parts.length ? next(here) : (parts[index] as Matcher)(here, (then) => from(index + 1, then))
      return from(0, at)
    }
  }
  const quantified = (): Matcher => {
    for (const assertion of ['(?<![^\\n])', '(?![^\\n])', '\\b']) {
      if (!source.startsWith(assertion, position)) continue
      position += assertion.length
      const regexp = new RegExp(assertion, 'y')
      return (at, next) => {
        steps++
        regexp.lastIndex = at
        return regexp.test(text) && next(at)
      }
    }
    if (source.startsWith('(?:', position)) {
      position += 3
      const inner = branches()
      position++
      const optional = source[position] === '?'
      if (optional) position++
      return (at, next) => inner(at, next) || (optional && next(at))
    }
    const atom = /\[(?:\\.|[^\]])*\]|\\u\{\w+\}|\\u\w{4}|\\?./suy
    atom.lastIndex = position
    const set = atom.exec(source)?.[0] ?? ''
    position += set.length
    const repeat = /(?:([*+?])|\{(\d+)(,?)(\d*)\})?/y
    repeat.lastIndex = position
    const [whole, sign, least, comma, most] = repeat.exec(source) as RegExpExecArray
    position += (whole as string).length
    const min = sign === '*' || sign === '?' ? 0 : least === undefined ? 1 : Number(least)
    const max =
      sign === '*' || sign === '+'
        ? Infinity
        : sign === '?' || least === undefined
          ? 1
          : comma === ''
            ? min
            : most === ''
              ? Infinity
              : Number(most)
    const member = new RegExp(`^${set}$`, 'u')
    return (at, next) => {
      let count = 0
      while (count < max && at + count < text.length) {
        steps++
        if (!member.test(text.charAt(at + count))) break
        count++
      }
      for (; count >= min; count--) if (next(at + count)) return true
      return false
    }
  }
  const match = branches()
  // The last way always fails, so that every way is tried.
  for (let start = 0; start < text.length; start++) match(start, () => false)
  return steps
}
