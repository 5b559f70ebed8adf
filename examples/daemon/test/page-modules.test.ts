/** The parts of the live page that need no browser. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

/** The page's own modules have no types of TypeScript. */
// biome-ignore lint/suspicious/noExplicitAny: as said
const load = (name: string): Promise<any> => import(new URL(`../page/${name}.js`, import.meta.url).href)

const { EventStreamParser } = await load('event-stream')
const { LineHeights } = await load('line-heights')
const { LineStore, maxLines, maxCharacters } = await load('line-store')
const { readLine, readLineExactly } = await load('read-line')
const { visibleText, visibleOnOneLine } = await load('visible-text')
const { passes, filterQuery } = await load('line-filter')
const { figuresOf, rate } = await load('pipeline-figures')
const { readableBytes, readableDuration, readableNumber, readableRate } = await load('readable-number')

describe('server-sent events', () => {
  const text =
    '\ufeff: hello\r\nretry: 1500\r\n\r\nid: a-0\n\nid: a-1\rdata: one\r\rid: a-2\ndata:two\ndata:  lines\nevent: dropped\n\n' +
    'data: no id of its own\n\nid: a\0b\ndata\n\nid:\nnothing: known\ndata: forgotten id\n\ndata: not complete'
  const parse = (pieces: readonly string[]) => {
    const events: unknown[] = []
    const parser = new EventStreamParser((event: unknown) => events.push(event))
    for (const piece of pieces) parser.push(piece)
    return { events, lastId: parser.lastId, retryMs: parser.retryMs }
  }
  const whole = {
    events: [
      { event: '', data: 'one', id: 'a-1' },
      { event: 'dropped', data: 'two\n lines', id: 'a-2' },
      { event: '', data: 'no id of its own', id: 'a-2' },
      { event: '', data: '', id: 'a-2' },
      { event: '', data: 'forgotten id', id: '' },
    ],
    lastId: '',
    retryMs: 1500,
  }
  // The byte order mark is taken away when bytes become text.
  const decoded = text.slice(1)

  test('are the same wherever they are cut', () => {
    expect(parse([decoded])).toEqual(whole)
    expect(parse([...decoded])).toEqual(whole)
    for (let at = 0; at <= decoded.length; at++) expect(parse([decoded.slice(0, at), decoded.slice(at)])).toEqual(whole)
  })

  test('tell an id at once that comes without data', () => {
    expect(parse([': logwisp\n\nretry: 2000\n\nid: 5f0c-0\n\n'])).toEqual({
      events: [],
      lastId: '5f0c-0',
      retryMs: 2000,
    })
  })
})

describe('heights', () => {
  test('say where each row begins, whatever came, went and changed', () => {
    const action = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ push: fc.integer({ min: 1, max: 700 }), height: fc.integer({ min: 1, max: 200 }) }),
      },
      { weight: 3, arbitrary: fc.record({ shift: fc.integer({ min: 1, max: 700 }) }) },
      { weight: 3, arbitrary: fc.record({ set: fc.nat(), height: fc.integer({ min: 1, max: 200 }) }) },
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 30 }), fc.nat(), (actions, pick) => {
        const limit = 2000
        const heights = new LineHeights(limit)
        const model: number[] = []
        for (const each of actions) {
          if ('push' in each)
            for (let i = 0; i < each.push && model.length < limit; i++) {
              heights.push(each.height + (i % 3))
              model.push(each.height + (i % 3))
            }
          else if ('shift' in each)
            for (let i = 0; i < each.shift && model.length > 0; i++) {
              heights.shift()
              model.shift()
            }
          else if (model.length > 0) {
            heights.set(heights.first + (each.set % model.length), each.height)
            model[each.set % model.length] = each.height
          }
        }
        const total = model.reduce((sum, height) => sum + height, 0)
        expect(heights.total).toBe(total)
        if (model.length === 0) return
        const row = pick % model.length
        const offset = model.slice(0, row).reduce((sum, height) => sum + height, 0)
        expect(heights.offsetOf(heights.first + row)).toBe(offset)
        expect(heights.rowAt(offset)).toBe(heights.first + row)
        expect(heights.rowAt(offset + (model[row] as number) - 0.5)).toBe(heights.first + row)
        expect(heights.rowAt(total + 1000)).toBe(heights.next - 1)
      }),
    )
  })
})

