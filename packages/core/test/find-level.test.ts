import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LogLevel } from '../src/entry.ts'
import { findLevel } from '../src/find-level.ts'

type Case = readonly [line: string, level: LogLevel | undefined]

describe('words in capitals', () => {
  test.each<Case>([
    ['ERROR no stock', 'error'],
    ['[ERROR] no stock', 'error'],
    ['ERROR: no stock', 'error'],
    ['shop ERROR no stock', 'error'],
    ['(WARN) low', 'warn'],
    ['shop|DEBUG|x', 'debug'],
    ['ERROR', 'error'],
    ['INFO[0000] listening', 'info'],
    ['shop.ERROR: no stock', 'error'],
    ['ERROR:root:no stock', 'error'],
    ['host app[1]: [CalendarPlugin-ERROR] no stock', 'error'],
    ['host app[1]: 2026/11/21 10:00:00.123 | I | Voip | closed', 'info'],
  ])('count when they stand by themselves: %s', (line, level) => {
    expect(findLevel(line)).toBe(level)
  })

  test.each([
    'ERROR_CODE=5',
    'x=ERROR',
    'INFORMATION',
    'TERROR',
    'GET /ERROR HTTP/1.1',
    'http://x/?q=ERROR',
    'ERRORS found',
    '-ERR unknown command',
    'WARN2 x',
    'NO_ERROR',
    'LOGIN NOTED',
  ])('do not count as a part of something else: %s', (line) => {
    expect(findLevel(line)).toBeUndefined()
  })
})

describe('words in small letters', () => {
  test.each<Case>([
    ['error: no stock', 'error'],
    ['Error: no stock', 'error'],
    ['[error] no stock', 'error'],
    ['[ warn ] low', 'warn'],
    ['[core:error] no stock', 'error'],
    ['<info> wifi up', 'info'],
    ['shop | debug | x', 'debug'],
    ['2026-11-21 10:00:00 warn low stock', 'warn'],
    ['[2026-11-21 10:00:00] Warning: low stock', 'warn'],
    ['warn  - low stock', 'warn'],
    ['10:00:00\tinfo\tx', 'info'],
  ])('count when they are marked as a level: %s', (line, level) => {
    expect(findLevel(line)).toBe(level)
  })

  test.each([
    'no errors',
    'the error was fixed',
    'stderr: ok',
    'errors: 0',
    '0 errors, 0 warnings',
    'information about /info/',
    'the error: it was fixed',
    'an error, a warning and a fatal one',
    'error while loading',
    'list[error] is empty',
    'Terror',
    'debugging info',
    'level of error',
    // The words that are more often something else: a sentence begins so, also right after the time.
    '2026-06-26 09:47:00.123 - Log 1',
    '2026-06-26 09:47:00.123 System started',
  ])('do not count in prose: %s', (line) => {
    expect(findLevel(line)).toBeUndefined()
  })
})

test.each<Case>([
  ['FATAL', 'fatal'],
  ['CRITICAL', 'fatal'],
  ['CRIT', 'fatal'],
  ['PANIC', 'fatal'],
  ['ALERT', 'fatal'],
  ['EMERG', 'fatal'],
  ['EMERGENCY', 'fatal'],
  ['SEVERE', 'error'],
  ['ERR', 'error'],
  ['FAILURE', 'error'],
  ['WARNING', 'warn'],
  ['NOTICE', 'info'],
  ['VERBOSE', 'debug'],
  ['DEBUG5', 'debug'],
  ['TRACE8', 'trace'],
  ['VRB', 'trace'],
])('takes %s for its level', (word, level) => {
  expect(findLevel(`[${word}] x`)).toBe(level)
})

test.each(['FINE', 'LOG', 'SYSTEM', 'NOTE', 'SUCCESS', 'FAIL', 'CONFIG'])(
  'takes %s for a level only where it is marked as one',
  (word) => {
    expect(findLevel(`ALL ${word} HERE`)).toBeUndefined()
    expect(findLevel(`${word}: x`)).toBeDefined()
  },
)

