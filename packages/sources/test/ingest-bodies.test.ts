/** The claim: however a body is cut into pieces, its entries are the same, and they are what JSON.parse and split say. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BodyFormat, FormatSniffer, formatOfType } from '../src/internal/http/body-format.ts'
import { bodyReader } from '../src/internal/http/body-reader.ts'
import { BodyProblem, ReceivedEntries } from '../src/internal/http/received-entries.ts'

fc.configureGlobal({ seed: Number(process.env['LOGWISP_SEED'] ?? 1) })

/** More of the random tests: LOGWISP_RUNS=50, with another LOGWISP_SEED. */
const runs = 300 * Number(process.env['LOGWISP_RUNS'] ?? 1)

const tracker = { acknowledge() {} }

interface Outcome {
  readonly messages: readonly string[]
  readonly total: number
  readonly problems: readonly unknown[]
  readonly broken?: unknown
}

/** What comes of a body that is sent in these pieces. */
function read(format: BodyFormat | 'unknown', pieces: Iterable<Buffer>, maxEntryBytes = 200): Outcome {
  const received = new ReceivedEntries({
    defaults: { time: 0, source: 's' },
    maxEntryBytes,
    rejectsAll: false,
    isTracked: false,
    request: { tracker, requestId: 'r' },
    peer: undefined,
  })
  const reader = bodyReader(format, received, maxEntryBytes)
  let broken: unknown
  try {
    for (const piece of pieces) reader.feed(piece)
    reader.end()
  } catch (error) {
    if (!(error instanceof BodyProblem)) throw error
    broken = error.problem
  }
  const entries = received.take().flatMap((item) => ('batch' in item ? [...item.batch] : [item]))
  const outcome = {
    messages: entries.map(({ message }) => message),
    total: received.total,
    problems: received.problems,
  }
  return broken === undefined ? outcome : { ...outcome, broken }
}

/** The same body whole, byte by byte, and in two pieces at every place. */
function* cuts(bytes: Buffer): Generator<[string, Buffer[]]> {
  yield ['whole', [bytes]]
  yield ['byte by byte', Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))]
  for (let at = 0; at <= bytes.length; at++) yield [`cut at ${at}`, [bytes.subarray(0, at), bytes.subarray(at)]]
}

const long = 'x'.repeat(300)
const fixtures: readonly [BodyFormat, string][] = [
  ['ndjson', '{"message":"a"}\n{"message":"b"}\n'],
  ['ndjson', '\ufeff{"message":"é€😀"}\r\n\r\n \t\n{"message":"\\n\\u00e9"}'],
  ['ndjson', '{"message":"a"}\n{"message":\n{"message":"c"}\n[]\nnull\nx\n{}'],
  ['ndjson', `{"message":"a"}\n{"message":"${long}"}\r\n{"message":"c"}\n{"message":"${long}"}`],
  ['ndjson', `${long}\n${long}\n{"message":"c"}`],
  ['text', 'a\nb\r\n\r\nc'],
  ['text', '\ufeffé€😀\n\n'],
  ['text', `a\n${long}\nb\n${long}\r\n\n${long}`],
  ['json', '[{"message":"a"},{"message":"b"}]'],
  ['json', '\ufeff \n[ {"message":"]}\\"[{\\\\"} ,\t{"message":"é€😀","fields":{"a":[[],{}]}}\r\n]\n'],
  ['json', '{"message":"a"}'],
  ['json', '{\n "message" : "a"\n}\n{"message":"b"}{"message":"c"}'],
  ['json', '[]'],
  ['json', '[1,"two\\"",null,true,{"message":"e"},[{"message":"f"}],-1.5e3]'],
  ['json', `[{"message":"a"},{"message":"${long}"},"${long}",${'1'.repeat(300)},{"message":"e"}]`],
  ['json', '[{"message":"a"},]'],
  ['json', '[{"message":"a"} {"message":"b"}]'],
  ['json', '[{"message":"a"}'],
  ['json', '[{"message":"a"},{"message":"b'],
  ['json', '[{"message":"a"},tru]'],
  ['json', '[{"message":"a"}]]'],
  ['json', '{"message":"a"},{"message":"b"}'],
  ['json', '[,{"message":"a"}]'],
  ['json', '[{"message":"a"},}'],
  ['json', '"text"'],
  ['json', 'x'],
  ['json', ' '],
]

describe('a body reads the same whole, byte by byte, and cut at every place', () => {
  test.each(fixtures)('%s %j', (format, text) => {
    const bytes = Buffer.from(text)
    const whole = read(format, [bytes])
    expect(whole).toMatchSnapshot()
    for (const [how, pieces] of cuts(bytes)) {
      expect(read(format, pieces), how).toEqual(whole)
      // Told by its looks, in pieces as it is whole.
      expect(read('unknown', pieces), how).toEqual(read('unknown', [bytes]))
    }
  })
})

const jsonText = fc
  .json({ maxDepth: 4 })
  .chain((json) => fc.constantFrom(json, JSON.stringify(JSON.parse(json), undefined, 2)))

function pieces(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b)
  return [...ends, bytes.length].map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end))
}
const places = fc.array(fc.nat(), { maxLength: 8 })

