/**
 * A bounded queue gives out what it kept in the order it came, holds exactly as many entries as it may and no more bytes
 * (but for one item that is larger than that alone), and whatever is not in it was handed back: for any puts and takes.
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { entryOverheadBytes, entrySize } from '../src/entry-size.ts'
import { type Batch, isBatch, type LogEntry } from '../src/index.ts'
import { BoundedQueue, entriesOf, type WhenFull } from '../src/internal/bounded-queue.ts'
import { RecordingTracker } from '../src/testing.ts'

type Item = LogEntry | Batch

const messages = (items: readonly Item[]): string[] =>
  items.flatMap((item) => (isBatch(item) ? [...item] : [item])).map(({ message }) => message)

const linesOf = (count: number, from: number): string[] => Array.from({ length: count }, (_, i) => `line ${from + i}`)

/** What is done: take, put an entry, put a batch, put part of a batch (the rest filtered out), put a mark. */
const action = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'take' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'entry' as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('batch' as const), count: fc.integer({ min: 1, max: 12 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('part' as const),
      count: fc.integer({ min: 1, max: 30 }),
      every: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'mark' as const }) },
)

describe.each(['block', 'drop-newest', 'drop-oldest'] as const)('with whenFull: %s', (whenFull: WhenFull) => {
  test('loses nothing unsaid, keeps order and bounds', () => {
    fc.assert(
      fc.property(
        fc.array(action, { maxLength: 80 }),
        fc.integer({ min: 1, max: 25 }),
        fc.integer({ min: 1, max: 1200 }),
        (actions, maxEntries, maxBytes) => {
          const queue = new BoundedQueue({ maxEntries, maxBytes, whenFull })
          const tracker = new RecordingTracker()
          let made = 0
          const put: string[] = []
          const out: string[] = []
          const taken: string[] = []
          const add = (item: Item): void => {
            put.push(...messages([item]))
            const roomBefore = maxEntries - queue.entries
            const overflow = queue.put(item)
            const gone = messages(overflow?.out ?? [])
            out.push(...gone)
            if (overflow === undefined) return
            if (whenFull === 'drop-oldest') {
              // The newest is always in.
              expect(messages([item]).at(-1)).toBe(messages([overflow.kept as Item]).at(-1))
            } else if (overflow.kept !== undefined) {
              // As much as there was room for.
              expect(entriesOf(overflow.kept)).toBe(roomBefore)
              expect([...messages([overflow.kept]), ...gone]).toEqual(messages([item]))
            } else expect(gone).toEqual(messages([item]))
          }
          for (const step of actions) {
            if (step.kind === 'take') taken.push(...messages([queue.take()].filter((item) => item !== undefined)))
            else if (step.kind === 'entry') add(tracker.entries(linesOf(1, made++))[0] as LogEntry)
            else if (step.kind === 'mark') add(tracker.batch(['dropped']).withoutLines())
            else {
              const batch = tracker.batch(linesOf(step.count, made))
              made += step.count
              let n = 0
              add(step.kind === 'part' ? batch.select(() => n++ % step.every === 0) : batch)
            }
            expect(queue.entries).toBeLessThanOrEqual(maxEntries)
            expect(queue.entries).toBe(put.length - out.length - taken.length)
            if (queue.isEmpty) expect(queue.bytes).toBe(0)
          }
          const rest: Item[] = []
          for (let bytes = queue.bytes, item = queue.take(); item !== undefined; item = queue.take()) {
            // Alone it may be larger, in company it may not.
            if (!queue.isEmpty) expect(bytes).toBeLessThanOrEqual(maxBytes)
            rest.push(item)
            bytes = queue.bytes
          }
          taken.push(...messages(rest))
          const lost = new Set(out)
          expect(taken).toEqual(put.filter((message) => !lost.has(message)))
          expect(new Set([...taken, ...out]).size).toBe(put.length)
        },
      ),
      { numRuns: 400, seed: 7 },
    )
  })
})

const entry = (message: string): LogEntry => ({ time: 0, source: 's', message })
const unbounded = { maxEntries: Infinity, maxBytes: 1_000_000 }

test('holds exactly as many entries as it may, and one more is out', () => {
  for (const whenFull of ['block', 'drop-newest'] as const) {
    const queue = new BoundedQueue({ maxEntries: 3, maxBytes: 10_000, whenFull })
    for (const message of ['a', 'b', 'c']) expect(queue.put(entry(message))).toBeUndefined()
    expect(queue.put(entry('d'))).toEqual({ kept: undefined, out: [entry('d')] })
  }
  const queue = new BoundedQueue({ maxEntries: 3, maxBytes: 10_000, whenFull: 'drop-oldest' })
  for (const message of ['a', 'b', 'c']) expect(queue.put(entry(message))).toBeUndefined()
  expect(queue.put(entry('d'))).toEqual({ kept: entry('d'), out: [entry('a')] })
})

