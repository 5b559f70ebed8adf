/**
 * The books of a file: at any moment what was read is what was delivered, dropped, covered by a later acknowledgement, or is
 * under way, in each branch. Whenever the program is killed, the books that were saved say what became of the lines before the
 * saved place, and of no other; and once everything is read, however often it was killed, they say of each line of the file
 * what became of it, once.
 *
 * Random pipelines over random files in small blocks, killed at random moments, against what each line has to become.
 * `LOGWISP_MODEL_RUNS` says how many, `LOGWISP_MODEL_SEED` which.
 */

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import {
  type Branch,
  type BranchAccount,
  type Entries,
  EntryReadable,
  EntryWritable,
  entryTransform,
  fanOut,
  isBatch,
  type LogEntry,
  memoryBuffer,
  noteDropped,
  type Position,
  replaceableSink,
  type SourceAccount,
  type WayAccount,
} from '@logwisp/core'
import { collectingSink } from '@logwisp/core/testing'
import fc from 'fast-check'
import { test } from 'vitest'
import { FileFollower } from '../src/internal/file/file-follower.ts'
import { ReadBuffers } from '../src/internal/file/file-reader.ts'
import { realFileSystem } from '../src/internal/file/file-system.ts'

const runs = Number(process.env['LOGWISP_MODEL_RUNS'] ?? 60)
const seed = Number(process.env['LOGWISP_MODEL_SEED'] ?? 20_261_121)

/** What a stage lets pass: lines whose number is no multiple of `of`. */
interface Dropper {
  readonly kind: 'filter' | 'entry-filter' | 'noting' | 'silent'
  readonly of: number
}

type Stage = Dropper | { readonly kind: 'spread' } | { readonly kind: 'buffer'; readonly maxEntries: number }

type Sink = 'batches' | 'entries' | 'restarting'

interface Way {
  readonly stages: readonly Stage[]
  readonly sink: Sink
}

interface Plan {
  readonly widths: readonly number[]
  readonly blockBytes: number
  readonly stages: readonly Stage[]
  readonly ends: readonly Way[]
  /** After how many lines that a sink took, since the last start, the program is killed. */
  readonly kills: readonly number[]
}

const stage: fc.Arbitrary<Stage> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('filter' as const, 'entry-filter' as const, 'noting' as const, 'silent' as const),
    of: fc.integer({ min: 2, max: 5 }),
  }),
  fc.constant({ kind: 'spread' as const }),
  fc.record({ kind: fc.constant('buffer' as const), maxEntries: fc.integer({ min: 1, max: 20 }) }),
)
const way: fc.Arbitrary<Way> = fc.record({
  stages: fc.array(stage, { maxLength: 2 }),
  sink: fc.constantFrom('batches' as const, 'entries' as const, 'restarting' as const),
})
const plan: fc.Arbitrary<Plan> = fc.record({
  widths: fc.array(fc.nat(60), { minLength: 1, maxLength: 400, size: 'max' }),
  // No less than the beginning by which a file is known.
  blockBytes: fc.integer({ min: 1024, max: 3000 }),
  stages: fc.array(stage, { maxLength: 3 }),
  ends: fc.array(way, { minLength: 1, maxLength: 3 }),
  kills: fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 4 }),
})

const numberOf = (message: string): number => Number(message.slice(0, message.indexOf(' ')))

function passes({ of }: Dropper, message: string): boolean {
  return numberOf(message) % of !== 0
}

function isDropper(one: Stage): one is Dropper {
  return 'of' in one
}

function streamOf(one: Stage): unknown {
  if (one.kind === 'spread') {
    return async function* spread(entries: Entries) {
      for await (const entry of entries) yield { ...entry, fields: { spread: true } }
    }
  }
  if (one.kind === 'buffer') return memoryBuffer({ maxEntries: one.maxEntries })
  if (one.kind === 'filter') {
    return entryTransform({
      entry: (entry) => (passes(one, entry.message) ? entry : undefined),
      batch: (batch) => batch.select((start, end) => passes(one, batch.message(start, end))),
    })
  }
  if (one.kind === 'entry-filter') {
    const entry = (entry: LogEntry): LogEntry | undefined => (passes(one, entry.message) ? entry : undefined)
    return entryTransform({ entry, dropReason: 'by-hand' })
  }
  return async function* leaveOut(entries: Entries) {
    for await (const entry of entries) {
      if (passes(one, entry.message)) yield entry
      else if (one.kind === 'noting') noteDropped(entry, 'noted')
    }
  }
}