test('an array gives what JSON.parse gives, element by element, in any pieces', () => {
  const element = fc.oneof(
    jsonText,
    fc.record({ message: fc.string({ unit: 'binary' }), fields: fc.object() }).map((value) => JSON.stringify(value)),
  )
  const blank = fc.constantFrom('', ' ', '\n', '\t\r\n')
  fc.assert(
    fc.property(fc.array(fc.tuple(blank, element, blank)), places, (elements, at) => {
      const text = `[${elements.map((parts) => parts.join('')).join(',')}]`
      const values = JSON.parse(text) as unknown[]
      const isEntry = (value: unknown): boolean => {
        const { message, msg } = (value ?? {}) as Record<string, unknown>
        return typeof value === 'object' && !Array.isArray(value) && (message ?? msg ?? null) !== null
      }
      const outcome = read('json', pieces(Buffer.from(text), at), Infinity)
      expect(outcome.broken).toBeUndefined()
      expect(outcome.total).toBe(values.length)
      expect(outcome.messages).toHaveLength(values.filter(isEntry).length)
      const messages = values.filter(isEntry).map((value) => (value as Record<string, unknown>)['message'])
      for (const [index, message] of messages.entries()) {
        // Bytes are what travels: half a character is none.
        if (typeof message === 'string') expect(outcome.messages[index]).toBe(Buffer.from(message).toString())
      }
    }),
    { numRuns: runs },
  )
})

test('a body that JSON.parse refuses is broken, or none of its elements is bad JSON', () => {
  const token = fc.constantFrom(
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '"message"',
    '"a"',
    '1',
    'null',
    ' ',
    '\\',
    '"',
    '{"message":"m"}',
  )
  fc.assert(
    fc.property(fc.array(token, { maxLength: 12 }), places, (tokens, at) => {
      const text = `[${tokens.join('')}`
      let isJson = true
      try {
        JSON.parse(text)
      } catch {
        isJson = false
      }
      expect(read('json', pieces(Buffer.from(text), at), Infinity).broken === undefined).toBe(isJson)
    }),
    { numRuns: 5 * runs },
  )
})

test('NDJSON and lines give what split gives, in any pieces', () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'é', '😀', ' ', '"', '\\', '{', '\u2028', '\r'), maxLength: 12 })
  fc.assert(
    fc.property(fc.array(line), fc.constantFrom('\n', '\r\n'), fc.boolean(), places, (given, ending, ends, at) => {
      const lines = given.map((text) => text.replace(/\r+$/, ''))
      const end = ends && lines.length > 0 ? ending : ''
      const text = Buffer.from(lines.join(ending) + end)
      const expected = text.toString().split('\n')
      if (expected.at(-1) === '') expected.pop()
      const messages = expected.map((one) => one.replace(/\r$/, ''))
      // The last line has no line feed that its return could belong to.
      expect(read('text', pieces(text, at)).messages.map((one) => one.replace(/\r$/, ''))).toEqual(messages)
      const json = Buffer.from(lines.map((message) => JSON.stringify({ message })).join(ending) + end)
      expect(read('ndjson', pieces(json, at), Infinity)).toEqual({ messages: lines, total: lines.length, problems: [] })
    }),
    { numRuns: runs },
  )
})

test('a line of a million bytes that come one by one takes no more memory than a few of it', () => {
  for (const [format, head] of [
    ['ndjson', '{"message":"'],
    ['text', ''],
    ['json', '[{"message":"'],
    ['unknown', '{"message":"'],
  ] as const) {
    const received = new ReceivedEntries({
      defaults: { time: 0, source: 's' },
      maxEntryBytes: 1_000_000,
      rejectsAll: false,
      isTracked: false,
      request: { tracker, requestId: 'r' },
      peer: undefined,
    })
    const reader = bodyReader(format, received, 1_000_000)
    reader.feed(Buffer.from(head))
    const one = Buffer.from('x')
    const before = process.memoryUsage().rss
    let most = 0
    for (let count = 0; count < 2_200_000; count++) {
      reader.feed(one)
      if (reader.heldBytes > most) most = reader.heldBytes
    }
    expect(most, format).toBeLessThan(3_000_000)
    expect(process.memoryUsage().rss - before, format).toBeLessThan(128 * 1024 * 1024)
  }
})

describe('what a body is', () => {
  test.each([
    ['application/json', 'json'],
    ['Application/JSON; charset=UTF-8', 'json'],
    ['application/vnd.kafka+json', 'json'],
    ['application/x-ndjson', 'ndjson'],
    ['application/jsonl;charset="utf-8"', 'ndjson'],
    ['text/plain', 'text'],
    ['application/octet-stream', 'unknown'],
    ['', 'unknown'],
    [undefined, 'unknown'],
  ])('%s says it is %s', (type, format) => {
    expect(formatOfType(type)).toBe(format)
  })

  test.each([
    'text/html',
    'application/xml',
    'multipart/form-data; boundary=x',
    'x',
    'text/plain; charset=utf-16',
    'application/json;charset=iso-8859-1',
  ])('%s is refused, and the reason says what is read', (type) => {
    expect(formatOfType(type)).toMatchObject({ problem: expect.stringMatching(/send (application\/json|UTF-8)/) })
  })

  test.each([
    ['[]', 'json'],
    [' [\n{', 'json'],
    ['[error] it', 'text'],
    ['[2026-01-01] it', 'text'],
    ['{"message":"a"}\n', 'ndjson'],
    ['{"a":"}\n', 'json'],
    ['{"a":"\\""}\r\n', 'ndjson'],
    ['{"a":\n', 'json'],
    ['{\n"a"', 'json'],
    ['{}\n', 'ndjson'],
    ['{"message":"a"}', 'json'],
    ['{oops', 'text'],
    ['"a"', 'text'],
    ['\ufeff[{', 'json'],
    ['', 'ndjson'],
    [' '.repeat(70_000), 'ndjson'],
    [`[${' '.repeat(70_000)}`, 'text'],
    [`{"${'x'.repeat(70_000)}`, 'json'],
  ])('%j looks like %s', (body, format) => {
    const sniffer = new FormatSniffer(1000)
    expect(sniffer.feed(Buffer.from(body)) ?? sniffer.end()).toBe(format)
  })
})
