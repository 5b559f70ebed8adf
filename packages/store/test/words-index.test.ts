/** What a query means for an entry (`queryMatcher`), and that the words index, a real one of SQLite, has all that it finds. */

import type { LogEntry } from '@logwisp/core'
import { logLevels } from '@logwisp/core'
import { type LevelWord, parseQuery, type QueryTerm, queryMatcher } from '@logwisp/store'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { Vocabulary } from '../src/internal/reader/vocabulary.ts'
import { schema } from '../src/internal/schema.ts'
import { indexQuery, type SourceIds } from '../src/internal/words/index-query.ts'
import { indexText, maxIndexedLength, maxIndexedNodes } from '../src/internal/words/index-text.ts'

const database = new Database(':memory:')
database.exec(schema)
const insert = database.prepare('INSERT INTO words (rowid, text) VALUES (?, ?)')
const vocabulary = new Vocabulary(database)
const empty = database.prepare("INSERT INTO words (words) VALUES ('delete-all')")
const lookUp = database.prepare<[string], number>('SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid').pluck()
afterAll(() => database.close())

type Entry = Omit<LogEntry, 'origin'>

function entry(message: string, rest: Partial<Entry> = {}): Entry {
  return { time: 0, source: 'a', message, ...rest }
}

/** Which of the entries fit, after the index was asked: every one that the matcher finds is among those that it names. */
function find(entries: readonly Entry[], term: QueryTerm): { fit: number[]; named: number[] | undefined } {
  const sources = [...new Set(entries.map(({ source }) => source))]
  empty.run()
  for (const [index, each] of entries.entries()) insert.run(index, indexText(each, sources.indexOf(each.source)))
  const idsOf: SourceIds = (fits) => [...sources.entries()].flatMap(([id, name]) => (fits(name) ? [id] : []))
  const asked = indexQuery(term, idsOf, (beginning) => vocabulary.tokensBeginning(beginning))
  const matches = queryMatcher({ terms: [term] })
  const fit = entries.flatMap((each, index) => (matches(each) ? [index] : []))
  const named = asked === undefined ? undefined : lookUp.all(asked)
  if (named !== undefined) expect(named).toEqual(expect.arrayContaining(fit))
  return { fit, named }
}

function term(text: string): QueryTerm {
  const { terms, problems } = parseQuery(text)
  expect(problems).toEqual([])
  expect(terms).toHaveLength(1)
  return terms[0] as QueryTerm
}

/** Whether the query finds the entry; the index is asked too. */
function finds(text: string, each: Entry): boolean {
  return find([each], term(text)).fit.length === 1
}

describe('words', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['error', 'an ERROR here', true],
    ['error', 'errors', false],
    ['error', 'xerror', false],
    ['error', 'error', true],
    ['error', 'user_error-code', true],
    ['error', 'errorerror error', true],
    ['err*', 'Errors', true],
    ['err*', 'xerr', false],
    ['x*', 'ax bx cx', false],
    ['42', 'code 42', true],
    ['42', 'code 421', false],
    ['cafe', 'Café', true],
    ['CAFÉ', 'cafe', true],
    ['café', 'cafe\u0301s', false],
    ['caf*', 'cafe\u0301s', true],
    ['strasse', 'Straße', true],
    ['STRAẞE', 'strasse', true],
    ['istanbul', 'İSTANBUL', true],
    ['ISTANBUL', 'ıstanbul', true],
    ['Ὀδυσσεύς', 'ΟΔΥΣΣΕΥΣ', true],
    ['ﬁle', 'FILE', true],
    ['ёж', 'ЕЖ', true],
    ['错误', '服务器错误了', true],
    ['错', '服务器错误了', true],
    ['误错', '服务器错误了', false],
    ['错*', '服务器错误了', true],
    ['サーバ', 'サーバー', true],
    ['か', 'が', false],
    ['한국', '한국', true],
    ['한', '한국', false],
    ['한*', '한국', true],
    ['कि', 'का', false],
    ['ไทย', 'ภาษาไทยง่าย', true],
    ['👍', 'good👍🏽', true],
    ['good', 'good👍🏽', true],
    ['𝒳𝒴*', '𝒳𝒴𝒵', true],
    ['\ue000o', 'o', false],
    ['\ue000o', 'x\ue000o', true],
    ['lerror', '\ue000lerror', true],
  ]
  for (const [query, message, expected] of cases) {
    test(`${query} ${expected ? 'finds' : 'does not find'} ${JSON.stringify(message)}`, () => {
      expect(finds(query, entry(message))).toBe(expected)
      expect(finds(`-${query}`, entry(message))).toBe(!expected)
      expect(finds(query, entry('', { fields: { some: [0.5, { text: message }] } }))).toBe(expected)
    })
  }

  test('a user who writes the marks of the index finds the text, not what they mark', () => {
    const entries = [entry('a', { level: 'error' }), entry('\ue000lerror'), entry('lerror')]
    expect(find(entries, { kind: 'phrase', text: '\ue000lerror' })).toEqual({ fit: [1], named: [1, 2] })
    expect(find(entries, { kind: 'level', levels: ['error'] })).toEqual({ fit: [0], named: [0] })
  })
})

