/** What every sink must do. */

import assert from 'node:assert/strict'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { LogEntry } from '../entry.ts'
import { type ContractCheck, type ContractOptions, contractDefaults, within } from './contract-check.ts'
import { destroyChecks } from './destroy-checks.ts'
import { givingSource } from './giving-source.ts'
import { RecordingTracker } from './recording-tracker.ts'
import { arrangementsOf, endlessBatches, sampleLines } from './sample-lines.ts'
import { booksOf, checkBooks, EndWatch, turns, whileCheckingBooks } from './stage-life.ts'

/** What {@link sinkContract} can be told of a sink. */
export interface SinkContractOptions<S extends Writable = Writable> extends ContractOptions {
  /**
   * The messages that arrived where the sink puts them, in order; asked once it has closed. Without it only what the
   * sink says of itself is looked at.
   */
  readonly received?: ((sink: S) => readonly string[] | Promise<readonly string[]>) | undefined
  /** Makes a sink that fails by itself within the first 200 entries, so that what follows its first error is seen. */
  readonly makeFailing?: (() => S | Promise<S>) | undefined
  /** Makes a sink whose destination takes nothing, so that it is seen to hold back. */
  readonly makeStuck?: (() => S | Promise<S>) | undefined
  /** The most entries that a stuck sink may take. @default 1_000 */
  readonly maxHeldEntries?: number | undefined
  /** Whether the sink says what is safe. @default true */
  readonly acknowledges?: boolean | undefined
  /** The lines to try it with. @default 400 lines of many kinds */
  readonly lines?: readonly string[] | undefined
}

type Defaulted = 'timeoutMs' | 'seed' | 'maxHeldEntries' | 'acknowledges' | 'lines'

interface Tried<S extends Writable> extends SinkContractOptions<S> {
  readonly make: () => S | Promise<S>
}

type Settled<S extends Writable> = Tried<S> & { readonly [Name in Defaulted]: NonNullable<SinkContractOptions[Name]> }

/** The last entry that Node hands over although the sink has failed. */
const afterTheError = 'after the error'

/**
 * The contract of a sink, clause by clause: order, entries and batches alike, acknowledgements, errors, books, and
 * every way to end. Run each clause as a test of its own. `make` gives a fresh sink at each call.
 *
 * @example
 * ```ts
 * import { test } from 'node:test'
 * import { collectingSink, sinkContract } from '@logwisp/core/testing'
 *
 * for (const { name, run } of sinkContract(() => collectingSink())) test(name, run)
 * ```
 */
export function sinkContract<S extends Writable>(
  make: () => S | Promise<S>,
  options: SinkContractOptions<S> = {},
): ContractCheck[] {
  const settled: Settled<S> = {
    ...options,
    make,
    timeoutMs: options.timeoutMs ?? contractDefaults.timeoutMs,
    seed: options.seed ?? contractDefaults.seed,
    maxHeldEntries: options.maxHeldEntries ?? 1_000,
    acknowledges: options.acknowledges ?? true,
    lines: options.lines ?? sampleLines(400),
  }
  return [
    ...deliversEverything(settled),
    keepsSourcesApart(settled),
    finishesEmpty(settled),
    refusesOthers(settled),
    ...(options.makeFailing === undefined ? [] : [failsOnce(settled, options.makeFailing)]),
    ...(options.makeStuck === undefined ? [] : [holdsBack(settled, options.makeStuck)]),
    ...destroyChecks<S>({
      make,
      timeoutMs: settled.timeoutMs,
      flow: (sink, onEntry) => {
        const [first, ...rest] = new RecordingTracker().entries(settled.lines)
        sink.write(first, (error) => error ?? onEntry())
        for (const entry of rest) sink.write(entry, () => {})
      },
      use: (sink) => pipeline(givingSource([new RecordingTracker().batch(settled.lines)]), sink),
      pipe: (sink, signal) => pipeline(givingSource(endlessBatches()), sink, { signal }),
    }),
  ]
}

function deliversEverything<S extends Writable>(tried: Settled<S>): ContractCheck[] {
  const { make, lines, seed, timeoutMs, received } = tried
  return arrangementsOf(new RecordingTracker().batch(lines), seed).map(({ name }, index) => ({
    name: `puts everything where it belongs, in order, and acknowledges it: ${name}`,
    run: async () => {
      const tracker = new RecordingTracker()
      const { items } = arrangementsOf(tracker.batch(lines), seed)[index] as ReturnType<typeof arrangementsOf>[number]
      const sink = await make()
      await within(timeoutMs, 'finish', pipeline(givingSource(whileCheckingBooks(sink, items)), sink))
      checkBooks(sink, "at 'finish'")
      const books = booksOf(sink)
      assert.equal(books?.entriesIn ?? lines.length, lines.length, '`entriesIn` must count every entry written')
      assert.equal(books?.entriesHeld ?? 0, 0, "a sink must hold nothing at 'finish'")
      checkAcknowledged(tracker, tried)
      if (received !== undefined) {
        assert.deepEqual(await received(sink), lines, 'what arrives must be what was written, in order')
      }
    },
  }))
}

