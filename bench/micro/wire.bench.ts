/** The wire codec, beside what JavaScript's own JSON would do: which loses large numbers and does not check anything. */

import { decodeEntry, encodeEntry, type LogEntry } from '@logwisp/core'
import { microSuite } from '../harness/micro.ts'
import { sampleLines } from './fixtures.ts'

const count = 500
const perCall = { lines: count }
const defaults = { time: 0, source: 'peer' }

const plain = sampleLines(count).map(
  (message, number): LogEntry => ({
    time: 1_795_255_200_000 + number,
    source: '/var/log/app.log',
    level: 'info',
    message,
  }),
)
const withFields = plain.map((entry, number) => ({
  ...entry,
  fields: { region: 'eu-1', status: 200 + (number % 4), ms: 12.5 },
}))

const encodeAll = (entries: readonly LogEntry[], encode: (entry: LogEntry) => string) => (): number => {
  let length = 0
  for (const entry of entries) length += encode(entry).length
  return length
}
const decodeAll = (texts: readonly string[], decode: (text: string) => { message: string }) => (): number => {
  let length = 0
  for (const text of texts) length += decode(text).message.length
  return length
}

const plainTexts = plain.map(encodeEntry)
const fieldTexts = withFields.map(encodeEntry)
const decode = (text: string): LogEntry => decodeEntry(text, defaults)

await microSuite('wire', [
  { name: 'encodeEntry', perCall, run: encodeAll(plain, encodeEntry) },
  { name: 'JSON.stringify', perCall, run: encodeAll(plain, JSON.stringify) },
  { name: 'encodeEntry, three fields', perCall, run: encodeAll(withFields, encodeEntry) },
  { name: 'JSON.stringify, three fields', perCall, run: encodeAll(withFields, JSON.stringify) },
  { name: 'decodeEntry', perCall, run: decodeAll(plainTexts, decode) },
  { name: 'JSON.parse', perCall, run: decodeAll(plainTexts, JSON.parse) },
  { name: 'decodeEntry, three fields', perCall, run: decodeAll(fieldTexts, decode) },
  { name: 'JSON.parse, three fields', perCall, run: decodeAll(fieldTexts, JSON.parse) },
])
