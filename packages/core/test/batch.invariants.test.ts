/**
 * Whatever is done to a batch (select, split, compact, new origins), its lines are those of the block that were kept, as
 * entries and as bytes; each has its own origin; and what an acknowledgement of the batch covers is its own lines and
 * what was dropped around them, never a line of another part. For any bytes: CRLF, empty, unterminated, not UTF-8.
 */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Batch, type BatchOrigins, isBatch, type Origin, type OriginTracker, RunList } from '../src/index.ts'

const tracker: OriginTracker = { acknowledge: () => {} }
const origins: BatchOrigins = {
  at: (start, end): Origin => ({ tracker, sequence: end, id: start === end ? `at ${end}` : `line ${start}` }),
}

interface Line {
  readonly content: Buffer
  readonly start: number
  readonly next: number
}

/** The lines of a block, found the plain way. */
function linesOf(bytes: Buffer): Line[] {
  const lines: Line[] = []
  for (let start = 0; start < bytes.length; ) {
    let next = start
    while (next < bytes.length && bytes[next] !== 10) next++
    const ended = next < bytes.length
    const end = ended && next > start && bytes[next - 1] === 13 ? next - 1 : next
    lines.push({ content: bytes.subarray(start, end), start, next: ended ? next + 1 : next })
    start = ended ? next + 1 : next
  }
  return lines
}

const content = fc.oneof(
  { weight: 3, arbitrary: fc.string({ maxLength: 12 }).map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }).map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(Buffer.from('\r'), Buffer.from('a\rb\r'), Buffer.from([0xe2, 0x82]), Buffer.alloc(0)),
  },
)
const lineEnding = fc.constantFrom('\n', '\n', '\r\n')
const block = fc
  .tuple(fc.array(fc.tuple(content, lineEnding), { maxLength: 30 }), fc.boolean())
  .map(([lines, open]) => {
    const bytes = Buffer.concat(lines.flatMap(([text, ending]) => [text, Buffer.from(ending)]))
    return open && bytes.length > 0 ? bytes.subarray(0, bytes.length - 1) : bytes
  })

const step = fc.oneof(
  fc.record({ do: fc.constant('select' as const), keep: fc.infiniteStream(fc.boolean()) }),
  fc.record({ do: fc.constant('runs' as const), keep: fc.infiniteStream(fc.boolean()) }),
  fc.record({ do: fc.constant('head' as const), count: fc.integer({ min: 0, max: 20 }) }),
  fc.record({ do: fc.constant('tail' as const), count: fc.integer({ min: 0, max: 10 }) }),
  fc.record({ do: fc.constant('compact' as const) }),
  fc.record({ do: fc.constant('origins' as const) }),
)

function check(batch: Batch, lines: readonly Line[], moved: number): void {
  const messages = lines.map((line) => line.content.toString('utf8'))
  expect(isBatch(batch)).toBe(true)
  expect(batch.count).toBe(lines.length)
  const entries = [...batch]
  expect(entries.map(({ message }) => message)).toEqual(messages)
  // The last one also covers what was dropped behind it.
  const covered = lines.map(({ next }, index) => (index < lines.length - 1 ? next + moved : batch.origin?.sequence))
  expect(entries.map(({ origin }) => origin?.sequence)).toEqual(covered)
  expect(entries.map(({ origin }) => origin?.id)).toEqual(lines.map(({ start }) => `line ${start}`))
  const asked: string[] = []
  batch.forEachLine((start, end, next) => {
    asked.push(batch.message(start, end))
    expect(batch.entry(start, end, next).message).toBe(batch.message(start, end))
  })
  expect(asked).toEqual(messages)
  expect(batch.toBytes()).toEqual(Buffer.concat(lines.flatMap((line) => [line.content, Buffer.from('\n')])))
  let length = 0
  let last = -1
  batch.forEachRun((start, end) => {
    expect(start).toBeGreaterThan(last)
    expect(end).toBeGreaterThan(start)
    length += end - start
    last = end
  })
  expect(batch.byteLength).toBe(length)
}

test('holds for any block and any chain of steps', () => {
  fc.assert(
    fc.property(block, fc.array(step, { maxLength: 6 }), (bytes, steps) => {
      let batch = Batch.of({ bytes, source: 's', time: 7, origins })
      let lines = linesOf(bytes)
      let moved = 0
      // What an acknowledgement may cover at most.
      let most = bytes.length
      check(batch, lines, moved)
      for (const one of steps) {
        if (one.do === 'select') {
          const keep = [...one.keep.take(lines.length)]
          let n = 0
          batch = batch.select(() => keep[n++] as boolean)
          lines = lines.filter((_, index) => keep[index])
        } else if (one.do === 'runs') {
          const keep = [...one.keep.take(lines.length)]
          const runs = new RunList()
          let n = 0
          batch.forEachLine((start, _end, next) => {
            if (keep[n++]) runs.add(start, next)
          })
          batch = batch.withRuns(runs)
          lines = lines.filter((_, index) => keep[index])
        } else if (one.do === 'compact') batch = batch.compact()
        else if (one.do === 'origins') {
          batch = batch.withOrigins((origin) => ({ ...origin, sequence: origin.sequence + 1000 }))
          moved += 1000
          most += 1000
        } else {
          const [head, tail] = batch.split(one.count)
          const [own, others] = [lines.slice(0, one.count), lines.slice(one.count)]
          check(head, own, moved)
          check(tail, others, moved)
          expect(head.origin?.sequence ?? 0).toBeLessThanOrEqual(tail.origin?.sequence ?? 0)
          if (one.do === 'head') {
            most = Math.min(most, (others[0]?.start ?? Infinity) + moved)
            batch = head
            lines = own
          } else {
            batch = tail
            lines = others
          }
        }
        check(batch, lines, moved)
        const covered = batch.origin?.sequence ?? 0
        const own = lines.at(-1)
        if (own !== undefined) expect(covered).toBeGreaterThanOrEqual(own.next + moved)
        expect(covered).toBeLessThanOrEqual(most)
      }
      const nothing = batch.withoutLines()
      check(nothing, [], moved)
      expect(nothing.origin?.sequence).toBe(batch.origin?.sequence)
      expect(nothing.bytes).toHaveLength(0)
    }),
    { numRuns: 1000, seed: 11 },
  )
})

test('a batch without origins has none, whatever is done to it', () => {
  const batch = Batch.of({ bytes: Buffer.from('a\nb\n'), source: 's', time: 7 })
  const [head, tail] = batch.split(1)
  for (const one of [batch, head, tail, batch.compact(), batch.withoutLines(), batch.withOrigins((origin) => origin)]) {
    expect(one.origin).toBeUndefined()
    for (const entry of one) expect(entry.origin).toBeUndefined()
  }
})

test('keeps time, source and zone through every step', () => {
  const bytes = Buffer.from('2026-11-21 10:00:00 INFO a\nno time\n2026-11-21 10:00:01 WARN b\n')
  const batch = Batch.of({ bytes, source: 'app', time: 7, zone: 'utc' })
  const all = [...batch]
  expect(all.map(({ time }) => time)).toEqual([Date.UTC(2026, 10, 21, 10), 7, Date.UTC(2026, 10, 21, 10, 0, 1)])
  expect(all.map(({ level }) => level)).toEqual(['info', undefined, 'warn'])
  let n = 0
  const kept = batch.select(() => n++ !== 1).compact()
  expect([...kept]).toEqual([all[0], all[2]])
  expect(kept.withoutLines()).toMatchObject({ source: 'app', time: 7, count: 0 })
})