describe('phrases', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['"connection refused"', 'Connection refused.', true],
    ['"connection refused"', 'connection  refused', false],
    ['"connection refused"', 'connection was refused', false],
    ['"nection refused"', 'connection refused', false],
    ['"connection ref"', 'connection refused', false],
    ['"connection ref"*', 'connection refused', true],
    ['"nection ref"*', 'connection refused', false],
    ['[ERROR]', '[error]: x', true],
    ['[ERROR]', 'error', false],
    ['10.0.0.1', 'from 10.0.0.1:80', true],
    ['10.0.0.1', 'from 110.0.0.1', false],
    ['10.0.0.1', 'from 10.0.0.12', false],
    ['foo-b*', 'foo-bar', true],
    ['" => "', 'a => b', true],
    ['"=>"', 'a = > b', false],
    ['"a, "', 'a, b', true],
    ['"\n"', 'a\nb', true],
    ['"Über Größe"', 'uber grosse', true],
    ['"\udc4d"', '👍', false],
    ['"\ud83d"', '👍', false],
  ]
  for (const [query, message, expected] of cases) {
    test(`${JSON.stringify(query)} ${expected ? 'finds' : 'does not find'} ${JSON.stringify(message)}`, () => {
      expect(finds(query, entry(message))).toBe(expected)
    })
  }

  test('do not reach from one text into another', () => {
    expect(finds('"one two"', entry('one', { fields: { a: 'two', b: ['one', 'two'] } }))).toBe(false)
    expect(finds('"one two"', entry('one', { fields: { a: 'one two' } }))).toBe(true)
  })
})

describe('patterns', () => {
  test('are looked for in the message and in each value', () => {
    expect(finds('/^GET \\/api/', entry('GET /api/users'))).toBe(true)
    expect(finds('/^get/', entry('GET /api/users'))).toBe(false)
    expect(finds('/^get/i', entry('GET /api/users'))).toBe(true)
    expect(finds('/^5..$/', entry('x', { fields: { status: 503 } }))).toBe(true)
    expect(finds('-/^5..$/', entry('x', { fields: { status: 503 } }))).toBe(false)
  })

  test('that are slow elsewhere are not', () => {
    const start = performance.now()
    expect(finds('/(a+)+$/', entry(`${'a'.repeat(50_000)}!`))).toBe(false)
    expect(performance.now() - start).toBeLessThan(2000)
  })
})

