/** Two neighbouring stages agree on batches, and everybody else sees entries. */

import { PassThrough, Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import {
  Batch,
  type Entries,
  EntryReadable,
  EntryWritable,
  entryTransform,
  isBatch,
  type LogEntry,
} from '../src/index.ts'

const block = 'INFO a\nERROR b\n\nWARN c é\r\nERROR d'

class Blocks extends EntryReadable {
  #left: number
  constructor(blocks: number) {
    super()
    this.#left = blocks
  }
  protected override pull(): void {
    while (this.#left > 0) {
      this.#left--
      const batch = Batch.of({ bytes: Buffer.from(block), source: 'test', time: 1 })
      this.took(batch.count)
      if (!this.give(batch)) return
    }
    this.finish()
  }
}

class Collector extends EntryWritable {
  readonly items: (LogEntry | Batch)[] = []
  protected override consume(items: readonly (LogEntry | Batch)[]): void {
    this.items.push(...items)
  }
  get messages(): string[] {
    return this.items.flatMap((item) => (isBatch(item) ? [...item].map((entry) => entry.message) : [item.message]))
  }
}

const lines = ['INFO a', 'ERROR b', '', 'WARN c é', 'ERROR d']
const errors = () => entryTransform({ entry: (entry) => (entry.message.includes('ERROR') ? entry : undefined) })

test('hands a batch from a source to a sink as it is', async () => {
  const sink = new Collector()
  await pipeline(new Blocks(3), sink)
  expect(sink.items.every(isBatch)).toBe(true)
  expect(sink.messages).toEqual([...lines, ...lines, ...lines])
})

test('hands batches through a filter that only selects', async () => {
  const sink = new Collector()
  const filter = errors()
  await pipeline(new Blocks(3), filter, sink)
  expect(sink.items.every(isBatch)).toBe(true)
  expect(sink.messages).toEqual(Array(3).fill(['ERROR b', 'ERROR d']).flat())
  expect(filter.stats).toMatchObject({ entriesIn: 15, entriesOut: 6, entriesDropped: 9, entriesHeld: 0 })
})

test('shows entries to an async generator, and takes what it yields', async () => {
  const sink = new Collector()
  await pipeline(
    new Blocks(40),
    errors(),
    async function* (entries: Entries) {
      for await (const entry of entries) yield { ...entry, fields: { seen: true } }
    },
    sink,
  )
  expect(sink.items).toHaveLength(80)
  expect(sink.items[0]).toMatchObject({ source: 'test', level: 'error', message: 'ERROR b', fields: { seen: true } })
})

test('shows entries to a plain Transform, to `for await` and to a data listener', async () => {
  const seen: unknown[] = []
  await pipeline(
    new Blocks(20),
    new Transform({ objectMode: true, transform: (chunk, _encoding, callback) => callback(null, chunk) }),
    new Writable({
      objectMode: true,
      write: (chunk, _encoding, callback) => {
        seen.push(chunk)
        callback()
      },
    }),
  )
  for await (const entry of new Blocks(20)) seen.push(entry)
  await new Promise((resolve) => new Blocks(20).on('data', (chunk) => seen.push(chunk)).on('end', resolve))
  expect(seen).toHaveLength(300)
  expect(seen.some(isBatch)).toBe(false)
})

test('shows entries to both of two consumers, of which only one takes batches', async () => {
  const source = new Blocks(50)
  const plain = new PassThrough({ objectMode: true })
  const sink = new Collector()
  const seen: unknown[] = []
  source.pipe(sink)
  source.pipe(plain)
  for await (const chunk of plain) seen.push(chunk)
  expect(seen).toHaveLength(250)
  expect(seen.some(isBatch)).toBe(false)
  expect(sink.items.some(isBatch)).toBe(false)
})

test.each(['data', 'readable'])(
  'shows entries to a %s consumer that joins after batches were buffered',
  async (kind) => {
    const source = new Blocks(30)
    const slow = new Collector()
    let release = (): void => {}
    const consumed = new Promise<void>((resolve) => {
      Object.assign(slow, {
        consume: () =>
          new Promise<void>((done) => {
            release = done
            resolve()
          }),
      })
    })
    source.pipe(slow)
    await consumed
    while (source.readableLength === 0) await new Promise(setImmediate)
    source.unpipe(slow)
    release()
    const seen: unknown[] = []
    if (kind === 'data') {
      source.on('data', (chunk) => seen.push(chunk))
      await new Promise((resolve) => source.on('end', resolve).resume())
    } else for await (const chunk of source) seen.push(chunk)
    expect(seen.length).toBeGreaterThan(0)
    expect(seen.some(isBatch)).toBe(false)
  },
)

test('a filter whose consumer takes entries keeps no more than one batch back', async () => {
  const filter = errors()
  const source = new Blocks(1000)
  source.pipe(filter)
  const iterator = filter[Symbol.asyncIterator]()
  await iterator.next()
  expect(filter.stats.entriesHeld).toBeLessThanOrEqual(15)
  expect(filter.stats.entriesIn).toBeLessThan(1000)
  const { entriesIn, entriesOut, entriesDropped, entriesHeld } = filter.stats
  expect(entriesIn).toBe(entriesOut + entriesDropped + entriesHeld)
  source.destroy()
  filter.destroy()
})

test('a chunk that is no entry is an error that says what an entry is', async () => {
  const failure = pipeline(Readable.from(['text']), errors(), new Collector())
  await expect(failure).rejects.toMatchObject({ code: 'NOT_AN_ENTRY' })
})
