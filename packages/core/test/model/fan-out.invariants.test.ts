/**
 * Whatever branches do (take, hold, drop when full, fail, end early) and however entries come, a fan-out writes to each
 * branch that lives what it was offered, in order, but for what its own queue dropped; its source hears of nothing that a
 * branch with a say has not acknowledged or dropped; what it has heard of never goes back; queues keep their bounds and the
 * books balance; and once all is let go, it ends, and everything was acknowledged.
 *
 * 150 lives by lot (seed 20261121); `LOGWISP_RUNS=10` takes ten times as many, `LOGWISP_SEED` others.
 */

import { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import {
  acknowledge,
  type Batch,
  type BranchOptions,
  EntryWritable,
  fanOut,
  isBatch,
  type LogEntry,
} from '../../src/index.ts'
import { RecordingTracker } from '../../src/testing.ts'

const factor = Number(process.env['LOGWISP_RUNS'] ?? 1)
const seed = Number(process.env['LOGWISP_SEED'] ?? 20_261_121)

const seen = { lives: 0, failed: 0, dropped: 0, survived: 0 }
afterAll(() => console.info(`fan-out: ${JSON.stringify(seen)}`))

type Item = LogEntry | Batch

/** What a branch has got, and may do with it. */
interface BranchSink extends Writable {
  readonly got: string[]
  readonly safe: Set<string>
  letGo(items: number): void
  acknowledge(items: number): void
}

/** Takes batches, and acknowledges by hand. */
class BatchSink extends EntryWritable implements BranchSink {
  readonly got: string[] = []
  readonly safe = new Set<string>()
  #open = 0
  #wake: () => void = () => {}
  readonly #unsafe: Item[] = []
  constructor() {
    super({ acknowledge: 'by-hand' })
  }
  protected override async consume(items: readonly Item[]): Promise<void> {
    for (const item of items) {
      while (this.#open === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#open--
      this.got.push(...messagesOf(item))
      this.#unsafe.push(item)
    }
  }
  letGo(items: number): void {
    this.#open += items
    this.#wake()
  }
  acknowledge(items: number): void {
    for (const item of this.#unsafe.splice(0, items)) {
      for (const message of messagesOf(item)) this.safe.add(message)
      this.delivered(item)
    }
  }
}

/** A stream of somebody else's: takes entries, and acknowledges whenever it likes. */
class PlainSink extends Writable implements BranchSink {
  readonly got: string[] = []
  readonly safe = new Set<string>()
  #open = 0
  #wake: () => void = () => {}
  readonly #unsafe: LogEntry[] = []
  constructor() {
    super({ objectMode: true, highWaterMark: 4 })
  }
  override _write(entry: LogEntry, _encoding: BufferEncoding, callback: () => void): void {
    const take = (): void => {
      if (this.#open === 0) {
        this.#wake = take
        return
      }
      this.#wake = () => {}
      this.#open--
      this.got.push(entry.message)
      this.#unsafe.push(entry)
      callback()
    }
    take()
  }
  letGo(items: number): void {
    this.#open += items
    this.#wake()
  }
  acknowledge(items: number): void {
    for (const entry of this.#unsafe.splice(0, items)) {
      this.safe.add(entry.message)
      acknowledge(entry)
    }
  }
}

function messagesOf(item: Item): string[] {
  return isBatch(item) ? [...item].map(({ message }) => message) : [item.message]
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await new Promise(setImmediate)
}

interface Plan {
  readonly plain: boolean
  readonly whenFull: NonNullable<BranchOptions['whenFull']>
  readonly maxEntries: number
}

class World {
  readonly sinks: BranchSink[]
  readonly plans: readonly Plan[]
  readonly fan: ReturnType<typeof fanOut>
  readonly trackers = [new RecordingTracker('a'), new RecordingTracker('b')]
  /** Offered, in order. */
  readonly offered: { readonly message: string; readonly from: number; readonly sequence: number }[] = []
  readonly gone = new Set<number>()
  #marks = [0, 0]
  #count = 0

  constructor(plans: readonly Plan[]) {
    this.plans = plans
    this.sinks = plans.map(({ plain }) => (plain ? new PlainSink() : new BatchSink()))
    for (const sink of this.sinks) sink.on('error', () => {})
    this.fan = fanOut(this.sinks, {
      perBranch: plans.map(({ whenFull, maxEntries }) => ({
        whenFailed: 'continue',
        whenFull,
        ...(whenFull !== 'block' && { maxEntries }),
      })),
    })
    this.fan.on('error', () => {})
  }

  write(from: number, count: number, form: 'batch' | 'entries' | 'mark'): void {
    const tracker = this.trackers[from] as RecordingTracker
    if (form === 'mark') {
      this.fan.write(tracker.batch(['-']).withoutLines())
      return
    }
    const batch = tracker.batch(Array.from({ length: count }, () => `${this.#count++}`))
    for (const { message, origin } of batch) {
      this.offered.push({ message, from, sequence: origin?.sequence as number })
    }
    if (form === 'batch') this.fan.write(batch)
    else for (const entry of batch) this.fan.write(entry)
  }

  fail(branch: number, how: 'error' | 'end'): void {
    // The last one would take the fan-out with it: that is another test's.
    if (this.gone.has(branch) || this.gone.size === this.sinks.length - 1) return
    this.gone.add(branch)
    seen.failed++
    const sink = this.sinks[branch] as BranchSink
    if (how === 'error') sink.destroy(new Error('cut'))
    else sink.destroy()
  }

  check(): void {
    const { fan } = this
    const books = [fan.stats, ...fan.stats.branches]
    for (const { entriesIn, entriesOut, entriesDropped, entriesHeld } of books) {
      expect(entriesIn).toBe(entriesOut + entriesDropped + entriesHeld)
    }
    for (const [index, sink] of this.sinks.entries()) {
      this.#checkOrder(index, sink)
      const { whenFull, maxEntries, plain } = this.plans[index] as Plan
      const { entriesHeld } = fan.stats.branches[index] as { entriesHeld: number }
      // Beside the batch that is being written entry by entry.
      if (whenFull !== 'block') expect(entriesHeld).toBeLessThanOrEqual(maxEntries + (plain ? 9 : 0))
    }
    for (const [index, tracker] of this.trackers.entries()) {
      expect(tracker.mark).toBeGreaterThanOrEqual(this.#marks[index] as number)
      this.#marks[index] = tracker.mark
    }
    this.#checkMarks()
  }

  /** In order, once, and nothing left out but what its queue dropped. */
  #checkOrder(index: number, { got }: BranchSink): void {
    const numbers = got.map(Number)
    for (const [at, number] of numbers.entries()) expect(number).toBeGreaterThan(numbers[at - 1] ?? -1)
    if ((this.plans[index] as Plan).whenFull === 'block') expect(numbers).toEqual(numbers.map((_, n) => n))
  }

  /** What the source has heard of, every branch that blocks and lives has acknowledged. */
  #checkMarks(): void {
    for (const { message, from, sequence } of this.offered) {
      if (sequence > (this.trackers[from] as RecordingTracker).mark) continue
      for (const [index, { whenFull }] of this.plans.entries()) {
        if (this.gone.has(index) || whenFull !== 'block') continue
        expect(this.sinks[index]?.safe.has(message), `${message} was not acknowledged by branch ${index}`).toBe(true)
      }
    }
  }
}

const plan: fc.Arbitrary<Plan> = fc.record({
  plain: fc.boolean(),
  whenFull: fc.constantFrom('block' as const, 'block' as const, 'drop-newest' as const, 'drop-oldest' as const),
  maxEntries: fc.integer({ min: 1, max: 6 }),
})

type Step =
  | { kind: 'write'; from: number; count: number; form: 'batch' | 'entries' | 'mark' }
  | { kind: 'letGo' | 'acknowledge'; branch: number; items: number }
  | { kind: 'fail'; branch: number; how: 'error' | 'end' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      from: fc.nat(1),
      count: fc.integer({ min: 1, max: 9 }),
      form: fc.constantFrom('batch' as const, 'batch' as const, 'entries' as const, 'mark' as const),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('letGo' as const, 'acknowledge' as const),
      branch: fc.nat(2),
      items: fc.integer({ min: 1, max: 12 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      branch: fc.nat(2),
      how: fc.constantFrom('error' as const, 'end' as const),
    }),
  },
)

