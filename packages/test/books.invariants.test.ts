/**
 * Whatever stands between a source and its sinks (filters, limits, buffers that drop, buffers on the disk, branches that
 * block, drop or fail, sinks that are restarted, that acknowledge late, twice or in no order), and whether entries come one by
 * one or in batches: at any moment what was read is what was delivered, dropped, covered, forked or is under way, in every
 * branch; what was delivered is exactly what a sink has acknowledged; and at the end what was dropped is, reason by reason, what
 * the stages themselves have counted, nothing is under way, and nothing covered but for sinks that acknowledge in no order.
 *
 * `LOGWISP_MODEL_RUNS` says how many, `LOGWISP_MODEL_SEED` which.
 */

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex, Writable } from 'node:stream'
import fc from 'fast-check'
import { afterAll, test } from 'vitest'
import {
  acknowledge,
  type Batch,
  type BranchReport,
  diskBuffer,
  EntryWritable,
  entryTransform,
  fanOut,
  isBatch,
  type LogEntry,
  type MiddleStage,
  memoryBuffer,
  openPipeline,
  type PipelineReport,
  replaceableSink,
  type StageStats,
  spillBuffer,
  sumAccounts,
  type WayAccount,
} from '../core/src/index.ts'
import { givingSource } from '../core/src/testing.ts'
import { assertBalance, droppedOf, ReadBlocks } from '../core/test/fixtures/read-blocks.ts'
import { limitSize, rateLimit } from '../filters/src/index.ts'

const runs = Number(process.env['LOGWISP_MODEL_RUNS'] ?? 40)
const seed = Number(process.env['LOGWISP_MODEL_SEED'] ?? 20_261_122)

type Item = LogEntry | Batch

type Stage =
  | { readonly kind: 'filter' | 'entry-filter'; readonly of: number }
  | { readonly kind: 'change' | 'limit-size' | 'rate-limit' }
  | { readonly kind: 'buffer'; readonly whenFull: 'block' | 'drop-newest' | 'drop-oldest'; readonly maxEntries: number }

type Acknowledging = 'at once' | 'late' | 'twice' | 'in no order'

interface End {
  readonly stages: readonly Stage[]
  readonly sink: 'plain' | 'restarted' | 'behind the disk' | 'behind a spill'
  readonly takes: 'batches' | 'entries'
  readonly acknowledging: Acknowledging
  /** Fails at the item of this number; only where another branch goes on. */
  readonly failsAt: number | undefined
  readonly whenFull: 'block' | 'drop-newest' | 'drop-oldest'
}

interface Plan {
  /** How many lines each block has, which of two files it is of, and how it comes. */
  readonly blocks: readonly { readonly lines: number; readonly file: 0 | 1; readonly form: 'batch' | 'entries' }[]
  readonly stages: readonly Stage[]
  readonly ends: readonly End[]
}

const whenFull = fc.constantFrom('block' as const, 'drop-newest' as const, 'drop-oldest' as const)
const stage: fc.Arbitrary<Stage> = fc.oneof(
  fc.record({ kind: fc.constantFrom('filter' as const, 'entry-filter' as const), of: fc.integer({ min: 2, max: 5 }) }),
  fc.record({ kind: fc.constantFrom('change' as const, 'limit-size' as const, 'rate-limit' as const) }),
  fc.record({ kind: fc.constant('buffer' as const), whenFull, maxEntries: fc.integer({ min: 1, max: 30 }) }),
)
const end: fc.Arbitrary<End> = fc.record({
  stages: fc.array(stage, { maxLength: 2 }),
  sink: fc.oneof(
    { weight: 5, arbitrary: fc.constant('plain' as const) },
    { weight: 3, arbitrary: fc.constant('restarted' as const) },
    { weight: 1, arbitrary: fc.constantFrom('behind the disk' as const, 'behind a spill' as const) },
  ),
  takes: fc.constantFrom('batches' as const, 'entries' as const),
  acknowledging: fc.constantFrom('at once' as const, 'late' as const, 'twice' as const, 'in no order' as const),
  failsAt: fc.option(fc.nat(12), { nil: undefined, freq: 3 }),
  whenFull,
})
const plan: fc.Arbitrary<Plan> = fc.record({
  blocks: fc.array(
    fc.record({
      lines: fc.integer({ min: 1, max: 40 }),
      file: fc.constantFrom(0 as const, 1 as const),
      form: fc.constantFrom('batch' as const, 'entries' as const),
    }),
    { minLength: 1, maxLength: 30, size: 'max' },
  ),
  stages: fc.array(stage, { maxLength: 3 }),
  ends: fc.array(end, { minLength: 1, maxLength: 3 }),
})

const seen = { pipelines: 0, dropped: 0, failed: 0, restarted: 0, covered: 0 }
afterAll(() => console.info(`books: ${JSON.stringify(seen)}`))

/** What a sink has acknowledged: of entries of one file only what lies behind all that it had acknowledged before. */
class Truth {
  delivered = 0
  readonly #marks = new Map<unknown, number>()

