/** `rateLimit`: never more than it may, nothing lost while it waits, everything counted when it drops. */

import { getEventListeners } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { isBatch, type LogEntry, type Origin } from '@logwisp/core'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { rateLimit } from '../src/index.ts'
import { batchOf, Given, Kept, through } from './batches.ts'

const numbers = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `${from + i}`)
const batchFrom = (count: number, from = 0) => batchOf(`${numbers(count, from).join('\n')}\n`)
const entryOf = (message: string): LogEntry => ({ time: 1, source: 's', message })

describe('dropping', () => {
  test('lets the burst pass and counts the rest, as entries and as a batch alike', async () => {
    for (const items of [[batchFrom(10)], [...batchFrom(10)]]) {
      const filter = rateLimit({ ratePerSecond: 1, burst: 3, whenLimited: 'drop', now: () => 0 })
      expect((await through(filter, items)).messages).toEqual(['0', '1', '2'])
      expect(filter.stats).toEqual({
        entriesIn: 10,
        entriesOut: 3,
        entriesDropped: 7,
        dropped: { 'rate-limited': 7 },
        entriesHeld: 0,
      })
    }
  })

  test('keeps a batch whole, so that acknowledging it covers what was dropped', async () => {
    const acknowledged: number[] = []
    const tracker = { acknowledge: (origin: Origin) => void acknowledged.push(origin.sequence) }
    const at = (_start: number, end: number): Origin => ({ tracker, sequence: end, id: `${end}` })
    const filter = rateLimit({ ratePerSecond: 1, burst: 1, whenLimited: 'drop', now: () => 0 })
    const kept = await through(filter, [batchOf('a\nb\n', { at }), batchOf('c\nd\n', { at })])
    expect(kept.messages).toEqual(['a'])
    expect(acknowledged).toEqual([4, 4])
  })

  test('a clock that goes backwards neither opens nor shuts it', async () => {
    const times = [0, 0, -1e9, -1e9 + 1000, -1e9 + 1000]
    const filter = rateLimit({ ratePerSecond: 1, burst: 1, whenLimited: 'drop', now: () => times.shift() ?? 0 })
    expect((await through(filter, ['a', 'b', 'c', 'd'].map(entryOf))).messages).toEqual(['a', 'c'])
  })

  test('never lets more pass than burst + rate × time', async () => {
    const bursts = fc.array(
      fc.record({ gapMs: fc.nat(500), lines: fc.integer({ min: 1, max: 40 }), asBatch: fc.boolean() }),
      {
        minLength: 1,
        maxLength: 20,
      },
    )
    await fc.assert(
      fc.asyncProperty(
        bursts,
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 50 }),
        async (all, rate, burst) => {
          let now = 0
          const filter = rateLimit({ ratePerSecond: rate, burst, whenLimited: 'drop', now: () => now })
          const kept = new Kept()
          filter.pipe(kept)
          for (const { gapMs, lines, asBatch } of all) {
            now += gapMs
            for (const item of asBatch ? [batchFrom(lines)] : batchFrom(lines)) {
              await new Promise((resolve) => filter.write(item, resolve))
            }
            const { entriesIn, entriesOut, entriesDropped, entriesHeld } = filter.stats
            expect(entriesOut + entriesHeld).toBeLessThanOrEqual(burst + (rate * now) / 1000 + 1e-6)
            expect(entriesIn).toBe(entriesOut + entriesDropped + entriesHeld)
          }
          filter.destroy()
          kept.destroy()
        },
      ),
      { numRuns: 50 },
    )
  })
})

