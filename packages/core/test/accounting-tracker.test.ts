/** The books of a source: who says something twice or too late, who says it for several blocks at once, and every bound. */

import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  AccountingTracker,
  acknowledge,
  type Batch,
  type BranchAccount,
  diskBuffer,
  type EntrySink,
  EntryWritable,
  entryTransform,
  fanOut,
  type LogEntry,
  noteDropped,
  type Origin,
  replaceableSink,
  type SourceAccount,
} from '../src/index.ts'
import { collectingSink, givingSource, memoryInUse } from '../src/testing.ts'
import { assertBalance, droppedOf, ReadBlocks } from './fixtures/read-blocks.ts'

const numbered = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `line ${from + i}`)

/** The account, which balances. */
function balanced({ account }: { readonly account: SourceAccount }): SourceAccount {
  assertBalance(account)
  return account
}

function branchOf(account: SourceAccount, name: string): BranchAccount {
  return account.branches.find(({ branch }) => branch === name) as BranchAccount
}

describe('acknowledgements', () => {
  test('one that is repeated or comes late within a block counts nothing a second time', () => {
    const blocks = new ReadBlocks('f')
    const entries = [...blocks.next(numbered(10))] as LogEntry[]
    const acknowledgeAll = (...numbers: number[]): void => {
      for (const number of numbers) acknowledge(entries[number] as LogEntry)
    }
    acknowledgeAll(0, 1, 1, 0, 2, 2, 2)
    expect(balanced(blocks)).toMatchObject({ entries: 10, delivered: 3, covered: 0, inFlight: 7 })
    // The one in the middle is covered by the one behind it, whatever is said of it afterwards.
    acknowledgeAll(4, 3)
    expect(balanced(blocks)).toMatchObject({ delivered: 4, inFlight: 6 })
    acknowledgeAll(5, 6, 7, 8, 8, 9, 9)
    expect(balanced(blocks)).toMatchObject({ delivered: 9, covered: 1, inFlight: 0 })
    acknowledgeAll(9, 0)
    expect(balanced(blocks)).toMatchObject({ delivered: 9, covered: 1, inFlight: 0 })
  })

  test('nor does it in a branch, while another branch is behind', async () => {
    const blocks = new ReadBlocks('f')
    const twice = new Writable({
      objectMode: true,
      write(entry: LogEntry, _encoding, callback) {
        acknowledge(entry)
        acknowledge(entry)
        callback()
      },
    })
    const held: LogEntry[] = []
    const holding = new Writable({
      objectMode: true,
      write(entry: LogEntry, _encoding, callback) {
        held.push(entry)
        callback()
      },
    })
    const sink = fanOut([twice, holding], { perBranch: [{ name: 'twice' }, { name: 'holding' }] })
    const entries = [...blocks.next(numbered(10))]
    for (const entry of entries.slice(0, 4)) sink.write(entry)
    await new Promise(setImmediate)
    expect(held).toHaveLength(4)
    expect(branchOf(balanced(blocks), 'twice')).toMatchObject({ entries: 10, delivered: 4, covered: 0, inFlight: 6 })
    for (const entry of entries.slice(4)) sink.write(entry)
    await new Promise(setImmediate)
    for (const entry of held) acknowledge(entry)
    for (const branch of balanced(blocks).branches) expect(branch).toMatchObject({ delivered: 10, covered: 0 })
  })

  test('nor what a sink says whose place another one has taken', async () => {
    const blocks = new ReadBlocks('f')
    const held: LogEntry[] = []
    class First extends Writable {
      constructor() {
        super({ objectMode: true })
      }
      override _write(entry: LogEntry, _encoding: BufferEncoding, callback: (error?: Error) => void): void {
        held.push(entry)
        if (held.length <= 2) acknowledge(entry)
        callback(held.length === 5 ? new Error('broken, as it was to be') : undefined)
      }
    }
    class Second extends EntryWritable {
      protected override consume(): void {}
    }
    let made = 0
    const make = (): EntrySink => (made++ === 0 ? (new First() as Writable as EntrySink) : new Second())
    const sink = replaceableSink(make, { minRestartDelayMs: 1 })
    sink.on('warning', () => {})
    for (const entry of blocks.next(numbered(10))) sink.write(entry)
    await sink.drained()
    // Too late, and of two of them a second time.
    for (const entry of held) acknowledge(entry)
    expect(balanced(blocks)).toMatchObject({ entries: 10, delivered: 10, covered: 0, inFlight: 0 })
    // Of the next block the old sink knows nothing.
    sink.write(blocks.next(numbered(5, 10)))
    for (const entry of held) acknowledge(entry)
    await sink.drained()
    expect(balanced(blocks)).toMatchObject({ entries: 15, delivered: 15, covered: 0, inFlight: 0 })
    sink.destroy()
  })

  test('a buffer on the disk that puts many blocks away at once has delivered all of them', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'logwisp-books-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    const blocks = new ReadBlocks('f')
    const batches = Array.from({ length: 40 }, (_, block) => blocks.next(numbered(10, 10 * block)))
    const isKept = ({ message }: LogEntry): boolean => !message.endsWith('3')
    const filter = entryTransform({ entry: (entry) => (isKept(entry) ? entry : undefined) })
    const buffer = diskBuffer(directory, { fsync: 'interval', fsyncIntervalMs: 50 })
    await pipeline(givingSource(batches), filter, buffer, collectingSink())
    expect(balanced(blocks)).toMatchObject({ entries: 400, delivered: 360, covered: 0, inFlight: 0 })
    expect(blocks.account.dropped).toEqual({
      filtered: { entries: 40, first: 'f:21', last: expect.stringMatching(/^f:/) },
    })
  })

  test('what is said of two blocks at once is said of the older one first, since of the newer one not all may have come', () => {
    const blocks = new ReadBlocks('f')
    const [one, other] = [[...blocks.next(numbered(10))], [...blocks.next(numbered(10, 10))]]
    const { origin } = other[4] as LogEntry
    const tracker = origin?.tracker as AccountingTracker
    tracker.deliver(origin as Origin, 15, '', one[0]?.origin)
    tracker.acknowledge(origin as Origin)
    expect(balanced(blocks)).toMatchObject({ entries: 20, delivered: 15, covered: 0, inFlight: 5 })
  })

  test('what comes after a branch has failed is dropped in it, however quickly another one acknowledges', async () => {
    const blocks = new ReadBlocks('f')
    class Failing extends EntryWritable {
      protected override consume(): void {
        throw new Error('broken, as it was to be')
      }
    }
    class Quick extends EntryWritable {
      protected override consume(): void {}
    }
    const sink = fanOut([new Quick(), new Failing()], { perBranch: { whenFailed: 'continue' } })
    const failed = once(sink, 'warning')
    sink.write(blocks.next(numbered(10)))
    await failed
    for (let block = 1; block < 5; block++) sink.write(blocks.next(numbered(10, 10 * block)))
    sink.end()
    await finished(sink)
    const [quick, failing] = balanced(blocks).branches
    expect(quick).toMatchObject({ entries: 50, delivered: 50 })
    expect(failing).toMatchObject({
      entries: 50,
      delivered: 0,
      covered: 0,
      dropped: { 'branch-failed': { entries: 50 } },
    })
  })

  test('the first and the last that were dropped are told, in whatever order stages come to them', () => {
    const blocks = new ReadBlocks('f')
    const entries = [...blocks.next(numbered(10))] as LogEntry[]
    for (const number of [5, 2, 8, 3]) noteDropped(entries[number] as LogEntry, 'filtered')
    expect(blocks.account.dropped).toEqual({
      filtered: { entries: 4, first: entries[2]?.origin?.id, last: entries[8]?.origin?.id },
    })
  })
})

