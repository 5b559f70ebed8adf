import { logLevels } from '@logwisp/core'
import type { QueryTerm } from '@logwisp/store/log-query'
import { complete, parseQuery, printQuery, wordAtCursor } from '@logwisp/store/query-language'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

function terms(text: string): readonly QueryTerm[] {
  const { terms: found, problems } = parseQuery(text)
  expect(problems).toEqual([])
  return found
}

/** The one problem of a text, and where it is. */
function problem(text: string): string {
  const { problems } = parseQuery(text)
  expect(problems).toHaveLength(1)
  const [part] = problems
  expect(part?.term).toBeUndefined()
  return `${text.slice(part?.start, part?.end)} → ${part?.problem}`
}

describe('what is read', () => {
  const cases: readonly (readonly [string, ...QueryTerm[]])[] = [
    [''],
    ['  \t\n '],
    ['level:error', { kind: 'level', levels: ['error'] }],
    ['LEVEL:Error', { kind: 'level', levels: ['error'] }],
    ['level=error', { kind: 'level', levels: ['error'] }],
    ['level:warn,error', { kind: 'level', levels: ['warn', 'error'] }],
    ['level:warn,warn', { kind: 'level', levels: ['warn'] }],
    ['level:none', { kind: 'level', levels: ['none'] }],
    ['level:warning,err,critical', { kind: 'level', levels: ['warn', 'error', 'fatal'] }],
    ['level>=warn', { kind: 'level', levels: ['warn', 'error', 'fatal'] }],
    ['level:>=warn', { kind: 'level', levels: ['warn', 'error', 'fatal'] }],
    ['level>warn', { kind: 'level', levels: ['error', 'fatal'] }],
    ['level<=debug', { kind: 'level', levels: ['trace', 'debug'] }],
    ['level<info', { kind: 'level', levels: ['trace', 'debug'] }],
    ['-level:info', { kind: 'level', levels: ['info'], not: true }],
    ['source:api', { kind: 'source', sources: ['api'] }],
    ['source:/var/log/a.log,b', { kind: 'source', sources: ['/var/log/a.log', 'b'] }],
    ['source:"my, log",b', { kind: 'source', sources: ['my, log', 'b'] }],
    ['source:C:\\logs\\a.log', { kind: 'source', sources: ['C:\\logs\\a.log'] }],
    ['source:10.0.0.1:514', { kind: 'source', sources: ['10.0.0.1:514'] }],
    ['field.user=42', { kind: 'field', path: 'user', values: ['42'] }],
    ['field.user:42', { kind: 'field', path: 'user', values: ['42'] }],
    ['field.user!=42', { kind: 'field', path: 'user', values: ['42'], not: true }],
    ['-field.user!=42', { kind: 'field', path: 'user', values: ['42'] }],
    ['field.a.b=x,"y z",""', { kind: 'field', path: 'a.b', values: ['x', 'y z', ''] }],
    ['field."a b=c"=d', { kind: 'field', path: 'a b=c', values: ['d'] }],
    ['field.url=http://x/?a=b', { kind: 'field', path: 'url', values: ['http://x/?a=b'] }],
    ['field.size=5"disk', { kind: 'field', path: 'size', values: ['5"disk'] }],
    ['field.user', { kind: 'field', path: 'user', values: [] }],
    ['has:user.id', { kind: 'field', path: 'user.id', values: [] }],
    ['has:"user name"', { kind: 'field', path: 'user name', values: [] }],
    ['-has:err', { kind: 'field', path: 'err', values: [], not: true }],
    ['healthz', { kind: 'word', text: 'healthz' }],
    ['-healthz', { kind: 'word', text: 'healthz', not: true }],
    ['Überfall', { kind: 'word', text: 'Überfall' }],
    ['conn*', { kind: 'word', text: 'conn', prefix: true }],
    ['foo-b*', { kind: 'word', text: 'foo-b', prefix: true }],
    ['"foo b"*', { kind: 'word', text: 'foo b', prefix: true }],
    ['foo-bar', { kind: 'phrase', text: 'foo-bar' }],
    ['10.0.0.1', { kind: 'phrase', text: '10.0.0.1' }],
    ['[ERROR]', { kind: 'phrase', text: '[ERROR]' }],
    ['user:42', { kind: 'phrase', text: 'user:42' }],
    ['http://a/b', { kind: 'phrase', text: 'http://a/b' }],
    ['错误', { kind: 'phrase', text: '错误' }],
    ['🔥', { kind: 'phrase', text: '🔥' }],
    ['--', { kind: 'phrase', text: '-', not: true }],
    ['"exact words"', { kind: 'phrase', text: 'exact words' }],
    ['-"exact words"', { kind: 'phrase', text: 'exact words', not: true }],
    ['"a \\"b\\" \\\\ C:\\new"', { kind: 'phrase', text: 'a "b" \\ C:\\new' }],
    ['"-x"', { kind: 'phrase', text: '-x' }],
    ['"OR"', { kind: 'phrase', text: 'OR' }],
    ['/time ?out/', { kind: 'pattern', pattern: 'time ?out' }],
    ['/time ?out/i', { kind: 'pattern', pattern: 'time ?out', ignoreCase: true }],
    ['-/a/', { kind: 'pattern', pattern: 'a', not: true }],
    ['/a\\/b/', { kind: 'pattern', pattern: 'a/b' }],
    ['/^GET \\/api/', { kind: 'pattern', pattern: '^GET /api' }],
    ['/api/users/', { kind: 'phrase', text: '/api/users/' }],
    ['/healthz /slow/', { kind: 'phrase', text: '/healthz' }, { kind: 'pattern', pattern: 'slow' }],
    ['/var/log/app.log', { kind: 'phrase', text: '/var/log/app.log' }],
    ['/healthz', { kind: 'phrase', text: '/healthz' }],
    ['//x', { kind: 'phrase', text: '//x' }],
    [
      'level:error source:api -healthz "exact words" /regex/ field.user=42',
      { kind: 'level', levels: ['error'] },
      { kind: 'source', sources: ['api'] },
      { kind: 'word', text: 'healthz', not: true },
      { kind: 'phrase', text: 'exact words' },
      { kind: 'pattern', pattern: 'regex' },
      { kind: 'field', path: 'user', values: ['42'] },
    ],
    ['/a/ /b/', { kind: 'pattern', pattern: 'a' }, { kind: 'pattern', pattern: 'b' }],
  ]
  for (const [text, ...expected] of cases) {
    test(`${JSON.stringify(text)} is ${expected.map(({ kind }) => kind).join(', ') || 'nothing'}`, () => {
      expect(terms(text)).toEqual(expected)
    })
  }
})

