/** The claim: decode(encode(entry)) is the entry, and nothing that a text says is lost. */

import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { LosslessNumber, splitNumber } from 'lossless-json'
import { describe, expect, it } from 'vitest'
import type { LogEntry } from '../src/entry.ts'
import { logLevels } from '../src/entry.ts'
import { parseExact } from '../src/parse-exact.ts'
import { stringifyExact } from '../src/stringify-exact.ts'
import { decodeEntry, encodeEntry, encodeEntryWithId, entryFrom, wireIdFrom } from '../src/wire.ts'

fc.configureGlobal({ seed: Number(process.env['LOGWISP_SEED'] ?? 1) })

/** More of the random tests: LOGWISP_RUNS=50, with another LOGWISP_SEED. */
const runs = Number(process.env['LOGWISP_RUNS'] ?? 1)

const defaults = { time: 1_000, source: 'here' }
const decode = (text: string): LogEntry => decodeEntry(text, defaults)
const decodeObject = (object: Record<string, unknown>): LogEntry => decode(JSON.stringify({ message: 'm', ...object }))
const plain: LogEntry = { time: Date.UTC(2026, 0, 31, 23, 59, 59, 7), source: 'app.log', message: 'hello' }

function refusal(text: string): { code: string; message: string } {
  try {
    decode(text)
  } catch (error) {
    return error as { code: string; message: string }
  }
  throw new Error('was not refused')
}