describe('bounds', () => {
  const heldFor = (blockCount: number): number => {
    const blocks = new ReadBlocks('f')
    const before = memoryInUse()
    for (let block = 0; block < blockCount; block++) noteDropped(blocks.next(['a', 'b', 'c']).split(1)[0], 'filtered')
    const after = memoryInUse()
    expect(balanced(blocks)).toMatchObject({ entries: 3 * blockCount, inFlight: 2 * blockCount })
    return after - before
  }

  test('beyond 512 blocks under way memory grows no more, and sums are exact while they come back', () => {
    heldFor(1000)
    expect(heldFor(50_000)).toBeLessThan(2 * 1024 * 1024)
    const blocks = new ReadBlocks('f')
    const rests: Batch[] = []
    for (let block = 0; block < 5000; block++) {
      const [head, rest] = blocks.next(['a', 'b', 'c']).split(1)
      noteDropped(head, 'filtered')
      rests.push(rest)
    }
    for (const [block, rest] of rests.entries()) {
      acknowledge(rest)
      acknowledge(rest)
      if (block % 501 > 0) continue
      const delivered = 2 * (block + 1)
      expect(balanced(blocks)).toMatchObject({ entries: 15_000, delivered, covered: 0, inFlight: 10_000 - delivered })
    }
    expect(balanced(blocks)).toMatchObject({ delivered: 10_000, covered: 0, inFlight: 0 })
    expect(droppedOf(blocks.account)).toBe(5000)
  })

  test('the 65th reason and all after it are counted as `other`, within a block and over all blocks', () => {
    for (const blockCount of [1, 200]) {
      const blocks = new ReadBlocks('f')
      const entries: LogEntry[] = []
      for (let block = 0; block < blockCount; block++) entries.push(...blocks.next(numbered(200 / blockCount)))
      for (const [number, entry] of entries.entries()) noteDropped(entry, `reason ${number % 100}`)
      for (const isSettled of [false, true]) {
        if (isSettled) acknowledge(entries.at(-1) as LogEntry)
        const { dropped, inFlight, covered } = balanced(blocks)
        expect(inFlight + covered).toBe(0)
        expect(Object.keys(dropped)).toHaveLength(65)
        expect(dropped['reason 63']).toMatchObject({ entries: 2 })
        expect(dropped['other']).toEqual({
          entries: 72,
          first: entries[64]?.origin?.id,
          last: entries[199]?.origin?.id,
        })
      }
    }
  })

  test('branches beyond 256 are counted together as `other`, each of them with all entries, through a restart too', () => {
    const names = Array.from({ length: 300 }, (_, branch) => `branch ${branch}`)
    const file = { file: 'f', begin: 0, end: 10 }
    const tracker = new AccountingTracker({ source: 'f' })
    const at = (of: AccountingTracker, sequence: number): Origin => ({ tracker: of, sequence, id: `f:${sequence}` })
    const take = (of: AccountingTracker, from: number, to: number, sequence: number): void => {
      for (let line = from; line <= to; line++) {
        const origin = at(of, sequence + line - from)
        of.fork(origin, names)
        for (const [branch, name] of names.entries()) {
          if ((branch + line) % 3 > 0) of.deliver(origin, 1, name)
          else of.drop(origin, origin, 1, 'branch-full', name)
        }
      }
    }
    tracker.read(10, 10, file)
    take(tracker, 1, 6, 1)
    const check = (of: AccountingTracker, lines: number): void => {
      const account = balanced(of)
      expect(account).toMatchObject({ entries: 10, forked: 10 })
      expect(account.branches).toHaveLength(257)
      for (const [index, { branch, entries, delivered, inFlight, covered }] of account.branches.entries()) {
        const together = branch === 'other' ? names.slice(256) : [names[index]]
        let taken = 0
        for (const name of together) {
          for (let line = 1; line <= lines; line++) if ((names.indexOf(name as string) + line) % 3 > 0) taken++
        }
        expect({ branch, entries, delivered, inFlight, covered }).toEqual({
          branch,
          entries: 10 * together.length,
          delivered: taken,
          inFlight: (10 - lines) * together.length,
          covered: 0,
        })
      }
    }
    check(tracker, 6)
    tracker.acknowledge(at(tracker, 6))
    const again = new AccountingTracker({ source: 'f', saved: JSON.parse(JSON.stringify(tracker.savedBooks)) })
    again.read(4, 4, { ...file, begin: 6 })
    take(again, 7, 10, 1)
    check(again, 10)
    again.acknowledge(at(again, 4))
    check(again, 10)
  })

  test('within a block, more than 1,024 deliveries of a branch lose their places, but none is lost or counted twice', () => {
    const read = (saved?: unknown): AccountingTracker => new AccountingTracker({ source: 'f', saved })
    const take = (of: AccountingTracker, lines: number): void => {
      for (let line = 1; line <= lines; line++) {
        const origin = { tracker: of, sequence: line, id: `f:${line}` }
        of.fork(origin, ['ahead', 'behind'])
        if (line % 3 > 0) of.deliver(origin, 1, 'ahead')
        else of.drop(origin, origin, 1, 'branch-full', 'ahead')
      }
    }
    for (const [lines, ahead, isExact] of [
      [2400, 1200, true],
      [8000, 6000, false],
    ] as const) {
      const tracker = read()
      tracker.read(lines, lines, { file: 'f', begin: 0, end: lines })
      take(tracker, ahead)
      const mark = ahead / 2
      for (let line = 1; line <= mark; line++) tracker.deliver({ tracker, sequence: line, id: '' }, 1, 'behind')
      tracker.acknowledge({ tracker, sequence: mark, id: `f:${mark}` })
      const delivered = ahead - Math.floor(ahead / 3)
      expect(branchOf(balanced(tracker), 'ahead')).toMatchObject({ entries: lines, delivered, inFlight: lines - ahead })
      const saved = JSON.stringify(tracker.savedBooks)
      expect(saved.length).toBeLessThan(500)
      // From the mark on it is read again; nothing of what was ahead of it may count twice.
      const again = read(JSON.parse(saved))
      const left = lines - mark
      again.read(left, left, { file: 'f', begin: mark, end: lines })
      take(again, left)
      for (let line = 1; line <= left; line++) again.deliver({ tracker: again, sequence: line, id: '' }, 1, 'behind')
      again.acknowledge({ tracker: again, sequence: left, id: `f:${lines}` })
      const [one, other] = balanced(again).branches as [BranchAccount, BranchAccount]
      expect(other).toMatchObject({ branch: 'behind', entries: lines, delivered: lines, inFlight: 0, covered: 0 })
      expect(one).toMatchObject({ branch: 'ahead', entries: lines, inFlight: 0, covered: 0 })
      if (isExact) expect(droppedOf(one)).toBe(Math.floor(lines / 3))
      else expect(one.delivered + droppedOf(one)).toBe(lines)
    }
  })

  test('what cannot be books is not taken for some', () => {
    const forked = { e: 0 }
    for (const n of [0, -1, 1.5, '2']) {
      const partly = { entries: 1, ends: { f: 1 }, sure: { b: { a: { n } } }, maybe: {} }
      const tracker = new AccountingTracker({ source: 'f', saved: { sum: forked, partly } })
      expect(tracker.readBefore('f')).toBe(0)
    }
  })
})

test('a sink that says of an item twice that it is delivered has delivered it once', async () => {
  class Twice extends EntryWritable {
    constructor() {
      super({ acknowledge: 'by-hand' })
    }
    protected override consume(items: readonly (LogEntry | Batch)[]): void {
      for (const item of items) {
        this.delivered(item)
        this.delivered(item)
      }
    }
  }
  const blocks = new ReadBlocks('f')
  const block = blocks.next(numbered(10))
  const [head] = block.split(4)
  await pipeline(givingSource([head]), new Twice())
  expect(balanced(blocks)).toMatchObject({ entries: 10, delivered: 4, inFlight: 6 })
})