test('holds exactly as many bytes as it may, and one more is out', () => {
  const size = entryOverheadBytes + 10
  const queue = new BoundedQueue({ maxEntries: Infinity, maxBytes: 3 * size, whenFull: 'drop-newest' })
  for (let i = 0; i < 3; i++) expect(queue.put(entry('0123456789'))).toBeUndefined()
  expect(queue.bytes).toBe(3 * size)
  expect(queue.put(entry(''))).toMatchObject({ kept: undefined })
  queue.take()
  expect(queue.put(entry('0123456789a'))).toMatchObject({ kept: undefined })
  expect(queue.put(entry('0123456789'))).toBeUndefined()
})

test('lets an item in alone that is larger than the bound, so that nothing waits for ever', () => {
  for (const whenFull of ['block', 'drop-newest', 'drop-oldest'] as const) {
    const queue = new BoundedQueue({ maxEntries: 10, maxBytes: 100, whenFull })
    expect(queue.put(entry('x'.repeat(1000)))).toBeUndefined()
    queue.take()
    expect(queue.bytes).toBe(0)
  }
})

test('counts the block of a batch once, however often the batch is split', () => {
  const queue = new BoundedQueue({ ...unbounded, whenFull: 'block' })
  const batch = new RecordingTracker().batch(linesOf(100, 0))
  const [first, rest] = batch.split(60)
  queue.put(first)
  queue.put(rest)
  expect(queue.bytes).toBe(entrySize(batch))
  queue.take()
  expect(queue.bytes).toBe(entrySize(batch))
  queue.take()
  expect(queue.bytes).toBe(0)
})

test('lets the rest of a batch in when its block is in already', () => {
  const batch = new RecordingTracker().batch(linesOf(100, 0))
  const queue = new BoundedQueue({ maxEntries: 80, maxBytes: entrySize(batch), whenFull: 'block' })
  const rest = queue.put(batch)?.out[0] as Batch
  expect(rest.count).toBe(20)
  const one = queue.take() as Batch
  const [first, second] = one.split(60)
  expect(queue.put(first)).toBeUndefined()
  expect(queue.put(second)).toBeUndefined()
  expect(queue.entries).toBe(80)
})

test('keeps the marks of two sources apart', () => {
  const queue = new BoundedQueue({ maxEntries: 1, maxBytes: 1000, whenFull: 'block' })
  const [a, b] = [new RecordingTracker('a'), new RecordingTracker('b')]
  for (const tracker of [a, a, b, b, a]) queue.put(tracker.batch(['x']).withoutLines())
  const marks = [queue.take(), queue.take(), queue.take()].map((item) => item?.origin)
  expect(marks.map((origin) => [origin?.tracker, origin?.sequence])).toEqual([
    [a, 4],
    [b, 4],
    [a, 6],
  ])
})

test('keeps no block for a few lines of it', () => {
  const queue = new BoundedQueue({ ...unbounded, whenFull: 'block' })
  const batch = new RecordingTracker().batch(linesOf(1000, 0))
  let n = 0
  const few = batch.select(() => n++ % 500 === 0)
  queue.put(few)
  expect(queue.bytes).toBeLessThan(200)
  const kept = queue.take() as Batch
  expect(messages([kept])).toEqual(['line 0', 'line 500'])
  expect(kept.origin?.sequence).toBe(batch.origin?.sequence)
})

test('does not fill up with marks of a filter that drops everything', () => {
  const queue = new BoundedQueue({ maxEntries: 1, maxBytes: 1000, whenFull: 'block' })
  const tracker = new RecordingTracker()
  for (let i = 0; i < 10_000; i++) expect(queue.put(tracker.batch(['x']).withoutLines())).toBeUndefined()
  expect((queue.take() as Batch).origin?.sequence).toBe(tracker.end)
  expect(queue.isEmpty).toBe(true)
})

test('takes as long for the last entry as for the first', () => {
  const queue = new BoundedQueue({ maxEntries: Infinity, maxBytes: 1_000_000_000, whenFull: 'block' })
  const one = entry('x')
  for (let i = 0; i < 300_000; i++) queue.put(one)
  const started = process.hrtime.bigint()
  while (queue.take() !== undefined);
  // Moving the whole array at each take would be minutes.
  expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(5_000)
  expect(queue.bytes).toBe(0)
})

describe('the size of an entry', () => {
  test('is its text in UTF-8 and its fields', () => {
    expect(entrySize(entry(''))).toBe(entryOverheadBytes)
    expect(entrySize(entry('é€'))).toBe(entryOverheadBytes + 5)
    const fields = { user: 'ada', n: 1, nested: { list: ['ab', null, true] }, raw: Buffer.alloc(100) }
    const size = entrySize({ ...entry(''), fields })
    expect(size).toBeGreaterThan(entryOverheadBytes + 'useradannestedlistabraw'.length + 100)
    expect(size).toBeLessThan(entryOverheadBytes + 250)
  })
  test('is found for fields that hold themselves', () => {
    const fields: Record<string, unknown> = { name: 'loop' }
    fields['self'] = fields
    fields['again'] = [fields, fields]
    expect(entrySize({ ...entry(''), fields })).toBeGreaterThan(entryOverheadBytes)
  })
})