describe('levels, sources, times', () => {
  const entries = [entry('none'), ...logLevels.map((level) => entry('x', { level }))]

  test('levels are those named, none among them, and the index knows them exactly', () => {
    expect(find(entries, term('level:error'))).toEqual({ fit: [5], named: [5] })
    expect(find(entries, term('level:none,trace'))).toEqual({ fit: [0, 1], named: [0, 1] })
    expect(find(entries, term('level>=warn'))).toEqual({ fit: [4, 5, 6], named: [4, 5, 6] })
    expect(find(entries, term('-level>=warn'))).toEqual({ fit: [0, 1, 2, 3], named: [0, 1, 2, 3] })
    expect(find(entries, { kind: 'level', levels: [] })).toEqual({ fit: [], named: [] })
  })

  test('sources go by their whole name or by the end of their path', () => {
    const names = ['/var/log/app.log', '/var/log/myapp.log', 'app.log', 'C:\\logs\\app.log', 'app.log.1', 'App.log']
    const all = names.map((source) => entry('x', { source }))
    expect(find(all, term('source:app.log'))).toEqual({ fit: [0, 2, 3], named: [0, 2, 3] })
    expect(find(all, term('source:/app.log'))).toEqual({ fit: [0], named: [0] })
    expect(find(all, term('source:log/app.log,app.log.1'))).toEqual({ fit: [0, 4], named: [0, 4] })
    expect(find(all, term('-source:app.log'))).toEqual({ fit: [1, 4, 5], named: undefined })
    expect(find(all, term('source:nowhere'))).toEqual({ fit: [], named: [] })
    expect(
      indexQuery(
        term('source:app.log'),
        () => undefined,
        () => undefined,
      ),
    ).toBe(undefined)
  })

  test('a time range has its beginning, and not its end', () => {
    const fits = queryMatcher({ from: 10, to: 20 })
    expect([9, 10, 19.5, 20].map((time) => fits({ time, source: '', message: '' }))).toEqual([false, true, true, false])
    expect(queryMatcher({})({ time: -1e300, source: '', message: '' })).toBe(true)
  })
})

describe('fields', () => {
  const fields = {
    user: { id: 42, name: 'Ada Lovelace', tags: ['a', 'b', { deep: true }], none: null, empty: {} },
    'http.status': 200,
    http: { 'request.id': 'x-1' },
    price: 1.5,
    big: 12345678901234567890n,
    zero: -0,
    '': 'no name',
  }
  const one = entry('x', { fields })
  const cases: readonly (readonly [string, boolean])[] = [
    ['field.user.id=42', true],
    ['field.user.id=42.0', true],
    ['field.user.id=4.2e1', true],
    ['field.user.id=420', false],
    ['field.user.id=4', false],
    ['field.user.id=7,42', true],
    ['field.user.id!=42', false],
    ['field.user.id!=43', true],
    ['field.user.name="Ada Lovelace"', true],
    ['field.user.name="ada lovelace"', false],
    ['field.user.name=Ada', false],
    ['field.user.tags=b', true],
    ['field.user.tags=c', false],
    ['field.user.tags.deep=true', true],
    ['field.user.none=null', true],
    ['field.user=42', false],
    ['field.http.status=200', true],
    ['field.http.request.id=x-1', true],
    ['field.price=1.50', true],
    ['field.price=15e-1', true],
    ['field.big=12345678901234567890', true],
    ['field.big=12345678901234567891', false],
    ['field.zero=0', true],
    ['field.""="no name"', true],
    ['has:user', true],
    ['has:user.none', true],
    ['has:user.empty', true],
    ['has:user.nobody', false],
    ['has:http.request', false],
    ['-has:user.nobody', true],
    ['lovelace', true],
    ['200', true],
    ['status', false],
    ['12345678901234567890', true],
  ]
  for (const [query, expected] of cases) {
    test(`${query} ${expected ? 'finds' : 'does not find'} it`, () => {
      const { fit, named } = find([entry('x'), one], term(query))
      expect(fit.includes(1)).toBe(expected)
      if (named !== undefined) expect(named).toEqual(expected ? [1] : [])
    })
  }

  test('a text is no number: 42.0 finds the number 42, not the text 42', () => {
    const texts = entry('x', { fields: { n: '42' } })
    expect(finds('field.n=42', texts)).toBe(true)
    expect(finds('field.n=42.0', texts)).toBe(false)
    expect(finds('field.n=1e400', entry('x', { fields: { n: Infinity } }))).toBe(false)
    expect(finds('field.n=Infinity', entry('x', { fields: { n: Infinity } }))).toBe(true)
  })

  test('what is no JSON is taken as it is stored', () => {
    const given = {
      when: new Date(0),
      map: new Map([['a', 1]]),
      error: new TypeError('broken'),
      run: () => 1,
      not: undefined,
    }
    const odd = entry('x', { fields: given })
    expect(finds('field.when=1970-01-01T00:00:00.000Z', odd)).toBe(true)
    expect(finds('field.map.a=1', odd)).toBe(true)
    expect(finds('field.error.message=broken', odd)).toBe(true)
    expect(finds('field.run=[function]', odd)).toBe(true)
    expect(finds('has:not', odd)).toBe(false)
  })

  test('an object inside itself ends', () => {
    const round: Record<string, unknown> = { a: 'x' }
    round['self'] = round
    expect(finds('field.self.self.a=x', entry('x', { fields: round }))).toBe(true)
    expect(finds('nowhere', entry('x', { fields: round }))).toBe(false)
  })

  test('are not looked at when the rest decides', () => {
    const lazy = Object.defineProperty(entry('found', { level: 'info' }), 'fields', {
      get: () => {
        throw new Error('read')
      },
    })
    expect(queryMatcher({ terms: [term('found'), term('level:info')] })(lazy)).toBe(true)
    expect(queryMatcher({ terms: [term('level:warn'), term('elsewhere')] })(lazy)).toBe(false)
    expect(() => queryMatcher({ terms: [term('elsewhere')] })(lazy)).toThrow('read')
  })
})

