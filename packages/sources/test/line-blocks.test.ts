/** Blocks of whole lines: the same whatever the pieces that the bytes come in. */

import { expect, test } from 'vitest'
import { type FileEncoding, LineBlocks, type LineBlocksOptions } from '../src/internal/file/line-blocks.ts'
import { toUtf8 } from '../src/internal/file/transcode.ts'

interface Fixture {
  readonly name: string
  readonly bytes: Buffer
  /** Each with where it begins and where to go on, and its flag. */
  readonly lines: readonly string[]
  readonly options?: Partial<LineBlocksOptions>
}

const wide = (text: string, encoding: 'utf16le' | 'utf16be'): Buffer => {
  const bytes = Buffer.from(text, 'utf16le')
  return encoding === 'utf16le' ? bytes : bytes.swap16()
}

const short = { maxLineBytes: 8 } as const

const fixtures: readonly Fixture[] = [
  { name: 'plain lines', bytes: Buffer.from('one\ntwo\nthree\n'), lines: ['0-4 one', '4-8 two', '8-14 three'] },
  { name: 'an unfinished last line', bytes: Buffer.from('one\ntw'), lines: ['0-4 one', '4-6 tw'] },
  { name: 'empty lines', bytes: Buffer.from('\n\na\n\n'), lines: ['0-1 ', '1-2 ', '2-4 a', '4-5 '] },
  { name: 'CRLF', bytes: Buffer.from('one\r\ntwo\r\n'), lines: ['0-5 one', '5-10 two'] },
  { name: 'characters of many bytes', bytes: Buffer.from('é€😀\n日本\n'), lines: ['0-10 é€😀', '10-17 日本'] },
  { name: 'nothing', bytes: Buffer.from(''), lines: [] },
  { name: 'NULs before a line', bytes: Buffer.from('\0\0\0one\ntwo\n'), lines: ['3-7 one', '7-11 two'] },
  { name: 'NULs between lines', bytes: Buffer.from('one\n\0\0\0\0two\n'), lines: ['0-4 one', '8-12 two'] },
  { name: 'NULs within a line', bytes: Buffer.from('o\0ne\ntwo\n'), lines: ['0-5 o\0ne', '5-9 two'] },
  { name: 'NULs with nothing after them', bytes: Buffer.from('one\n\0\0\0'), lines: ['0-4 one'] },
  {
    name: 'NULs longer than a line may be',
    bytes: Buffer.from(`${'\0'.repeat(30)}one\n`),
    lines: ['30-34 one'],
    options: short,
  },
  {
    name: 'a line as long as it may be',
    bytes: Buffer.from('12345678\nab\n'),
    lines: ['0-9 12345678', '9-12 ab'],
    options: short,
  },
  {
    name: 'a line that is too long, cut',
    bytes: Buffer.from('a\n123456789\nb\n'),
    lines: ['0-2 a', '2-12 12345678 truncated', '12-14 b'],
    options: short,
  },
  {
    name: 'a line that is too long, cut before a character',
    bytes: Buffer.from('1234567€x\nb\n'),
    lines: ['0-12 1234567 truncated', '12-14 b'],
    options: short,
  },
  {
    name: 'a line that is too long, in parts',
    bytes: Buffer.from('a\n12345678abcdefgh!\nb\n'),
    lines: ['0-2 a', '2-10 12345678 split', '10-18 abcdefgh split', '18-20 !', '20-22 b'],
    options: { ...short, whenLineTooLong: 'split' },
  },
  {
    name: 'a line that is too long, left out',
    bytes: Buffer.from('a\n123456789\nb\n'),
    lines: ['0-2 a', '2-12  skipped', '12-14 b'],
    options: { ...short, whenLineTooLong: 'skip' },
  },
  {
    name: 'an unfinished line that is too long',
    bytes: Buffer.from('a\n1234567890'),
    lines: ['0-2 a', '2-12 12345678 truncated'],
    options: short,
  },
  {
    name: 'latin1',
    bytes: Buffer.from('caf\xe9\n\xfc\n', 'latin1'),
    lines: ['0-5 café', '5-7 ü'],
    options: { encoding: 'latin1' },
  },
  // U+0A0D and U+0D0A have the bytes of a line feed, and so have two neighbours across their edge.
  ...(['utf16le', 'utf16be'] as const).flatMap((encoding) => [
    {
      name: encoding,
      bytes: wide('one\n\u0a0d\u0d0a\u000a\ud83d\ude00x\n', encoding),
      lines: ['0-8 one', '8-14 \u0a0d\u0d0a', '14-22 😀x'],
      options: { encoding },
    },
    {
      name: `${encoding}, a pair across the limit`,
      bytes: wide('123\ud83d\ude00\nb\n', encoding),
      lines: ['0-12 123 truncated', '12-16 b'],
      options: { encoding, ...short },
    },
  ]),
]

