/** Texts and bytes that programs stumble over. */

import type { Random } from './random.ts'

const oddTexts = [
  '',
  ' ',
  '\t',
  '\u0000',
  '\u2028\u2029',
  '\ufeff',
  '\u202egnirts',
  'Ж中🛒é',
  '\ud800',
  '"\\/\b\f',
  '\\u0000\\ud800',
  '__proto__',
  'constructor',
  '%00%0d%0a',
  '${7*7}',
  '\u001b[2J',
  'ACK 1',
  'LOGWISP/1 {"ok":true}',
  'data: x',
  'a'.repeat(300),
  '{"message":"inner"}',
] as const

/** A text without line breaks that is well-formed Unicode, and so comes back as it went. */
export function plainPayload(random: Random): string {
  const text = Array.from({ length: random.integer(0, 3) }, () => random.pick(oddTexts)).join('')
  // A lone surrogate has no UTF-8, a byte order mark may be cut, and what ends a line would end it.
  return Buffer.from(text)
    .toString()
    .replaceAll(/[\u0000-\u001f\ufeff\ufffd]/g, '.')
}

/** A text with anything that JSON can carry. */
export function jsonPayload(random: Random): string {
  const text = Array.from({ length: random.integer(0, 3) }, () => random.pick(oddTexts)).join('')
  return text + (random.percent(10) ? '\r\n\n' : '')
}

/** Texts that are no JSON object with a message, each on one line. */
export function brokenJson(random: Random): string {
  return random.weighted<() => string>([
    [3, () => random.pick(brokenTexts)],
    [2, () => '{"message":"cut off'.slice(0, random.integer(1, 19))],
    [1, () => nested(random.integer(101, 3000), random.pick(['[', '{"a":']))],
    [1, () => `{"message":${nested(random.integer(120, 2000), '[')}`],
    [1, () => `{"message":"x","n":${'9'.repeat(random.integer(1, 20))}e}`],
    [2, () => JSON.stringify(random.pick(noEntries))],
  ])()
}

const brokenTexts = [
  '{',
  '}',
  '[',
  ']',
  '{]',
  '{"message":}',
  "{'message':'x'}",
  '{"message":"a" "b"}',
  '{"message":"a",}',
  '{message:"a"}',
  '{"message":"\\x"}',
  '{"message":"\\u12"}',
  '{"message":"a"}}',
  '{"message":"a"}{"message":"b"}',
  '{"message":"a"} x',
  '{"message":01}',
  '{"message":+1}',
  '{"message":.5}',
  '{"message":NaN}',
  '{"message":-}',
  '{"message":tru}',
  '{"message":"a\tb"}',
  '{"message"',
  '{"message":"a","time":',
  '// {"message":"a"}',
] as const

const noEntries = [null, true, 1, 'text', [], {}, { fields: {} }, { message: null }, { Message: 'x' }] as const

function nested(depth: number, open: string): string {
  return open.repeat(depth)
}

/** Bytes that are no UTF-8, without line feeds. */
export function tornUtf8(random: Random): Buffer {
  return Buffer.from(random.pick(tornSequences))
}

const tornSequences = [
  [0xc3],
  [0xe4, 0xb8],
  [0xf0, 0x9f, 0x9b],
  [0x80],
  [0xc0, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xff, 0xfe],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
] as const

/** The names under which other programs write an entry's text, time and level. */
export function entryJson(random: Random, text: string): string {
  const members = [`"${random.pick(['message', 'msg'])}":${JSON.stringify(text)}`]
  if (random.percent(40)) members.push(`"time":${random.pick(times)}`)
  if (random.percent(40)) members.push(`"level":${random.pick(levels)}`)
  if (random.percent(20)) members.push(`"source":${JSON.stringify(random.pick(oddTexts))}`)
  if (random.percent(20)) members.push(`"fields":${random.pick(fields)}`)
  if (random.percent(10)) members.push(`${JSON.stringify(random.pick(oddTexts))}:${random.pick(fields)}`)
  if (random.percent(30)) members.reverse()
  return `{${members.join(random.pick([',', ' , ', ',\t']))}}`
}

const times = [
  '"2026-01-31T23:59:59.999Z"',
  '1700000000',
  '1700000000000.5',
  '1e400',
  '"yesterday"',
  'null',
  '-1',
  '{}',
]
const levels = ['"info"', '"WARNING"', '30', '"audit"', 'null', '[]', '1e99', '""']
const fields = [
  '{}',
  '{"a":1}',
  '{"__proto__":{"polluted":true}}',
  '{"a":123456789012345678901234567890}',
  '{"a":[[[[[[[[1]]]]]]]]}',
  '"no object"',
  '[1,2,3]',
  '{"constructor":{"prototype":{"polluted":1}}}',
  `${'{"a":'.repeat(90)}1${'}'.repeat(90)}`,
] as const
