/** Whatever is written at a time, the bytes come out whole, in order, and cut between entries only. */

import { Batch, isBatch, type LogEntry } from '@logwisp/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Outgoing } from '../src/internal/file/outgoing.ts'

const message = fc.stringMatching(/^[a-zé\n😀]{0,12}$/u)
const line = message.map((text) => text.replaceAll('\n', ' '))
const entryItem = message.map((text): LogEntry => ({ time: 1, source: 's', message: text }))
const batchItem = fc
  .tuple(fc.array(line, { maxLength: 6 }), fc.constantFrom('\n', '\r\n'), fc.boolean())
  .map(([lines, ending, isClosed]) => {
    const text = lines.join(ending) + (isClosed && lines.length > 0 ? ending : '')
    return Batch.of({ bytes: Buffer.from(text), source: 's', time: 1 })
  })
const items = fc.array(fc.oneof(entryItem, batchItem), { maxLength: 12 })

const textsOf = (item: LogEntry | Batch): string[] =>
  (isBatch(item) ? [...item] : [item]).map((entry) => `${entry.message}\n`)

test.each([
  ['raw', undefined],
  ['formatted', (entry: LogEntry) => entry.message],
])('a random queue, written in random portions, gives its items back in order: %s', (_name, format) => {
  fc.assert(
    fc.property(items, fc.infiniteStream(fc.integer({ min: 0, max: 40 })), (given, rooms) => {
      const outgoing = new Outgoing(format)
      const entries = given.flatMap(textsOf)
      const ends = new Set([0])
      for (let at = 0, i = 0; i < entries.length; i++) ends.add((at += Buffer.byteLength(entries[i] as string)))
      const waiting = [...given]
      const written: Buffer[] = []
      const done: (LogEntry | Batch)[] = []
      let at = 0
      while (waiting.length > 0 || !outgoing.isEmpty) {
        const room = rooms.next().value as number
        for (const item of waiting.splice(0, room % 4)) outgoing.add(item)
        const fitting = outgoing.load(room)
        expect(fitting.bytes).toBeLessThanOrEqual(room)
        const load = fitting.bytes === 0 ? outgoing.first() : fitting
        expect(Buffer.concat(load.buffers)).toHaveLength(load.bytes)
        written.push(...load.buffers)
        at += load.bytes
        expect(ends).toContain(at)
        done.push(...outgoing.advance(load.bytes))
        // What is done is written, to its last byte.
        expect(done.flatMap(textsOf).join('').length).toBeLessThanOrEqual(Buffer.concat(written).toString().length)
      }
      expect(Buffer.concat(written).toString()).toBe(entries.join(''))
      expect(done).toEqual(given)
      expect(outgoing.heldBytes).toBe(0)
    }),
    { numRuns: 500 },
  )
})

test('of a write that stopped anywhere, the whole entries count', () => {
  const outgoing = new Outgoing()
  outgoing.add({ time: 1, source: 's', message: 'two\nlines' })
  outgoing.add({ time: 1, source: 's', message: 'é' })
  outgoing.add(Batch.of({ bytes: Buffer.from('a\nbc\n'), source: 's', time: 1 }))
  outgoing.load(Infinity)
  const whole = Array.from({ length: 19 }, (_, bytes) => outgoing.wholeEntries(bytes))
  expect(whole).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 10, 10, 13, 13, 15, 15, 15, 18])
})