/** Feeds the bytes in pieces, and says what comes out line by line. */
function cut({ bytes, options }: Fixture, ends: readonly number[]): string[] {
  const encoding: FileEncoding = options?.encoding ?? 'utf8'
  const lines = new LineBlocks({ encoding, maxLineBytes: 1 << 20, whenLineTooLong: 'truncate', ...options })
  const told: string[] = []
  const tell = (block: ReturnType<LineBlocks['feed']>[number]): void => {
    const unit = encoding.startsWith('utf16') ? 2 : 1
    const text = toUtf8(block.bytes, encoding).toString()
    if (block.flag !== undefined) {
      told.push(`${block.offset}-${block.end} ${text.replace(/\r?\n$/, '')} ${block.flag}`)
      return
    }
    let at = block.offset
    for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
      const inFile = encoding === 'latin1' || unit === 2 ? line.length * unit : Buffer.byteLength(line)
      told.push(`${at}-${at + inFile} ${line.replace(/\r?\n$/, '')}`)
      at += inFile
    }
    expect(at).toBe(block.end)
  }
  let from = 0
  for (const end of ends) {
    const { carry } = lines
    const fed = Buffer.concat([carry, bytes.subarray(from, end)])
    for (const block of lines.feed(fed, 0, fed.length, from - carry.length)) tell(block)
    expect(lines.held(end)).toBeLessThanOrEqual(end)
    from = end
  }
  const last = lines.flush(bytes.length)
  if (last !== undefined) tell(last)
  return told
}

test.each(fixtures)('gives $name whole', (fixture) => {
  expect(cut(fixture, [fixture.bytes.length])).toEqual(fixture.lines)
})

test.each(fixtures)('gives $name byte by byte', (fixture) => {
  expect(
    cut(
      fixture,
      [...fixture.bytes].map((_, index) => index + 1),
    ),
  ).toEqual(fixture.lines)
})

test.each(fixtures)('gives $name cut at every two places', (fixture) => {
  const { length } = fixture.bytes
  for (let first = 0; first <= length; first++) {
    for (let second = first; second <= length; second++) {
      expect(cut(fixture, [first, second, length]), `cut at ${first} and ${second}`).toEqual(fixture.lines)
    }
  }
})

test('counts the lines that are too long and the NULs that it passes over', () => {
  const lines = new LineBlocks({ encoding: 'utf8', maxLineBytes: 16, whenLineTooLong: 'truncate' })
  const bytes = Buffer.from(`\0\0a\n${'x'.repeat(17)}\n\0\0\0b\n${'y'.repeat(40)}`)
  lines.feed(bytes, 0, bytes.length, 0)
  expect(lines.linesTooLong).toBe(2)
  expect(lines.nulBytesSkipped).toBe(5)
})

test('holds no more of an endless line than it may have', () => {
  const lines = new LineBlocks({ encoding: 'utf8', maxLineBytes: 1000, whenLineTooLong: 'truncate' })
  const piece = Buffer.alloc(10_000, 'x')
  for (let at = 0; at < 1_000_000; at += piece.length) {
    const fed = Buffer.concat([lines.carry, piece])
    lines.feed(fed, 0, fed.length, at - lines.carry.length)
    expect(lines.carry.length).toBeLessThanOrEqual(1000)
  }
  expect(lines.held(1_000_000)).toBe(1_000_000)
  expect(lines.flush(1_000_000)).toMatchObject({ offset: 0, end: 1_000_000, flag: 'truncated' })
})
