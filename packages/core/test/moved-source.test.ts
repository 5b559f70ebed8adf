/** A stage that is moved from one consumer to another while it flows: nothing is lost, nothing comes twice, the order stays. */

import { PassThrough, type Writable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Batch, EntryWritable, entryTransform, isBatch, type LogEntry, memoryBuffer } from '../src/index.ts'
import { givingSource, RecordingTracker } from '../src/testing.ts'

/** Takes batches, or entries, at a pace of its own. */
class Consumer extends EntryWritable {
  readonly #seen: string[]
  readonly #turns: number
  constructor(seen: string[], turns: number) {
    super()
    this.#seen = seen
    this.#turns = turns
  }
  protected override consume(items: readonly (LogEntry | Batch)[]): void | Promise<void> {
    for (const item of items) for (const { message } of isBatch(item) ? item : [item]) this.#seen.push(message)
    if (this.#turns > 0) return turns(this.#turns)
  }
}

/** The same as a stream that knows nothing of batches. */
function plainConsumer(seen: string[], pace: number): Writable {
  const stream = new PassThrough({ objectMode: true, highWaterMark: 1 + (pace % 5) })
  stream.on('data', (entry: LogEntry) => {
    expect(isBatch(entry)).toBe(false)
    seen.push(entry.message)
  })
  return stream
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}

const move = fc.record({
  takesBatches: fc.boolean(),
  /** How slowly it takes. */
  pace: fc.integer({ min: 0, max: 3 }),
  /** How long it is attached, and how long nobody is after it. */
  attachedTurns: fc.integer({ min: 0, max: 6 }),
  pausedTurns: fc.integer({ min: 0, max: 4 }),
})

const through = {
  'a source': (source: ReturnType<typeof givingSource>) => source,
  'a filter behind it': (source: ReturnType<typeof givingSource>) =>
    source.pipe(entryTransform({ entry: (entry) => entry, batch: (batch) => batch })),
  'a buffer behind it': (source: ReturnType<typeof givingSource>) => source.pipe(memoryBuffer()),
} as const

test.each(Object.entries(through))('%s', async (_, join) => {
  await fc.assert(
    fc.asyncProperty(fc.array(move, { minLength: 1, maxLength: 12 }), async (moves) => {
      const tracker = new RecordingTracker()
      const lines = Array.from({ length: 3000 }, (_, n) => `line ${n}`)
      const items: (LogEntry | Batch)[] = []
      for (let from = 0; from < lines.length; from += 40) {
        const part = lines.slice(from, from + 40)
        if (from % 3 === 0) items.push(...tracker.entries(part))
        else items.push(tracker.batch(part))
      }
      const seen: string[] = []
      const stage = join(givingSource(items))
      const consumers: Writable[] = []
      const attach = (takesBatches: boolean, pace: number): Writable => {
        const consumer = takesBatches ? new Consumer(seen, pace) : plainConsumer(seen, pace)
        consumers.push(consumer)
        stage.pipe(consumer, { end: false })
        return consumer
      }
      for (const { takesBatches, pace, attachedTurns, pausedTurns } of moves) {
        const consumer = attach(takesBatches, pace)
        await turns(attachedTurns)
        stage.unpipe(consumer)
        // As one does who moves a source: what went to the one before is done before the next one gets anything.
        while (consumer.writableLength > 0) await turns(1)
        await turns(pausedTurns)
      }
      const last = attach(true, 0)
      while (!stage.readableEnded || last.writableLength > 0) await turns(1)
      expect(seen).toEqual(lines)
      for (const consumer of consumers) consumer.destroy()
    }),
    { numRuns: 25, seed: 20261121 },
  )
})
