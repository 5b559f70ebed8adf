/** The ring against a model: an array of everything that came. */

import { Batch, type LogEntry } from '@logwisp/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReplayRing } from '../src/internal/live/replay-ring.ts'
import { forEachEntry } from '../src/internal/live/ring-chunk.ts'
import { viewerFilter } from '../src/internal/live/viewer-filter.ts'

const tracker = { acknowledge: () => {} }
let line = 0

function batchOf(lines: number, { kept = lines, text = 'INFO a line of a usual length', ids = true } = {}): Batch {
  const from = line
  const bytes = Buffer.from(Array.from({ length: lines }, () => `${text} ${line++}\n`).join(''))
  const origins = { at: (start: number) => ({ tracker, sequence: from + start, id: `file:${from}:${start}` }) }
  const batch = Batch.of({ bytes, source: 'file', time: 1, ...(ids && { origins }) })
  let index = 0
  return batch.select(() => index++ < kept)
}

function entryOf(id?: string): LogEntry {
  const entry = { time: 1, source: 'app', message: `a message of its own, number ${line++}` }
  return id === undefined ? entry : { ...entry, origin: { tracker, sequence: line, id } }
}

/** All that the ring serves from a sequence on, as messages and ids. */
function served(ring: ReplayRing, from = ring.first): [string, string][] {
  const all: [string, string][] = []
  for (let at = from; at < ring.next; ) {
    at = forEachEntry(
      ring.chunkAt(at),
      at,
      (entry, sequence) => all.push([entry.message, ring.idOf(entry, sequence)]) > 0,
    )
  }
  return all
}

test('serves the newest entries, all of them in order, and goes on after any id, whatever came', () => {
  const item = fc.oneof(
    fc
      .record({ lines: fc.integer({ min: 0, max: 40 }), kept: fc.nat(40), ids: fc.boolean() })
      .map((wish) => () => batchOf(wish.lines, wish)),
    fc.constantFrom(undefined, 'id').map((id) => () => entryOf(id === undefined ? undefined : `${id} ${line}`)),
  )
  fc.assert(
    fc.property(
      fc.array(fc.array(item, { maxLength: 6 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 200 }),
      (rounds, maxEntries) => {
        const ring = new ReplayRing({ maxEntries, maxBytes: 100_000 }, 'run')
        const model: string[] = []
        for (const round of rounds) {
          const items = round.map((make) => make())
          ring.append(items)
          for (const one of items)
            model.push(...(one instanceof Batch ? [...one] : [one]).map(({ message }) => message))
          expect(ring.next).toBe(model.length)
          expect(ring.next - ring.first).toBeLessThanOrEqual(maxEntries)
          expect(served(ring).map(([message]) => message)).toEqual(model.slice(ring.first))
        }
        const all = served(ring)
        const ids = all.map(([, id]) => id)
        expect(new Set(ids).size).toBe(ids.length)
        for (const [index, id] of ids.entries()) {
          expect(ring.after(id)).toBe(ring.first + index + 1)
          expect(ring.idBefore(ring.first + index + 1)).toBe(id)
        }
      },
    ),
  )
})

test('keeps to its bound in entries exactly, within a batch too', () => {
  const ring = new ReplayRing({ maxEntries: 10, maxBytes: 10_000_000 }, 'run')
  ring.append([batchOf(7), batchOf(100)])
  expect(served(ring)).toHaveLength(10)
})

test('keeps to its bound in bytes, and always keeps what came last', () => {
  const ring = new ReplayRing({ maxEntries: 1e9, maxBytes: 1_000_000 }, 'run')
  for (let i = 0; i < 500; i++) {
    ring.append([batchOf(300), entryOf()])
    expect(ring.bytes).toBeLessThanOrEqual(1_000_000)
  }
  expect(ring.next - ring.first).toBeGreaterThan(5000)
  ring.append([batchOf(1, { text: 'x'.repeat(3_000_000) })])
  expect(served(ring)).toHaveLength(1)
  ring.append([entryOf()])
  expect(served(ring)).toHaveLength(1)
  expect(ring.bytes).toBeLessThanOrEqual(1_000_000)
})

test('keeps few lines of a block without the block', () => {
  const ring = new ReplayRing({ maxEntries: 1e9, maxBytes: 1_000_000 }, 'run')
  for (let i = 0; i < 500; i++) ring.append([batchOf(1500, { kept: 2 })])
  // 500 blocks of 60 kB; without their own copy the ring would hold 8 of them.
  expect(ring.next - ring.first).toBe(1000)
})

test('takes no entry from a batch without lines', () => {
  const ring = new ReplayRing({ maxEntries: 10, maxBytes: 1_000_000 }, 'run')
  ring.append([batchOf(5).withoutLines()])
  expect([ring.next, ring.bytes]).toEqual([0, 0])
})

test('gives ids that survive as a header: printable ASCII without spaces, different for different origins', () => {
  const odd = ['/var/log/ü.log:1', 'a b', 'a%20b', 'a\nb', 'a\0b', ' a', '\ud800', '%']
  const ring = new ReplayRing({ maxEntries: 100, maxBytes: 1_000_000 }, 'run')
  ring.append(odd.map((id) => entryOf(id)))
  const ids = served(ring).map(([, id]) => id)
  for (const id of ids) expect(id).toMatch(/^[\x21-\x7e]+$/)
  expect(new Set(ids).size).toBe(odd.length)
  expect(ids.map((id) => ring.after(id))).toEqual(odd.map((_, index) => index + 1))
})

test('knows how many entries lie between an id of its own and its oldest entry, and nothing of other ids', () => {
  const ring = new ReplayRing({ maxEntries: 10, maxBytes: 1_000_000 }, 'run')
  for (let i = 0; i < 50; i++) ring.append([entryOf()])
  expect(ring.after('run-20')).toBe(20)
  expect(ring.first).toBe(40)
  for (const id of ['run-51', 'run--1', 'run-x', 'other-3', 'run-', '']) expect(ring.after(id)).toBeUndefined()
})

test('finds where the last so many entries begin, with a filter and without', () => {
  const ring = new ReplayRing({ maxEntries: 100, maxBytes: 1_000_000 }, 'run')
  ring.append([
    batchOf(30, { text: 'WARN w' }),
    batchOf(30, { text: 'INFO i' }),
    batchOf(5, { text: 'WARN w' }),
    batchOf(9),
  ])
  const filter = viewerFilter(new URLSearchParams('level=warn'))
  expect(ring.backlogStart(0, undefined)).toBe(74)
  expect(ring.backlogStart(5, undefined)).toBe(69)
  expect(ring.backlogStart(500, undefined)).toBe(0)
  expect(ring.backlogStart(0, filter)).toBe(74)
  expect(ring.backlogStart(5, filter)).toBe(60)
  expect(ring.backlogStart(6, filter)).toBe(29)
  expect(ring.backlogStart(500, filter)).toBe(0)
})
