/** Lines and octet-counted texts, however the network cuts them. */

import { describe, expect, test } from 'vitest'
import { DeliveryMarks } from '../src/internal/receive/delivery-marks.ts'
import { type FrameLimits, type Framing, LineFrames } from '../src/internal/tcp/line-frames.ts'
import { OctetFrames } from '../src/internal/tcp/octet-frames.ts'
import { SeenIds } from '../src/internal/tcp/seen-ids.ts'

const limits: FrameLimits = { maxLineBytes: 100, whenLineTooLong: 'truncate' }

/** What comes out, each line or text by itself. */
function read(framing: Framing, chunks: readonly Buffer[], areTexts: boolean): string[] {
  const found: string[] = []
  const add = (bytes: Buffer, flag = ''): void => {
    if (areTexts || flag !== '') found.push(`${flag}${bytes}`)
    else for (const line of bytes.toString().match(/[^\n]*\n|[^\n]+$/g) ?? []) found.push(line)
  }
  for (const chunk of chunks) for (const { bytes, flag } of framing.feed(chunk)) add(bytes, flag)
  const last = framing.end()
  if (last !== undefined) add(last.bytes, last.flag)
  return found
}

/** Whole, byte by byte, and cut in two at each place. */
function* cuts(bytes: Buffer): Generator<Buffer[]> {
  yield [bytes]
  yield [...bytes].map((byte) => Buffer.from([byte]))
  for (let at = 1; at < bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)]
}

const long = 'x'.repeat(100)
const lineCases: readonly (readonly [name: string, text: string, lines: readonly string[]])[] = [
  ['plain lines', 'a\nbb\nccc\n', ['a\n', 'bb\n', 'ccc\n']],
  ['an unterminated last line', 'a\nbb', ['a\n', 'bb']],
  ['carriage returns', 'a\r\nb\r\n\r\n', ['a\r\n', 'b\r\n', '\r\n']],
  ['empty lines', '\n\na\n\n', ['\n', '\n', 'a\n', '\n']],
  ['characters of several bytes', 'größer ✓ 漢字 😀\n€\n', ['größer ✓ 漢字 😀\n', '€\n']],
  ['a line of exactly the limit', `${long}\n${long}\r\nb\n`, [`${long}\n`, `${long}\r\n`, 'b\n']],
  ['a line too long', `a\n${long}yz\nb\n`, ['a\n', `truncated${long}`, 'b\n']],
  ['a line far too long, unterminated', `a\n${long.repeat(5)}`, ['a\n', `truncated${long}`]],
  ['a cut that would tear a character', `${'x'.repeat(99)}€uro\nb\n`, [`truncated${'x'.repeat(99)}`, 'b\n']],
]

describe('W2: a line that the network cuts anywhere is one line', () => {
  for (const [name, text, lines] of lineCases) {
    test(name, () => {
      for (const chunks of cuts(Buffer.from(text))) {
        expect(read(new LineFrames(limits), chunks, false)).toEqual(lines)
      }
    })
  }
})

const textCases: readonly (readonly [name: string, text: string, texts: readonly string[]])[] = [
  ['texts', '1 a2 bb11 hello\nworld', ['a', 'bb', 'hello\nworld']],
  ['a text that ends like a line', '2 a\n1 b', ['a\n', 'b']],
  ['a torn last text', '1 a10 hell', ['a', 'truncatedhell']],
  ['a text of exactly the limit', `100 ${long}1 b`, [long, 'b']],
  ['a text too long', `250 ${long}${long}${'y'.repeat(50)}1 b`, [`truncated${long}`, 'b']],
  ['a cut that would tear a character', `103 ${'x'.repeat(99)}€u1 b`, [`truncated${'x'.repeat(99)}`, 'b']],
]

describe('an octet-counted text that the network cuts anywhere is one text', () => {
  for (const [name, text, texts] of textCases) {
    test(name, () => {
      for (const chunks of cuts(Buffer.from(text))) {
        expect(read(new OctetFrames(limits), chunks, true)).toEqual(texts)
      }
    })
  }
})

