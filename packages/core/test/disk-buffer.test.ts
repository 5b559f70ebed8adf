import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { acknowledge, diskBuffer, isBatch, type LogEntry } from '../src/index.ts'
import { collectingSink, givingSource, RecordingTracker } from '../src/testing.ts'

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`)

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-disk-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

test.each(['batches', 'entries'] as const)(
  'gives all that it was given as %s, in order, and leaves no segment',
  async (takes) => {
    const tracker = new RecordingTracker()
    const items = [
      ...tracker.entries(numbers(1, 50)),
      tracker.batch(numbers(51, 300)),
      ...tracker.entries(numbers(301, 310)),
    ]
    const sink = collectingSink({ takes })
    const buffer = diskBuffer(directory)
    const closed = once(buffer, 'close')
    await pipeline(givingSource(items), buffer, sink)
    await closed
    expect(sink.messages).toEqual(numbers(1, 310))
    expect(sink.entries.map(({ origin }) => origin?.id)).toEqual(
      items.flatMap((item) => (isBatch(item) ? [...item] : [item])).map(({ origin }) => origin?.id),
    )
    expect(tracker.mark).toBe(tracker.end)
    expect(buffer.stats).toMatchObject({ entriesIn: 310, entriesOut: 310, entriesHeld: 0, bytesHeld: 0, segments: 0 })
    expect(await readdir(directory)).toEqual(['place.json'])
  },
)

test('who asks for more just as it has nothing more at hand is heard: a batch that leaves as entries one by one', async () => {
  // The reader asks between the turns of the stage: with each number of turns in between there is another such moment.
  for (let turns = 0; turns < 6; turns++) {
    const tracker = new RecordingTracker()
    const own = join(directory, String(turns))
    const got: string[] = []
    const slow = new Writable({
      objectMode: true,
      write(entry: LogEntry, _encoding, done) {
        got.push(entry.message)
        acknowledge(entry)
        let left = turns
        const go = (): unknown => (left-- > 0 ? setImmediate(go) : done())
        go()
      },
    })
    await pipeline(Readable.from([tracker.batch(numbers(1, 24))]), diskBuffer(own, { fsync: 'never' }), slow)
    expect(got).toEqual(numbers(1, 24))
  }
})
