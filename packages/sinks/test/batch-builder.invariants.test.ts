/**
 * Whatever comes, in entries or batches cut anywhere: the batches that are built have every line once and in order, none
 * beyond its limits but an entry that is too long alone, and what they say to acknowledge covers exactly what was added.
 */

import { type Batch, encodeEntryWithId, isBatch, type LogEntry } from '@logwisp/core'
import { RecordingTracker } from '@logwisp/core/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BatchBuilder, type BatchLimits } from '../src/internal/http-client/batch-builder.ts'
import type { PostBatch } from '../src/internal/http-client/post-batch.ts'

const line = fc.oneof(
  fc.string({ maxLength: 30, unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ' ')),
  fc.constant('x'.repeat(300)),
  fc.constant('{"a":[1,"]}"]}'),
)

interface Piece {
  readonly lines: readonly string[]
  readonly as: 'batch' | 'entries' | 'mark' | 'sparse'
  readonly source: number
}

const piece: fc.Arbitrary<Piece> = fc.record({
  lines: fc.array(line, { minLength: 1, maxLength: 12 }),
  as: fc.constantFrom('batch', 'entries', 'mark', 'sparse'),
  source: fc.nat(1),
})

interface Added {
  readonly items: (LogEntry | Batch)[]
  readonly messages: string[]
}

/** What a piece gives to the builder, and the messages that must arrive. */
function itemsOf({ lines, as }: Piece, tracker: RecordingTracker): Added {
  const batch = tracker.batch(lines)
  if (as === 'mark') return { items: [batch.withoutLines()], messages: [] }
  if (as === 'entries') return { items: [...batch], messages: [...lines] }
  if (as === 'batch') return { items: [batch], messages: [...lines] }
  let n = 0
  return { items: [batch.select(() => n++ === 0)], messages: lines.slice(0, 1) }
}

function build(pieces: readonly Piece[], limits: BatchLimits) {
  const trackers = [new RecordingTracker('a'), new RecordingTracker('b')]
  const builder = new BatchBuilder(limits)
  const built: PostBatch[] = []
  const messages: string[] = []
  for (const one of pieces) {
    const added = itemsOf(one, trackers[one.source] as RecordingTracker)
    messages.push(...added.messages)
    for (const item of added.items) {
      for (let left: LogEntry | Batch | undefined = item; left !== undefined; ) {
        left = builder.add(left)
        if (left !== undefined || builder.isFull) built.push(builder.take())
      }
    }
  }
  built.push(builder.take())
  return { built, messages, trackers }
}

const limitsOf = fc.record({
  maxBatchEntries: fc.integer({ min: 1, max: 10 }),
  maxBatchBytes: fc.integer({ min: 20, max: 2000 }),
})

test.each([
  ['json', encodeEntryWithId],
  ['raw', undefined],
])('lines, limits and ways back hold, as %s', (name, encode) => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 15 }), limitsOf, (pieces, bounds) => {
      const { built, messages, trackers } = build(pieces, { ...bounds, encode })
      const arrived: string[] = []
      for (const batch of built) {
        const body = batch.body('lines', 0, batch.entries).toString()
        const lines = body === '' ? [] : body.slice(0, -1).split('\n')
        expect(lines).toHaveLength(batch.entries)
        expect(batch.entries).toBeLessThanOrEqual(bounds.maxBatchEntries)
        if (batch.entries > 1) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(bounds.maxBatchBytes)
        const read = name === 'json' ? lines.map((text) => JSON.parse(text).message as string) : lines
        expect(read).toEqual(read.map((_, index) => batch.entryAt(index).message))
        arrived.push(...read)
        // Any run of entries is a body of its own, and an array of them too.
        const half = batch.entries >> 1
        const parts = [batch.body('lines', 0, half), batch.body('lines', half, batch.entries)]
        expect(Buffer.concat(parts).toString()).toBe(body)
        if (name === 'json' && batch.entries > 0) {
          const array = JSON.parse(batch.body('array', half, batch.entries).toString())
          expect(array).toEqual(lines.slice(half).map((text) => JSON.parse(text)))
        }
      }
      expect(arrived).toEqual(messages)
      let entries = 0
      for (const item of built.flatMap((batch) => [...batch.settled()])) {
        entries += isBatch(item) ? item.count : 1
        item.origin?.tracker.acknowledge(item.origin)
      }
      expect(entries).toBe(messages.length)
      for (const tracker of trackers) {
        expect(tracker.mark).toBe(tracker.end)
        const sequences = tracker.acknowledged.map(({ sequence }) => sequence)
        expect(sequences).toEqual(sequences.toSorted((x, y) => x - y))
      }
    }),
    { seed: 20261121, numRuns: 500 },
  )
})

