/** A sink that outlives the sink inside of it loses nothing, keeps the order, and never hangs behind a failing one. */

import { once } from 'node:events'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  acknowledge,
  type Batch,
  EntryWritable,
  isBatch,
  type LogEntry,
  LogwispError,
  type ReplaceableSink,
  type ReplaceableSinkOptions,
  replaceableSink,
} from '../src/index.ts'
import {
  checkOptionErrors,
  collectingSink,
  givingSource,
  RecordingTracker,
  sampleLines,
  sinkContract,
} from '../src/testing.ts'

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`)
const turns = async (count = 5) => {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}
const until = async (done: () => boolean) => {
  while (!done()) await new Promise(setImmediate)
}
const messagesOf = (items: readonly (LogEntry | Batch)[]): string[] =>
  items.flatMap((item) => (isBatch(item) ? [...item].map(({ message }) => message) : [item.message]))

const quick = { minRestartDelayMs: 1, maxRestartDelayMs: 2 } as const satisfies ReplaceableSinkOptions

/** Keeps what it gets, and acknowledges or fails only when it is told to. */
class ByHand extends EntryWritable {
  readonly items: (LogEntry | Batch)[] = []
  readonly unsafe: (LogEntry | Batch)[] = []
  #finish: (() => void) | undefined
  constructor() {
    super({ acknowledge: 'by-hand' })
  }
  protected override consume(items: readonly (LogEntry | Batch)[]): void {
    this.items.push(...items)
    this.unsafe.push(...items)
  }
  acknowledge(count = Number.POSITIVE_INFINITY): void {
    for (const item of this.unsafe.splice(0, count)) this.delivered(item)
    if (this.unsafe.length === 0) this.#finish?.()
  }
  protected override finish(): Promise<void> {
    return new Promise((resolve) => {
      this.#finish = resolve
      if (this.unsafe.length === 0) resolve()
    })
  }
  get messages(): string[] {
    return messagesOf(this.items)
  }
}

function checkBalance({ stats }: ReplaceableSink): void {
  expect(stats.entriesIn).toBe(stats.entriesOut + stats.entriesDropped + stats.entriesHeld)
}

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('keeps the contract of sinks', () => {
  const inside = new WeakMap<Writable, ReturnType<typeof collectingSink>>()
  const make = () => {
    const inner = collectingSink()
    const sink = replaceableSink(() => inner as never)
    inside.set(sink, inner)
    return sink
  }
  const checks = sinkContract(make, {
    received: (sink) => inside.get(sink)?.messages ?? [],
    makeFailing: () => {
      const inner = collectingSink({ failWith: new Error('the far side is down'), failAfterEntries: 7 })
      const sink = replaceableSink(() => inner as never, { ...quick, endTimeoutMs: 0 })
      inside.set(sink, inner)
      return sink
    },
    makeStuck: () => replaceableSink(() => collectingSink({ held: true }) as never),
  })
  for (const { name, run } of checks) test(name, run)
})

describe('keeps the contract of sinks with one inside that takes entries only', () => {
  const inside = new WeakMap<Writable, ReturnType<typeof collectingSink>>()
  const make = () => {
    const inner = collectingSink({ takes: 'entries' })
    const sink = replaceableSink(async () => inner as never)
    inside.set(sink, inner)
    return sink
  }
  for (const { name, run } of sinkContract(make, { received: (sink) => inside.get(sink)?.messages ?? [] }))
    test(name, run)
})

test('refuses bad options', () => {
  checkOptionErrors((options) => replaceableSink(() => collectingSink() as never, options as never), {
    minRestartDelayMs: [0, -1, '500'],
    maxRestartDelayMs: [0, 499],
    maxKeptEntries: [0, 1.5],
    maxKeptBytes: [0, Infinity],
    endTimeoutMs: [-1, '1'],
  })
  expect(() => replaceableSink(collectingSink() as never)).toThrow(/`make` must be a function/)
})

describe('when the sink inside fails', () => {
  test('another one gets, in order, exactly what that one had not acknowledged', async () => {
    const made: ByHand[] = []
    const warnings: LogwispError[] = []
    const sink = replaceableSink(() => {
      made.push(new ByHand())
      return made.at(-1) as ByHand
    }, quick)
    sink.on('warning', (warning) => warnings.push(warning))
    const a = new RecordingTracker('a.log')
    const b = new RecordingTracker('b.log')
    for (const item of [a.batch(['a1', 'a2', 'a3']), ...b.entries(['b1', 'b2']), a.batch(['a4'])]) sink.write(item)
    await turns()
    made[0]?.acknowledge(2)
    expect(a.mark).toBe(9)
    expect(b.mark).toBe(3)
    expect(sink.stats).toMatchObject({ entriesIn: 6, entriesOut: 4, entriesHeld: 2 })
    made[0]?.destroy(new Error('cut off'))
    await until(() => made.length === 2 && made[1]?.items.length === 2)
    expect(made[1]?.messages).toEqual(['b2', 'a4'])
    expect(sink).toMatchObject({ state: 'running', restarts: 1, lastError: { message: 'cut off' } })
    expect(warnings).toMatchObject([{ code: 'SINK_FAILED', cause: { message: 'cut off' } }])
    sink.end()
    await turns()
    made[1]?.acknowledge()
    await once(sink, 'finish')
    expect([a.mark, b.mark]).toEqual([a.end, b.end])
    expect(sink.stats).toMatchObject({ entriesIn: 6, entriesOut: 6, entriesHeld: 0, bytesHeld: 0 })
  })

  test('of a batch it had acknowledged in part, only the rest comes again', async () => {
    const made: ByHand[] = []
    const sink = replaceableSink(() => {
      made.push(new ByHand())
      return made.at(-1) as ByHand
    }, quick)
    const tracker = new RecordingTracker()
    sink.write(tracker.batch(['one', 'two', 'three']))
    await turns()
    const [, second] = [...((made[0] as ByHand).items[0] as Batch)]
    acknowledge(second as LogEntry)
    expect(tracker.mark).toBe('one\ntwo\n'.length)
    checkBalance(sink)
    made[0]?.destroy(new Error('down'))
    await until(() => made.length === 2 && made[1]?.items.length === 1)
    expect(made[1]?.messages).toEqual(['three'])
    expect(sink.stats).toMatchObject({ entriesIn: 3, entriesOut: 2, entriesHeld: 1 })
    made[1]?.acknowledge()
    expect(tracker.mark).toBe(tracker.end)
    sink.destroy()
    await once(sink, 'close')
  })

  test('entries without an origin come again too, with the id they had the first time', async () => {
    const made: ByHand[] = []
    const sink = replaceableSink(() => {
      made.push(new ByHand())
      return made.at(-1) as ByHand
    }, quick)
    sink.write({ time: 1, source: 's', message: 'x' })
    sink.write({ time: 1, source: 's', message: 'y' })
    await turns()
    made[0]?.destroy(new Error('down'))
    await until(() => made.length === 2 && made[1]?.items.length === 2)
    const idsOf = (inner: ByHand | undefined) => inner?.items.map(({ origin }) => origin?.id)
    expect(made[1]?.messages).toEqual(['x', 'y'])
    expect(new Set(idsOf(made[0])).size).toBe(2)
    expect(idsOf(made[1])).toEqual(idsOf(made[0]))
    sink.destroy()
    await once(sink, 'close')
  })

  test('or can not be made, it waits longer each time, drawn at random up to the bound, and the writer waits too', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    vi.spyOn(Math, 'random').mockReturnValue(0.999999)
    let attempts = 0
    const sink = replaceableSink(
      async () => {
        attempts++
        throw new Error('no such host')
      },
      { minRestartDelayMs: 100, maxRestartDelayMs: 350, maxKeptEntries: 3 },
    )
    for (const entry of new RecordingTracker().entries(numbers(1, 30))) sink.write(entry)
    await turns()
    const waits: number[] = []
    for (let i = 0; i < 5; i++) {
      const before = Date.now()
      expect(sink.state).toBe('restarting')
      const count: number = attempts
      let waited = 0
      while (attempts === count) {
        waited += 10
        await vi.advanceTimersByTimeAsync(10)
      }
      waits.push(waited)
      await turns()
      expect(before).toBeGreaterThan(0)
    }
    expect(waits).toEqual([100, 200, 350, 350, 350])
    expect(sink.restarts).toBe(5)
    expect(sink.writableNeedDrain).toBe(true)
    expect(sink.stats.bytesHeld).toBeLessThan(3 * 200)
    sink.destroy()
    await turns()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('at once each time it is made, nothing is lost and it is given up on at no time', async () => {
    const arrived: string[] = []
    let made = 0
    const sink = replaceableSink(() => {
      const last = made++ === 40
      return collectingSink({
        failWith: last ? undefined : new Error('again'),
        failAfterEntries: 3,
        takes: made % 2 === 0 ? 'entries' : 'batches',
        onItem: (item: LogEntry | Batch) => void arrived.push(...messagesOf([item])),
      } as never) as never
    }, quick)
    const tracker = new RecordingTracker()
    await pipeline(givingSource(tracker.entries(numbers(1, 200))), sink)
    expect(arrived).toEqual(numbers(1, 200))
    expect(sink.restarts).toBe(40)
    expect(tracker.mark).toBe(tracker.end)
  })
})

describe('replaced', () => {
  test('it ends the old one, which delivers, and goes on with the new one', async () => {
    const old = new ByHand()
    const next = new ByHand()
    const sink = replaceableSink(() => old)
    const tracker = new RecordingTracker()
    sink.write(tracker.batch(['1', '2']))
    await turns()
    const replaced = sink.replace(() => next)
    expect(sink.state).toBe('draining')
    for (const entry of tracker.entries(['3', '4'])) sink.write(entry)
    await turns()
    expect(next.items).toEqual([])
    old.acknowledge()
    await replaced
    await turns()
    expect(sink.current).toBe(next)
    expect(old.destroyed).toBe(true)
    expect(next.messages).toEqual(['3', '4'])
    next.acknowledge()
    expect(sink.stats).toMatchObject({ entriesIn: 4, entriesOut: 4, restarts: 0 })
    sink.end()
    await once(sink, 'finish')
  })

  test('it waits for an old one that does not deliver no longer than it was told, and hands over what that one had', async () => {
    const old = new ByHand()
    const next = new ByHand()
    const sink = replaceableSink(() => old)
    sink.write(new RecordingTracker().batch(['1', '2']))
    await turns()
    await sink.replace(() => next, { drainTimeoutMs: 20 })
    await turns()
    expect(old.destroyed).toBe(true)
    expect(next.messages).toEqual(['1', '2'])
    sink.destroy()
  })

  test('while a restart is waited for, it acts at once', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    vi.spyOn(Math, 'random').mockReturnValue(0.999999)
    const next = new ByHand()
    const sink = replaceableSink(() => Promise.reject(new Error('nothing there')))
    sink.write({ time: 1, source: 's', message: 'x' })
    await turns()
    expect(sink.state).toBe('restarting')
    await sink.replace(() => next)
    await turns()
    expect(next.messages).toEqual(['x'])
    expect(vi.getTimerCount()).toBe(0)
    sink.destroy()
  })

  test('while the first one is still being made, that one is closed and never used', async () => {
    const late = new ByHand()
    const next = new ByHand()
    let made: (sink: ByHand) => void = () => {}
    const sink = replaceableSink(() => new Promise<ByHand>((resolve) => void (made = resolve)))
    sink.write({ time: 1, source: 's', message: 'x' })
    await turns()
    const replaced = sink.replace(() => next)
    made(late)
    await replaced
    await turns()
    expect(late).toMatchObject({ destroyed: true, items: [] })
    expect(next.messages).toEqual(['x'])
    sink.destroy()
  })

  test('while the first one never gets made, it goes on without it', async () => {
    const next = new ByHand()
    const sink = replaceableSink(() => new Promise<ByHand>(() => {}))
    await turns()
    await sink.replace(() => next, { drainTimeoutMs: 10 })
    expect(sink.current).toBe(next)
    sink.destroy()
  })

  test('several times at once, only the last one is made', async () => {
    const old = new ByHand()
    const sink = replaceableSink(() => old)
    sink.write({ time: 1, source: 's', message: 'x' })
    await turns()
    const made: string[] = []
    const make = (label: string) => () => {
      made.push(label)
      return collectingSink() as never
    }
    await Promise.all([
      sink.replace(make('a'), { drainTimeoutMs: Infinity }),
      sink.replace(make('b'), { drainTimeoutMs: 10 }),
      sink.replace(make('c')),
    ])
    expect(made).toEqual(['c'])
    sink.end()
    await once(sink, 'finish')
  })

  test('under load, again and again, it loses nothing, keeps the order, and its books balance', async () => {
    const arrived: string[] = []
    const make = () => collectingSink({ onItem: (item) => void arrived.push(...messagesOf([item])) }) as never
    const sink = replaceableSink(make)
    const tracker = new RecordingTracker()
    const lines = sampleLines(20_000).map((line, n) => `${n} ${line}`)
    const batches = Array.from({ length: 400 }, (_, n) => tracker.batch(lines.slice(n * 50, n * 50 + 50)))
    const paced = async function* () {
      for (const batch of batches) {
        yield batch
        await turns(1)
      }
    }
    const done = pipeline(givingSource(paced()), sink)
    let replacements = 0
    while (tracker.mark < tracker.end && replacements < 100) {
      await sink.replace(make)
      checkBalance(sink)
      replacements++
    }
    await done
    expect(arrived).toEqual(lines)
    expect(replacements).toBeGreaterThan(20)
  })
})

describe('at the end', () => {
  test('it goes on after a failure until all is delivered', async () => {
    let made = 0
    const arrived: string[] = []
    const sink = replaceableSink(() => {
      if (made++ === 0)
        return new (class extends ByHand {
          protected override finish(): Promise<void> {
            return Promise.reject(new Error('the last batch was refused'))
          }
        })()
      return collectingSink({ onItem: (item) => void arrived.push(...messagesOf([item])) }) as never
    }, quick)
    const tracker = new RecordingTracker()
    await pipeline(givingSource([tracker.batch(['1', '2'])]), sink)
    expect(arrived).toEqual(['1', '2'])
    expect(tracker.mark).toBe(tracker.end)
  })

  test.each(['fails each time', 'never finishes'] as const)(
    'with a sink that %s it fails after endTimeoutMs, and says what is undelivered',
    async (how) => {
      const sink = replaceableSink(
        () => {
          if (how === 'never finishes') return new ByHand()
          throw new Error('no route to host')
        },
        { ...quick, endTimeoutMs: 30 },
      )
      sink.on('warning', () => {})
      const tracker = new RecordingTracker()
      const failure = pipeline(givingSource([tracker.batch(['1', '2', '3'])]), sink)
      await expect(failure).rejects.toMatchObject({
        code: 'UNDELIVERED',
        message: expect.stringContaining('3 entries'),
      })
      expect(sink.stats.entriesHeld).toBe(3)
      expect(tracker.acknowledged).toEqual([])
    },
  )

  test('with nothing to deliver, a sink that can not be made holds nobody up', async () => {
    const sink = replaceableSink(() => Promise.reject(new Error('down')))
    await turns()
    sink.end()
    await once(sink, 'finish')
    expect(sink.stats.entriesIn).toBe(0)
  })

  test('destroyed, it destroys the sink inside, and one that is just being made', async () => {
    const inner = new ByHand()
    const sink = replaceableSink(() => inner)
    await turns()
    sink.destroy()
    await once(sink, 'close')
    expect(inner.closed).toBe(true)
    const late = new ByHand()
    const other = replaceableSink(() => new Promise<ByHand>((resolve) => setImmediate(() => resolve(late))))
    await new Promise(process.nextTick)
    other.destroy()
    await turns()
    expect(late.destroyed).toBe(true)
  })
})

describe('what is kept', () => {
  test.each([
    ['entries', { maxKeptEntries: 50 }],
    ['bytes', { maxKeptBytes: 50 * 70 }],
  ])('is bounded in %s: the writer waits, although the sink inside would take more', async (_, bounds) => {
    const inner = new ByHand()
    const sink = replaceableSink(() => inner, bounds)
    const tracker = new RecordingTracker()
    const done = pipeline(givingSource(tracker.entries(numbers(1, 1000))), sink)
    await turns(100)
    expect(inner.items.length).toBeGreaterThanOrEqual(49)
    expect(inner.items.length).toBeLessThanOrEqual(55)
    checkBalance(sink)
    while (inner.unsafe.length > 0) {
      inner.acknowledge(10)
      await turns(2)
    }
    await done
    expect(inner.messages).toEqual(numbers(1, 1000))
  })

  test('are no batches without lines: a filter that drops everything behind a stuck entry fills nothing up', async () => {
    const inner = new ByHand()
    const sink = replaceableSink(() => inner, { maxKeptEntries: 10 })
    const tracker = new RecordingTracker()
    sink.write(tracker.batch(['stuck']))
    for (let i = 0; i < 1000; i++) {
      if (!sink.write(tracker.batch([`dropped ${i}`]).withoutLines())) await once(sink, 'drain')
    }
    await turns()
    expect(inner.items).toHaveLength(1)
    inner.acknowledge()
    expect(tracker.mark).toBe(tracker.end)
    sink.destroy()
  })

  test('tells when it is drained', async () => {
    const inner = new ByHand()
    const sink = replaceableSink(() => inner)
    await sink.drained()
    let drained = false
    sink.write({ time: 1, source: 's', message: 'x' })
    const waiting = sink.drained().then(() => (drained = true))
    await turns()
    expect(drained).toBe(false)
    inner.acknowledge()
    await waiting
    sink.destroy()
    await sink.drained()
  })
})

test('abandoned, it drops what it keeps and what comes, counted and acknowledged, and ends at once', async () => {
  const sink = replaceableSink(() => new Promise<ByHand>(() => {}), { maxKeptEntries: 2 })
  const tracker = new RecordingTracker()
  const done = pipeline(givingSource(tracker.entries(numbers(1, 100))), sink)
  await turns()
  expect(sink.stats.entriesHeld).toBeGreaterThan(0)
  sink.abandon()
  await done
  expect(sink.stats).toMatchObject({ entriesIn: 100, entriesOut: 0, dropped: { abandoned: 100 }, entriesHeld: 0 })
  expect(tracker.mark).toBe(tracker.end)
})

test('a sink that is none is a failure that says so', async () => {
  const sink = replaceableSink(() => ({}) as never, quick)
  const [warning] = (await once(sink, 'warning')) as [LogwispError]
  expect(warning.message).toMatch(/`make` must return an object-mode Writable/)
  sink.destroy()
})

test('warnings of the sink inside come through', async () => {
  const inner = new ByHand()
  const sink = replaceableSink(() => inner)
  await turns()
  const warned = once(sink, 'warning')
  inner.emit('warning', new LogwispError('PEER_FAILING', 'busy'))
  expect(await warned).toMatchObject([{ code: 'PEER_FAILING' }])
  sink.destroy()
})

test('a plain Readable of entries can be piped into it', async () => {
  const inner = collectingSink()
  const entries = numbers(1, 50).map((message) => ({ time: 1, source: 's', message }))
  await pipeline(
    Readable.from(entries),
    replaceableSink(() => inner as never),
  )
  expect(inner.messages).toEqual(numbers(1, 50))
})