describe('encodeEntry', () => {
  it('writes time, source, level, message and fields in this order', () => {
    expect(
      encodeEntry({ fields: { code: 28 }, message: 'hello', level: 'warn', source: 'app.log', time: plain.time }),
    ).toBe(
      '{"time":"2026-01-31T23:59:59.007Z","source":"app.log","level":"warn","message":"hello","fields":{"code":28}}',
    )
  })

  it('leaves out a level and fields that are not there, and the origin always', () => {
    const origin = { tracker: { acknowledge() {} }, sequence: 1, id: 'a:1' }
    expect(encodeEntry({ ...plain, level: undefined, fields: undefined, origin })).toBe(
      '{"time":"2026-01-31T23:59:59.007Z","source":"app.log","message":"hello"}',
    )
  })

  it('stays on one line whatever the texts hold', () => {
    const text = encodeEntry({ ...plain, source: 'a\nb', message: 'c\r\nd', fields: { 'e\n': '\n' } })
    expect(text).not.toMatch(/[\r\n]/)
  })

  it('writes a time that no date can hold as null, which reads back as the time of reading', () => {
    for (const time of [Number.NaN, Infinity, -Infinity, 8.64e15 + 2]) {
      const text = encodeEntry({ ...plain, time })
      expect(text).toContain('"time":null')
      expect(decode(text)).toEqual({ ...plain, time: defaults.time })
    }
  })

  it('cuts parts of a millisecond off, before 1970 too', () => {
    expect(decode(encodeEntry({ ...plain, time: 1_700_000_000_999.9998 })).time).toBe(1_700_000_000_999)
    expect(decode(encodeEntry({ ...plain, time: 1_700_000_001_000 - 0.0002 })).time).toBe(1_700_000_000_999)
    expect(decode(encodeEntry({ ...plain, time: -0.5 })).time).toBe(-1)
  })

  it('says in words what JSON cannot carry', () => {
    const circular: Record<string, unknown> = { name: 'a' }
    circular['self'] = circular
    const fields = {
      circular,
      nan: Number.NaN,
      infinite: -Infinity,
      run() {},
      symbol: Symbol('s'),
      nothing: undefined,
      list: [undefined, () => 0],
      date: new Date(0),
      noDate: new Date(Number.NaN),
      map: new Map<unknown, unknown>([[1, new Set(['a'])]]),
      pattern: /a+/g,
      bytes: Buffer.from('hi'),
      throwing: {
        toJSON() {
          throw new Error('no')
        },
      },
      getter: {
        get a() {
          throw new Error('never')
        },
        b: 1,
      },
    }
    expect(JSON.parse(encodeEntry({ ...plain, fields })).fields).toEqual({
      circular: { name: 'a', self: '[circular]' },
      nan: 'NaN',
      infinite: '-Infinity',
      run: '[function]',
      symbol: '[symbol]',
      list: [null, '[function]'],
      date: '1970-01-01T00:00:00.000Z',
      noDate: '[invalid date]',
      map: { 1: ['a'] },
      pattern: '/a+/g',
      bytes: 'aGk=',
      throwing: '[unreadable: no]',
      getter: { a: '[unreadable: never]', b: 1 },
    })
  })

  it('keeps what an Error says', () => {
    const error = Object.assign(new TypeError('bad', { cause: new Error('worse') }), { code: 'E1' })
    const { error: written } = JSON.parse(encodeEntry({ ...plain, fields: { error } })).fields
    expect(written).toMatchObject({ name: 'TypeError', message: 'bad', code: 'E1', cause: { message: 'worse' } })
    expect(written.stack).toBe(error.stack)
  })

  it('never throws and always writes one JSON object, whatever the fields are', () => {
    const hostile = [
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('trap')
          },
        },
      ),
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('trap')
          },
          ownKeys: () => ['a'],
          getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
        },
      ),
      {
        toJSON: () => {
          throw {
            toString() {
              throw new Error('again')
            },
          }
        },
      },
      {
        toJSON() {
          return { toJSON: this['toJSON'] }
        },
      },
      new Map([[Object.create(null), 1]]),
      Object.create(null),
      new (class {
        #a = 1
        get a() {
          return this.#a
        }
      })(),
      new LosslessNumber('1e400'),
    ]
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string(),
          fc.oneof(
            fc.constantFrom(...hostile),
            fc.anything({
              withBigInt: true,
              withDate: true,
              withMap: true,
              withSet: true,
              withTypedArray: true,
              withNullPrototype: true,
              withObjectString: true,
              withSparseArray: true,
              withBoxedValues: true,
            }),
          ),
        ),
        (fields) => {
          const text = encodeEntry({ ...plain, fields })
          expect(typeof JSON.parse(text).fields).toBe('object')
          expect(text).not.toContain('\n')
        },
      ),
    )
  })

  it('cuts fields that nest too deep and fields that stand for millions of values', () => {
    let deep: unknown = 'bottom'
    for (let i = 0; i < 100_000; i++) deep = { deep }
    const text = encodeEntry({ ...plain, fields: { deep } })
    expect(text).toContain('[too deep]')
    expect(decode(text).message).toBe('hello')

    let wide: unknown = 1
    for (let i = 0; i < 40; i++) wide = [wide, wide]
    expect(encodeEntry({ ...plain, fields: { wide, after: 1 } })).toContain('[cut]')
  })
})