describe('the store of lines', () => {
  test('keeps the newest lines', () => {
    const store = new LineStore()
    for (let i = 0; i < maxLines + 5; i++) store.add({ data: `${i}`, at: 0 })
    expect([store.size, store.first, store.at(4), store.at(5).data]).toEqual([maxLines, 5, undefined, '5'])
    store.dropBefore(store.next)
    expect([store.size, store.characters]).toEqual([0, 0])
  })

  test('keeps no more characters than it may, but the newest line always', () => {
    const store = new LineStore()
    const long = 'x'.repeat(maxCharacters / 4)
    for (let i = 0; i < 10; i++) store.add({ data: long, at: 0 })
    expect([store.size, store.characters]).toEqual([4, maxCharacters])
    store.add({ data: `${long.repeat(4)}x`, at: 0 })
    expect(store.size).toBe(1)
  })
})

describe('a line', () => {
  const time = Date.parse('2026-11-21T10:00:00.123Z')
  test.each([
    [
      "LogWisp's own",
      '{"logwisp.id":"a:1","time":"2026-11-21T10:00:00.123Z","source":"a","level":"warn","message":"m","fields":{"x":1}}',
      { time, level: 'warn', source: 'a', message: 'm', fields: { x: 1 } },
    ],
    [
      "the ancestor's",
      '{"level":"ERROR","message":"m","source":"a","timestamp":"2026-11-21T10:00:00.123456789Z","x":null}',
      { time, level: 'error', source: 'a', message: 'm', fields: { x: null } },
    ],
    [
      "the ancestor's, of no level",
      '{"level":"","message":"m","source":"a","timestamp":"2026-11-21T10:00:00.123Z"}',
      { time, level: '', source: 'a', message: 'm', fields: undefined },
    ],
    [
      'with an unknown level and time',
      '{"level":"audit","time":"soon","msg":"m","severity":"Warning"}',
      { time: undefined, level: 'warn', source: '', message: 'm', fields: { level: 'audit', time: 'soon' } },
    ],
    ['without a message', '{"a":1,"b":2}', { time: undefined, level: undefined, source: '', message: '{"a":1,"b":2}' }],
    ['of __proto__', '{"message":"m","__proto__":{"x":1}}', { message: 'm' }],
    ['of text', 'plain {text}', { message: 'plain {text}', time: undefined, level: undefined }],
    ['of half a JSON', '{"message":', { message: '{"message":' }],
    ['of no object', '[1,2]', { message: '[1,2]' }],
    ['of nothing', '', { message: '' }],
  ])('%s is read', (_name, data, expected) => {
    expect(readLine(data)).toMatchObject(expected)
  })

  test('has its numbers to the last digit when they are asked for', () => {
    const { fields } = readLineExactly('{"message":"m","big":12345678901234567890,"small":1.50,"plain":7}')
    const isNew = (JSON as { rawJSON?: unknown }).rawJSON !== undefined
    // Node 20 does not say how a number was written.
    expect(JSON.stringify(fields)).toBe(
      isNew
        ? '{"big":12345678901234567890,"small":1.50,"plain":7}'
        : '{"big":12345678901234567000,"small":1.5,"plain":7}',
    )
  })

  test('has no character in it that acts on others', () => {
    const all = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).join('')
    for (const shown of [visibleText(all), visibleText(all.replaceAll('\u001b', ''))]) {
      expect(shown).not.toMatch(/[^\P{Cc}\t\n]/u)
      expect(shown).not.toMatch(/[\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/)
    }
    expect(visibleOnOneLine('a\nb\r\n')).toBe('a↵b␍↵')
    expect(visibleText('\u001b[1;31mred\u001b[m \u001b[2J')).toBe('red ␛[2J')
    expect(visibleText('👩‍💻 می‌خواهم')).toBe('👩‍💻 می‌خواهم')
  })
})

