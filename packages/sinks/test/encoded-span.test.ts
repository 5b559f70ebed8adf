/** Runs of entries written once for several viewers, and not kept for ever. */

import { Batch } from '@logwisp/core'
import { expect, test } from 'vitest'
import { packText, SpanEncoder } from '../src/internal/live/encoded-span.ts'
import { ReplayRing } from '../src/internal/live/replay-ring.ts'
import { viewerFilter } from '../src/internal/live/viewer-filter.ts'
import { packFrames, packLines } from '../src/internal/live/web-socket-frame.ts'

function encoderOf(entries: number, textLength: number) {
  const ring = new ReplayRing({ maxEntries: 1e9, maxBytes: 1e9 }, 'run')
  const bytes = Buffer.from(`${'x'.repeat(textLength)}\n`.repeat(10))
  for (let i = 0; i < entries; i += 10) ring.append([Batch.of({ bytes, source: 'a', time: 0 })])
  const written: string[] = []
  const encoder = new SpanEncoder(ring, (entry, id) => {
    written.push(id)
    return `${id} ${entry.message}é\n`
  })
  return { ring, encoder, written }
}

test('ends a span once it is large enough, at the end, or at a multiple of 512, over the edges of chunks', () => {
  const { encoder } = encoderOf(20, 20_000)
  expect(encoder.at(0, undefined)).toMatchObject({ next: 2, entries: 2 })
  expect(encoder.at(9, undefined)).toMatchObject({ next: 11, entries: 2 })
  expect(encoder.at(19, undefined)).toMatchObject({ next: 20, entries: 1 })
  const small = encoderOf(1100, 10).encoder
  const walk = [3, 512, 1024].map((at) => small.at(at, undefined))
  expect(walk.map(({ next, entries }) => [next, entries])).toEqual([
    [512, 509],
    [1024, 512],
    [1100, 76],
  ])
})

test('looks at no more than 512 entries at once for a filter that lets nothing pass, and keeps few of its spans', () => {
  const { encoder, ring } = encoderOf(1100, 10)
  const filter = viewerFilter(new URLSearchParams('match=never'))
  const elsewhere = viewerFilter(new URLSearchParams('source=elsewhere'))
  for (const none of [filter, elsewhere]) {
    expect([0, 512, 1024].map((at) => encoder.at(at, none).next)).toEqual([512, 1024, ring.next])
    expect(encoder.at(0, none)).toMatchObject({ entries: 0, bytes: Buffer.alloc(0) })
  }
})

test('makes an entry that is larger than a span a span of its own', () => {
  const { encoder } = encoderOf(10, 100_000)
  const { next, bytes } = encoder.at(0, undefined)
  expect([next, bytes.length]).toEqual([1, 100_000 + Buffer.byteLength('run-1 é\n')])
})

test('writes a span once for all who ask, and keeps no more than 2 MiB of spans', () => {
  const { ring, encoder, written } = encoderOf(400, 20_000)
  const walk = (): void => {
    for (let at = 0; at < ring.next; ) at = encoder.at(at, undefined).next
  }
  for (let at = 0; at < 50; ) at = encoder.at(at, undefined).next
  expect(encoder.at(0, undefined)).toBe(encoder.at(0, undefined))
  expect(written).toHaveLength(50)
  walk()
  expect(written).toHaveLength(400)
  // 8 MB: the oldest are gone, the newest 2 MiB are there.
  encoder.at(0, undefined)
  expect(written).toHaveLength(402)
  for (let at = 310; at < ring.next; ) at = encoder.at(at, undefined).next
  expect(written).toHaveLength(402)
})

test.each([
  ['events and lines', packText],
  ['frames', packFrames],
  ['one frame of lines', packLines],
])('a small span keeps no more memory than its bytes (%s)', (_, pack) => {
  // Thousands of them are kept: as slices of Node's pool they would keep 8 KiB each, whatever the limit says.
  const bytes = pack(['{"message":"x"}\n', 'é\n'])
  expect(bytes.buffer.byteLength).toBe(bytes.length)
})

test('counts a span once, for as long as it is kept or waits in a connection', () => {
  const { encoder } = encoderOf(20, 20_000)
  const span = encoder.at(0, undefined)
  const size = encoder.bytes
  expect(size).toBeGreaterThan(40_000)
  for (let connection = 0; connection < 3; connection++) encoder.waits(span)
  expect([encoder.bytes, encoder.keptBytes]).toEqual([size, size])
  expect(encoder.dropOldest()).toBe(true)
  expect([encoder.bytes, encoder.keptBytes]).toEqual([size, 0])
  for (let connection = 0; connection < 2; connection++) encoder.waitsNoMore(span)
  expect(encoder.bytes).toBe(size)
  encoder.waitsNoMore(span)
  expect(encoder.bytes).toBe(0)
  expect(encoder.dropOldest()).toBe(false)
})

test('keeps no span that there is no room for, and gives it all the same', () => {
  const { encoder, written } = encoderOf(20, 20_000)
  const asked: number[] = []
  encoder.makeRoom = (bytes) => {
    asked.push(bytes)
    return false
  }
  const span = encoder.at(0, undefined)
  expect(span.entries).toBe(2)
  expect(asked).toEqual([span.bytes.length + 512])
  expect(encoder.bytes).toBe(0)
  // Another one is written.
  expect(encoder.at(0, undefined)).not.toBe(span)
  expect(written).toHaveLength(4)
  encoder.waits(span)
  expect(encoder.bytes).toBe(span.bytes.length + 512)
  encoder.waitsNoMore(span)
  expect(encoder.bytes).toBe(0)
})