describe('a value by name', () => {
  test.each<Case>([
    ['{"level":"error","msg":"INFO"}', 'error'],
    ['{"msg":"level=error","level":"info"}', 'info'],
    ['{"msg":"\\"level\\":\\"error\\"","severity":"INFO"}', 'info'],
    ['{ "lvl" : "warn" }', 'warn'],
    ['{"request":{"level":"fatal"},"level":"debug"}', 'debug'],
    ['{"list":[{"level":"fatal"}],"level":"debug"}', 'debug'],
    ['{"level":"high","severity":"error"}', 'error'],
    ['level=error msg="FATAL"', 'error'],
    ['msg="FATAL level=fatal" level=warn', 'warn'],
    ['app[1]: level=debug x=ERROR', 'debug'],
    ['app[1]: {"msg":"FATAL","level":"debug"}', 'debug'],
    ['host:1\tlevel:warn\tmsg:x', 'warn'],
  ])('wins over the words of the text: %s', (line, level) => {
    expect(findLevel(line)).toBe(level)
  })

  test('may be one of pino’s numbers, and the tens decide', () => {
    for (const [number, level] of [
      [10, 'trace'],
      [20, 'debug'],
      [30, 'info'],
      [35, 'info'],
      [40, 'warn'],
      [50, 'error'],
      [69, 'fatal'],
    ] as const) {
      expect(findLevel(`{"level":${number},"msg":"x"}`)).toBe(level)
    }
  })

  test('is no level when it is a number of another scale', () => {
    for (const number of [0, 3, 7, 9, 70, 100, 300, 20000])
      expect(findLevel(`{"level":${number},"msg":"x"}`)).toBeUndefined()
  })

  test('is looked for in the message when the object has none of its own', () => {
    expect(findLevel('{"stream":"stderr","log":"ERROR: no stock\\n"}')).toBe('error')
    expect(findLevel('{"message":"the error was fixed","x":"ERROR"}')).toBeUndefined()
  })

  test('is found after a message of several thousand characters', () => {
    expect(findLevel(`{"message":"${'long '.repeat(1000)}","level":"warn"}`)).toBe('warn')
  })
})

test.each(Array.from({ length: 8 }, (_, severity) => severity))(
  'takes severity %i from a syslog PRI of any facility',
  (severity) => {
    const levels = ['fatal', 'fatal', 'fatal', 'error', 'warn', 'info', 'info', 'debug']
    for (let facility = 0; facility < 24; facility++) {
      expect(findLevel(`<${facility * 8 + severity}>Nov 21 10:00:00 host app: ERROR`)).toBe(levels[severity])
    }
  },
)

test('finds no level in an access line, whatever its URL and agent say', () => {
  expect(
    findLevel('10.0.0.7 - - [21/Nov/2026:10:00:00 +0000] "GET /?level=error HTTP/1.1" 200 0 "-" "ERROR INFO"'),
  ).toBeUndefined()
})

test('ends the head where prose begins', () => {
  expect(findLevel('shop: ERROR')).toBe('error')
  expect(findLevel('this is what they call an ERROR')).toBeUndefined()
  expect(findLevel(`${'x.'.repeat(100)} ERROR`)).toBeUndefined()
})

test('sees through colour codes', () => {
  expect(findLevel('\u001b[1m\u001b[31merror\u001b[39m\u001b[22m no stock')).toBe('error')
  expect(findLevel('2026-11-21 \u001b[33mWARN\u001b[0m low stock')).toBe('warn')
})

test.each([
  '',
  ' ',
  '{',
  '{"',
  '{"level"',
  '{"level":',
  '{"level":"',
  '<',
  '<1',
  '[',
  'level=',
  'level="',
  'E',
  'E1121',
  'E,',
  'E/',
  '1:M',
  '\u001b',
  '\u001b[',
  '%',
  '%A-',
  '[',
])('finds nothing in the stump %j', (line) => {
  expect(findLevel(line)).toBeUndefined()
})

/** Pieces that log lines are made of, and such as the scanner has rules for. */
const piece = fc.oneof(
  fc.constantFrom(
    ...[
      'ERROR',
      'error',
      'Info',
      'level',
      '=',
      '"',
      ':',
      '{',
      '}',
      '[',
      ']',
      '<',
      '>',
      '|',
      ' ',
      '\t',
      '\\',
      ',',
      '%A-3-',
      '34',
      'D',
    ],
    ...[
      '2026-11-21 10:00:00',
      '[21/Nov/2026:10',
      '\u001b[31m',
      '1:M 21 Nov 2026 10:00:00 *',
      'E1121 10:00:00',
      'é',
      '\u2028',
      '💥',
    ],
  ),
  fc.string({ maxLength: 6 }),
)
const line = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))

test('never looks outside the line: what stands around it does not matter', () => {
  fc.assert(
    fc.property(line, line, line, (before, middle, after) => {
      const text = before + middle + after
      expect(findLevel(text, before.length, before.length + middle.length)).toBe(findLevel(middle))
    }),
    { numRuns: 3000, seed: 7 },
  )
})