describe('a filter', () => {
  const line = (message: string, level?: string, fields?: object) => ({ message, level, fields, source: '', time: 0 })

  test('finds a text whatever its case, and its signs mean themselves', () => {
    const filter = passes({ level: '', match: 'a.c (x)' })
    expect([filter(line('see A.C (X)!')), filter(line('abc (x)')), filter(line('', '', { k: 'a.c (x)' }))]).toEqual([
      true,
      false,
      true,
    ])
  })

  test('finds a pattern, each time anew', () => {
    const filter = passes({ level: '', match: '/^a+$/gi' })
    expect([filter(line('AAA')), filter(line('AAA')), filter(line('b'))]).toEqual([true, true, false])
    expect(() => passes({ level: '', match: '/(/' })).toThrow(SyntaxError)
  })

  test('lets lines of an unknown level pass', () => {
    const filter = passes({ level: 'warn', match: '' })
    expect(['info', 'warn', 'fatal', '', undefined].map((level) => filter(line('', level)))).toEqual([
      false,
      true,
      true,
      true,
      true,
    ])
  })

  test('says the same to the server', () => {
    expect(filterQuery({ level: 'warn', match: 'a.c' })).toEqual([
      ['level', 'warn'],
      ['match', '(?i)a\\.c'],
    ])
    expect(filterQuery({ level: '', match: '/a.c/gi' })).toEqual([['match', '(?i)a.c']])
    expect(filterQuery({ level: '', match: '/a.c/' })).toEqual([['match', 'a.c']])
    expect(filterQuery({ level: '', match: '' })).toEqual([])
  })
})

describe('figures', () => {
  const pipeline = (taken: number, delivered: readonly number[]) => ({
    name: 'app',
    state: 'running',
    total_processed: taken,
    total_filtered: 0,
    dropped: { filtered: 3, full: 2 },
    sources: [{ restarts: 1, files: [{ lag: 10 }, { lag: 5 }], last_error: 'was full' }],
    sinks: delivered.map((total) => ({ type: 'file', total_delivered: total, queue: { entries: 4 }, restarts: 2 })),
  })

  test('are rates of what grew since the last look, out by the slowest sink', () => {
    const figures = figuresOf(pipeline(300, [200, 120]), pipeline(100, [100, 100]), 2)
    expect(figures).toMatchObject({ inPerSecond: 100, outPerSecond: 10, queued: 8, restarts: 5, lagBytes: 15 })
    expect(figures).toMatchObject({ dropped: [['full', 2]], lastError: 'was full', viewers: undefined, isLive: false })
  })

  test('are unknown at first, and where a counter was begun anew', () => {
    expect(figuresOf(pipeline(300, [200]), undefined, 0)).toMatchObject({
      inPerSecond: undefined,
      outPerSecond: undefined,
    })
    expect(rate(5, 10, 1)).toBe(undefined)
  })

  test('are written so that they are read at a glance', () => {
    expect([0, 999, 12_345, 1_234_567].map(readableNumber)).toEqual(['0', '999', '12,345', '1.2M'])
    expect([undefined, 0, 0.4, 9.94, 9.96, 1234.5].map(readableRate)).toEqual([
      '–/s',
      '0/s',
      '0.4/s',
      '9.9/s',
      '10/s',
      '1,235/s',
    ])
    expect([0, 999, 1000, 1_234_567, 5e15].map(readableBytes)).toEqual([
      '0 B',
      '999 B',
      '1.00 kB',
      '1.23 MB',
      '5.00e+3 TB',
    ])
    expect([59, 60, 3660, 90_000].map(readableDuration)).toEqual(['59 s', '1 min', '1 h 1 min', '1 d 1 h'])
  })
})