test(
  'branches that hold, drop and fail',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(plan, { minLength: 1, maxLength: 3 }),
        fc.array(step, { maxLength: 40 }),
        async (plans, steps) => {
          const world = new World(plans)
          for (const it of steps) {
            if (it.kind === 'write') world.write(it.from, it.count, it.form)
            else if (it.branch >= plans.length) continue
            else if (it.kind === 'fail') world.fail(it.branch, it.how)
            else {
              const sink = world.sinks[it.branch] as BranchSink
              if (it.kind === 'letGo') sink.letGo(it.items)
              else sink.acknowledge(it.items)
            }
            await turns()
            world.check()
          }
          // All is well from here on.
          world.fan.end()
          for (const [index, sink] of world.sinks.entries()) {
            if (!world.gone.has(index)) sink.letGo(Number.MAX_SAFE_INTEGER)
          }
          await turns()
          for (const sink of world.sinks) sink.acknowledge(Number.MAX_SAFE_INTEGER)
          await finished(world.fan)
          world.check()
          for (const [index, tracker] of world.trackers.entries()) {
            const last = world.offered.findLast(({ from }) => from === index)
            expect(tracker.mark, 'everything is acknowledged in the end').toBeGreaterThanOrEqual(last?.sequence ?? 0)
          }
          for (const [index, sink] of world.sinks.entries()) {
            const { dropped } = world.fan.stats.branches[index] as { dropped: Record<string, number> }
            seen.dropped += dropped['branch-full'] ?? 0
            if (!world.gone.has(index))
              expect(sink.got.length + (dropped['branch-full'] ?? 0)).toBe(world.offered.length)
          }
          seen.lives++
          if (world.gone.size > 0) seen.survived++
        },
      ),
      { numRuns: Math.ceil(150 * factor), seed },
    )
  },
  120_000 * factor,
)
