import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import { type Batch, EntryWritable, type EntryWritableOptions, type LogEntry } from '../src/index.ts'
import { givingSource, RecordingTracker, sinkContract } from '../src/testing.ts'

type Item = LogEntry | Batch

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`)
/** Unlike `once`, it does not mind an error. */
const closed = (stream: Readable | Writable): Promise<unknown> =>
  new Promise((resolve) => stream.once('close', resolve))
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Does what a test says with what it is given. */
class Scripted extends EntryWritable {
  readonly calls: (readonly Item[])[] = []
  readonly #script: (items: readonly Item[], sink: Scripted) => void | Promise<void>
  constructor(
    script: (items: readonly Item[], sink: Scripted) => void | Promise<void>,
    options?: EntryWritableOptions,
  ) {
    super(options)
    this.#script = script
  }
  protected override consume(items: readonly Item[]): void | Promise<void> {
    this.calls.push(items)
    return this.#script(items, this)
  }
  override delivered(item: Item): void {
    super.delivered(item)
  }
  override discard(reason: string, entries: number): void {
    super.discard(reason, entries)
  }
  override fail(error: Error): void {
    super.fail(error)
  }
  get inHand(): number {
    return this.entriesInHand
  }
}

function checkBalance({ stats }: EntryWritable): void {
  expect(stats.entriesIn).toBe(stats.entriesOut + stats.entriesDropped + stats.entriesHeld)
}

test('gets all that waited in one call, at most 16 from a pipeline', async () => {
  const sink = new Scripted(() => turn())
  await pipeline(givingSource(new RecordingTracker().entries(numbers(1, 200))), sink)
  const sizes = sink.calls.map(({ length }) => length)
  expect(Math.max(...sizes)).toBeGreaterThan(1)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(16)
  expect(sink.calls.flat().map((item) => (item as LogEntry).message)).toEqual(numbers(1, 200))
})

test('is not called again before it is done', async () => {
  let running = 0
  let most = 0
  const sink = new Scripted(async () => {
    most = Math.max(most, ++running)
    await turn()
    running--
  })
  await pipeline(givingSource(new RecordingTracker().entries(numbers(1, 100))), sink)
  expect(most).toBe(1)
})

test('acknowledges when it is done, not sooner', async () => {
  const tracker = new RecordingTracker()
  let finish = (): void => {}
  const sink = new Scripted(() => new Promise((resolve) => (finish = resolve)))
  sink.write(tracker.batch(numbers(1, 3)))
  await turn()
  expect(tracker.mark).toBe(0)
  expect(sink.stats).toMatchObject({ entriesIn: 3, entriesHeld: 3 })
  finish()
  await turn()
  expect(tracker.mark).toBe(tracker.end)
  expect(sink.stats).toMatchObject({ entriesOut: 3, entriesHeld: 0 })
})

describe('by hand', () => {
  const byHand = (script: (items: readonly Item[], sink: Scripted) => void | Promise<void>) =>
    new Scripted(script, { acknowledge: 'by-hand' })

  test('acknowledges what the sink says is delivered, whenever it says so', async () => {
    const tracker = new RecordingTracker()
    const sink = byHand(() => {})
    const entries = tracker.entries(numbers(1, 5))
    for (const entry of entries) sink.write(entry)
    await turn()
    expect(sink.inHand).toBe(5)
    sink.delivered(entries[0] as LogEntry)
    sink.delivered(entries[1] as LogEntry)
    sink.discard('too-large', 1)
    checkBalance(sink)
    expect(sink.stats).toMatchObject({ entriesOut: 2, entriesHeld: 2, dropped: { 'too-large': 1 } })
    expect(tracker.mark).toBe(entries[1]?.origin?.sequence)
  })

  test('ignores what comes after its failure', async () => {
    const tracker = new RecordingTracker()
    const sink = byHand(() => {})
    const errors: Error[] = []
    sink.on('error', (error) => errors.push(error))
    const entries = tracker.entries(numbers(1, 3))
    for (const entry of entries) sink.write(entry)
    await turn()
    sink.delivered(entries[0] as LogEntry)
    sink.fail(new Error('reset by peer'))
    sink.fail(new Error('and again'))
    sink.delivered(entries[1] as LogEntry)
    await closed(sink)
    expect(errors).toMatchObject([{ message: 'reset by peer' }])
    expect(tracker.mark).toBe(entries[0]?.origin?.sequence)
    checkBalance(sink)
  })

  describe('and late', () => {
    const make = () => {
      let before = Promise.resolve()
      return byHand((items, sink) => {
        before = before.then(turn).then(() => {
          for (const item of items) sink.delivered(item)
        })
        Object.assign(sink, { finish: () => before })
      })
    }
    for (const { name, run } of sinkContract(make)) test(name, run)
  })
})

test('with `downstream` it acknowledges nothing, and counts what it has handed on', async () => {
  const tracker = new RecordingTracker()
  const sink = new Scripted(() => {}, { acknowledge: 'downstream' })
  await pipeline(givingSource([tracker.batch(numbers(1, 10))]), sink)
  expect(tracker.acknowledged).toEqual([])
  expect(sink.stats).toMatchObject({ entriesIn: 10, entriesOut: 10, entriesHeld: 0 })
})

describe('the latch', () => {
  test.each([
    [
      'thrown',
      (items: readonly Item[]) => {
        if (items.some((item) => (item as LogEntry).message === '20')) throw new Error('full')
      },
    ],
    [
      'rejected',
      async (items: readonly Item[]) => {
        if (items.some((item) => (item as LogEntry).message === '20')) throw new Error('full')
      },
    ],
  ])('after an error %s nothing is consumed or acknowledged', async (_, script) => {
    const tracker = new RecordingTracker()
    const sink = new Scripted(script)
    const errors: Error[] = []
    sink.on('error', (error) => errors.push(error))
    const entries = tracker.entries(numbers(1, 60))
    for (const entry of entries) {
      // Buffered entries that Node hands over one call after another, whatever happens.
      if (Number(entry.message) % 5 === 1) sink.cork()
      sink.write(entry, () => {})
      if (Number(entry.message) % 5 === 0) sink.uncork()
    }
    await closed(sink)
    expect(errors).toMatchObject([{ message: 'full' }])
    expect(sink.calls.at(-1)?.map((item) => (item as LogEntry).message)).toContain('20')
    expect(tracker.mark).toBeLessThanOrEqual(entries[18]?.origin?.sequence as number)
    checkBalance(sink)
    expect(sink.writableFinished).toBe(false)
  })

  test('a finish that fails is the error of the sink', async () => {
    const sink = Object.assign(new Scripted(() => {}), { finish: () => Promise.reject(new Error('not synced')) })
    await expect(pipeline(givingSource(new RecordingTracker().entries(['1'])), sink)).rejects.toThrow('not synced')
  })
})
