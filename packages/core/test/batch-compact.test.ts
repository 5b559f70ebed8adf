/** A compacted batch is the same batch, in memory of its own. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Batch, type BatchOrigins } from '../src/index.ts'

const tracker = { acknowledge: () => {} }
const origins: BatchOrigins = { at: (start, end) => ({ tracker, sequence: end, id: `${start}-${end}` }) }

function batchOf(text: string): Batch {
  return Batch.of({ bytes: Buffer.from(text), source: 'a', time: 5, zone: 'utc', origins })
}

test('keeps the lines, their origins and its own, whichever lines were selected and however it is split', () => {
  const line = fc.tuple(
    fc.constantFrom('', 'a', 'ERROR é', '2026-11-21 10:00:00 INFO x'),
    fc.constantFrom('\n', '\r\n'),
  )
  fc.assert(
    fc.property(
      fc.array(fc.tuple(line, fc.boolean())),
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      (lines, cut, open) => {
        const text = lines.map(([parts]) => parts.join('')).join('')
        let index = 0
        const batch = batchOf(open ? `${text}open` : text).select(() => lines[index++]?.[1] ?? true)
        const compacted = batch.compact()
        const same = (one: Batch, other: Batch): void => {
          expect([...one]).toEqual([...other])
          expect(one.toBytes()).toEqual(other.toBytes())
          expect([one.count, one.byteLength, one.time, one.source]).toEqual([
            other.count,
            other.byteLength,
            other.time,
            other.source,
          ])
        }
        same(compacted, batch)
        expect(compacted.origin).toEqual(batch.origin)
        const [heads, tails] = [compacted.split(cut), batch.split(cut)]
        same(heads[0], tails[0])
        same(heads[1], tails[1])
        // The head may cover lines that were dropped after it, never one that is in the tail.
        expect(heads[0].origin).toEqual(tails[0].origin)
        expect(heads[1].origin).toEqual(tails[1].origin)
      },
    ),
  )
})

test('lets the block go that the lines came from', () => {
  const block = batchOf('x\n'.repeat(50_000)).select((start) => start === 40_000)
  expect(block.compact().bytes.buffer.byteLength).toBe(2)
})

test('tells the origin of a line without making its entry', () => {
  const found: unknown[] = []
  const batch = batchOf('a\nbb\n')
  batch.forEachLine((start, _end, next) => found.push(batch.originOf(start, next)?.id))
  expect(found).toEqual(['0-2', '2-5'])
})