describe('what is wrong is told where it is, and what to write', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['level:eror', /^level:eror → "eror" is no level: write one of trace, debug, info, warn, error, fatal, none/],
    ['level:', /a level is missing/],
    ['level:error,', /a level is missing/],
    ['level>=none', /takes one level: write for example level>=warn/],
    ['level>=warn,error', /takes one level/],
    ['level>fatal', /there is no level above fatal/],
    ['level<trace', /there is no level below trace/],
    ['source:', /a source is missing: write its name/],
    ['source:a,', /a source is missing/],
    ['has:', /a field is missing: write its path, has:user.id/],
    ['field.', /a field is missing/],
    ['field.=5', /^field\.=5 → a field is missing/],
    ['field.user=', /a value is missing after =: write one, or "" for an empty one/],
    ['field.n>5', /after a field comes = and a value/],
    ['field.n>=5', /after a field comes = and a value/],
    ['field.n:>5', /after a field comes = and a value/],
    ['-OR', /^-OR → /],
    ['"half', /^"half → a " has no partner/],
    ['source:"half', /a " has no partner/],
    ['field."half', /a " has no partner/],
    ['""', /there is nothing to look for/],
    ['"a"b', /^"a"b → write a space after the closing "/],
    ['has:"a"b', /write a space after the closing "/],
    ['-', /write what to leave out after -/],
    ['*', /leave it out/],
    ['...*', /after the beginning of a word/],
    ['foo*bar', /a \* stands only at the end of a word; within one write a pattern/],
    ['*foo', /a \* stands only at the end/],
    ['a**', /a \* stands only at the end/],
    ['/(/', /bad pattern "\(": missing closing \)/],
    ['/a(?=b)/', /bad pattern/],
    ['/a/g', /only i may stand after/],
    ['AND', /leave AND out/],
    ['OR', /for one or the other write level:warn,error/],
    ['NOT', /write - directly before/],
    ['\u0301', /nothing to look for but accents/],
  ]
  for (const [text, expected] of cases) {
    test(JSON.stringify(text), () => {
      expect(problem(text)).toMatch(expected)
    })
  }

  test('a part that is wrong leaves the others as they are', () => {
    const parsed = parseQuery('level:eror  refused -"half word')
    expect(parsed.terms).toEqual([{ kind: 'word', text: 'refused' }])
    expect(parsed.parts.map(({ start, end, kind, not }) => [start, end, kind, not])).toEqual([
      [0, 10, 'level', false],
      [12, 19, 'word', false],
      [20, 31, 'phrase', true],
    ])
    expect(parsed.problems).toEqual([parsed.parts[0], parsed.parts[2]])
  })

  test('what is beyond 1000 characters is one problem, and the piece that the limit cuts is no term', () => {
    const text = `${'ab '.repeat(7)}${'c'.repeat(975)} defghi jkl `
    const { terms: found, problems } = parseQuery(text)
    expect(found.at(-1)).toEqual({ kind: 'word', text: 'c'.repeat(975) })
    expect(problems).toHaveLength(1)
    expect(text.slice(problems[0]?.start, problems[0]?.end)).toBe('defghi jkl')
    expect(problems[0]?.problem).toMatch(/1000 characters and 50 parts/)
  })

  test('what comes after a gap at the 1000th character is a problem too', () => {
    const { terms: found, problems } = parseQuery(`ab${' '.repeat(1500)}cd`)
    expect(found).toEqual([{ kind: 'word', text: 'ab' }])
    expect(problems.map(({ start, end }) => [start, end])).toEqual([[1502, 1504]])
    expect(parseQuery(`ab${' '.repeat(1500)}`).problems).toEqual([])
  })

  test('the 51st part is a problem', () => {
    const { terms: found, problems } = parseQuery('ab '.repeat(60))
    expect(found).toHaveLength(50)
    expect(problems.map(({ start, end }) => [start, end])).toEqual([[150, 179]])
  })
})

const anyTerm: fc.Arbitrary<QueryTerm> = fc
  .tuple(
    fc.boolean(),
    fc.oneof<fc.Arbitrary<QueryTerm>[]>(
      fc.record({
        kind: fc.constant('level'),
        levels: fc.uniqueArray(fc.constantFrom(...logLevels, 'none'), { minLength: 1 }),
      }),
      fc.record({ kind: fc.constant('level'), levels: fc.nat(5).map((rank) => logLevels.slice(rank)) }),
      fc.record({ kind: fc.constant('source'), sources: fc.array(texts(), { minLength: 1, maxLength: 3 }) }),
      fc.record({
        kind: fc.constant('field'),
        path: fc.oneof(texts(), fc.constant('')),
        values: fc.array(fc.oneof(texts(), fc.constant('')), { maxLength: 3 }),
      }),
      fc.record({ kind: fc.constant('phrase'), text: texts() }),
      fc.record({ kind: fc.constant('word'), text: fc.stringMatching(/^[a-z0-9éЖß]{1,9}$/) }),
      fc.record({ kind: fc.constant('word'), text: texts().map((text) => `${text}x`), prefix: fc.constant(true) }),
      fc.record({
        kind: fc.constant('pattern'),
        pattern: fc.constantFrom('a', 'a/b', '\\\\/x', '[/]"', ' \\d+ ', '/', '\\.\\\\'),
      }),
      fc.record({
        kind: fc.constant('pattern'),
        pattern: fc.constantFrom('a', '\\bx\\b'),
        ignoreCase: fc.constant(true),
      }),
    ),
  )
  .map(([not, term]) => (not ? { ...term, not } : term))

/** Texts with all that means something in a query, and some that say nothing, but not accents only. */
function texts(): fc.Arbitrary<string> {
  const pieces = fc.constantFrom(...'ab-,:=<>!/\\"* .\n'.split(''), 'level:', 'OR', 'é', '错', '🔥', '\ud800', '\ue000')
  return fc.array(pieces, { minLength: 1, maxLength: 8 }).map((found) => found.join(''))
}

test('what is printed is read as the same terms', () => {
  fc.assert(
    fc.property(fc.array(anyTerm, { maxLength: 6 }), (given) => {
      const printed = printQuery(given)
      fc.pre(printed.length <= 1000)
      expect(parseQuery(printed)).toMatchObject({ terms: given, problems: [] })
    }),
    { numRuns: 2000, seed: 6 },
  )
})

test('terms that no text says print as ones with the same meaning, or as a problem', () => {
  expect(printQuery([{ kind: 'word', text: 'foo-bar' }])).toBe('"foo-bar"')
  expect(printQuery([{ kind: 'pattern', pattern: '' }])).toBe('/(?:)/')
  expect(parseQuery(printQuery([{ kind: 'level', levels: [] }])).problems).toHaveLength(1)
  expect(parseQuery(printQuery([{ kind: 'source', sources: [] }])).problems).toHaveLength(1)
})

const queryTexts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        ...' -"/\\,:=*!<>.\n'.split(''),
        'level',
        'level:',
        'source:',
        'has:',
        'field.',
        'error',
        'word',
        'i',
        'é',
        '🔥',
        '\ud800',
        '(',
        '[a',
        'OR',
      ),
      { maxLength: 40 },
    )
    .map((pieces) => pieces.join('')),
)