describe('decodeEntry', () => {
  it('gives back every entry that was encoded', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.string({
        unit: fc.constantFrom('\ud800', '\udfff', '\u2028', '\u0000', '\ufeff', '"', '\\', '\n', 'é', '{'),
        maxLength: 8,
      }),
      fc.constantFrom('null', '{"a":1}', '[]', '12345678901234567890', ''),
    )
    const name = fc.oneof(
      text,
      fc.constantFrom(
        '__proto__',
        'constructor',
        'prototype',
        'toString',
        'message',
        'time',
        'fields',
        'level',
        'toJSON',
        '0',
        '-1',
      ),
    )
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.constantFrom(
        0,
        -0,
        5e-324,
        Number.MAX_VALUE,
        -Number.MAX_VALUE,
        2 ** 53,
        -(2 ** 53),
        2 ** 53 - 1,
        1e20,
        1e21,
        1e22,
        2 ** 60,
        0.1,
        1e-7,
        1.7e18,
      ),
      fc.bigInt().filter((value) => value > 2n ** 53n || value < -(2n ** 53n)),
      fc
        .constantFrom('1e400', '-1e400', '1e-400', '0.1000000000000000055511151231257827', '1234567890.1234567890123')
        .map((digits) => new LosslessNumber(digits)),
    )
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        text,
        number,
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 4 }),
        tie('record'),
      ),
      record: fc.array(fc.tuple(name, tie('value')), { maxLength: 5 }).map((pairs) => Object.fromEntries(pairs)),
    }))
    const entry = fc.record(
      {
        time: fc.oneof(
          fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }),
          fc.maxSafeInteger().filter((time) => Math.abs(time) <= 8.64e15),
          fc.integer({ min: 1_700_000_000_000, max: 1_700_000_002_000 }),
        ),
        source: text,
        message: text,
        level: fc.constantFrom(...logLevels),
        fields: fc.array(fc.tuple(name, value), { maxLength: 6 }).map((pairs) => Object.fromEntries(pairs)),
      },
      { requiredKeys: ['time', 'source', 'message'], noNullPrototype: true },
    )
    fc.assert(
      fc.property(entry, (given) => {
        const read = decode(encodeEntry(given))
        // vitest's own equality does not look at own properties named `__proto__`.
        deepStrictEqual(read, given)
        expect(encodeEntry(read)).toBe(encodeEntry(given))
        expect(Object.getPrototypeOf(read.fields ?? {})).toBe(Object.prototype)
      }),
      { numRuns: 2_000 * runs },
    )
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('gives back entries of the same second and of another in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1_699_999_999_000, max: 1_700_000_001_999 })), (times) => {
        expect(times.map((time) => decode(encodeEntry({ ...plain, time })).time)).toEqual(times)
      }),
    )
  })

  it('lets `__proto__` and `constructor` be names like any other, at every depth', () => {
    for (const extra of ['', '"big":12345678901234567890,']) {
      const text = `{"message":"m",${extra}"__proto__":{"polluted":1},"fields":{"constructor":{"prototype":{"polluted":1}},"a":{"__proto__":{"polluted":1}}}}`
      const { fields = {} } = decode(text)
      expect(Object.keys(fields)).toEqual(expect.arrayContaining(['__proto__', 'constructor', 'a']))
      expect(Object.getPrototypeOf(fields)).toBe(Object.prototype)
      expect(Object.getPrototypeOf(fields['a'])).toBe(Object.prototype)
      expect(Object.keys(fields['a'] as object)).toEqual(['__proto__'])
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
      deepStrictEqual(decode(encodeEntry(decode(text))), decode(text))
    }
  })

  it('W16: a number beyond 2^53 keeps its digits', () => {
    const digits =
      '[12345678901234567890,9007199254740993,-9007199254740993,0.1000000000000000055511151231257827,1e400,123456789012345678901234567890.5]'
    const entry = decode(`{"message":"m","fields":{"digits":${digits}}}`)
    expect((entry.fields as { digits: unknown[] }).digits.slice(0, 3)).toEqual([
      12345678901234567890n,
      9007199254740993n,
      -9007199254740993n,
    ])
    expect(encodeEntry(entry)).toContain(digits)
  })

  it('W16: a number that loses nothing is a number, however it is written', () => {
    const { fields } = decode(
      '{"message":"m","a":1.0000000000000000000,"b":100e-2,"c":0.30000000000000004,"d":1.50000000000000000e300,"e":9007199254740991}',
    )
    expect(fields).toEqual({ a: 1, b: 1, c: 0.30000000000000004, d: 1.5e300, e: 9007199254740991 })
  })

  it('W16: the text `null` stays a text, and fields that are no object stay', () => {
    expect(decode(encodeEntry({ ...plain, message: 'null' }))).toEqual({ ...plain, message: 'null' })
    expect(decodeObject({ fields: [1, 2] }).fields).toEqual({ fields: [1, 2] })
    expect(decodeObject({ fields: 'text' }).fields).toEqual({ fields: 'text' })
  })

  it('W7: an entry keeps time, level and fields through a chain of two', () => {
    const entry: LogEntry = {
      ...plain,
      level: 'error',
      fields: { request: { id: 'r1' }, timestamp: 'inner', message: 'inner' },
    }
    expect(decode(encodeEntry(decode(encodeEntry(entry))))).toStrictEqual(entry)
  })

  it('W7: reads what the ancestor sends: `timestamp` in nanoseconds and flattened fields', () => {
    expect(
      decode('{"level":"ERROR","message":"m","pid":7,"source":"s","timestamp":"2026-01-31T23:59:59.007123456Z"}'),
    ).toEqual({
      time: plain.time,
      source: 's',
      level: 'error',
      message: 'm',
      fields: { pid: 7 },
    })
  })

  it('W7: a message that is itself JSON stays text and is not refused', () => {
    const message = '{"time":"2020-01-01T00:00:00Z","message":"inner"}'
    expect(decode(encodeEntry({ ...plain, message }))).toEqual({ ...plain, message })
  })

  it('W3f: unknown names become fields', () => {
    expect(decodeObject({ host: 'a', nested: { b: [1] }, nothing: null, id: 'x', origin: 'y' }).fields).toEqual({
      host: 'a',
      nested: { b: [1] },
      nothing: null,
      id: 'x',
      origin: 'y',
    })
  })

  it('W3f: an unknown name that `fields` has too is kept beside it, unless it says the same', () => {
    expect(decodeObject({ host: 'outer', same: [1], fields: { host: 'inner', same: [1] } }).fields).toEqual({
      host: 'inner',
      host_: 'outer',
      same: [1],
    })
  })

  it('reads the time under each of its names and in each of its forms', () => {
    const time = Date.UTC(2026, 0, 31, 23, 59, 59, 7)
    for (const name of ['time', 'timestamp', 'ts', '@timestamp']) {
      expect(decodeObject({ [name]: '2026-01-31T23:59:59.007Z' })).toEqual({ time, source: 'here', message: 'm' })
    }
    for (const form of [
      '2026-02-01T01:29:59.007+01:30',
      '2026-01-31t23:59:59,007z',
      '2026-01-31 20:59:59.0079-0300',
      time,
      time / 1000,
      time * 1000,
    ]) {
      expect(decodeObject({ ts: form }), String(form)).toEqual({ time, source: 'here', message: 'm' })
    }
    expect(decode(`{"message":"m","ts":${time}999999}`).time).toBe(time)
    expect(decode(`{"message":"m","ts":-1000000000000000001}`).time).toBe(-1_000_000_000_000)
    expect(decodeObject({ time: '2016-12-31T23:59:60Z' }).time).toBe(Date.UTC(2017, 0, 1))
    expect(decodeObject({ time: '0001-01-01T00:00:00Z' }).time).toBe(-62_135_596_800_000)
  })

  it('keeps a time that it cannot read as a field, and takes the default', () => {
    for (const time of [
      'yesterday',
      '2026-02-30T00:00:00Z',
      '2026-01-01T25:00:00Z',
      '2026-01-01T00:00:00',
      '',
      true,
      { a: 1 },
      1e300,
    ]) {
      expect(decodeObject({ time })).toEqual({ ...defaults, message: 'm', fields: { time } })
    }
  })

  it('an empty level, by which some programs say that there is none, is none', () => {
    expect(decode('{"message":"m","level":"","severity":""}')).toEqual(decode('{"message":"m"}'))
    expect(decode('{"message":"m","source":"s","fields":{"level":""}}').fields).toEqual({ level: '' })
  })

  it('takes the first usable name and keeps the others as fields', () => {
    expect(
      decode('{"msg":"b","message":"a","severity":"bad","level":"loud","ts":"x","timestamp":0,"@timestamp":1}'),
    ).toEqual({
      time: 0,
      source: 'here',
      message: 'a',
      fields: { msg: 'b', severity: 'bad', level: 'loud', ts: 'x', '@timestamp': 1 },
    })
  })

  it('knows levels in any case, by their aliases and by pino’s numbers', () => {
    const levels = {
      WARNING: 'warn',
      Critical: 'fatal',
      err: 'error',
      ' info ': 'info',
      NOTICE: 'info',
      emerg: 'fatal',
      Trace: 'trace',
    }
    for (const [word, level] of Object.entries(levels)) expect(decodeObject({ severity: word }).level, word).toBe(level)
    for (const [index, level] of logLevels.entries())
      expect(decodeObject({ level: (index + 1) * 10 }).level).toBe(level)
    expect(decodeObject({ level: 35 }).level).toBe('info')
    for (const level of [0, 5, 70, -10, 'constructor', ' '])
      expect(decodeObject({ level })).toEqual({ ...defaults, message: 'm', fields: { level } })
  })

  it('takes a message that is no text by its JSON text', () => {
    expect(decodeObject({ message: { a: [1] } }).message).toBe('{"a":[1]}')
    expect(decodeObject({ message: false }).message).toBe('false')
    expect(decodeObject({ message: '' }).message).toBe('')
  })

  it('keeps a source that is no text as a field', () => {
    expect(decodeObject({ source: { host: 'a' } })).toEqual({
      ...defaults,
      message: 'm',
      fields: { source: { host: 'a' } },
    })
  })

  it('says what is wrong and where', () => {
    expect(refusal('{"message":"a" "b":1}')).toMatchObject({
      code: 'BAD_ENTRY',
      message: expect.stringMatching(/position 15/),
    })
    expect(refusal('plain text')).toMatchObject({ code: 'BAD_ENTRY', message: expect.stringMatching(/position 0/) })
    expect(refusal('')).toMatchObject({ code: 'BAD_ENTRY', message: expect.stringMatching(/end of input/) })
    expect(refusal('[]')).toMatchObject({ code: 'BAD_ENTRY', message: expect.stringMatching(/an array/) })
    expect(refusal('null')).toMatchObject({ code: 'BAD_ENTRY', message: expect.stringMatching(/got null/) })
    expect(refusal('12345678901234567890')).toMatchObject({ code: 'BAD_ENTRY' })
    expect(refusal('{"a":1}')).toMatchObject({
      code: 'BAD_ENTRY',
      message: expect.stringMatching(/`message` \(or `msg`\)/),
    })
    expect(refusal('{"message":null}')).toMatchObject({ code: 'BAD_ENTRY' })
  })

  it('refuses nesting beyond a hundred levels, closed or not, and counts no brackets inside texts', () => {
    const nested = (depth: number): string => `{"message":"m","a":${'['.repeat(depth)}${']'.repeat(depth)}}`
    expect(decode(encodeEntry(decode(nested(98))))).toEqual(decode(nested(98)))
    expect(refusal(nested(100))).toMatchObject({
      code: 'BAD_ENTRY',
      message: expect.stringMatching(/100 deep.*position 118/),
    })
    expect(refusal(nested(100_000)).code).toBe('BAD_ENTRY')
    expect(refusal('['.repeat(100_000)).code).toBe('BAD_ENTRY')
    expect(refusal('{"a":'.repeat(100_000)).code).toBe('BAD_ENTRY')
    const message = '[{\\"'.repeat(1_000)
    expect(decode(encodeEntry({ ...plain, message })).message).toBe(message)
    expect(decode(`{"message":"m","a":${JSON.stringify(Array.from({ length: 500 }, () => [{}]))}}`).message).toBe('m')
  })

  it('accepts a byte order mark and a carriage return around the object', () => {
    expect(decode('\ufeff{"message":"m"}\r')).toEqual({ ...defaults, message: 'm' })
  })

  it('takes the last value of a repeated name, with big numbers too', () => {
    expect(decode('{"message":"a","message":"b","n":1,"n":12345678901234567890}')).toEqual({
      ...defaults,
      message: 'b',
      fields: { n: 12345678901234567890n },
    })
  })
})