/** A sink that fails after every few items, as often as it is made. */
class Failing extends EntryWritable {
  readonly #onLines: (lines: readonly string[]) => void
  #left = 3

  constructor(onLines: (lines: readonly string[]) => void) {
    super()
    this.#onLines = onLines
  }

  protected override consume(items: Parameters<EntryWritable['consume']>[0]): void {
    if (this.#left-- === 0) throw new Error('broken, as it was to be')
    for (const item of items) this.#onLines(isBatch(item) ? Array.from(item, ({ message }) => message) : [item.message])
  }
}

function sinkOf(sink: Sink, onLines: (lines: readonly string[]) => void): Branch {
  if (sink === 'restarting') {
    const restarting = replaceableSink(() => new Failing(onLines), { minRestartDelayMs: 1, maxRestartDelayMs: 1 })
    return restarting.on('warning', () => {})
  }
  return collectingSink({
    takes: sink,
    onItem: (item) => onLines(isBatch(item) ? Array.from(item, ({ message }) => message) : [item.message]),
  })
}

/** A file in small blocks, from its beginning or a saved position to its end. */
class SmallBlocks extends EntryReadable {
  readonly follower: FileFollower

  constructor(path: string, blockBytes: number, saved: Position | undefined) {
    super()
    const events = { opened() {}, rotated() {}, truncated() {}, warning: (error: Error) => this.destroy(error) }
    this.follower = new FileFollower(
      path,
      {
        blockBytes,
        follow: false,
        encoding: 'utf8',
        maxLineBytes: 1000,
        whenLineTooLong: 'truncate',
        rotateDelayMs: 0,
        zone: 'utc',
        keepsUnfinished: false,
        source: 'the file',
        startAt: 'beginning',
      },
      { fileSystem: realFileSystem, buffers: new ReadBuffers(), events, saved, appears: false },
    )
    this.follower.stop()
  }

  override get ledger(): readonly SourceAccount[] {
    return [this.follower.account]
  }