  acknowledged(item: Item): void {
    const { tracker, sequence } = item.origin as NonNullable<Item['origin']>
    if (sequence <= (this.#marks.get(tracker) ?? 0)) return
    this.#marks.set(tracker, sequence)
    this.delivered += isBatch(item) ? item.count : 1
  }
}

interface SinkPlan extends Pick<End, 'takes' | 'acknowledging' | 'failsAt'> {
  readonly onAcknowledged: (item: Item) => void
}

/** A sink as a test says; what it holds it lets go of at its end, unless it has failed. */
class ModelSink extends EntryWritable {
  readonly #plan: SinkPlan
  #held: Item[] = []
  #items = 0

  constructor(plan: SinkPlan) {
    super({ acknowledge: 'by-hand' })
    this.#plan = plan
  }

  protected override consume(items: readonly Item[]): void {
    for (const item of items) {
      if (this.#items++ === this.#plan.failsAt) throw new Error('broken, as it was to be')
      if (this.#plan.takes === 'batches' || !isBatch(item)) this.#take(item)
      else {
        for (const entry of item) this.#take(entry)
        // It says how far its source has come, where all its lines were dropped.
        if (item.count === 0) this.#take(item)
      }
    }
  }

  #take(item: Item): void {
    const { acknowledging } = this.#plan
    if (acknowledging === 'at once') return this.#acknowledge(item)
    if (acknowledging === 'twice') {
      this.#acknowledge(item)
      return this.#acknowledge(item)
    }
    this.#held.push(item)
    if (this.#held.length > 5) this.#letGo()
  }

  /** In order, or the second before the first, and so on. */
  #letGo(): void {
    const held = this.#held.splice(0)
    if (this.#plan.acknowledging === 'late') for (const item of held) this.#acknowledge(item)
    else for (let i = 0; i < held.length; i++) this.#acknowledge(held[(i ^ 1) < held.length ? i ^ 1 : i] as Item)
  }

  #acknowledge(item: Item): void {
    if (item.origin === undefined) return
    acknowledge(item)
    this.#plan.onAcknowledged(item)
  }

  protected override finish(): void {
    this.#letGo()
  }
}

const numberOf = (message: string): number => Number(message.slice(0, message.indexOf(' ')))

function streamOf(one: Stage): MiddleStage {
  switch (one.kind) {
    case 'filter':
      return entryTransform({
        entry: (entry) => (numberOf(entry.message) % one.of > 0 ? entry : undefined),
        batch: (batch) => batch.select((start, end) => numberOf(batch.message(start, end)) % one.of > 0),
      })
    case 'entry-filter':
      return entryTransform({
        entry: (entry) => (numberOf(entry.message) % one.of > 0 ? entry : undefined),
        dropReason: 'by-hand',
      })
    case 'change':
      return entryTransform({ entry: (entry) => ({ ...entry, fields: { changed: true } }) })
    case 'limit-size':
      return limitSize(60) as Duplex
    case 'rate-limit':
      return rateLimit({ ratePerSecond: 100, burst: 150, whenLimited: 'drop' }) as Duplex
    case 'buffer':
      return memoryBuffer({ whenFull: one.whenFull, maxEntries: one.maxEntries })
  }
}

/** The end of a way: its streams, how many of them are its own stages, and what is true of it. */
class ModelEnd {
  readonly truth = new Truth()
  readonly streams: unknown[]
  /** Whether each acknowledgement of the sink is one of the source. */
  readonly isExact: boolean
  readonly isOrdered: boolean
  readonly canFail: boolean

  constructor(end: End, canFail: boolean, directory: string, look: () => void) {
    const { sink, takes, acknowledging, failsAt } = end
    this.isExact = sink === 'plain' || sink === 'restarted'
    // What is kept for another sink was acknowledged once all before it was.
    const order = sink === 'plain' ? acknowledging : acknowledging === 'in no order' ? 'late' : acknowledging
    this.isOrdered = order !== 'in no order'
    this.canFail = sink === 'plain' && canFail && failsAt !== undefined
    const onAcknowledged = (item: Item): void => {
      this.truth.acknowledged(item)
      look()
    }
    const make = (failsAt: number | undefined): ModelSink =>
      new ModelSink({ takes, acknowledging: order, failsAt, onAcknowledged })
    const last = this.#last(end, make, directory)
    this.streams = [...end.stages.map(streamOf), ...last]
  }

  #last({ sink, failsAt }: End, make: (failsAt: number | undefined) => ModelSink, directory: string): unknown[] {
    if (sink === 'plain') return [make(this.canFail ? failsAt : undefined)]
    if (sink === 'behind the disk') {
      return [diskBuffer(directory, { fsync: 'interval', fsyncIntervalMs: 2 }), make(undefined)]
    }
    if (sink === 'behind a spill')
      return [spillBuffer(directory, { maxMemoryEntries: 20, fsync: 'never' }), make(undefined)]
    let failures = failsAt === undefined ? 0 : 3
    const restarted = replaceableSink(() => make(failures-- > 0 ? failsAt : undefined), {
      minRestartDelayMs: 1,
      maxRestartDelayMs: 1,
    })
    return [restarted.on('warning', () => void seen.restarted++)]
  }
}

function blocksOf({ blocks }: Plan, files: readonly ReadBlocks[]): Iterable<Item> {
  let number = 0
  // Read when it is wanted.
  return (function* read() {
    for (const { lines, file, form } of blocks) {
      const text = Array.from({ length: lines }, () => `${number++} ${'x'.repeat((number * 7) % 70)}`)
      const batch = (files[file] as ReadBlocks).next(text)
      if (form === 'batch') yield batch
      else yield* batch
    }
  })()
}

/** Reasons and how many, without those that are nought. */
function reasonsOf(stats: readonly StageStats[]): Map<string, number> {
  const reasons = new Map<string, number>()
  for (const { dropped } of stats) {
    for (const [reason, entries] of Object.entries(dropped)) reasons.set(reason, entries + (reasons.get(reason) ?? 0))
  }
  return reasons
}

function assertDropped(way: WayAccount, stats: readonly StageStats[], isFailed = false): void {
  const told = new Map(Object.entries(way.dropped).map(([reason, { entries }]) => [reason, entries]))
  const counted = reasonsOf(stats)
  if (isFailed) {
    // Its own stages could not count what was lost inside of them.
    assert.ok((told.get('branch-failed') ?? 0) >= (counted.get('branch-failed') ?? 0))
    told.delete('branch-failed')
    counted.delete('branch-failed')
  }
  assert.deepEqual(told, counted)
  for (const entries of told.values()) seen.dropped += entries
}

const statsOf = (stages: readonly { readonly stats: StageStats | undefined }[]): StageStats[] =>
  stages.flatMap(({ stats }) => stats ?? [])

function assertEnd(report: PipelineReport, { stages, ends: plans }: Plan, ends: readonly ModelEnd[]): void {
  const account = sumAccounts('all', report.ledger)
  assertBalance(account)
  const trunk = statsOf(report.stages.slice(1, stages.length + 1))
  const isForked = ends.length > 1
  if (isForked) assertDropped(account, trunk)
  const left = account.entries - droppedOf(account)
  if (isForked && left === 0) return
  assert.equal(account.branches.length, isForked ? ends.length : 0)
  for (const [index, end] of ends.entries()) {
    const way = (isForked ? account.branches[index] : account) as WayAccount
    const branch = report.stages.at(-1)?.branches[index] as BranchReport
    const isFailed = end.canFail && way.dropped['branch-failed'] !== undefined
    // Behind a disk buffer it is another source that gives.
    const own = (plans[index] as End).stages.length + (end.isExact ? 0 : 1)
    const inBranch = isForked ? [branch.queue, ...statsOf(branch.stages.slice(0, own))] : []
    const before = isForked ? inBranch : statsOf(report.stages.slice(1, 1 + stages.length + own))
    assert.equal(way.entries, isForked ? left : account.entries)
    assertDropped(way, before, isFailed)
    if (isFailed) seen.failed++
    if (end.isExact) assert.equal(way.delivered, end.truth.delivered)
    // What was skipped is covered once all branches have come past it, and one that drops its last entries never does.
    if (end.isOrdered) assert.deepEqual([way.covered, way.inFlight], [0, 0])
    seen.covered += way.covered
  }
}

async function run(plan: Plan, directory: string): Promise<void> {
  const files = [new ReadBlocks('a'), new ReadBlocks('b')] as const
  const ends: ModelEnd[] = []
  const look = (): void => {
    for (const { account } of files) assertBalance(account)
    const all = sumAccounts('all', [files[0].account, files[1].account])
    for (const [index, { truth, isExact }] of ends.entries()) {
      const way = ends.length === 1 ? all : all.branches[index]
      if (isExact) assert.equal(way?.delivered ?? 0, truth.delivered)
    }
  }
  for (const [index, end] of plan.ends.entries()) {
    ends.push(new ModelEnd(end, index > 0, join(directory, `${index}`), look))
  }
  const last =
    ends.length === 1
      ? (ends[0] as ModelEnd).streams
      : [
          fanOut(ends.map(({ streams }) => streams) as never, {
            perBranch: plan.ends.map(({ whenFull }, index) => ({
              name: `${index}`,
              whenFailed: 'continue',
              whenFull,
              ...(whenFull !== 'block' && { maxEntries: 25 }),
            })),
          }).on('warning', () => {}),
        ]
  const source = Object.defineProperty(givingSource(blocksOf(plan, files)), 'ledger', {
    get: () => files.map(({ account }) => account),
  })
  const stages = [source, ...plan.stages.map(streamOf), ...last] as [typeof source, ...MiddleStage[], Writable]
  assertEnd(await openPipeline(stages).finished, plan, ends)
  seen.pipelines++
}

test(`${runs} pipelines`, { timeout: 60_000 + runs * 500 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-books-'))
  try {
    let number = 0
    const property = fc.asyncProperty(plan, (one) => run(one, join(directory, `${number++}`)))
    await fc.assert(property, { numRuns: runs, seed, endOnFailure: process.env['LOGWISP_MODEL_SHRINK'] === undefined })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