describe('waiting', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** When, in ms since the start, each message arrived. */
  async function arrivals(
    items: readonly Parameters<Kept['write']>[0][],
    options: { ratePerSecond: number; burst?: number },
  ) {
    const filter = rateLimit(options)
    const start = performance.now()
    const seen: [message: string, ms: number][] = []
    class Timed extends Kept {
      protected override consume(some: Parameters<Kept['consume']>[0]): void {
        super.consume(some)
        for (const item of some) {
          for (const { message } of isBatch(item) ? item : [item]) seen.push([message, performance.now() - start])
        }
      }
    }
    const done = pipeline(new Given(items), filter, new Timed())
    let isOver = false
    const over = done.finally(() => {
      isOver = true
    })
    for (let rounds = 0; !isOver && rounds < 10_000; rounds++) {
      await new Promise(setImmediate)
      if (vi.getTimerCount() > 0) await vi.advanceTimersToNextTimerAsync()
    }
    await over
    expect(vi.getTimerCount()).toBe(0)
    return { seen, filter }
  }

  test('is the default: nothing is lost and the order is kept, whatever the entries travel as', async () => {
    for (const items of [[batchFrom(10)], [...batchFrom(10)], [batchFrom(4), ...batchFrom(3, 4), batchFrom(3, 7)]]) {
      const { seen, filter } = await arrivals(items, { ratePerSecond: 100, burst: 4 })
      expect(seen.map(([message]) => message)).toEqual(numbers(10))
      expect(seen.map(([, ms]) => Math.round(ms))).toEqual([0, 0, 0, 0, 10, 20, 30, 40, 50, 60])
      expect(filter.stats).toEqual({ entriesIn: 10, entriesOut: 10, entriesDropped: 0, dropped: {}, entriesHeld: 0 })
    }
  })

  test('gives a batch in as many parts as a timer makes of it, not line by line', async () => {
    const { seen } = await arrivals([batchFrom(100)], { ratePerSecond: 20_000, burst: 20 })
    expect(seen.map(([message]) => message)).toEqual(numbers(100))
    expect(new Set(seen.map(([, ms]) => ms)).size).toBe(5)
  })

  test('a wait longer than a timer of Node can take is not cut short', async () => {
    const filter = rateLimit({ ratePerSecond: 1e-7 })
    const kept = new Kept()
    filter.pipe(kept)
    filter.write(entryOf('now'))
    filter.write(entryOf('in four months'))
    await new Promise(setImmediate)
    await vi.advanceTimersByTimeAsync(9e9)
    expect(kept.messages).toEqual(['now'])
    await vi.advanceTimersByTimeAsync(1.1e9)
    expect(kept.messages).toEqual(['now', 'in four months'])
    filter.destroy()
    kept.destroy()
  })

  test('the parts of a batch acknowledge no more than they hold', async () => {
    const acknowledged: number[] = []
    const tracker = { acknowledge: (origin: Origin) => void acknowledged.push(origin.sequence) }
    const at = (_start: number, end: number): Origin => ({ tracker, sequence: end, id: `${end}` })
    await arrivals([batchOf('a\nb\nc\nd\n', { at })], { ratePerSecond: 100, burst: 2 })
    expect(acknowledged).toEqual([4, 6, 8])
  })

  test('holds what it has not given, and asks for no more', async () => {
    const filter = rateLimit({ ratePerSecond: 1, burst: 2 })
    const source = new Given(Array.from({ length: 100 }, () => batchFrom(10)))
    const kept = new Kept()
    const done = pipeline(source, filter, kept)
    for (let i = 0; i < 50; i++) await new Promise(setImmediate)
    expect(kept.messages).toEqual(['0', '1'])
    expect(filter.stats).toMatchObject({ entriesIn: 10, entriesOut: 2, entriesHeld: 8 })
    expect(source.stats.entriesIn).toBeLessThan(400)
    source.destroy(new Error('enough'))
    await expect(done).rejects.toThrow('enough')
  })

  test.each([
    ['as a batch', () => [batchFrom(10)]],
    ['as entries', () => [...batchFrom(10)]],
  ])('ends at once when it is destroyed while it waits, and leaves no timer (%s)', async (_name, items) => {
    const controller = new AbortController()
    const kept = new Kept()
    const done = pipeline(new Given(items()), rateLimit({ ratePerSecond: 0.001 }), kept, { signal: controller.signal })
    while (vi.getTimerCount() === 0) await new Promise(setImmediate)
    controller.abort()
    await expect(done).rejects.toMatchObject({ name: 'AbortError' })
    expect(vi.getTimerCount()).toBe(0)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    expect(kept.messages).toEqual(['0'])
  })
})

test('an infinite rate limits nothing', async () => {
  const filter = rateLimit({ ratePerSecond: Infinity, whenLimited: 'drop' })
  expect((await through(filter, [batchFrom(1000)])).messages).toHaveLength(1000)
})

test('keeps to its rate on a real clock', async () => {
  const start = performance.now()
  const kept = await through(rateLimit({ ratePerSecond: 1000, burst: 10 }), [batchFrom(60)])
  expect(kept.messages).toEqual(numbers(60))
  expect(performance.now() - start).toBeGreaterThanOrEqual(49)
})

test.each([
  [undefined, 'ratePerSecond', 'must be a number above 0, or Infinity, got undefined'],
  [{}, 'ratePerSecond', 'got undefined'],
  [{ ratePerSecond: 0 }, 'ratePerSecond', 'got 0 (number)'],
  [{ ratePerSecond: 1, burst: 0 }, 'burst', 'must be a number of at least 1'],
  [{ ratePerSecond: 1, whenLimited: 'pass' }, 'whenLimited', "must be 'wait' or 'drop'"],
  [{ ratePerSecond: 1, policy: 'drop' }, 'policy', 'is no option'],
])('refuses %j', (options, name, message) => {
  const make = () => rateLimit(options as never)
  expect(make).toThrow(expect.objectContaining({ code: 'BAD_OPTION', option: name, stage: 'rateLimit' }))
  expect(make).toThrow(message)
})