describe('parseExact', () => {
  it('keeps the digits of a number wherever it stands', () => {
    for (const text of [
      '12345678901234567890',
      '[12345678901234567890]',
      '{"a":{"b":[1, 12345678901234567890]}}',
      '1e400',
      '[0,1e-400]',
    ]) {
      expect(stringifyExact(parseExact(text))).toBe(text.replace(' ', ''))
    }
  })

  it('finds every number that a double would change', () => {
    const digits = fc.stringMatching(/^[0-9]{1,25}$/).map((text) => text.replace(/^0+(?=.)/, ''))
    const number = fc.tuple(
      fc.constantFrom('', '-'),
      digits,
      fc.option(fc.stringMatching(/^[0-9]{1,25}$/)),
      fc.option(fc.stringMatching(/^[eE][+-]?[0-9]{1,3}$/)),
    )
    const text = number.map(
      ([sign, whole, fraction, exponent]) =>
        `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${exponent ?? ''}`,
    )
    fc.assert(
      fc.property(fc.array(text), (numbers) => {
        const json = `{"a":[${numbers.join(',')}]}`
        const again = stringifyExact(parseExact(json)).slice('{"a":['.length, -2)
        const written = again === '' ? [] : again.split(',')
        expect(written.map((one) => splitNumber(one))).toEqual(numbers.map((one) => splitNumber(one)))
      }),
      { numRuns: 2_000 * runs },
    )
  })

  it('says BAD_JSON and the place', () => {
    expect(() => parseExact('{"a":tru}')).toThrow(
      expect.objectContaining({ code: 'BAD_JSON', message: expect.stringMatching(/position 5/) }),
    )
  })
})

