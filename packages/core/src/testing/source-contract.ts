/** What every source must do. */

import assert from 'node:assert/strict'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { isBatch } from '../batch.ts'
import { isLogEntry, type LogEntry } from '../entry.ts'
import { collectingSink } from './collecting-sink.ts'
import { type ContractCheck, type ContractOptions, contractDefaults, within } from './contract-check.ts'
import { destroyChecks } from './destroy-checks.ts'
import { booksOf, checkBooks, comparable, turns } from './stage-life.ts'

/** What {@link sourceContract} must and can be told of a source. */
export interface SourceContractOptions extends ContractOptions {
  /**
   * The messages that each source made gives, in order; at least one. By `source` when several are read at once and
   * only the order within each is certain.
   */
  readonly messages: readonly string[] | Readonly<Record<string, readonly string[]>>
  /** Whether it goes on after these, so that it must be told to `stop()`. @default false */
  readonly endless?: boolean | undefined
  /** Whether it can read again: its entries must have origins, and the same ones each time. @default false */
  readonly rereads?: boolean | undefined
}

interface Tried {
  readonly make: () => Readable | Promise<Readable>
  readonly bySource: ReadonlyMap<string, readonly string[]>
  readonly count: number
  readonly endless: boolean
  readonly rereads: boolean
  readonly timeoutMs: number
}

type Stoppable = Readable & { stop?: () => void }

/** The one name under which messages are compared when the order over all sources is certain. */
const everything = ''

/**
 * The contract of a source, clause by clause: order, entries and batches alike, origins, back-pressure, books, and
 * every way to end. Run each clause as a test of its own. `make` gives a fresh source of the same messages at each call.
 *
 * @example
 * ```ts
 * import { test } from 'node:test'
 * import { givingSource, RecordingTracker, sourceContract } from '@logwisp/core/testing'
 *
 * const make = () => givingSource(new RecordingTracker().entries(['a', 'b']))
 * for (const { name, run } of sourceContract(make, { messages: ['a', 'b'] })) test(name, run)
 * ```
 */
export function sourceContract(
  make: () => Readable | Promise<Readable>,
  options: SourceContractOptions,
): ContractCheck[] {
  const { messages } = options
  const bySource = new Map(Array.isArray(messages) ? [[everything, messages]] : Object.entries(messages))
  const tried: Tried = {
    make,
    bySource,
    count: [...bySource.values()].reduce((sum, { length }) => sum + length, 0),
    endless: options.endless ?? false,
    rereads: options.rereads ?? false,
    timeoutMs: options.timeoutMs ?? contractDefaults.timeoutMs,
  }
  return [
    givesInOrder(tried),
    givesBatchesAlike(tried),
    waitsForItsReader(tried),
    honoursPush(tried),
    stops(tried),
    stopsUnread(tried),
    ...(tried.rereads ? [givesOriginsAgain(tried)] : []),
    ...destroyChecks<Readable>({
      make,
      timeoutMs: tried.timeoutMs,
      flow: (source, onEntry) => source.on('data', onEntry),
      use: async (source) => void (await readAll(source, tried)),
      // Held: so that a source that ends by itself has not ended before it is aborted.
      pipe: (source, signal) => pipeline(source, collectingSink({ takes: 'entries', held: true }), { signal }),
    }),
  ]
}

/** Reads to the end; one that would not end is stopped once it gave what it should. */
async function readAll(source: Readable, { endless, count, timeoutMs }: Tried): Promise<LogEntry[]> {
  const entries: LogEntry[] = []
  const reading = (async () => {
    for await (const entry of source) {
      entries.push(entry as LogEntry)
      checkBooks(source, 'while entries flow')
      if (endless && entries.length === count) stop(source)
    }
  })()
  await within(timeoutMs, () => `give ${count} entries and end (it gave ${entries.length})`, reading)
  return entries
}

function stop(source: Readable): void {
  const { stop } = source as Stoppable
  assert.equal(typeof stop, 'function', 'a source must have a method stop()')
  stop?.call(source)
}

function checkMessages(entries: readonly LogEntry[], { bySource }: Tried): void {
  const stray = entries.find((chunk) => isBatch(chunk) || !isLogEntry(chunk))
  assert.equal(stray, undefined, 'a reader that did not ask for batches must get entries only')
  const given = new Map<string, string[]>()
  for (const { source, message } of entries) {
    const name = bySource.has(everything) ? everything : source
    given.set(name, [...(given.get(name) ?? []), message])
  }
  assert.deepEqual(
    Object.fromEntries(given),
    Object.fromEntries(bySource),
    'a source must give its entries once, in order',
  )
}

function givesInOrder(tried: Tried): ContractCheck {
  return {
    name: 'gives its entries once, in order, and ends',
    run: async () => {
      const source = await tried.make()
      checkMessages(await readAll(source, tried), tried)
      checkBooks(source, 'at the end')
      const books = booksOf(source)
      assert.equal(books?.entriesOut ?? tried.count, tried.count, '`entriesOut` must count every entry given')
      assert.equal(books?.entriesHeld ?? 0, 0, 'a source must hold nothing at its end')
    },
  }
}