test('any text is read without a throw into parts in order that cover all but white space, and its terms print and read the same', () => {
  fc.assert(
    fc.property(queryTexts, (text) => {
      const { terms: found, parts, problems } = parseQuery(text)
      let end = 0
      for (const part of parts) {
        expect(text.slice(end, part.start).trim()).toBe('')
        expect(part.end).toBeGreaterThan(part.start)
        expect((part.term === undefined) === (part.problem !== undefined)).toBe(true)
        if (part.term) expect([part.term.kind, part.term.not ?? false]).toEqual([part.kind, part.not])
        end = part.end
      }
      expect(text.slice(end).trim()).toBe('')
      expect(found.length + problems.length).toBe(parts.length)
      expect(parseQuery(printQuery(found))).toMatchObject({ terms: found, problems: [] })
    }),
    { numRuns: 5000, seed: 6 },
  )
})

describe('the word at the cursor', () => {
  // The cursor is at the |.
  const cases: readonly (readonly [string, string, string, string?])[] = [
    ['|', 'any', ''],
    ['err|', 'any', 'err'],
    ['er|ror', 'any', 'er'],
    ['a | b', 'any', ''],
    ['-err|', 'any', 'err'],
    ['leve|', 'any', 'leve'],
    ['level|', 'any', 'level'],
    ['level:|', 'level', ''],
    ['level:er|', 'level', 'er'],
    ['level>=w|', 'level', 'w'],
    ['-level:warn,e|r', 'level', 'e'],
    ['le|vel:warn', 'any', 'le'],
    ['source:|', 'source', ''],
    ['source:/var/l|', 'source', '/var/l'],
    ['source:a,"my fi|', 'source', 'my fi'],
    ['has:us|', 'field', 'us'],
    ['field.|', 'field', ''],
    ['field.user.i|', 'field', 'user.i'],
    ['field.user.i|d=42', 'field', 'user.i'],
    ['field.user.id=|', 'value', '', 'user.id'],
    ['field.user.id=4|2', 'value', '4', 'user.id'],
    ['field.user.id!=4|', 'value', '4', 'user.id'],
    ['field."a b"="c d|', 'value', 'c d', 'a b'],
    ['x field.user=1,"2|"', 'value', '2', 'user'],
    ['"some words|"', 'any', '"some words'],
  ]
  for (const [written, wants, prefix, path] of cases) {
    test(`${written} wants ${wants}`, () => {
      const cursor = written.indexOf('|')
      const word = wordAtCursor(written.replace('|', ''), cursor)
      expect([word.wants, word.prefix, word.path]).toEqual([wants, prefix, path])
    })
  }

  test('is completed in its place, in quotes where they are needed', () => {
    const completed = (written: string, completion: string): string => {
      const text = written.replace('|', '')
      const done = complete(text, wordAtCursor(text, written.indexOf('|')), completion)
      return `${done.text.slice(0, done.cursor)}|${done.text.slice(done.cursor)}`
    }
    expect(completed('a lev| b', 'level:')).toBe('a level:| b')
    expect(completed('level:er|', 'error')).toBe('level:error|')
    expect(completed('source:a,m|x b', 'my file, 1')).toBe('source:a,"my file, 1"| b')
    expect(completed('source:"my f|', 'my "file"')).toBe('source:"my \\"file\\""|')
    expect(completed('field.us|=42', 'user name')).toBe('field."user name"|=42')
    expect(completed('field.us|', 'user.id')).toBe('field.user.id|')
    expect(completed('field.user=|', '')).toBe('field.user=""|')
  })

  test('is found in any text at any place, and any completion of a value is read as it was chosen', () => {
    fc.assert(
      fc.property(queryTexts, fc.nat(70), texts(), (text, cursor, completion) => {
        const word = wordAtCursor(text, cursor)
        expect(word.start).toBeLessThanOrEqual(Math.min(cursor, text.length))
        expect(word.end).toBeGreaterThanOrEqual(Math.min(cursor, text.length))
        complete(text, word, completion)
      }),
      { numRuns: 3000, seed: 6 },
    )
    fc.assert(
      fc.property(fc.constantFrom('source:', 'field.x=', 'field.'), texts(), texts(), (before, prefix, completion) => {
        const text = `ab ${before}${prefix.replace(/[\s,"=:<>!]/g, '')}`
        const done = complete(text, wordAtCursor(text, text.length), completion)
        expect(JSON.stringify(parseQuery(done.text).terms[1])).toContain(JSON.stringify(completion))
        expect(done.cursor).toBe(done.text.length)
      }),
      { numRuns: 2000, seed: 6 },
    )
  })
})
