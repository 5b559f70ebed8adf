import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  acknowledge,
  type Batch,
  byteBudget,
  diskBuffer,
  isBatch,
  type LogEntry,
  type SpillBuffer,
  type SpillBufferOptions,
  spillBuffer,
} from '../src/index.ts'
import { checkOptionErrors, collectingSink, filterContract, givingSource, RecordingTracker } from '../src/testing.ts'

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`)

let root: string
let directory: string
const buffers: SpillBuffer[] = []
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'logwisp-spill-'))
  directory = join(root, 'spool')
})
afterEach(async () => {
  for (const buffer of buffers.splice(0)) if (!buffer.closed) await once(buffer.destroy(), 'close')
  await rm(root, { recursive: true, force: true })
})

function opened(options: SpillBufferOptions = {}, at = directory): SpillBuffer {
  const buffer = spillBuffer(at, options)
  buffers.push(buffer)
  return buffer
}

function checkBalance({ stats }: SpillBuffer): void {
  expect(stats.entriesIn).toBe(stats.entriesOut + stats.entriesDropped + stats.entriesHeld)
  expect(stats.entriesInMemory).toBeLessThanOrEqual(stats.entriesHeld)
}

const segments = async (): Promise<number> =>
  (await readdir(directory)).filter((name) => name.endsWith('.segment')).length

/** What is on the disk. */
async function rest(): Promise<string[]> {
  const buffer = diskBuffer(directory)
  const sink = collectingSink()
  buffer.end()
  const closed = once(buffer, 'close')
  await pipeline(buffer, sink)
  await closed
  return [...sink.messages]
}

describe('while it has room', () => {
  let count = 0
  const make = (): SpillBuffer => opened({}, join(root, `${count++}`))
  // It has origins of its own, that tell the source once all is safe; their places and ids are those of the source.
  const differs = 'gives each entry the origin of one that it took, in their order, and the last one has it'
  for (const { name, run } of filterContract(make, { maxHeldEntries: Infinity }))
    if (name !== differs && !name.startsWith('takes no more')) test(name, run)

  test('nothing is written, and each entry keeps its own way back', async () => {
    const tracker = new RecordingTracker()
    const buffer = opened()
    const seen: LogEntry[] = []
    buffer.on('data', (entry: LogEntry) => seen.push(entry))
    for (const item of [...tracker.entries(numbers(1, 10)), tracker.batch(numbers(11, 20))]) buffer.write(item)
    while (seen.length < 20) await turn()
    expect(tracker.mark).toBe(0)
    acknowledge(seen[14] as LogEntry)
    expect(tracker.mark).toBe(seen[14]?.origin?.sequence)
    expect(seen.map(({ origin }) => origin?.id)).toEqual(
      [...new RecordingTracker().batch(numbers(1, 20))].map(({ origin }) => origin?.id),
    )
    expect(await segments()).toBe(0)
    checkBalance(buffer)
  })
})

test.each(['entries', 'batches of ten'] as const)(
  'goes over the disk when memory is full, and back when the disk is empty, in order: %s',
  async (as) => {
    const tracker = new RecordingTracker()
    const buffer = opened({ maxMemoryEntries: 25, fsyncIntervalMs: 5 })
    const sink = collectingSink({ held: true })
    const done = pipeline(buffer, sink)
    const write = async (from: number, to: number): Promise<void> => {
      const lines = numbers(from, to)
      const tens = (): Batch[] =>
        Array.from({ length: lines.length / 10 }, (_, n) => tracker.batch(lines.slice(10 * n, 10 * n + 10)))
      for (const item of as === 'entries' ? tracker.entries(lines) : tens())
        if (!buffer.write(item)) await once(buffer, 'drain')
    }
    let last = 0
    for (let round = 0; round < 4; round++) {
      sink.hold()
      await write(last + 1, last + 100)
      last += 100
      await vi.waitFor(async () => expect(await segments()).toBe(1))
      expect(buffer.stats).toMatchObject({ entriesInMemory: 0, bytesInMemory: 0 })
      checkBalance(buffer)
      sink.release()
      await vi.waitFor(() => expect(sink.messages).toEqual(numbers(1, last)))
      await vi.waitFor(() => expect(tracker.mark).toBe(tracker.end))
      // Past the disk again.
      const { bytesHeld } = buffer.stats
      await write(last + 1, last + 10)
      last += 10
      await vi.waitFor(() => expect(sink.messages).toEqual(numbers(1, last)))
      expect(buffer.stats.bytesHeld).toBe(bytesHeld)
    }
    buffer.end()
    await done
    expect(sink.messages).toEqual(numbers(1, last))
    expect(tracker.mark).toBe(tracker.end)
    checkBalance(buffer)
    expect(buffer.stats.entriesHeld).toBe(0)
  },
)

test('what went to the disk is done only once what passed through memory before it is', async () => {
  const tracker = new RecordingTracker()
  const buffer = opened({ maxMemoryEntries: 5, fsync: 'always' })
  const items = tracker.entries(numbers(1, 50))
  const seen: LogEntry[] = []
  for (const entry of items.slice(0, 3)) buffer.write(entry)
  for (let entry: LogEntry | null = null; seen.length < 3; entry = buffer.read()) {
    if (entry === null) await turn()
    else seen.push(entry)
  }
  for (const entry of items.slice(3)) buffer.write(entry)
  await vi.waitFor(async () => expect(await segments()).toBe(1))
  for (let turns = 0; turns < 20; turns++) await turn()
  expect(tracker.mark).toBe(0)
  acknowledge(seen[1] as LogEntry)
  expect(tracker.mark).toBe(seen[1]?.origin?.sequence)
  acknowledge(seen[2] as LogEntry)
  await vi.waitFor(() => expect(tracker.mark).toBe(tracker.end))
})

test('nothing is given from memory again before what the disk was given is synced', async () => {
  const tracker = new RecordingTracker()
  // No sync comes by itself: the way back to memory has to ask for it.
  const buffer = opened({ maxMemoryEntries: 5, fsyncIntervalMs: 100_000 })
  const sink = collectingSink({ held: true })
  buffer.pipe(sink)
  for (const entry of tracker.entries(numbers(1, 40))) if (!buffer.write(entry)) await once(buffer, 'drain')
  const { end } = tracker
  sink.release()
  await vi.waitFor(() => expect(sink.messages.length).toBe(40))
  await vi.waitFor(() => expect(tracker.mark).toBe(end))
  for (const entry of tracker.entries(numbers(41, 44))) buffer.write(entry)
  await vi.waitFor(() => expect(tracker.mark).toBe(tracker.end))
  expect(sink.messages).toEqual(numbers(1, 44))
})

test('what an earlier run left on the disk comes first', async () => {
  const before = new RecordingTracker('before.log')
  const first = diskBuffer(directory)
  first.end(before.batch(numbers(1, 30)))
  await once(first, 'finish')
  await once(first.destroy(), 'close')
  const sink = collectingSink()
  const buffer = opened()
  await once(buffer, 'ready')
  expect(buffer.stats).toMatchObject({ entriesIn: 30, entriesHeld: 30 })
  await pipeline(givingSource([new RecordingTracker().batch(numbers(31, 60))]), buffer, sink)
  expect(sink.messages).toEqual(numbers(1, 60))
})

test('stop() puts what is in memory on the disk', async () => {
  const tracker = new RecordingTracker()
  const buffer = opened()
  await once(buffer, 'ready')
  for (const item of [...tracker.entries(numbers(1, 10)), tracker.batch(numbers(11, 20))]) buffer.write(item)
  buffer.stop()
  const given: string[] = []
  buffer.on('data', ({ message }: LogEntry) => given.push(message))
  buffer.end(tracker.batch(numbers(21, 30)))
  await once(buffer, 'finish')
  await once(buffer.destroy(), 'close')
  checkBalance(buffer)
  expect([...given, ...(await rest())]).toEqual(numbers(1, 30))
  expect(given.length).toBeLessThan(10)
})

test('a bound that it shares sends it to the disk, instead of making it wait or drop', async () => {
  const budget = byteBudget({ maxBytes: 4000 })
  const other = budget.join({ name: 'other' })
  const tracker = new RecordingTracker()
  const buffer = opened({ budget })
  const sink = collectingSink()
  for (const entry of tracker.entries(numbers(1, 45))) buffer.write(entry)
  await vi.waitFor(() => expect(buffer.stats.entriesInMemory).toBeGreaterThan(35))
  // Its own share, of which the other one has lent some.
  while (!other.take(1000)) await turn()
  while (!other.take(1000)) await turn()
  expect(budget.stats.bytesHeld).toBeLessThanOrEqual(4000)
  await vi.waitFor(async () => expect(await segments()).toBe(1))
  expect(buffer.stats.entriesInMemory).toBe(0)
  buffer.pipe(sink)
  buffer.end()
  await once(sink, 'finish')
  expect(sink.messages).toEqual(numbers(1, 45))
  expect(tracker.mark).toBe(tracker.end)
  await once(buffer, 'close')
  expect(budget.stats.holders.map(({ name }) => name)).toEqual(['other'])
  other.leave()
})

test('memory that fills up again while the disk is full does not stop it for good', async () => {
  const tracker = new RecordingTracker()
  const line = 'x'.repeat(500)
  const buffer = opened({ maxMemoryEntries: 3, maxBytes: 8192, segmentBytes: 2048, fsync: 'always' })
  const sink = collectingSink()
  const source = givingSource(Array.from({ length: 400 }, (_, n) => tracker.batch([`${n} ${line}`])))
  await pipeline(source, buffer, sink)
  expect(sink.messages.map((message) => Number.parseInt(message, 10))).toEqual(Array.from({ length: 400 }, (_, n) => n))
  expect(tracker.mark).toBe(tracker.end)
})

test('drops by its policy only when the disk is full too, and says so upstream', async () => {
  const tracker = new RecordingTracker()
  const line = 'x'.repeat(500)
  const buffer = opened({
    maxMemoryEntries: 3,
    maxBytes: 8192,
    segmentBytes: 2048,
    whenFull: 'drop-newest',
    fsync: 'never',
  })
  for (let n = 0; n < 100; n++) if (!buffer.write(tracker.batch([`${n} ${line}`]))) await once(buffer, 'drain')
  buffer.end()
  await once(buffer, 'finish')
  checkBalance(buffer)
  const dropped = buffer.stats.dropped['buffer-full'] ?? 0
  expect(dropped).toBeGreaterThan(50)
  const sink = collectingSink()
  await pipeline(buffer, sink)
  expect(sink.messages.length).toBe(100 - dropped)
  expect(sink.messages.map((message) => Number.parseInt(message, 10))).toEqual([...sink.messages.keys()])
  expect(tracker.mark).toBe(tracker.end)
})

test('refuses bad options', () => {
  checkOptionErrors((options) => spillBuffer(directory, options), {
    maxMemoryEntries: [0, -1, '10'],
    maxMemoryBytes: [0, 1.5],
    budget: [100, {}],
    maxBytes: [0],
    segmentBytes: [1 << 31],
    whenFull: ['wait'],
    fsync: [true],
    fsyncIntervalMs: [0],
    retryDelayMs: [0],
  })
})

test('the items of the way over the disk are the same as in memory', async () => {
  const lines = ['2026-11-21T10:00:00.000Z WARN a', '', '€']
  const run = async (options: SpillBufferOptions, at: string): Promise<object[]> => {
    const sink = collectingSink()
    const items = [new RecordingTracker().batch(lines), { time: 5, source: 's', message: 'm', fields: { n: 1 } }]
    await pipeline(givingSource(items), opened(options, join(root, at)), sink)
    return sink.entries.map(({ origin, ...entry }) => ({
      ...entry,
      level: entry.level,
      fields: entry.fields,
      id: isBatch(entry) ? '' : origin?.id,
    }))
  }
  const inMemory = await run({}, 'memory')
  const overDisk = await run({ maxMemoryEntries: 1 }, 'disk')
  expect(overDisk.slice(0, 3)).toEqual(inMemory.slice(0, 3))
  expect({ ...overDisk[3], id: '' }).toEqual({ ...inMemory[3], id: '' })
})