function givesBatchesAlike(tried: Tried): ContractCheck {
  return {
    name: 'gives the same to a stage that takes batches',
    run: async () => {
      const source = await tried.make()
      let left = tried.count
      const sink = collectingSink({
        onItem: (item) => {
          checkBooks(source, 'while batches flow')
          left -= isBatch(item) ? item.count : 1
          if (tried.endless && left <= 0) stop(source)
        },
      })
      await within(tried.timeoutMs, `give ${tried.count} entries and end`, pipeline(source, sink))
      checkMessages(sink.entries, tried)
      const alone = await readAll(await tried.make(), tried)
      const bySource = (entries: readonly LogEntry[]) =>
        entries.toSorted((a, b) => (a.source < b.source ? -1 : a.source > b.source ? 1 : 0))
      // The time of a line that tells none is the time of its reading.
      const timeless = (entry: LogEntry) => ({ ...comparable(entry), time: undefined })
      assert.deepEqual(
        bySource(sink.entries).map(timeless),
        bySource(alone).map(timeless),
        'batches must hold the same entries',
      )
      checkBooks(source, 'at the end')
    },
  }
}

function waitsForItsReader(tried: Tried): ContractCheck {
  return {
    name: 'loses nothing when its reader comes late',
    run: async () => {
      const source = await tried.make()
      await turns(20)
      checkBooks(source, 'before it is read')
      checkMessages(await readAll(source, tried), tried)
    },
  }
}

function honoursPush(tried: Tried): ContractCheck {
  return {
    name: 'gives nothing more while its reader holds back',
    run: async () => {
      const source = await tried.make()
      let wanted = true
      let unwanted = 0
      const { push, _read: read } = source
      source.push = (chunk: unknown, encoding?: BufferEncoding) => {
        if (!wanted && chunk !== null) unwanted++
        const more = push.call(source, chunk, encoding)
        if (!more) wanted = false
        return more
      }
      source._read = (size) => {
        wanted = true
        read.call(source, size)
      }
      // Reads one entry and then looks away, again and again.
      const seen: LogEntry[] = []
      const slowly = (async () => {
        for await (const entry of source) {
          seen.push(entry as LogEntry)
          if (seen.length < 20) await turns(5)
          if (tried.endless && seen.length === tried.count) stop(source)
        }
      })()
      await within(tried.timeoutMs, `give ${tried.count} entries to a slow reader and end`, slowly)
      assert.equal(unwanted, 0, `a source must wait for _read() once push() returned false; it pushed ${unwanted} more`)
      checkMessages(seen, tried)
    },
  }
}

function stops(tried: Tried): ContractCheck {
  return {
    name: 'stop() lets out what was read, and ends',
    run: async () => {
      const source = await tried.make()
      const entries: LogEntry[] = []
      const reading = (async () => {
        for await (const entry of source) {
          entries.push(entry as LogEntry)
          if (entries.length === 1) {
            stop(source)
            stop(source)
          }
        }
      })()
      await within(tried.timeoutMs, 'end after stop()', reading)
      checkBooks(source, 'after stop()')
      const books = booksOf(source)
      assert.equal(books?.entriesHeld ?? 0, 0, 'a source that was stopped must let out what it holds')
      assert.equal(
        books?.entriesOut ?? entries.length,
        entries.length,
        'after stop() the reader must get all that was read',
      )
    },
  }
}

function stopsUnread(tried: Tried): ContractCheck {
  return {
    name: 'stop() before the first read ends it',
    run: async () => {
      const source = await tried.make()
      stop(source)
      const reading = (async () => {
        for await (const _ of source);
      })()
      await within(tried.timeoutMs, 'end after stop()', reading)
      checkBooks(source, 'after stop()')
    },
  }
}

function givesOriginsAgain(tried: Tried): ContractCheck {
  return {
    name: 'gives every entry an origin, of growing sequence, with an id that is the same when it is read again',
    run: async () => {
      const first = await readAll(await tried.make(), tried)
      const last = new Map<object, number>()
      for (const { message, origin } of first) {
        assert.ok(origin !== undefined, `"${message}" has no origin`)
        const before = last.get(origin.tracker) ?? -Infinity
        assert.ok(origin.sequence > before, `sequences must grow, got ${origin.sequence} after ${before}`)
        last.set(origin.tracker, origin.sequence)
      }
      const ids = first.map(({ origin }) => origin?.id)
      assert.equal(new Set(ids).size, ids.length, 'no two lines may have the same id')
      const again = await readAll(await tried.make(), tried)
      assert.deepEqual(
        again.map(({ origin }) => origin?.id).toSorted(),
        ids.toSorted(),
        'a line must have the same id each time',
      )
    },
  }
}