describe('a query that is wrong is refused, and says which term', () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ from: Number.NaN }, /`from` must be a time/],
    [{ to: '5' }, /`to` must be a time/],
    [{ terms: 'x' }, /`terms` must be an array/],
    [{ terms: [null] }, /term 1 of the query/],
    [{ terms: [{ kind: 'word', text: 'a' }, { kind: 'other' }] }, /term 2 of the query \(other\): its kind must be/],
    [{ terms: [{ kind: 'level', levels: ['eror'] }] }, /"eror" is no level/],
    [{ terms: [{ kind: 'level' }] }, /`levels` must be an array/],
    [{ terms: [{ kind: 'source', sources: [''] }] }, /a source needs a name/],
    [{ terms: [{ kind: 'field', path: 5, values: [] }] }, /`path` must be a string/],
    [{ terms: [{ kind: 'field', path: 'a', values: [5] }] }, /`values` must be an array of strings/],
    [{ terms: [{ kind: 'phrase', text: '' }] }, /nothing to look for/],
    [{ terms: [{ kind: 'word', text: '\u0301' }] }, /nothing to look for/],
    [{ terms: [{ kind: 'pattern', pattern: '(' }] }, /\(pattern\): bad pattern "\(": missing closing/],
  ]
  for (const [query, expected] of cases) {
    test(String(expected), () => {
      expect(() => queryMatcher(query as never)).toThrow(
        expect.objectContaining({ code: 'BAD_QUERY', message: expect.stringMatching(expected) }),
      )
    })
  }
})

