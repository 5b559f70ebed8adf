/** One bound on memory for several stages: who gets what, who gives back, who is called; and with real streams, that it holds. */

import { finished, pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import {
  type BudgetHolder,
  type ByteBudget,
  byteBudget,
  entrySize,
  type FanOut,
  fanOut,
  type MemoryBuffer,
  memoryBuffer,
  type ReplaceableSink,
  replaceableSink,
  type StageStats,
} from '../src/index.ts'
import { checkOptionErrors, collectingSink, givingSource, memoryInUse, RecordingTracker } from '../src/testing.ts'

const microtasks = async (): Promise<void> => {
  for (let i = 0; i < 4; i++) await Promise.resolve()
}

/** A holder that notes when it is called. */
function joined(budget: ByteBudget, options: Partial<BudgetHolder> = {}) {
  const calls: string[] = []
  const share = budget.join({ name: 'one', onRoom: () => calls.push('room'), ...options })
  return { calls, share }
}

describe('a share', () => {
  test('is what there is, by the number of holders, and of an only one it is all', () => {
    const budget = byteBudget({ maxBytes: 100 })
    expect(budget.stats).toEqual({ maxBytes: 100, bytesHeld: 0, peakBytes: 0, shareBytes: 100, holders: [] })
    const { share } = joined(budget)
    expect(share.take(100)).toBe(true)
    expect(share.take(1)).toBe(false)
    expect(budget.stats).toEqual({
      maxBytes: 100,
      bytesHeld: 100,
      peakBytes: 100,
      shareBytes: 100,
      holders: [{ name: 'one', bytesHeld: 100, isWaiting: true, denied: 1 }],
    })
    joined(budget)
    expect(budget.stats.shareBytes).toBe(50)
  })

  test('may be exceeded by what others leave, but for half of what is theirs', () => {
    const budget = byteBudget({ maxBytes: 100 })
    const [one, other] = [joined(budget), joined(budget)]
    expect(one.share.take(75)).toBe(true)
    expect(one.share.take(1)).toBe(false)
    expect(other.share.take(25)).toBe(true)
    expect(other.share.take(1)).toBe(false)
  })

  test('that is lent comes back to its owner, and not to who has more than its own', async () => {
    const budget = byteBudget({ maxBytes: 100 })
    const one = joined(budget)
    const other = joined(budget, {
      onRoom: () => {
        other.calls.push('room')
        expect(other.share.take(20)).toBe(true)
      },
    })
    one.share.take(75)
    other.share.take(25)
    expect(one.share.take(10)).toBe(false)
    expect(other.share.take(20)).toBe(false)
    one.share.setHeld(65)
    await microtasks()
    expect([one.calls, other.calls]).toEqual([[], []])
    expect(one.share.take(10)).toBe(false)
    one.share.setHeld(55)
    await microtasks()
    expect([one.calls, other.calls]).toEqual([[], ['room']])
    expect(budget.stats.holders.map(({ bytesHeld }) => bytesHeld)).toEqual([55, 45])
  })

  test('that is lent to one that can give back is there at once', () => {
    const budget = byteBudget({ maxBytes: 100 })
    const asked: number[] = []
    const ring = joined(budget, {
      giveBack: (bytes) => {
        asked.push(bytes)
        ring.share.setHeld(ring.share.bytesHeld - bytes)
      },
    })
    const other = joined(budget)
    ring.share.take(75)
    expect(other.share.take(45)).toBe(true)
    expect(asked).toEqual([20])
    expect(other.share.take(10)).toBe(false)
    expect(budget.stats.bytesHeld).toBe(100)
  })

  test('is asked back first of who has the most, and never more than is beyond its own', () => {
    const budget = byteBudget({ maxBytes: 120 })
    const asked: [string, number][] = []
    const giver = (name: string) => {
      const one = joined(budget, {
        giveBack: (bytes) => {
          asked.push([name, bytes])
          one.share.setHeld(one.share.bytesHeld - bytes)
        },
      })
      return one
    }
    const [a, b] = [giver('a'), giver('b')]
    a.share.take(50)
    b.share.take(70)
    const late = joined(budget)
    expect(late.share.take(40)).toBe(true)
    expect(asked).toEqual([
      ['b', 30],
      ['a', 10],
    ])
  })

  test('grows when another holder leaves, and who waits is told', async () => {
    const budget = byteBudget({ maxBytes: 100 })
    const [one, other] = [joined(budget), joined(budget)]
    other.share.take(60)
    one.share.take(40)
    expect(one.share.take(30)).toBe(false)
    other.share.leave()
    await microtasks()
    expect(one.calls).toEqual(['room'])
    expect(budget.stats.holders).toHaveLength(1)
    // Whoever has left is not counted, whatever it does.
    expect(other.share.take(1000)).toBe(true)
    other.share.setHeld(1000)
    other.share.leave()
    expect(budget.stats.bytesHeld).toBe(40)
  })
})

test('one item is let in whatever its size, where nothing else is held', () => {
  const budget = byteBudget({ maxBytes: 10 })
  const [one, other] = [joined(budget), joined(budget)]
  expect(one.share.take(1000)).toBe(true)
  expect(one.share.take(1)).toBe(false)
  expect(other.share.take(500)).toBe(true)
  expect(other.share.take(1)).toBe(false)
  expect(budget.stats).toMatchObject({ bytesHeld: 1500, peakBytes: 1500 })
})

test('an item larger than a share makes those give back that can, before it goes beyond the bound', () => {
  const budget = byteBudget({ maxBytes: 100 })
  const ring = joined(budget, { giveBack: (bytes) => ring.share.setHeld(ring.share.bytesHeld - bytes) })
  const other = joined(budget)
  ring.share.take(75)
  expect(other.share.take(60)).toBe(true)
  // The ring keeps its own.
  expect(budget.stats).toMatchObject({ bytesHeld: 110, holders: [{ bytesHeld: 50 }, { bytesHeld: 60 }] })
})

test('what turns out larger than it was is counted, and nobody gets more before it is gone', async () => {
  const budget = byteBudget({ maxBytes: 100 })
  const [one, other] = [joined(budget), joined(budget)]
  one.share.take(10)
  one.share.setHeld(130)
  other.share.take(5)
  expect(other.share.take(5)).toBe(false)
  one.share.setHeld(20)
  await microtasks()
  expect(other.calls).toEqual(['room'])
})

test('those that wait are called in the order of asking, and who does not take leaves it to the next one', async () => {
  const budget = byteBudget({ maxBytes: 90 })
  const order: string[] = []
  const full = joined(budget)
  full.share.take(88)
  const waiting = ['a', 'b', 'c'].map((name) => {
    const one = joined(budget, { onRoom: () => void order.push(name) })
    one.share.take(1)
    return one
  })
  for (const { share } of waiting) expect(share.take(15)).toBe(false)
  full.share.setHeld(40)
  await microtasks()
  expect(order).toEqual(['a', 'b', 'c'])
  await microtasks()
  expect(order).toHaveLength(3)
})

test('one that drops what it was denied has it next time, before those that have more than their own', () => {
  const budget = byteBudget({ maxBytes: 100 })
  const drops = budget.join({ name: 'drops' })
  const greedy = joined(budget)
  drops.take(25)
  greedy.share.take(75)
  expect(drops.take(20)).toBe(false)
  greedy.share.setHeld(55)
  expect(greedy.share.take(1)).toBe(false)
  expect(drops.take(20)).toBe(true)
})

test('a new size holds from then on: those that can give back at once, the others take no more', async () => {
  const budget = byteBudget({ maxBytes: 100 })
  const ring = joined(budget, { giveBack: (bytes) => ring.share.setHeld(ring.share.bytesHeld - bytes) })
  const other = joined(budget)
  other.share.take(30)
  ring.share.take(70)
  budget.resize(50)
  expect(budget.stats).toMatchObject({ maxBytes: 50, shareBytes: 25, bytesHeld: 55 })
  expect(ring.share.bytesHeld).toBe(25)
  expect(other.share.take(1)).toBe(false)
  budget.resize(1000)
  await microtasks()
  expect(other.calls).toEqual(['room'])
  expect(other.share.take(1)).toBe(true)
})

test('without a bound it only counts, and can be given one later', async () => {
  const budget = byteBudget({ maxBytes: Infinity })
  const [one, other] = [joined(budget), joined(budget)]
  expect(one.share.take(1e12)).toBe(true)
  one.share.setHeld(60)
  expect(other.share.take(60)).toBe(true)
  expect(budget.stats).toMatchObject({ maxBytes: Infinity, shareBytes: Infinity, bytesHeld: 120 })
  budget.resize(100)
  expect(one.share.take(1)).toBe(false)
  one.share.setHeld(20)
  await microtasks()
  expect(one.calls).toEqual(['room'])
  budget.resize(Infinity)
  expect(one.share.take(1000)).toBe(true)
})

test('holders have the name of their part of the program', () => {
  const budget = byteBudget({ maxBytes: 100 })
  memoryBuffer({ budget: budget.within('app').within('sink 1') })
  memoryBuffer({ budget })
  expect(budget.stats.holders.map(({ name }) => name)).toEqual(['app/sink 1/memoryBuffer', 'memoryBuffer'])
})

test('bad options are refused, by the budget and by those that take one', () => {
  checkOptionErrors((options) => byteBudget(options), { maxBytes: [undefined, 0, 1.5, '64MB', Number.NaN] })
  const budget = byteBudget({ maxBytes: 1 })
  expect(() => budget.resize(0)).toThrow('`maxBytes`')
  expect(() => budget.within('')).toThrow('`name`')
  checkOptionErrors((options) => budget.join(options), { name: [1, ''], giveBack: ['x'], onRoom: [1] }, { name: 'x' })
  checkOptionErrors((options) => memoryBuffer(options), { budget: [1, {}, { maxBytes: 1 }] })
  checkOptionErrors((options) => replaceableSink(() => collectingSink() as never, options), { budget: [1, {}] })
  const branch = (options: object) => fanOut([collectingSink()], { perBranch: options })
  expect(() => branch({ whenFull: 'drop-newest', budget: {} })).toThrow('`budget`')
  expect(() => branch({ budget })).toThrow('`budget` means nothing to a branch that blocks')
  expect(budget.stats.holders).toEqual([])
})

const numbered = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${String(from + i).padStart(6)} ${'x'.repeat(90)}`)

/** Batches of some 10 kB, of a source that reads again. */
function blocks(tracker: RecordingTracker, count: number) {
  return Array.from({ length: count }, (_, i) => tracker.batch(numbered(i * 100, 100)))
}

/** Until nothing moves any more. */
async function settled(stages: readonly { readonly stats: StageStats }[]): Promise<void> {
  const state = (): string => JSON.stringify(stages.map(({ stats }) => stats))
  for (let before = '', quiet = 0; quiet < 20; ) {
    await new Promise(setImmediate)
    quiet = state() === before ? quiet + 1 : 0
    before = state()
  }
}

function checkBalance({ stats }: { readonly stats: StageStats }): void {
  expect(stats.entriesIn).toBe(stats.entriesOut + stats.entriesDropped + stats.entriesHeld)
}

describe('with real streams', () => {
  const blockBytes = entrySize(blocks(new RecordingTracker(), 1)[0] as never)
  const maxBytes = 20 * blockBytes

  /** Every kind of holder in core, each in a pipeline of its own, each before a sink that stands still. */
  function program(budget: ByteBudget) {
    const held = () => collectingSink({ held: true })
    const sinks = [held(), held(), held(), held(), held(), held()] as const
    const trackers = sinks.map((_, i) => new RecordingTracker(`source ${i}`))
    const blocking = memoryBuffer({ budget })
    const newest = memoryBuffer({ budget, whenFull: 'drop-newest' })
    const oldest = memoryBuffer({ budget, whenFull: 'drop-oldest' })
    const kept: ReplaceableSink = replaceableSink(() => sinks[3] as never, { budget })
    const branches: FanOut = fanOut([sinks[4], sinks[5]], {
      perBranch: [
        { whenFull: 'drop-oldest', budget },
        { whenFull: 'drop-newest', budget },
      ],
    })
    const stages: readonly (MemoryBuffer | ReplaceableSink | FanOut)[] = [blocking, newest, oldest, kept, branches]
    // Not all at once, so that all go on side by side.
    const paced = async function* (tracker: RecordingTracker) {
      for (const block of blocks(tracker, 200)) {
        await new Promise(setImmediate)
        yield block
      }
    }
    const source = (i: number) => givingSource(paced(trackers[i] as RecordingTracker))
    const done = Promise.all([
      pipeline(source(0), blocking, sinks[0]),
      pipeline(source(1), newest, sinks[1]),
      pipeline(source(2), oldest, sinks[2]),
      pipeline(source(3), kept),
      pipeline(source(4), branches),
    ])
    return { sinks, trackers, stages, done }
  }

  test('all of them together hold no more than they may; and all is delivered that was not dropped', async () => {
    const budget = byteBudget({ maxBytes })
    const { sinks, trackers, stages, done } = program(budget)
    await settled(stages)
    const { holders, bytesHeld, peakBytes, shareBytes } = budget.stats
    expect(holders).toHaveLength(6)
    expect(bytesHeld).toBeGreaterThan(maxBytes / 2)
    // All blocks are of one size, which is less than what is kept free: nobody has to go beyond the bound.
    expect(peakBytes).toBeLessThanOrEqual(maxBytes)
    expect(shareBytes).toBeGreaterThan(2 * blockBytes)
    // Everyone has what is kept free for it, in whole blocks, though five came before the last.
    for (const holder of holders) expect(holder.bytesHeld).toBeGreaterThanOrEqual(blockBytes)
    const books = stages.map(({ stats }) => ('bytesHeld' in stats ? (stats.bytesHeld as number) : 0))
    expect(holders.slice(0, 4).map((holder) => holder.bytesHeld)).toEqual(books.slice(0, 4))

    for (const sink of sinks) sink.release()
    await done
    for (const stage of stages) checkBalance(stage)
    const [blocking, newest, oldest, kept, branches] = stages.map(({ stats }) => stats)
    expect(sinks[0].messages).toEqual(numbered(0, 20_000))
    expect(sinks[3].messages).toEqual(numbered(0, 20_000))
    expect([blocking?.entriesDropped, kept?.entriesDropped]).toEqual([0, 0])
    expect(newest?.dropped).toEqual({ 'budget-full': 20_000 - sinks[1].messages.length })
    expect(oldest?.dropped).toEqual({ 'budget-full': 20_000 - sinks[2].messages.length })
    expect(sinks[2].messages.at(-1)).toBe(numbered(19_999, 1)[0])
    const ofBranches = (branches as FanOut['stats']).branches
    expect(ofBranches.map(({ dropped }) => dropped)).toEqual([
      { 'budget-full': 20_000 - sinks[4].messages.length },
      { 'budget-full': 20_000 - sinks[5].messages.length },
    ])
    // What was dropped holds nothing back.
    for (const [index, tracker] of trackers.entries()) if (index !== 1) expect(tracker.mark).toBe(tracker.end)
    expect(budget.stats).toMatchObject({ bytesHeld: 0, holders: [] })
  })

  test('blocks larger than a share go through all of them one by one: beyond the bound is one for each holder', async () => {
    const budget = byteBudget({ maxBytes: 100 })
    const { sinks, stages, done } = program(budget)
    await settled(stages)
    // Those that drop their oldest may have been asked for it.
    for (const { bytesHeld } of budget.stats.holders) expect([0, blockBytes]).toContain(bytesHeld)
    expect(budget.stats.bytesHeld).toBeGreaterThanOrEqual(4 * blockBytes)
    for (const sink of sinks) sink.release()
    await done
    expect(budget.stats.peakBytes).toBeGreaterThan(100 + 3 * blockBytes)
    expect(budget.stats.peakBytes).toBeLessThanOrEqual(100 + 6 * blockBytes)
    expect(sinks[0].messages).toEqual(numbered(0, 20_000))
    expect(sinks[3].messages).toEqual(numbered(0, 20_000))
  })

  test('two buffers behind each other do not wait for each other', async () => {
    for (const bytes of [1, blockBytes, 3 * blockBytes, 10 * blockBytes]) {
      const budget = byteBudget({ maxBytes: bytes })
      const sink = collectingSink({ held: true })
      const stages = [memoryBuffer({ budget }), memoryBuffer({ budget }), memoryBuffer({ budget })] as const
      const done = pipeline(givingSource(blocks(new RecordingTracker(), 100)), ...stages, sink)
      await settled(stages)
      expect(budget.stats.peakBytes).toBeLessThanOrEqual(bytes + 3 * blockBytes)
      sink.release()
      await done
      expect(sink.messages).toEqual(numbered(0, 10_000))
    }
  })

  test('a pipeline that comes late gets its share of those that have everything, as they deliver', async () => {
    const budget = byteBudget({ maxBytes })
    const start = () => {
      const sink = collectingSink({ held: true })
      const buffer = memoryBuffer({ budget })
      const done = pipeline(givingSource(blocks(new RecordingTracker(), 300)), buffer, sink)
      return { sink, buffer, done }
    }
    const early = start()
    await settled([early.buffer])
    expect(early.buffer.stats.bytesHeld).toBe(maxBytes)
    const late = start()
    await settled([early.buffer, late.buffer])
    expect(late.buffer.stats.bytesHeld).toBe(blockBytes)
    // One block after the other is delivered of the early one's.
    for (let i = 0; i < 10; i++) {
      early.sink.release()
      early.sink.hold()
      await settled([early.buffer, late.buffer])
      expect(budget.stats.bytesHeld).toBeLessThanOrEqual(maxBytes + blockBytes)
    }
    // Of what it delivered, itself has got nothing while the late one had less than its own.
    expect(late.buffer.stats.bytesHeld).toBeGreaterThanOrEqual(9 * blockBytes)
    for (const { sink } of [early, late]) sink.release()
    await Promise.all([early.done, late.done])
    for (const { sink } of [early, late]) expect(sink.messages).toEqual(numbered(0, 30_000))
  })

  test('a stage that is destroyed gives its share to the others', async () => {
    const budget = byteBudget({ maxBytes })
    const sink = collectingSink({ held: true })
    const [first, second] = [memoryBuffer({ budget }), memoryBuffer({ budget })]
    const broken = pipeline(givingSource(blocks(new RecordingTracker(), 100)), first, collectingSink({ held: true }))
    await settled([first])
    const done = pipeline(givingSource(blocks(new RecordingTracker(), 100)), second, sink)
    await settled([first, second])
    const before = second.stats.bytesHeld
    first.destroy()
    await broken.catch(() => {})
    await settled([second])
    expect(second.stats.bytesHeld).toBeGreaterThan(before)
    expect(budget.stats.holders).toHaveLength(1)
    sink.release()
    await done
    expect(budget.stats.holders).toEqual([])
  })

  test('a sink that is abandoned, and one that fails for good, hold nothing any more', async () => {
    const budget = byteBudget({ maxBytes })
    const kept = replaceableSink(() => collectingSink({ held: true }) as never, { budget, endTimeoutMs: 50 })
    for (const block of blocks(new RecordingTracker(), 3)) kept.write(block)
    await settled([kept])
    expect(budget.stats.bytesHeld).toBe(2 * blockBytes)
    kept.abandon()
    expect(budget.stats.bytesHeld).toBe(0)
    kept.end()
    await finished(kept)
    expect(budget.stats.holders).toEqual([])
  })

  test('the bound is the memory that it takes', async () => {
    const budget = byteBudget({ maxBytes: 8 * 1024 * 1024 })
    const before = memoryInUse()
    const stages = Array.from({ length: 6 }, () => memoryBuffer({ budget, maxEntries: Infinity, maxBytes: 1e9 }))
    const abort = new AbortController()
    const read = function* () {
      // As read from a file: each in memory of its own.
      for (let i = 0; i < 400; i++) yield new RecordingTracker().batch(numbered(0, 640))
    }
    const done = stages.map((stage) =>
      pipeline(givingSource(read()), stage, collectingSink({ held: true }), { signal: abort.signal }),
    )
    await settled(stages)
    // 150 MB were offered. Beside the bound each pipeline has 16 blocks at the end of its source, and at the entrances of
    // the buffer and of the sink, and one or two in passing.
    const entrances = 6 * (3 * 16 + 4) * 64_000
    expect(budget.stats.bytesHeld).toBeGreaterThan(7 * 1024 * 1024)
    expect(memoryInUse() - before).toBeLessThan(8 * 1024 * 1024 + entrances)
    abort.abort()
    await Promise.allSettled(done)
    expect(budget.stats.holders).toEqual([])
  })
})