test('a batch in which entries were rejected acknowledges all, and gives back only the others', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), fc.array(fc.nat(200)), (pieces, picks) => {
      const { built, messages, trackers } = build(pieces, {
        encode: encodeEntryWithId,
        maxBatchEntries: 50,
        maxBatchBytes: 100_000,
      })
      const kept: string[] = []
      const expected: string[] = []
      for (const batch of built) {
        const rejected = new Set(batch.entries === 0 ? [] : picks.map((pick) => pick % batch.entries))
        for (const index of rejected) batch.reject(index)
        expect(batch.rejected).toBe(rejected.size)
        for (let index = 0; index < batch.entries; index++)
          if (!rejected.has(index)) expected.push(batch.entryAt(index).message)
        for (const item of batch.settled()) {
          kept.push(...(isBatch(item) ? [...item] : [item]).map(({ message }) => message))
          item.origin?.tracker.acknowledge(item.origin)
        }
      }
      expect(kept).toEqual(expected)
      expect(kept.length).toBeLessThanOrEqual(messages.length)
      for (const tracker of trackers) expect(tracker.mark).toBe(tracker.end)
    }),
    { seed: 20261121, numRuns: 300 },
  )
})

test('the key is of all ids: the same for the same entries, another when one between differs; random without ids', () => {
  const one = (source: string, lines: readonly string[]): LogEntry[] => new RecordingTracker(source).entries(lines)
  const keyOf = (entries: readonly LogEntry[]): string => {
    const builder = new BatchBuilder({ encode: encodeEntryWithId, maxBatchEntries: 100, maxBatchBytes: 100_000 })
    for (const entry of entries) builder.add(entry)
    return builder.take().key
  }
  const [a, b] = one('a', ['1', '2']) as [LogEntry, LogEntry]
  const [other] = one('b', ['3']) as [LogEntry]
  const [another] = one('c', ['3']) as [LogEntry]
  expect(keyOf([a, other, b])).toBe(keyOf([a, other, b]))
  expect(keyOf([a, other, b])).not.toBe(keyOf([a, another, b]))
  const plain: LogEntry = { time: 0, source: 'a', message: 'm' }
  expect(keyOf([a, plain])).not.toBe(keyOf([a, plain]))
})

test('a few lines of large blocks, and entries cut out of them, keep no block in memory', async () => {
  const { memoryInUse } = await import('@logwisp/core/testing')
  const builder = new BatchBuilder({ encode: encodeEntryWithId, maxBatchEntries: 10_000, maxBatchBytes: 10_000_000 })
  const before = memoryInUse()
  for (let n = 0; n < 100; n++) {
    const batch = new RecordingTracker(`${n}`).batch([`the one ${n}`, 'x'.repeat(1_000_000)])
    let first = 0
    if (n % 2 === 0) builder.add(batch.select(() => first++ === 0))
    else for (const entry of batch.select(() => first++ === 0)) builder.add(entry)
  }
  expect(builder.entries).toBe(100)
  expect(memoryInUse() - before).toBeLessThan(5_000_000)
  expect(builder.take().entries).toBe(100)
})