describe('the index', () => {
  test('keeps every letter and digit of Unicode as we write it: alone, at both ends of a word and within one', () => {
    const characters = allCharacters().filter((character) => /[\p{L}\p{N}\p{M}]/u.test(character))
    expect(characters.length).toBeGreaterThan(130_000)
    const termsOf = database.prepare('SELECT doc, term FROM temp.vocabulary').raw()
    const texts = characters.map((each) => indexText(entry(`${each} ${each}qz qz${each} qz${each}qz`), 1))
    empty.run()
    database.transaction(() => {
      for (const [index, text] of texts.entries()) insert.run(index, text)
    })()
    const kept = characters.map(() => new Set<string>())
    for (const [index, found] of termsOf.iterate() as Iterable<[number, string]>) kept[index]?.add(found)
    const changed = characters.filter((_, index) => {
      const written = new Set(texts[index]?.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).match(/\S+/g))
      return written.size !== kept[index]?.size || [...written].some((word) => !kept[index]?.has(word))
    })
    expect(changed).toEqual([])
  })

  test('folding gives one form for all cases of a character, and the same again', () => {
    // A Greek iota below is an accent here; capitals have it beside them.
    const characters = allCharacters().filter(
      (character) => /\p{L}/u.test(character) && !character.normalize('NFD').includes('\u0345'),
    )
    const unlike = characters.filter((character) => {
      const fits = (text: string): boolean => {
        const asked = { kind: 'phrase', text } as const
        return queryMatcher({ terms: [asked] })(entry(`${character} ${character.toLowerCase()}`))
      }
      return ![character, character.toLowerCase(), character.toUpperCase()].every(fits)
    })
    expect(unlike).toEqual([])
  }, 60_000)

  const pieces = fc.constantFrom(
    ...'aAbzZ019 _-.:/"*\n\0'.split(''),
    ...'éÉßẞıİſςΣΐﬁŉǅЁё한ᄒ'.split(''),
    ...[
      'e\u0301',
      '\u0301',
      'か\u3099',
      '\u3099',
      '错',
      '误',
      'サ',
      'ー',
      'ไ',
      'ท',
      'ก\u0e31',
      'कि',
      '\u200d',
      '\ufe0f',
      '👍',
      '🏽',
      '👩‍👩‍👧',
    ],
    ...[
      '𝒳',
      '𞤀',
      '𐐀',
      '𐐨',
      '½',
      '²',
      '\ud83d',
      '\udc4d',
      '\ue000',
      '\ue001',
      '\uffff',
      '\ue000o',
      '\ue000lerror',
      'ⅷ',
      'Ⅷ',
      'ꙮ',
      'İ',
    ],
    'a'.repeat(63),
    'b'.repeat(70),
    '错'.repeat(12),
    'é'.repeat(70),
  )
  const anyText = fc.oneof(
    fc.array(pieces, { maxLength: 10 }).map((found) => found.join('')),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
  )
  const anyValue = fc.oneof(anyText, fc.double(), fc.integer(), fc.bigInt(), fc.boolean(), fc.constant(null))
  const anyPath = fc.constantFrom('a', 'b', 'a.b', 'é', '')
  const anyFields = fc.dictionary(
    anyPath,
    fc.oneof(
      anyValue,
      fc.array(anyValue, { maxLength: 3 }),
      fc.dictionary(anyPath, anyValue, { maxKeys: 3, noNullPrototype: false }),
    ),
    { maxKeys: 3 },
  )
  const anyEntry: fc.Arbitrary<Entry> = fc.record({
    time: fc.integer(),
    source: fc.constantFrom('a', '/b/a', 'ba', 'c'),
    level: fc.constantFrom(undefined, ...logLevels),
    message: anyText,
    fields: fc.option(anyFields, { nil: undefined }),
  })

  /** Terms made of the entries' own pieces, so that many are found: parts of texts with their ends moved. */
  const anyTerm = (entries: readonly Entry[]): fc.Arbitrary<QueryTerm> => {
    const texts = entries.flatMap((each) => [each.message, ...leaves(each.fields)])
    const part = fc
      .tuple(fc.constantFrom('', ...texts), fc.nat(90), fc.nat(90))
      .map(([text, from, to]) => text.slice(from % (text.length + 1), 1 + (from % (text.length + 1)) + to))
    const asked = fc.oneof(
      part,
      part.map((text) => text.toUpperCase()),
      part.map((text) => text.normalize('NFD')),
      part.map((text) => text.normalize('NFKC')),
      anyText,
    )
    const not = fc.constantFrom(undefined, undefined, undefined, true)
    return fc.oneof(
      fc.record({ kind: fc.constant('word'), text: asked, prefix: fc.boolean(), not }),
      fc.record({ kind: fc.constant('phrase'), text: asked, not }),
      fc.record({
        kind: fc.constant('field'),
        path: fc.oneof(anyPath, fc.constant('a.a')),
        values: fc.array(fc.oneof(fc.constantFrom('', ...texts), anyText), { maxLength: 2 }),
        not,
      }),
      fc.record({ kind: fc.constant('level'), levels: fc.subarray<LevelWord>(['none', ...logLevels]), not }),
      fc.record({ kind: fc.constant('source'), sources: fc.subarray(['a', '/b/a', 'c', 'x'], { minLength: 1 }), not }),
    )
  }

  test('names every entry that fits, whatever is written and whatever is asked', () => {
    let found = 0
    fc.assert(
      fc.property(
        fc
          .array(anyEntry, { minLength: 1, maxLength: 4 })
          .chain((entries) =>
            fc.tuple(fc.constant(entries), fc.array(anyTerm(entries), { minLength: 8, maxLength: 8 })),
          ),
        ([entries, terms]) => {
          for (const each of terms) {
            if (isNothing(each)) continue
            found += find(entries, each).fit.length
          }
        },
      ),
      { numRuns: Number(process.env['WORDS_RUNS'] ?? 500), seed: 6 },
    )
    expect(found).toBeGreaterThan(1000)
  }, 60_000)

  test('is asked for the words that begin alike one by one, unless there are too many', () => {
    const entries = Array.from({ length: 300 }, (_, number) => entry(`word${number} wo other`))
    expect(find(entries, term('word19*'))).toEqual({ fit: [19, ...tens(190)], named: [19, ...tens(190)] })
    expect(find(entries, term('word*')).named).toBe(undefined)
    expect(find(entries, term('"word7 wo"*'))).toEqual({ fit: [7], named: [7] })
    expect(find(entries, term('wow*'))).toEqual({ fit: [], named: [] })
  })

  test('has little of an entry that is too large, and every search looks at it', () => {
    const large = entry(`${'word '.repeat(2_000_000)}needle`, { level: 'error' })
    expect(indexText(large, 7).length).toBeLessThan(100)
    const wide = entry('x', {
      fields: Object.fromEntries(Array.from({ length: maxIndexedNodes + 1 }, (_, i) => [`f${i}`, i])),
    })
    const long = entry('x', { fields: { text: 'y '.repeat(maxIndexedLength / 2) } })
    const entries = [large, wide, long, entry('needle')]
    expect(find(entries, term('needle'))).toEqual({ fit: [0, 3], named: [0, 1, 2, 3] })
    expect(find(entries, term('field.f256=256'))).toEqual({ fit: [1], named: [0, 1, 2] })
    expect(find(entries, term('has:text'))).toEqual({ fit: [2], named: [0, 1, 2] })
    expect(find(entries, term('level:error'))).toEqual({ fit: [0], named: [0] })
  })

  test('holds an entry at the limit in no more than a few times its length', () => {
    const most = entry('错'.repeat(maxIndexedLength))
    expect(indexText(most, 1).length).toBeLessThan(3 * maxIndexedLength)
    const worst = entry('𝒳 '.repeat(maxIndexedLength / 3))
    expect(indexText(worst, 1).length).toBeLessThan(8 * maxIndexedLength)
  })
})

/** The ten numbers from one on. */
function tens(from: number): number[] {
  return Array.from({ length: 10 }, (_, place) => from + place)
}

function isNothing(each: QueryTerm): boolean {
  try {
    queryMatcher({ terms: [each] })
    return false
  } catch {
    return true
  }
}

function leaves(value: unknown): string[] {
  return typeof value === 'object' && value !== null
    ? Object.values(value).flatMap(leaves)
    : value === undefined
      ? []
      : [String(value)]
}

function allCharacters(): string[] {
  const all: string[] = []
  for (let code = 0; code <= 0x10ffff; code++) if (code < 0xd800 || code > 0xdfff) all.push(String.fromCodePoint(code))
  return all
}