describe('entryFrom', () => {
  it('makes an entry from an object without changing it', () => {
    const given = Object.freeze({ msg: 'm', host: 'a', fields: Object.freeze({ b: 1 }) })
    expect(entryFrom(given, defaults)).toEqual({ ...defaults, message: 'm', fields: { b: 1, host: 'a' } })
  })
})

describe('the id of an entry on the wire', () => {
  const origin = { tracker: { acknowledge() {} }, sequence: 1, id: 'file:12:"a"' }
  const entry = { time: 0, source: 'app.log', message: 'm', origin }
  const defaults = { time: 1, source: 'peer' }

  it('comes in front, is found again, and is no field', () => {
    const text = encodeEntryWithId(entry)
    expect(text).toBe(
      '{"logwisp.id":"file:12:\\"a\\"","time":"1970-01-01T00:00:00.000Z","source":"app.log","message":"m"}',
    )
    expect(wireIdFrom(JSON.parse(text))).toBe(origin.id)
    expect(decodeEntry(text, defaults)).toEqual({ time: 0, source: 'app.log', message: 'm' })
  })

  it('is not written when there is none, or one that is too long to be remembered', () => {
    const plain = encodeEntry(entry)
    expect(encodeEntryWithId({ ...entry, origin: undefined })).toBe(plain)
    expect(encodeEntryWithId({ ...entry, origin: { ...origin, id: 'x'.repeat(513) } })).toBe(plain)
  })

  it('that is none of ours stays a field', () => {
    for (const id of [7, '', 'x'.repeat(513)]) {
      const value = { message: 'm', 'logwisp.id': id }
      expect(wireIdFrom(value)).toBeUndefined()
      expect(entryFrom(value, defaults).fields).toEqual({ 'logwisp.id': id })
    }
    for (const value of [undefined, null, 7, 'text', []]) expect(wireIdFrom(value)).toBeUndefined()
  })
})