function keepsSourcesApart<S extends Writable>(tried: Settled<S>): ContractCheck {
  const { make, lines, timeoutMs } = tried
  return {
    name: 'acknowledges each of several sources by itself',
    run: async () => {
      const trackers = ['a.log', 'b.log', 'c.log'].map((source) => new RecordingTracker(source))
      const items = lines.flatMap((line, n) => trackers.slice(n % 2).map((tracker) => tracker.batch([line])))
      await within(timeoutMs, 'finish', pipeline(givingSource(items), await make()))
      for (const tracker of trackers) {
        const stray = tracker.acknowledged.find((origin) => origin.tracker !== tracker)
        assert.equal(stray, undefined, "an acknowledgement must go to the entry's own tracker")
        checkAcknowledged(tracker, tried)
      }
    },
  }
}

function finishesEmpty<S extends Writable>({ make, timeoutMs }: Settled<S>): ContractCheck {
  return {
    name: 'finishes when nothing was written',
    run: async () => {
      const sink = await make()
      const watch = new EndWatch(sink)
      sink.end()
      await watch.closes(timeoutMs, 'after end() without an entry')
      assert.deepEqual(watch.errors, [], "end() without an entry must not emit 'error'")
      assert.ok(sink.writableFinished, "end() without an entry must emit 'finish'")
    },
  }
}

function refusesOthers<S extends Writable>({ make, timeoutMs, received }: Settled<S>): ContractCheck {
  return {
    name: 'refuses what is no entry with one error, and neither takes nor acknowledges anything after it',
    run: async () => {
      const tracker = new RecordingTracker()
      const [before, after] = tracker.entries(['before', afterTheError]) as [LogEntry, LogEntry]
      const sink = await make()
      const watch = new EndWatch(sink)
      // At once: Node hands over what it has buffered, also what comes after the error.
      sink.cork()
      sink.write(before)
      sink.write({ message: 'neither time nor source' })
      sink.write(after)
      sink.uncork()
      await watch.closes(timeoutMs, 'after a chunk that is no entry')
      assert.equal(watch.errors.length, 1, `a chunk that is no entry must be one 'error', not ${watch.errors.length}`)
      assert.ok(tracker.mark < tracker.end, 'a sink must acknowledge nothing after its first error')
      checkBooks(sink, 'after an error')
      const arrived = (await received?.(sink)) ?? []
      assert.ok(!arrived.includes(afterTheError), 'a sink must write nothing after its first error')
    },
  }
}

function failsOnce<S extends Writable>(tried: Settled<S>, makeFailing: () => S | Promise<S>): ContractCheck {
  const { timeoutMs, received } = tried
  return {
    name: 'fails once, and then acknowledges nothing, nor ever what is not safe',
    run: async () => {
      const tracker = new RecordingTracker()
      const entries = tracker.entries(sampleLines(300))
      const sink = await makeFailing()
      const watch = new EndWatch(sink)
      let markAtError = tracker.end
      sink.once('error', () => {
        markAtError = tracker.mark
      })
      for (const [index, entry] of entries.entries()) {
        if (index % 10 === 0) sink.cork()
        sink.write(entry, () => {})
        if (index % 10 === 9) sink.uncork()
      }
      sink.end()
      await watch.closes(timeoutMs, 'after its failure')
      assert.equal(watch.errors.length, 1, `a sink that fails must emit one 'error', not ${watch.errors.length}`)
      assert.ok(!sink.writableFinished, "a sink that failed must not emit 'finish'")
      assert.ok(tracker.mark < tracker.end, 'a sink must not acknowledge what was written after its failure')
      assert.equal(tracker.mark, markAtError, 'a sink must acknowledge nothing after its first error')
      checkOrder(tracker)
      checkBooks(sink, 'after an error')
      if (received === undefined) return
      const safe = entries.filter(({ origin }) => (origin?.sequence ?? 0) <= tracker.mark).map(({ message }) => message)
      const arrived = await received(sink)
      assert.deepEqual(arrived.slice(0, safe.length), safe, 'what a sink acknowledged must have arrived')
    },
  }
}

function holdsBack<S extends Writable>(tried: Settled<S>, makeStuck: () => S | Promise<S>): ContractCheck {
  const { maxHeldEntries } = tried
  return {
    name: 'makes the writer wait while its destination takes nothing, and acknowledges nothing meanwhile',
    run: async () => {
      const tracker = new RecordingTracker()
      const sink = await makeStuck()
      sink.on('error', () => {})
      let taken = 0
      for (const entry of tracker.entries(sampleLines(maxHeldEntries + 100))) {
        sink.write(entry, (error) => {
          if (!error) taken++
        })
        if (sink.writableNeedDrain) await turns(10)
        if (sink.writableNeedDrain) break
      }
      assert.ok(sink.writableNeedDrain, 'write() must return false while the destination takes nothing')
      assert.ok(taken <= maxHeldEntries, `a stuck sink must take at most ${maxHeldEntries} entries, took ${taken}`)
      assert.ok(tracker.mark < tracker.end, 'a stuck sink must not acknowledge what it did not deliver')
      checkBooks(sink, 'while stuck')
      sink.destroy()
      await turns(3)
    },
  }
}

function checkOrder({ acknowledged }: RecordingTracker): void {
  for (const [index, { sequence }] of acknowledged.entries()) {
    const before = acknowledged[index - 1]?.sequence ?? 0
    assert.ok(sequence >= before, `acknowledgements must come in order, got ${sequence} after ${before}`)
  }
}

function checkAcknowledged(tracker: RecordingTracker, { acknowledges }: { readonly acknowledges: boolean }): void {
  checkOrder(tracker)
  if (acknowledges) assert.equal(tracker.mark, tracker.end, "a sink must have acknowledged everything at 'finish'")
}