test('a text without a length is a fault, wherever the network cuts it', () => {
  for (const text of ['hello', '5hello', ' 5 hello', '05 hello', '-5 hello', '1 a\n1 b', '12345678901 x']) {
    for (const chunks of cuts(Buffer.from(text))) {
      const framing = new OctetFrames(limits)
      read(framing, chunks, true)
      expect(framing.fault, text).toMatch(/length/)
    }
  }
})

test('long lines are skipped, or are a fault, by policy', () => {
  const bytes = Buffer.from(`a\n${long}y\nb\n`)
  for (const chunks of cuts(bytes)) {
    const skipping = new LineFrames({ ...limits, whenLineTooLong: 'skip' })
    expect(read(skipping, chunks, false)).toEqual(['a\n', 'skipped', 'b\n'])
    expect(skipping.linesTooLong).toBe(1)
    const closing = new LineFrames({ ...limits, whenLineTooLong: 'close' })
    expect(read(closing, chunks, false)[0]).toBe('a\n')
    expect(closing.fault).toMatch(/longer than 100/)
  }
})

test('a line that comes byte by byte keeps about its own size, and one too long no more than the limit', () => {
  const framing = new LineFrames({ maxLineBytes: 10_000, whenLineTooLong: 'skip' })
  for (let i = 0; i < 10_000; i++) framing.feed(Buffer.from('x'))
  expect(framing.unfinishedBytes).toBeLessThanOrEqual(20_002)
  for (let i = 0; i < 1000; i++) framing.feed(Buffer.alloc(1000, 'x'))
  expect(framing.unfinishedBytes).toBe(0)
  expect(framing.linesTooLong).toBe(1)
})

test('ids are remembered within bounds: at least half of them, and never more', () => {
  const seen = new SeenIds({ maxIds: 100 })
  for (let i = 0; i < 1000; i++) {
    expect(seen.add(`id ${i}`)).toBe(true)
    expect(seen.add(`id ${i}`)).toBe(false)
    expect(seen.size).toBeLessThanOrEqual(100)
    for (let back = 0; back < 50 && back <= i; back++) expect(seen.has(`id ${i - back}`)).toBe(true)
  }
  expect(seen.has('id 1')).toBe(false)
})

test('of two million ids of every kind no two are taken for the same, and their length costs no memory', () => {
  const seen = new SeenIds({ maxIds: 4_000_000 })
  const repeats: string[] = []
  const kinds = [
    (i: number) => `AbCdEfGhIjKlMnOp:${i * 150}`,
    (i: number) => `${i}`,
    (i: number) => `${'x'.repeat(480)}${i}`,
    (i: number) => String.fromCharCode(0x4e00 + (i & 0xfff), 0x4e00 + (i >> 12)),
  ]
  for (const kind of kinds) {
    for (let i = 0; i < 500_000; i++) if (!seen.add(kind(i))) repeats.push(kind(i))
  }
  expect(repeats).toEqual([])
  expect(seen.size).toBe(2_000_000)
  expect(seen.bytes).toBeLessThan(64 * 2_000_000)
})

test('the same id of another scope is another one', () => {
  const seen = new SeenIds({ maxIds: 100 })
  expect([seen.add('1', 'a'), seen.add('1', 'b'), seen.add('1'), seen.add('1', 'a'), seen.add('1', 'b')]).toEqual([
    true,
    true,
    true,
    false,
    false,
  ])
})

test('marks are told in order, once, up to what is acknowledged', () => {
  const marks = new DeliveryMarks<string>()
  const told: string[] = []
  const deliver = (waiter: string, lines: number): void => void told.push(`${waiter}${lines}`)
  for (let i = 1; i <= 5000; i++) marks.add(i * 10, i % 2 === 0 ? 'a' : 'b', i)
  marks.advance(9, deliver)
  expect(told).toEqual([])
  marks.advance(25, deliver)
  expect(told).toEqual(['b1', 'a2'])
  marks.advance(40_000, deliver)
  expect(told).toHaveLength(4000)
  expect(marks.size).toBe(1000)
  marks.sweep((waiter) => waiter === 'a')
  expect(marks.size).toBe(500)
  marks.advance(50_000, deliver)
  expect(told.at(-1)).toBe('a5000')
  expect(marks.size).toBe(0)
})
