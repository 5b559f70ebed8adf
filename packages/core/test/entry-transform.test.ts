import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import { type Batch, EntryTransform, entryTransform, isBatch, type LogEntry } from '../src/index.ts'
import {
  arrangementsOf,
  collectingSink,
  filterContract,
  givingSource,
  RecordingTracker,
  sampleLines,
} from '../src/testing.ts'

type Item = LogEntry | Batch

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`)
/** Unlike `once`, it does not mind an error. */
const closed = (stream: Readable | Writable): Promise<unknown> =>
  new Promise((resolve) => stream.once('close', resolve))
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const entriesOf = (item: Item): Iterable<LogEntry> => (isBatch(item) ? item : [item])

/** Gives the first half of an item now, the other half later. */
class Late extends EntryTransform {
  running = 0
  protected override async handle(item: Item): Promise<void> {
    this.running++
    const entries = [...entriesOf(item)]
    for (const [index, entry] of entries.entries()) {
      if (index % 2 === 1) await turn()
      if (this.running !== 1) throw new Error('two items at a time')
      this.give(entry)
    }
    if (isBatch(item)) this.give(item.withoutLines())
    this.running--
  }
}

/** Joins every three entries into one, which has the origin of the last. */
class Joining extends EntryTransform {
  #held: LogEntry[] = []
  protected override handle(item: Item): void {
    for (const entry of entriesOf(item)) {
      this.#held.push(entry)
      if (this.#held.length === 3) this.#join()
    }
  }
  protected override finish(): void {
    if (this.#held.length > 0) this.#join()
  }
  #join(): void {
    const joined = this.#held
    this.#held = []
    this.discard('joined', joined.length - 1)
    this.give({ ...(joined.at(-1) as LogEntry), message: joined.map(({ message }) => message).join('|') })
  }
}

/** Gives each entry three times; only the last has the origin. */
class Tripling extends EntryTransform {
  protected override handle(item: Item): void {
    for (const entry of entriesOf(item)) {
      const { origin: _, ...child } = entry
      this.give(child)
      this.give(child)
      this.give(entry)
    }
  }
  override get stats() {
    return this.books()
  }
}

describe('a stage that takes its time', () => {
  for (const { name, run } of filterContract(() => new Late(), { expected: (entries) => entries })) test(name, run)
})

describe('a stage that makes one of several', () => {
  for (const { name, run } of filterContract(() => new Joining(), { lines: sampleLines(399) })) {
    // It holds entries of a batch back: where that ends says nothing.
    if (!name.startsWith('says how far')) test(name, run)
  }
})

test('a stage that makes several of one is held back within one item', async () => {
  const tracker = new RecordingTracker()
  const filter = new Tripling()
  filter.write(tracker.batch(numbers(1, 1000)))
  await turn()
  expect(filter.readableLength).toBeLessThan(5000)
  const sink = collectingSink({ takes: 'entries' })
  filter.end()
  await pipeline(filter, sink)
  expect(sink.messages).toHaveLength(3000)
})

test('a batch is held back entry by entry', async () => {
  const filter = entryTransform({ entry: (entry) => entry })
  const tracker = new RecordingTracker()
  let taken = 0
  filter.write(tracker.batch(numbers(1, 1000)), () => taken++)
  filter.write(tracker.batch(numbers(1001, 2000)), () => taken++)
  await turn()
  expect(filter.readableLength).toBe(filter.readableHighWaterMark)
  expect(filter.stats).toMatchObject({ entriesIn: 1000, entriesHeld: 1000 - filter.readableHighWaterMark })
  expect(taken).toBe(0)
  filter.end()
  const sink = collectingSink({ takes: 'entries' })
  await pipeline(filter, sink)
  expect(sink.messages).toEqual(numbers(1, 2000))
})

describe('an error', () => {
  const boom = new Error('boom')
  class Throws extends EntryTransform {
    readonly #hook: 'handle' | 'finish'
    readonly #later: boolean
    constructor(hook: 'handle' | 'finish', later: boolean) {
      super()
      this.#hook = hook
      this.#later = later
    }
    #fail(): void | Promise<void> {
      if (this.#later) return turn().then(() => Promise.reject(boom))
      throw boom
    }
    protected override handle(item: Item): void | Promise<void> {
      if (this.#hook === 'handle') return this.#fail()
      this.give(item)
    }
    protected override finish(): void | Promise<void> {
      if (this.#hook === 'finish') return this.#fail()
    }
  }
  test.each([
    ['handle', false],
    ['handle', true],
    ['finish', false],
    ['finish', true],
  ] as const)('in %s, later: %s, destroys the stage, once', async (hook, later) => {
    const filter = new Throws(hook, later)
    const errors: unknown[] = []
    filter.on('error', (error) => errors.push(error))
    const closing = closed(filter)
    filter.resume()
    filter.write(new RecordingTracker().batch(['x']))
    filter.end()
    await closing
    expect(errors).toEqual([boom])
    const { entriesIn, entriesOut, entriesDropped, entriesHeld } = filter.stats
    expect(entriesIn).toBe(entriesOut + entriesDropped + entriesHeld)
  })
})

describe('entryTransform', () => {
  test('keeps a batch a batch as long as nothing is changed', async () => {
    const tracker = new RecordingTracker()
    const sink = collectingSink()
    await pipeline(
      givingSource([tracker.batch(numbers(1, 100))]),
      entryTransform({ entry: (entry) => (entry.message.includes('7') ? entry : undefined) }),
      sink,
    )
    expect(sink.items).toHaveLength(1)
    expect(sink.items.every(isBatch)).toBe(true)
  })

  test('gives changed and unchanged entries of a batch in order', async () => {
    const sink = collectingSink()
    const filter = entryTransform({
      entry: (entry) => (Number(entry.message) % 2 ? entry : { ...entry, message: `-${entry.message}` }),
    })
    await pipeline(givingSource([new RecordingTracker().batch(numbers(1, 6))]), filter, sink)
    expect(sink.messages).toEqual(['1', '-2', '3', '-4', '5', '-6'])
  })

  test('counts what it drops under the reason it was given', async () => {
    const filter = entryTransform({ entry: () => undefined, dropReason: 'too-old' })
    for (const { items } of arrangementsOf(new RecordingTracker().batch(numbers(1, 50)), 3).slice(0, 2))
      for (const item of items) filter.write(item)
    filter.end()
    await pipeline(filter, collectingSink())
    expect(filter.stats).toMatchObject({ entriesIn: 100, dropped: { 'too-old': 100 }, entriesOut: 0 })
  })
})