  protected override async pull(): Promise<void> {
    const block = await this.follower.read()
    if (block !== undefined) for (const item of block.items) this.give(item)
    else if (this.follower.done) this.finish()
    else throw new Error('the file was read to its end, and the follower is not done')
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.follower.close().then(() => callback(error), callback)
  }
}

function assertBalance(account: WayAccount): void {
  const { entries, delivered, covered, forked, inFlight, dropped, branches } = account
  let sum = delivered + covered + forked + inFlight
  for (const { entries: some } of Object.values(dropped)) sum += some
  assert.equal(entries, sum, JSON.stringify(account))
  for (const count of [entries, delivered, covered, forked, inFlight]) assert.ok(count >= 0, JSON.stringify(account))
  for (const branch of branches) assertBalance(branch)
}

/** What became of the lines in one way, by its stages. */
function expected(
  lines: readonly string[],
  stages: readonly Stage[],
): { left: string[]; dropped: Map<string, number> } {
  const reasons = { filter: 'filtered', 'entry-filter': 'by-hand', noting: 'noted', silent: 'silent' } as const
  const dropped = new Map<string, number>()
  let left = [...lines]
  for (const one of stages) {
    if (!isDropper(one)) continue
    const before = left.length
    left = left.filter((line) => passes(one, line))
    const reason = reasons[one.kind]
    if (left.length < before) dropped.set(reason, (dropped.get(reason) ?? 0) + before - left.length)
  }
  return { left, dropped }
}

function assertEnd(account: SourceAccount, lines: readonly string[], { stages, ends, kills }: Plan): void {
  assertBalance(account)
  assert.equal(account.entries, lines.length)
  const trunk = expected(lines, stages)
  const ways = ends.length === 1 ? [{ ...account, branch: '' } as BranchAccount] : account.branches
  // Where nothing reached the fan-out it is not known that there is one.
  if (trunk.left.length === 0) return
  assert.equal(ways.length, ends.length)
  for (const [index, way] of ways.entries()) {
    const end = ends[index] as Way
    const all = ends.length === 1 ? [...stages, ...end.stages] : end.stages
    const { left, dropped } = expected(ends.length === 1 ? lines : trunk.left, all)
    const silent = dropped.get('silent') ?? 0
    // What a silent stage before the fan-out left out is unknown to each branch.
    const unseen = silent + (ends.length === 1 ? 0 : (trunk.dropped.get('silent') ?? 0))
    // Who leaves the last lines out without a word leaves them for the next run.
    if (unseen === 0) assert.equal(way.inFlight, 0)
    // A kill within a block leaves open which of two stages had dropped what before it, and what a branch that was ahead had
    // dropped or delivered; never how much in all.
    const droppers = [...stages, ...ends.flatMap(({ stages }) => stages)].filter(isDropper)
    const isOpen = droppers.length > 1 || (ends.length > 1 && droppers.length > 0)
    if (kills.length > 0 && isOpen) continue
    assert.equal(way.delivered, left.length)
    assert.equal(way.covered + way.inFlight, unseen)
    dropped.delete('silent')
    const told = Object.entries(way.dropped).map(([reason, { entries }]) => [reason, entries] as const)
    assert.deepEqual(new Map(told), dropped)
  }
}

/** The lines before the saved place are those that the saved books tell of, but for those that will be read again. */
function assertSaved(position: Position | undefined, text: string): void {
  if (position === undefined) return
  const { files, books } = position as unknown as SavedPosition
  const [file] = files
  if (file === undefined) return
  const linesIn = (from: number, to: number): number => text.slice(from, to).split('\n').length - 1
  const again =
    books.partly === undefined ? 0 : linesIn(file.offset, Object.values(books.partly.ends)[0] ?? file.offset)
  assert.equal(books.sum.e + (books.partly?.entries ?? 0) - again, linesIn(0, file.offset))
}

interface SavedPosition {
  readonly files: readonly { readonly offset: number }[]
  readonly books: {
    readonly sum: { readonly e: number }
    readonly partly?: { readonly entries: number; readonly ends: Readonly<Record<string, number>> }
  }
}

async function run(path: string, plan: Plan): Promise<void> {
  const lines = plan.widths.map((width, number) => `${number} ${'x'.repeat(width)}`)
  const text = lines.map((line) => `${line}\n`).join('')
  await writeFile(path, text)
  let saved: Position | undefined
  for (const kill of [...plan.kills, Infinity]) {
    const source = new SmallBlocks(path, plan.blockBytes, saved)
    const killer = new AbortController()
    let taken = 0
    const onLines = (some: readonly string[]): void => {
      assertBalance(source.follower.account)
      taken += some.length
      if (taken < kill || killer.signal.aborted) return
      // What a checkpoint has at this moment is all that the next run knows.
      saved = JSON.parse(JSON.stringify(source.follower.position() ?? null)) ?? undefined
      killer.abort()
    }
    const chains = plan.ends.map(({ stages, sink }) => [...stages.map(streamOf), sinkOf(sink, onLines)])
    const tail = chains.length === 1 ? (chains[0] as unknown[]) : [fanOut(chains as unknown as Branch[])]
    const all = [source, ...plan.stages.map(streamOf), ...tail] as unknown as NodeJS.ReadWriteStream[]
    try {
      await pipeline(all, { signal: killer.signal })
    } catch (error) {
      if (!killer.signal.aborted) throw error
    }
    assertSaved(saved, text)
    if (killer.signal.aborted) continue
    return assertEnd(source.follower.account, lines, plan)
  }
}

test(`${runs} pipelines, killed and started again`, { timeout: 60_000 + runs * 1000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-books-'))
  try {
    let number = 0
    const property = fc.asyncProperty(plan, (one) => run(join(directory, `${number++}.log`), one))
    await fc.assert(property, { numRuns: runs, seed, endOnFailure: process.env['LOGWISP_MODEL_SHRINK'] === undefined })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
