/** Every branch gets every entry in order, or says that it did not; and a source hears only what is safe everywhere. */

import { PassThrough, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import {
  type Batch,
  EntryReadable,
  EntryWritable,
  entryTransform,
  fanOut,
  isBatch,
  type LogEntry,
  type Origin,
} from '../src/index.ts'

class Collector extends EntryWritable {
  readonly items: (LogEntry | Batch)[] = []
  protected override consume(items: readonly (LogEntry | Batch)[]): void {
    this.items.push(...items)
  }
  get messages(): string[] {
    return this.items.flatMap((item) => (isBatch(item) ? [...item].map((entry) => entry.message) : [item.message]))
  }
}

const entries = (count: number) => Array.from({ length: count }, (_, i) => ({ time: i, source: 't', message: `${i}` }))

test('gives every entry to every branch in order', async () => {
  const a = new Collector()
  const b = new Collector()
  const out = fanOut([a, [entryTransform({ entry: (e) => (Number(e.message) % 2 ? e : undefined) }), b]])
  await pipeline(Readable.from(entries(1000)), out)
  expect(a.messages).toEqual(entries(1000).map((e) => e.message))
  expect(b.messages).toHaveLength(500)
  expect(out.stats).toMatchObject({ entriesIn: 1000, entriesOut: 1000, entriesHeld: 0 })
})
