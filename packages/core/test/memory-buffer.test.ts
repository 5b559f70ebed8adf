import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import {
  Batch,
  EntryWritable,
  type LogEntry,
  type MemoryBuffer,
  type MemoryBufferOptions,
  memoryBuffer,
  replaceableSink,
} from '../src/index.ts'
import { checkOptionErrors, collectingSink, givingSource, memoryInUse, RecordingTracker } from '../src/testing.ts'

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`)

function checkBalance({ stats }: MemoryBuffer): void {
  expect(stats.entriesIn).toBe(stats.entriesOut + stats.entriesDropped + stats.entriesHeld)
}

/** Writes lines to a buffer that nobody reads; resolves when all that it takes are taken. */
async function fill(options: MemoryBufferOptions, lines: readonly string[], as: 'entries' | 'a batch') {
  const tracker = new RecordingTracker()
  const buffer = memoryBuffer(options)
  let taken = 0
  const items = as === 'entries' ? tracker.entries(lines) : [tracker.batch(lines)]
  for (const item of items) buffer.write(item, () => taken++)
  await new Promise(setImmediate)
  checkBalance(buffer)
  return { buffer, tracker, taken: () => taken }
}

async function drain(buffer: MemoryBuffer): Promise<string[]> {
  const sink = collectingSink()
  buffer.end()
  await pipeline(buffer, sink)
  checkBalance(buffer)
  expect(buffer.stats).toMatchObject({ entriesHeld: 0, bytesHeld: 0 })
  return [...sink.messages]
}

describe.each(['entries', 'a batch'] as const)('given %s', (as) => {
  test('drop-newest keeps the first and counts the rest', async () => {
    const { buffer } = await fill({ maxEntries: 10, whenFull: 'drop-newest' }, numbers(1, 25), as)
    expect(buffer.stats).toMatchObject({ entriesIn: 25, dropped: { 'buffer-full': 15 }, entriesHeld: 10 })
    expect(await drain(buffer)).toEqual(numbers(1, 10))
  })

  test('drop-oldest keeps the last and counts the rest', async () => {
    const { buffer, tracker } = await fill({ maxEntries: 10, whenFull: 'drop-oldest' }, numbers(1, 25), as)
    expect(buffer.stats).toMatchObject({ entriesIn: 25, dropped: { 'buffer-full': 15 }, entriesHeld: 10 })
    expect(await drain(buffer)).toEqual(numbers(16, 25))
    expect(tracker.mark).toBe(tracker.end)
  })

  test('block takes what fits and makes the writer wait', async () => {
    const { buffer, taken } = await fill({ maxEntries: 10 }, numbers(1, 25), as)
    expect(buffer.stats.entriesDropped).toBe(0)
    // One more entry waits at the door, or what did not fit of the batch.
    expect(taken()).toBe(as === 'entries' ? 10 : 0)
    expect(await drain(buffer)).toEqual(numbers(1, 25))
  })

  test('gives on what it held when the one before it is done', async () => {
    const { buffer } = await fill({ maxEntries: 100 }, numbers(1, 25), as)
    buffer.end()
    await once(buffer, 'finish')
    expect(buffer.readableEnded).toBe(false)
    expect(await drain(buffer)).toEqual(numbers(1, 25))
  })
})

test('bounds what it holds in bytes', async () => {
  const line = 'x'.repeat(936)
  const { buffer } = await fill({ maxBytes: 10_000, whenFull: 'drop-newest' }, Array(100).fill(line), 'entries')
  expect(buffer.stats).toMatchObject({ entriesHeld: 10, bytesHeld: 10_000, entriesDropped: 90 })
})

test('lets what comes before it run ahead of what comes after it', async () => {
  const tracker = new RecordingTracker()
  const buffer = memoryBuffer({ maxEntries: 1000 })
  const sink = collectingSink({ held: true })
  const done = pipeline(givingSource(tracker.entries(numbers(1, 500))), buffer, sink)
  await once(buffer, 'finish')
  expect(sink.messages).toEqual(['1'])
  sink.release()
  await done
  expect(sink.messages).toEqual(numbers(1, 500))
  expect(tracker.mark).toBe(tracker.end)
})

test('loses nothing of a batch larger than its bounds while its reader keeps up', async () => {
  const sink = collectingSink()
  const buffer = memoryBuffer({ maxEntries: 10, maxBytes: 100, whenFull: 'drop-newest' })
  buffer.pipe(sink)
  await new Promise(setImmediate)
  buffer.end(new RecordingTracker().batch(numbers(1, 500)))
  await once(sink, 'finish')
  expect(sink.messages).toEqual(numbers(1, 500))
})

test('holds what it holds within its bounds, not in the buffer of its readable side', async () => {
  const buffer = memoryBuffer({ maxEntries: 10, whenFull: 'drop-newest' })
  buffer.once('readable', () => {})
  for (const entry of new RecordingTracker().entries(numbers(1, 100))) buffer.write(entry)
  for (let i = 0; i < 10; i++) await new Promise(setImmediate)
  expect(buffer.readableLength).toBe(1)
  expect(buffer.stats).toMatchObject({ entriesDropped: 90, entriesOut: 1, entriesHeld: 9 })
  buffer.destroy()
})

test('goes on with entries when its reader changes to one that takes no batches', async () => {
  const tracker = new RecordingTracker()
  const buffer = memoryBuffer()
  for (let i = 0; i < 30; i++) buffer.write(tracker.batch(numbers(i * 10 + 1, i * 10 + 10)))
  buffer.end()
  const first = collectingSink({ held: true })
  buffer.pipe(first)
  await new Promise(setImmediate)
  buffer.unpipe(first)
  first.release()
  const rest: LogEntry[] = []
  for await (const entry of buffer) rest.push(entry as LogEntry)
  expect([...first.messages, ...rest.map(({ message }) => message)]).toEqual(numbers(1, 300))
  checkBalance(buffer)
})

test('a burst far beyond a blocked reader is held to the bound, with every policy that drops', async () => {
  for (const whenFull of ['drop-newest', 'drop-oldest'] as const) {
    const tracker = new RecordingTracker()
    const buffer = memoryBuffer({ maxEntries: 50, whenFull })
    const sink = collectingSink({ held: true })
    const done = pipeline(
      givingSource([
        ...tracker.entries(numbers(1, 40)),
        ...Array.from({ length: 100 }, () => tracker.batch(numbers(1, 30))),
      ]),
      buffer,
      sink,
    )
    await once(buffer, 'finish')
    expect(buffer.stats.entriesHeld).toBeLessThanOrEqual(50)
    expect(buffer.stats.entriesDropped).toBeGreaterThan(2900)
    sink.release()
    await done
    checkBalance(buffer)
    const marks = tracker.acknowledged.map(({ sequence }) => sequence)
    expect(marks).toEqual(marks.toSorted((a, b) => a - b))
  }
})

/** Batches of some 64 kB of which each is one of sixteen that were read together, as a file is; the others are dropped. */
function* oneOfSixteen(count: number, linesKept: number) {
  const line = Buffer.from(`${'x'.repeat(99)}\n`)
  for (let i = 0; i < count; i++) {
    const read = Buffer.allocUnsafeSlow(1_048_576).fill(line)
    let place = 0
    const block = Batch.of({ bytes: read.subarray(65_500, 131_000), source: 's', time: 0 })
    yield block.select(() => place++ < linesKept)
  }
}

test.each([655, 10])('a block keeps nothing alive that was read with it, with %i lines of it selected', (lines) => {
  const buffer = memoryBuffer({ maxEntries: Infinity, maxBytes: 4_000_000, whenFull: 'drop-newest' })
  const before = memoryInUse()
  for (const batch of oneOfSixteen(60, lines)) buffer.write(batch)
  expect(buffer.stats.entriesHeld).toBeGreaterThan(55 * lines)
  // 60 MB if all that was read were kept.
  expect(memoryInUse() - before).toBeLessThan(12_000_000)
  buffer.destroy()
})

test.each([655, 10])('nor where a sink has it that lags, with %i lines of it selected', async (lines) => {
  /** Takes everything, and acknowledges nothing. */
  class Lagging extends EntryWritable {
    constructor() {
      super({ acknowledge: 'by-hand' })
    }
    protected override consume(): void {}
  }
  const sink = replaceableSink(() => new Lagging())
  await new Promise(setImmediate)
  const before = memoryInUse()
  for (const batch of oneOfSixteen(120, lines)) if (!sink.write(batch)) await once(sink, 'drain')
  await new Promise(setImmediate)
  expect(sink.stats.entriesHeld).toBe(120 * lines)
  // 120 MB if all that was read were kept; only what is within the first megabyte keeps the rest of what was read.
  expect(memoryInUse() - before).toBeLessThan(20_000_000 + 120 * lines * 100 * 1.5)
  sink.destroy()
})

test('refuses bad options', () => {
  checkOptionErrors((options) => memoryBuffer(options), {
    maxEntries: [0, -1, 1.5, '10', null],
    maxBytes: [0, Infinity, '1kB'],
    whenFull: ['wait', true],
  })
})

test('entries cut out of a block keep no block alive: the bound in bytes is the memory it takes', async () => {
  const buffer = memoryBuffer({ maxEntries: 2000, maxBytes: 4_000_000, whenFull: 'drop-newest' })
  const before = memoryInUse()
  for (let i = 0; i < 1000; i++) {
    const block = Buffer.alloc(64 * 1024, `line ${i} user=somebody-with-a-name `).toString('latin1')
    buffer.write({ time: 1, source: 's', message: block.slice(0, 36) })
    if (i % 100 === 0) await new Promise(setImmediate)
  }
  // 64 MB if the blocks were kept.
  expect(memoryInUse() - before).toBeLessThan(8_000_000)
  expect(buffer.stats.entriesHeld).toBeGreaterThan(900)
  buffer.destroy()
})
