/**
 * Whatever happens to the sinks inside, a replaceable sink gives each of them, in order, exactly what was not acknowledged
 * when it was made and all that came after; a source hears of nothing that no sink has acknowledged; and the books balance.
 */

import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  acknowledge,
  type Batch,
  EntryWritable,
  isBatch,
  type LogEntry,
  type ReplaceableSink,
  replaceableSink,
} from '../src/index.ts'
import { RecordingTracker } from '../src/testing.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Keeps what it gets; says what is safe line by line, when it is told to. */
class Inner extends EntryWritable {
  readonly items: (LogEntry | Batch)[] = []
  /** Lines acknowledged of those it got. */
  safe = 0
  #isEnding: (() => void) | undefined
  constructor(takesAtMost: number) {
    super({ acknowledge: 'downstream' })
    this.#takesAtMost = takesAtMost
  }
  readonly #takesAtMost: number
  protected override consume(items: readonly (LogEntry | Batch)[]): void | Promise<void> {
    this.items.push(...items)
    if (this.lines.length >= this.#takesAtMost) return new Promise(() => {})
  }
  protected override finish(): Promise<void> {
    return new Promise((resolve) => {
      this.#isEnding = resolve
      this.acknowledge(0)
    })
  }
  get lines(): LogEntry[] {
    return this.items.flatMap((item) => (isBatch(item) ? [...item] : [item]))
  }
  acknowledge(count: number): string[] {
    const { lines } = this
    const now = lines.slice(this.safe, this.safe + count)
    for (const line of now) acknowledge(line)
    this.safe += now.length
    if (this.safe === lines.length) this.#isEnding?.()
    return now.map(({ message }) => message)
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise(setImmediate)
}

class World {
  readonly sink: ReplaceableSink
  readonly trackers = [new RecordingTracker('a'), new RecordingTracker('b')]
  readonly written: string[] = []
  readonly acknowledged = new Set<string>()
  /** What each sink inside has to get, from its first line on. */
  readonly expected = new Map<Inner, string[]>()
  current: Inner | undefined
  canBeMade = true
  takesAtMost = Infinity
  failed = 0
  replaced = 0
  #lines = 0

  constructor() {
    this.sink = replaceableSink(() => this.make(), { maxKeptEntries: 60, endTimeoutMs: Infinity })
    this.sink.on('warning', () => {})
  }

  make(): Inner {
    if (!this.canBeMade) throw new Error('not now')
    this.current = new Inner(this.takesAtMost)
    this.expected.set(
      this.current,
      this.written.filter((line) => !this.acknowledged.has(line)),
    )
    return this.current
  }

  write(from: number, count: number, asBatch: boolean): void {
    const messages = Array.from({ length: count }, () => `${from}:${this.#lines++}`)
    const tracker = this.trackers[from]
    this.written.push(...messages)
    for (const lines of this.expected.values()) lines.push(...messages)
    if (tracker === undefined) {
      for (const message of messages) this.sink.write({ time: 1, source: 'none', message })
    } else if (asBatch) this.sink.write(tracker.batch(messages))
    else for (const entry of tracker.entries(messages)) this.sink.write(entry)
  }

  acknowledge(count: number): void {
    const inner = this.current
    if (inner === undefined || inner.destroyed) return
    for (const line of inner.acknowledge(count)) this.acknowledged.add(line)
  }

  fail(): void {
    this.failed++
    this.current?.destroy(new Error('cut'))
  }

  replace(drainTimeoutMs: number): void {
    this.replaced++
    void this.sink.replace(() => this.make(), { drainTimeoutMs })
  }

  check(): void {
    const { entriesIn, entriesOut, entriesDropped, entriesHeld } = this.sink.stats
    expect(entriesIn).toBe(entriesOut + entriesDropped + entriesHeld)
    expect(entriesOut).toBeLessThanOrEqual(this.acknowledged.size)
    for (const [inner, lines] of this.expected) {
      const got = inner.lines.map(({ message }) => message)
      expect(got).toEqual(lines.slice(0, got.length))
    }
    for (const [index, tracker] of this.trackers.entries()) {
      const lines = this.written.filter((line) => line.startsWith(`${index}:`))
      let end = 0
      // The mark is the place behind the last line that is safe together with all before it.
      for (const line of lines) {
        if (!this.acknowledged.has(line)) break
        end += line.length + 1
      }
      expect(tracker.mark).toBeLessThanOrEqual(end)
    }
  }
}

type Action = (world: World) => unknown

const actions: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 9 }), fc.boolean()).map(
      ([from, count, asBatch]) =>
        (world: World) =>
          world.write(from, count, asBatch),
    ),
  },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 12 }).map((count) => (world: World) => world.acknowledge(count)) },
  { weight: 1, arbitrary: fc.constant((world: World) => world.fail()) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0, 100, 5000).map((timeoutMs) => (world: World) => world.replace(timeoutMs)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.boolean(), fc.constantFrom(5, 20, Infinity))
      .map(([canBeMade, takesAtMost]) => (world: World) => {
        Object.assign(world, { canBeMade, takesAtMost })
      }),
  },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 2000 }).map((ms) => () => vi.advanceTimersByTimeAsync(ms)) },
)

test('nothing is lost, whatever happens in which order', async () => {
  let replaced = 0
  let failed = 0
  await fc.assert(
    fc.asyncProperty(fc.array(actions, { minLength: 10, maxLength: 40 }), async (all) => {
      const world = new World()
      await settle()
      for (const act of all) {
        await act(world)
        await settle()
        world.check()
      }
      replaced += world.replaced
      failed += world.failed
      // All is well again: everything arrives, and it ends.
      world.canBeMade = true
      world.takesAtMost = Infinity
      world.replace(0)
      let isFinished = false
      world.sink.once('finish', () => {
        isFinished = true
      })
      world.sink.end()
      for (let round = 0; !isFinished && round < 200; round++) {
        await vi.advanceTimersByTimeAsync(10)
        await settle()
        world.acknowledge(1000)
      }
      await settle()
      world.check()
      expect(isFinished).toBe(true)
      expect([...world.acknowledged].sort()).toEqual([...world.written].sort())
      expect(world.sink.stats).toMatchObject({ entriesOut: world.written.length, entriesHeld: 0, bytesHeld: 0 })
      for (const tracker of world.trackers) expect(tracker.mark).toBe(tracker.end)
    }),
    { numRuns: Number(process.env['FAST_CHECK_RUNS'] ?? 150), seed: 20261121 },
  )
  expect(replaced).toBeGreaterThan(50)
  expect(failed).toBeGreaterThan(50)
})
