/** What every filter must do. */

import assert from 'node:assert/strict'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Batch } from '../batch.ts'
import type { LogEntry } from '../entry.ts'
import { takesBatches } from '../internal/negotiation.ts'
import { collectingSink } from './collecting-sink.ts'
import { type ContractCheck, type ContractOptions, contractDefaults, within } from './contract-check.ts'
import { destroyChecks } from './destroy-checks.ts'
import { givingSource } from './giving-source.ts'
import { RecordingTracker } from './recording-tracker.ts'
import { type Arrangement, arrangementsOf, endlessBatches, sampleLines } from './sample-lines.ts'
import { booksOf, checkBooks, comparable, EndWatch, turns, whileCheckingBooks } from './stage-life.ts'

/** What {@link filterContract} can be told of a filter. */
export interface FilterContractOptions extends ContractOptions {
  /**
   * What it must make of entries, all in one list; what it drops is absent. Without it the filter must only make the
   * same of them however they come.
   */
  readonly expected?: ((entries: readonly LogEntry[]) => readonly LogEntry[]) | undefined
  /** The lines to try it with; it must let at least one of them through. @default 400 lines of many kinds */
  readonly lines?: readonly string[] | undefined
  /**
   * The most entries that may be inside, between its two ends, while nobody reads; Node's own two buffers of 16 count.
   * @default 200
   */
  readonly maxHeldEntries?: number | undefined
}

interface Tried {
  readonly make: () => Duplex | Promise<Duplex>
  readonly expected: FilterContractOptions['expected']
  readonly lines: readonly string[]
  readonly maxHeldEntries: number
  readonly timeoutMs: number
  readonly seed: number
}

/**
 * The contract of a filter, clause by clause: order, entries and batches alike, origins, back-pressure, books, and
 * every way to end. Run each clause as a test of its own. `make` gives a fresh filter at each call.
 *
 * @example
 * ```ts
 * import { test } from 'node:test'
 * import { entryTransform } from '@logwisp/core'
 * import { filterContract } from '@logwisp/core/testing'
 *
 * const addHost = () => entryTransform({ entry: (entry) => ({ ...entry, fields: { ...entry.fields, host: 'web-1' } }) })
 * for (const { name, run } of filterContract(addHost)) test(name, run)
 * ```
 */
export function filterContract(
  make: () => Duplex | Promise<Duplex>,
  options: FilterContractOptions = {},
): ContractCheck[] {
  const tried: Tried = {
    make,
    expected: options.expected,
    lines: options.lines ?? sampleLines(400),
    maxHeldEntries: options.maxHeldEntries ?? 200,
    timeoutMs: options.timeoutMs ?? contractDefaults.timeoutMs,
    seed: options.seed ?? contractDefaults.seed,
  }
  return [
    ...givesTheSame(tried),
    carriesOrigins(tried),
    saysHowFar(tried),
    leavesEntriesAlone(tried),
    holdsBack(tried),
    endsEmpty(tried),
    refusesOthers(tried),
    ...destroyChecks<Duplex>({
      make,
      timeoutMs: tried.timeoutMs,
      flow: (filter, onEntry) => {
        filter.on('data', onEntry)
        for (const entry of new RecordingTracker().entries(tried.lines)) filter.write(entry)
      },
      use: (filter) => pipeline(givingSource([new RecordingTracker().batch(tried.lines)]), filter, collectingSink()),
      pipe: (filter, signal) => pipeline(givingSource(endlessBatches()), filter, collectingSink(), { signal }),
    }),
  ]
}

function givesTheSame(tried: Tried): ContractCheck[] {
  const { make, lines, seed, timeoutMs, expected } = tried
  const names = arrangementsOf(new RecordingTracker().batch(lines), seed).map(({ name }) => name)
  return names.flatMap((name, index) =>
    (['entries', 'batches'] as const).map((takes) => ({
      name: `gives the same, in order, when lines come ${name} and the next stage takes ${takes}`,
      run: async () => {
        const batch = new RecordingTracker().batch(lines)
        const reference = expected === undefined ? await referenceOf(tried, batch) : expected([...batch])
        assert.ok(reference.length > 0, nothingPasses)
        const { items } = arrangementsOf(batch, seed)[index] as Arrangement
        const filter = await make()
        const sink = collectingSink({ takes, onItem: () => checkBooks(filter, 'while entries flow') })
        await within(timeoutMs, 'end', pipeline(givingSource(whileCheckingBooks(filter, items)), filter, sink))
        assert.deepEqual(sink.entries.map(withoutPlace), reference.map(withoutPlace), 'what comes out must be the same')
        checkCovered(sink.entries, reference)
        checkBooks(filter, 'at the end')
        const books = booksOf(filter)
        assert.equal(books?.entriesIn ?? lines.length, lines.length, '`entriesIn` must count every entry written')
        assert.equal(
          books?.entriesOut ?? reference.length,
          reference.length,
          '`entriesOut` must count every entry given',
        )
        assert.equal(books?.entriesHeld ?? 0, 0, 'a filter must hold nothing at its end')
      },
    })),
  )
}

/** The last entry of a batch covers the lines that were dropped behind it, which it does not when it comes by itself. */
function withoutPlace(entry: LogEntry): Record<string, unknown> {
  const { sequence: _sequence, ...rest } = comparable(entry)
  return rest
}

