/** Every branch gets every entry in order, or says that it did not; and a source hears only what is safe everywhere. */

import { once } from 'node:events'
import { PassThrough, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import {
  acknowledge,
  type Batch,
  type Entries,
  EntryWritable,
  entryTransform,
  type FanOut,
  fanOut,
  isBatch,
  type LogEntry,
  type LogwispError,
} from '../src/index.ts'
import { checkOptionErrors, collectingSink, givingSource, RecordingTracker } from '../src/testing.ts'

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`)
const only = (pattern: RegExp) =>
  entryTransform({ entry: (entry) => (pattern.test(entry.message) ? entry : undefined) })
const turns = async (count = 5) => {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}

/** Keeps what it gets and acknowledges it only when it is told to. */
class Slow extends EntryWritable {
  readonly items: (LogEntry | Batch)[] = []
  constructor() {
    super({ acknowledge: 'by-hand' })
  }
  protected override consume(items: readonly (LogEntry | Batch)[]): void {
    this.items.push(...items)
  }
  acknowledge(count = Infinity): void {
    for (const item of this.items.splice(0, count)) this.delivered(item)
  }
}

/** Takes one entry at a time, the next one when told to, and acknowledges nothing by itself. */
class OneByOne extends Writable {
  readonly seen: LogEntry[] = []
  #next: () => void = () => {}
  constructor() {
    super({ objectMode: true, highWaterMark: 1 })
  }
  override _write(entry: LogEntry, _encoding: BufferEncoding, callback: () => void): void {
    this.seen.push(entry)
    this.#next = callback
  }
  async next(): Promise<void> {
    this.#next()
    await turns()
  }
}

function checkBalance({ stats }: FanOut): void {
  for (const books of [stats, ...stats.branches]) {
    expect(books.entriesIn).toBe(books.entriesOut + books.entriesDropped + books.entriesHeld)
  }
}

describe('what each branch gets', () => {
  test('batches as they are where they are taken, entries elsewhere, in order everywhere', async () => {
    const batches = collectingSink()
    const entries = collectingSink({ takes: 'entries' })
    const chained = collectingSink()
    const made: LogEntry[] = []
    const out = fanOut([
      batches,
      entries,
      [only(/7/), chained],
      [
        async function* (all: Entries) {
          for await (const entry of all) yield { ...entry, fields: { seen: true } }
        },
        async (all: Entries) => {
          for await (const entry of all) made.push(entry)
        },
      ],
    ])
    const tracker = new RecordingTracker()
    await pipeline(
      givingSource([
        tracker.batch(numbers(1, 500)),
        ...tracker.entries(numbers(501, 900)),
        tracker.batch(numbers(901, 1000)),
      ]),
      out,
    )
    expect(batches.messages).toEqual(numbers(1, 1000))
    expect(batches.items.filter(isBatch)).toHaveLength(2)
    expect(entries.messages).toEqual(numbers(1, 1000))
    expect(chained.messages).toEqual(numbers(1, 1000).filter((message) => message.includes('7')))
    expect(made.map(({ message }) => message)).toEqual(numbers(1, 1000))
    expect(made.every(({ fields }) => fields?.['seen'] === true)).toBe(true)
    expect(out.stats).toMatchObject({ entriesIn: 1000, entriesOut: 1000, entriesDropped: 0, entriesHeld: 0 })
    for (const books of out.stats.branches) expect(books).toMatchObject({ entriesIn: 1000, entriesOut: 1000 })
  })

  test('never more than a plain Writable wants, within a batch too', async () => {
    let unwanted = 0
    const seen: string[] = []
    const branch = new Writable({
      objectMode: true,
      highWaterMark: 4,
      write(chunk: LogEntry, _encoding, callback) {
        seen.push(chunk.message)
        setImmediate(callback)
      },
    })
    const write = branch.write.bind(branch)
    Object.assign(branch, {
      write: (chunk: unknown) => {
        if (branch.writableNeedDrain) unwanted++
        return write(chunk)
      },
    })
    await pipeline(givingSource([new RecordingTracker().batch(numbers(1, 200))]), fanOut([branch]))
    expect(seen).toEqual(numbers(1, 200))
    expect(unwanted).toBe(0)
  })

  test('nothing while it is still full from before', async () => {
    const branch = collectingSink({ held: true })
    const own = new RecordingTracker('own').entries(numbers(1, 20))
    for (const entry of own) branch.write(entry)
    const out = fanOut([branch])
    out.write(new RecordingTracker().batch(numbers(1, 5)))
    await turns()
    expect(out.stats.branches[0]).toMatchObject({ entriesOut: 0, entriesHeld: 5 })
    branch.release()
    out.end()
    await once(out, 'finish')
    expect(branch.messages).toEqual([...numbers(1, 20), ...numbers(1, 5)])
  })

  test('entries without an origin too', async () => {
    const sink = collectingSink()
    await pipeline(
      Readable.from(numbers(1, 100).map((message) => ({ time: 1, source: 's', message }))),
      fanOut([sink, collectingSink()]),
    )
    expect(sink.messages).toEqual(numbers(1, 100))
  })
})

describe('a slow branch', () => {
  test('that blocks holds everything back, and nothing is lost', async () => {
    const slow = collectingSink({ held: true })
    const quick = collectingSink()
    const source = givingSource(new RecordingTracker().entries(numbers(1, 2000)))
    const out = fanOut([slow, quick])
    const done = pipeline(source, out)
    await turns(50)
    // One is being taken, Node keeps 16 before the branch and before the fan-out each, and one write is under way.
    expect(quick.messages.length).toBeLessThan(100)
    checkBalance(out)
    slow.release()
    await done
    expect(slow.messages).toEqual(numbers(1, 2000))
    expect(quick.messages).toEqual(numbers(1, 2000))
  })

  test.each(['drop-newest', 'drop-oldest'] as const)(
    'that drops (%s) slows nobody, and says what it missed',
    async (whenFull) => {
      const slow = collectingSink({ held: true, takes: 'entries' })
      const quick = collectingSink()
      const out = fanOut([slow, quick], { perBranch: [{ whenFull, maxEntries: 100 }, {}] })
      let finished = false
      const done = pipeline(givingSource(new RecordingTracker().entries(numbers(1, 2000))), out).then(
        () => (finished = true),
      )
      while (quick.messages.length < 2000) await turns(1)
      checkBalance(out)
      const [books] = out.stats.branches
      expect(books).toMatchObject({ entriesIn: 2000, entriesHeld: 100, dropped: { 'branch-full': expect.any(Number) } })
      expect(finished).toBe(false)
      slow.release()
      await done
      const { branches } = out.stats
      expect(slow.messages).toHaveLength(2000 - (branches[0]?.entriesDropped ?? 0))
      const passed = slow.messages.length - 100
      expect(slow.messages).toEqual([
        ...numbers(1, passed),
        ...(whenFull === 'drop-newest' ? numbers(passed + 1, passed + 100) : numbers(1901, 2000)),
      ])
      expect(quick.messages).toEqual(numbers(1, 2000))
      expect(out.stats).toMatchObject({ entriesIn: 2000, entriesOut: 2000 })
    },
  )

  test('that drops loses nothing of a batch larger than its queue while it keeps up', async () => {
    const sink = collectingSink()
    await pipeline(
      givingSource([new RecordingTracker().batch(numbers(1, 500))]),
      fanOut([sink], { perBranch: { whenFull: 'drop-newest', maxEntries: 10 } }),
    )
    expect(sink.messages).toEqual(numbers(1, 500))
  })

  test('that drops holds no more bytes than it may', async () => {
    const slow = collectingSink({ held: true })
    const out = fanOut([slow], { perBranch: { whenFull: 'drop-oldest', maxBytes: 10_000 } })
    for (let i = 0; i < 1000; i++) out.write({ time: i, source: 's', message: 'x'.repeat(936) })
    await turns(200)
    expect(out.stats.branches[0]).toMatchObject({ entriesIn: 1000, entriesHeld: 10 })
    out.destroy()
  })
})

describe('acknowledgements', () => {
  /** Gives items to a fan-out without ending it. */
  async function give(out: FanOut, items: readonly (LogEntry | Batch)[]): Promise<void> {
    for (const item of items) out.write(item)
    await turns()
  }

  test('come once the slowest branch has them, and never before', async () => {
    const tracker = new RecordingTracker()
    const [a, b] = [new Slow(), new Slow()]
    const out = fanOut([a, b])
    const entries = tracker.entries(numbers(1, 3))
    await give(out, entries)
    a.acknowledge()
    expect(tracker.acknowledged).toEqual([])
    b.acknowledge(2)
    expect(tracker.mark).toBe(entries[1]?.origin?.sequence)
    b.acknowledge()
    expect(tracker.mark).toBe(tracker.end)
    expect(tracker.acknowledged.every((origin) => origin.tracker === tracker)).toBe(true)
    out.destroy()
  })

  test('are kept apart by source', async () => {
    const [one, two] = [new RecordingTracker('one'), new RecordingTracker('two')]
    const [a, b] = [new Slow(), new Slow()]
    const out = fanOut([a, b])
    await give(out, [one.batch(['1']), two.batch(['1']), one.batch(['2'])])
    a.acknowledge()
    b.acknowledge(2)
    expect([one.mark, two.mark]).toEqual([2, 2])
    b.acknowledge()
    expect([one.mark, two.mark]).toEqual([one.end, two.end])
    out.destroy()
  })

  test('of a fan-out within a fan-out reach the source', async () => {
    const tracker = new RecordingTracker()
    const [a, b, c] = [new Slow(), new Slow(), new Slow()]
    const out = fanOut([a, fanOut([b, c])])
    await give(out, [tracker.batch(numbers(1, 5))])
    a.acknowledge()
    b.acknowledge()
    expect(tracker.mark).toBe(0)
    c.acknowledge()
    expect(tracker.mark).toBe(tracker.end)
    out.destroy()
  })

  test('keep the ids of the source', async () => {
    const [entries, batches] = [collectingSink({ takes: 'entries' }), collectingSink()]
    const batch = new RecordingTracker().batch(numbers(1, 20))
    const ids = [...batch].map(({ origin }) => origin?.id)
    await pipeline(givingSource([batch]), fanOut([entries, batches]))
    expect(entries.entries.map(({ origin }) => origin?.id)).toEqual(ids)
    expect(batches.entries.map(({ origin }) => origin?.id)).toEqual(ids)
  })

  test('are not held back by a branch that filters everything out', async () => {
    const tracker = new RecordingTracker()
    const slow = new Slow()
    const filtered = fanOut([[only(/nothing has this/), slow], collectingSink()])
    await give(filtered, [tracker.batch(numbers(1, 5))])
    expect(slow.items.every((item) => isBatch(item) && item.count === 0)).toBe(true)
    slow.acknowledge()
    expect(tracker.mark).toBe(tracker.end)
    filtered.destroy()
  })

  test('cover the lines that a filter before it dropped, for a branch that takes entries too', async () => {
    const tracker = new RecordingTracker()
    await pipeline(
      givingSource([tracker.batch(['keep 1', 'drop', 'keep 2', 'drop']), tracker.batch(['drop', 'drop'])]),
      only(/keep/),
      fanOut([collectingSink({ takes: 'entries' }), collectingSink()]),
    )
    expect(tracker.mark).toBe(tracker.end)
  })

  test.each(['drop-newest', 'drop-oldest'] as const)(
    'cover what a branch dropped (%s) once it has what came before, not sooner',
    async (whenFull) => {
      const tracker = new RecordingTracker()
      const slow = new OneByOne()
      const out = fanOut([slow, collectingSink()], { perBranch: [{ whenFull, maxEntries: 2 }, {}] })
      const entries = tracker.entries(numbers(1, 10))
      await give(out, entries)
      const sequence = (n: number) => entries[n - 1]?.origin?.sequence
      // 1 is with the branch, two wait, seven were dropped.
      expect(out.stats.branches[0]).toMatchObject({ entriesOut: 1, entriesHeld: 2, entriesDropped: 7 })
      expect(tracker.acknowledged).toEqual([])
      acknowledge(slow.seen[0] as LogEntry)
      // Of drop-oldest 2 to 8 are gone and done; of drop-newest 2 and 3 are still to come.
      expect(tracker.mark).toBe(whenFull === 'drop-oldest' ? sequence(8) : sequence(1))
      for (let i = 0; i < 2; i++) {
        await slow.next()
      }
      acknowledge(slow.seen[1] as LogEntry)
      expect(tracker.mark).toBe(whenFull === 'drop-oldest' ? sequence(9) : sequence(2))
      acknowledge(slow.seen[2] as LogEntry)
      expect(tracker.mark).toBe(tracker.end)
      out.destroy()
    },
  )

  test('do not cover the rest of a batch that is being written entry by entry when newer lines are dropped', async () => {
    const tracker = new RecordingTracker()
    const slow = new OneByOne()
    const out = fanOut([slow], { perBranch: { whenFull: 'drop-oldest', maxEntries: 1 } })
    const batch = tracker.batch(numbers(1, 3))
    await give(out, [batch, tracker.batch(['4']), tracker.batch(['5'])])
    acknowledge(slow.seen[0] as LogEntry)
    expect(tracker.mark).toBe(2)
    for (const message of ['2', '3']) {
      await slow.next()
      expect(slow.seen.at(-1)?.message).toBe(message)
    }
    acknowledge(slow.seen[2] as LogEntry)
    // 4 was dropped behind 3.
    expect(tracker.mark).toBe(8)
    out.destroy()
  })

  test('of a branch that is taken out hold nothing back any more', async () => {
    const tracker = new RecordingTracker()
    const [bad, good] = [new Slow(), new Slow()]
    const out = fanOut([bad, good], { perBranch: { whenFailed: 'continue' } })
    out.on('warning', () => {})
    await give(out, [tracker.batch(numbers(1, 5))])
    good.acknowledge()
    expect(tracker.mark).toBe(0)
    bad.destroy(new Error('broken'))
    await turns()
    expect(tracker.mark).toBe(tracker.end)
    await give(out, [tracker.batch(['6'])])
    good.acknowledge()
    expect(tracker.mark).toBe(tracker.end)
    out.destroy()
  })

  test('of thousands of sources leave nothing behind', async () => {
    const registry: WeakRef<RecordingTracker>[] = []
    const out = fanOut([collectingSinkThatForgets(), collectingSinkThatForgets()])
    for (let file = 0; file < 3000; file++) {
      const tracker = new RecordingTracker(`${file}`)
      registry.push(new WeakRef(tracker))
      if (!out.write(tracker.batch(['a', 'b']))) await once(out, 'drain')
    }
    await turns(20)
    collectGarbage()
    await turns(5)
    collectGarbage()
    const alive = registry.filter((reference) => reference.deref() !== undefined).length
    expect(alive).toBeLessThan(100)
    out.destroy()
  })
})

/** Node's own, without the need to start it with `--expose-gc`. */
function collectGarbage(): void {
  setFlagsFromString('--expose_gc')
  ;(runInNewContext('gc') as () => void)()
}

function collectingSinkThatForgets(): Writable {
  return new (class extends EntryWritable {
    protected override consume(): void {}
  })()
}

describe('a branch that fails', () => {
  const failing = () => collectingSink({ failWith: new Error('disk gone'), failAfterEntries: 50 })

  test('destroys the fan-out and the other branches, with its error', async () => {
    const good = collectingSink()
    const failure = pipeline(givingSource(new RecordingTracker().entries(numbers(1, 1000))), fanOut([good, failing()]))
    await expect(failure).rejects.toThrow('disk gone')
    expect(good.destroyed).toBe(true)
    expect(good.writableFinished).toBe(false)
  })

  test('is noticed while nothing is written', async () => {
    const bad = collectingSink()
    const out = fanOut([bad, collectingSink()])
    const error = once(out, 'error')
    bad.destroy(new Error('gone'))
    expect(await error).toMatchObject([{ message: 'gone' }])
  })

  test('is written to no more, even before it is known', async () => {
    const bad = collectingSink()
    const out = fanOut([bad, collectingSink()], { perBranch: { whenFailed: 'continue' } })
    out.on('warning', () => {})
    bad.destroy()
    out.write(new RecordingTracker().batch(numbers(1, 5)))
    await turns()
    expect(out.stats.branches[0]).toMatchObject({ entriesIn: 5, entriesOut: 0, dropped: { 'branch-failed': 5 } })
    out.destroy()
  })

  test('that ended by itself is a failure that says so', async () => {
    const early = collectingSink()
    const out = fanOut([early, collectingSink()])
    const error = once(out, 'error')
    early.end()
    expect(await error).toMatchObject([
      { code: 'BRANCH_FAILED', message: expect.stringContaining('branch 0 ended before') },
    ])
  })

  test('within its chain fails the branch', async () => {
    const out = fanOut([[new PassThrough({ objectMode: true }), failing()], collectingSink()])
    await expect(pipeline(givingSource(new RecordingTracker().entries(numbers(1, 1000))), out)).rejects.toThrow(
      'disk gone',
    )
  })

  test('is left out with a warning, and what it misses is counted', async () => {
    const good = collectingSink()
    const out = fanOut([failing(), good], { perBranch: { whenFailed: 'continue' } })
    const warnings: LogwispError[] = []
    out.on('warning', (warning) => warnings.push(warning))
    await pipeline(givingSource(new RecordingTracker().entries(numbers(1, 1000))), out)
    expect(good.messages).toEqual(numbers(1, 1000))
    expect(warnings).toMatchObject([
      { code: 'BRANCH_FAILED', message: expect.stringContaining('branch 0 failed'), cause: { message: 'disk gone' } },
    ])
    checkBalance(out)
    const [bad] = out.stats.branches
    expect(bad?.entriesIn).toBe(1000)
    expect(bad?.dropped['branch-failed']).toBeGreaterThan(800)
  })

  test('is left out even while everything waits for it', async () => {
    const stuck = collectingSink({ held: true })
    const good = collectingSink()
    const out = fanOut([stuck, good], { perBranch: { whenFailed: 'continue' } })
    out.on('warning', () => {})
    const done = pipeline(givingSource(new RecordingTracker().entries(numbers(1, 1000))), out)
    await turns(20)
    expect(good.messages.length).toBeLessThan(100)
    stuck.destroy()
    await done
    expect(good.messages).toEqual(numbers(1, 1000))
    checkBalance(out)
  })

  test('as the last one fails the fan-out whatever it was told', async () => {
    const out = fanOut([failing(), failing()], { perBranch: { whenFailed: 'continue' } })
    out.on('warning', () => {})
    const tracker = new RecordingTracker()
    await expect(pipeline(givingSource(tracker.entries(numbers(1, 1000))), out)).rejects.toThrow('disk gone')
    expect(tracker.mark).toBeLessThan(tracker.end)
  })

  test('at its very end fails the fan-out', async () => {
    const bad = new Writable({
      objectMode: true,
      write: (_chunk, _encoding, callback) => callback(),
      final: (callback) => callback(new Error('no end')),
    })
    await expect(
      pipeline(givingSource(new RecordingTracker().entries(['1'])), fanOut([bad, collectingSink()])),
    ).rejects.toThrow('no end')
  })

  /** Is asked for its end, says so, and never comes to it: what it has taken is not safe yet. */
  const neverFinished = (): Writable => {
    const sink: Writable = new Writable({
      objectMode: true,
      write: (_chunk, _encoding, callback) => callback(),
      final: () => sink.emit('finishing'),
    })
    return sink
  }

  test.each(['alone', 'behind another stage'])(
    'that is closed %s, after its end was asked for and before it came, has not delivered',
    async (place) => {
      const bad = neverFinished()
      const branch = place === 'alone' ? bad : [new PassThrough({ objectMode: true }), bad]
      const done = pipeline(
        givingSource(new RecordingTracker().entries(['1'])),
        fanOut([branch, collectingSink()]),
      ).catch((error: Error) => error)
      await once(bad, 'finishing')
      bad.destroy()
      expect(await done).toMatchObject({
        code: 'BRANCH_FAILED',
        message: expect.stringContaining('branch 0 was closed before it had finished'),
      })
    },
  )

  test('by being closed before it has finished is left out with a warning when the others may go on', async () => {
    const bad = neverFinished()
    const good = collectingSink()
    const out = fanOut([bad, good], { perBranch: { whenFailed: 'continue' } })
    const warning = once(out, 'warning')
    const done = pipeline(givingSource(new RecordingTracker().entries(['1'])), out)
    await once(bad, 'finishing')
    bad.destroy()
    await done
    expect(await warning).toMatchObject([{ code: 'BRANCH_FAILED' }])
    expect(good.messages).toEqual(['1'])
  })
})

test('ends once every branch has finished', async () => {
  const slow = collectingSink({ held: true })
  const out = fanOut([collectingSink(), slow])
  out.end(new RecordingTracker().batch(['1']))
  await turns(10)
  expect(out.writableFinished).toBe(false)
  slow.release()
  await once(out, 'finish')
  expect(slow.writableFinished).toBe(true)
})

test('waits for all streams of its branches to close when it is destroyed', async () => {
  let closed = false
  const slow = new Writable({
    objectMode: true,
    write: (_chunk, _encoding, callback) => callback(),
    destroy(error, callback) {
      setTimeout(() => {
        closed = true
        callback(error)
      }, 20)
    },
  })
  const out = fanOut([[new PassThrough({ objectMode: true }), slow], collectingSink()])
  out.destroy()
  await once(out, 'close')
  expect(closed).toBe(true)
})

test('a branch may be a stream that is read elsewhere', async () => {
  const live = new PassThrough({ objectMode: true })
  const done = pipeline(givingSource(new RecordingTracker().entries(numbers(1, 100))), fanOut([live, collectingSink()]))
  const seen: string[] = []
  for await (const { message } of live) seen.push(message)
  await done
  expect(seen).toEqual(numbers(1, 100))
})

describe('refuses', () => {
  const sink = () => collectingSink()
  test('bad options, for all branches or for one', () => {
    const bad = { whenFull: ['wait'], maxEntries: [0, 1.5], maxBytes: [0, Infinity], whenFailed: ['ignore', true] }
    const others = { whenFull: 'drop-oldest' }
    checkOptionErrors((one: object) => fanOut([sink(), sink()], { perBranch: [{}, one] }), bad, others)
    expect(() => fanOut([sink()], { perBranch: { whenFull: 'wait' as never } })).toThrow(/`whenFull` must be/)
    checkOptionErrors((options) => fanOut([sink()], options), { perBranch: [5, 'block', null] })
  })
  test('bounds for a branch that blocks, and names the way to what is meant', () => {
    expect(() => fanOut([sink()], { perBranch: { maxEntries: 5 } })).toThrow(
      /`maxEntries` means nothing to a branch that blocks: .*memoryBuffer/,
    )
    expect(() => fanOut([sink()], { perBranch: { whenFull: 'block', maxBytes: 5 } })).toThrow(
      /`maxBytes` means nothing/,
    )
  })
  test('a list of options that is not as long as the list of branches', () => {
    expect(() => fanOut([sink(), sink()], { perBranch: [{}] })).toThrow(/one for each of 2 branches, got 1/)
  })
  test('no branches, what is no branch, and the same stream twice', () => {
    expect(() => fanOut([])).toThrow(/at least one branch/)
    expect(() => fanOut([[]])).toThrow(/`branches\[0\]` must be a branch with at least one stage/)
    expect(() => fanOut([new PassThrough()])).toThrow(/`branches\[0\]` must be an object-mode Writable/)
    expect(() => fanOut([sink(), 'file' as never])).toThrow(/`branches\[1\]`/)
    expect(() => fanOut([[sink(), {} as never]])).toThrow(/a stream that can be written to, or a function/)
    const twice = sink()
    expect(() => fanOut([twice, twice])).toThrow(/same stage twice/)
  })
})