function checkCovered(entries: readonly LogEntry[], reference: readonly LogEntry[]): void {
  for (const [index, { message, origin }] of entries.entries()) {
    const own = reference[index]?.origin?.sequence
    if (own === undefined) continue
    const next = reference[index + 1]?.origin?.sequence ?? Number.POSITIVE_INFINITY
    const covers = origin?.sequence ?? Number.NaN
    assert.ok(covers >= own && covers < next, `acknowledging "${message}" must cover it, and not the entry behind it`)
  }
}

const nothingPasses = 'the filter must let at least one of the lines through: give other `lines`'

/** What the filter makes of single entries. */
async function referenceOf({ make, timeoutMs }: Tried, batch: Batch): Promise<readonly LogEntry[]> {
  const sink = collectingSink({ takes: 'entries' })
  await within(timeoutMs, 'end', pipeline(givingSource([...batch]), await make(), sink))
  return sink.entries
}

function carriesOrigins({ make, lines, timeoutMs }: Tried): ContractCheck {
  return {
    name: 'gives each entry the origin of one that it took, in their order, and the last one has it',
    run: async () => {
      const tracker = new RecordingTracker()
      const taken = tracker.entries(lines)
      const sink = collectingSink({ takes: 'entries' })
      await within(timeoutMs, 'end', pipeline(givingSource(taken), await make(), sink))
      const known = new Map(taken.map(({ origin }) => [origin?.sequence, origin]))
      let last = 0
      for (const { message, origin } of sink.entries) {
        if (origin === undefined) continue
        assert.equal(origin, known.get(origin.sequence), `the origin of "${message}" is none that the filter was given`)
        assert.ok(origin.sequence >= last, `origins must keep their order, got ${origin.sequence} after ${last}`)
        last = origin.sequence
      }
      const final = sink.entries.at(-1)
      assert.ok(final !== undefined, nothingPasses)
      assert.notEqual(final.origin, undefined, 'the last entry must have an origin: spread the one it is made from')
    },
  }
}

function saysHowFar({ make, lines, timeoutMs }: Tried): ContractCheck {
  return {
    name: 'says how far its source has come when it drops the last lines of a batch',
    run: async () => {
      const tracker = new RecordingTracker()
      const filter = await make()
      const sink = collectingSink()
      const items = [tracker.batch(lines), tracker.batch(lines.slice(0, 3)).withoutLines()]
      await within(timeoutMs, 'end', pipeline(givingSource(items), filter, sink))
      // A filter that knows entries only can not.
      if (takesBatches(filter))
        assert.equal(tracker.mark, tracker.end, 'the batch that goes on must end where the one taken did')
    },
  }
}

function leavesEntriesAlone({ make, lines, timeoutMs }: Tried): ContractCheck {
  return {
    name: 'changes no entry that it took',
    run: async () => {
      const entries = new RecordingTracker().entries(lines).map((entry) => ({ ...entry, fields: { n: 1 } }))
      const before = structuredClone(entries.map(comparable))
      await within(timeoutMs, 'end', pipeline(givingSource(entries), await make(), collectingSink()))
      assert.deepEqual(entries.map(comparable), before, 'a filter must not change an entry that it took: spread it')
    },
  }
}

function holdsBack({ make, lines, maxHeldEntries, timeoutMs }: Tried): ContractCheck {
  return {
    name: 'takes no more than a bounded number of entries while nobody reads',
    run: async () => {
      const filter = await make()
      const tracker = new RecordingTracker()
      const offered = Array.from({ length: Math.ceil((maxHeldEntries * 20) / lines.length) }, () =>
        tracker.entries(lines),
      ).flat()
      let taken = 0
      const written = (async () => {
        for (const entry of offered)
          await new Promise<void>((resolve) => filter.write(entry, () => resolve())).then(() => taken++)
        filter.end()
      })()
      await quiet(() => taken)
      checkBooks(filter, 'while nobody reads')
      const boundary = offered[taken - 1]?.origin?.sequence ?? 0
      const sink = collectingSink({ takes: 'entries' })
      await within(timeoutMs, 'end', Promise.all([written, pipeline(filter, sink)]))
      const held = sink.entries.filter(({ origin }) => (origin?.sequence ?? 0) <= boundary).length
      assert.ok(
        held <= maxHeldEntries,
        `while nobody reads at most ${maxHeldEntries} entries may be inside, there were ${held}`,
      )
    },
  }
}

/** Waits until a count stays as it is. */
async function quiet(count: () => number): Promise<void> {
  for (let last = -1; last !== count(); ) {
    last = count()
    await turns(20)
  }
}

function endsEmpty({ make, timeoutMs }: Tried): ContractCheck {
  return {
    name: 'ends when nothing was written',
    run: async () => {
      const sink = collectingSink()
      await within(timeoutMs, 'end', pipeline(givingSource([]), await make(), sink))
      assert.deepEqual(sink.entries, [], 'a filter that took nothing must give nothing')
    },
  }
}

function refusesOthers({ make, timeoutMs }: Tried): ContractCheck {
  return {
    name: 'refuses what is no entry with one error',
    run: async () => {
      const filter = await make()
      const watch = new EndWatch(filter)
      const entries = new RecordingTracker().entries(['before', 'after'])
      filter.resume()
      filter.write(entries[0])
      filter.write({ message: 'neither time nor source' })
      filter.write(entries[1])
      await watch.closes(timeoutMs, 'after a chunk that is no entry')
      assert.equal(watch.errors.length, 1, `a chunk that is no entry must be one 'error', not ${watch.errors.length}`)
      checkBooks(filter, 'after an error')
    },
  }
}
