import { once } from 'node:events'
import { PassThrough, Readable, Writable } from 'node:stream'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  type Batch,
  EntryReadable,
  EntryWritable,
  entryTransform,
  fanOut,
  type LogEntry,
  memoryBuffer,
  type OpenPipeline,
  openPipeline,
  type PipelineReport,
} from '../src/index.ts'
import { checkOptionErrors, collectingSink, givingSource, leavesNothing, RecordingTracker } from '../src/testing.ts'

/** Gives entries until it is stopped, a few in each turn of the event loop. */
class Endless extends EntryReadable {
  #number = 0
  #isStopped = false

  protected override async pull(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    if (this.#isStopped || this.destroyed) return
    for (let i = 0; i < 5; i++) {
      this.took(1)
      if (!this.give({ time: 0, source: 'endless', message: `${this.#number++}` })) return
    }
  }

  override stop(): void {
    this.#isStopped = true
    super.stop()
  }
}

/** Takes so many entries, and then no more until it is let go. */
class Stuck extends EntryWritable {
  readonly stuck: Promise<void>
  letGo: () => void = () => {}
  #left: number
  #tell: () => void = () => {}

  constructor(takes: number) {
    super()
    this.#left = takes
    this.stuck = new Promise((resolve) => {
      this.#tell = resolve
    })
  }

  protected override consume(items: readonly (LogEntry | Batch)[]): void | Promise<void> {
    this.#left -= items.length
    if (this.#left >= 0) return
    this.#left = Infinity
    this.#tell()
    return new Promise((resolve) => {
      this.letGo = resolve
    })
  }

  override get stats() {
    return this.books()
  }
}

const keepOdd = () =>
  entryTransform({ entry: (entry) => (Number(entry.message) % 2 === 1 ? entry : undefined), dropReason: 'even' })

function sumOf(dropped: Readonly<Record<string, number>>): number {
  return Object.values(dropped).reduce((sum, entries) => sum + entries, 0)
}

function expectBalance({ entriesRead, entriesDelivered, dropped, entriesLeft }: PipelineReport): void {
  expect(entriesRead).toBe(entriesDelivered + sumOf(dropped) + entriesLeft)
}

const checkpointStub = () => ({ save: vi.fn(async () => {}) })

afterEach(() => {
  vi.useRealTimers()
})

describe('openPipeline', () => {
  test('ends with its source, and says what became of everything', async () => {
    const tracker = new RecordingTracker()
    const messages = Array.from({ length: 100 }, (_, number) => String(number))
    const sink = collectingSink()
    const books = new (class extends EntryWritable {
      protected override consume(items: readonly (LogEntry | Batch)[]): void {
        for (const item of items) sink.write(item)
      }
    })()
    const running = openPipeline([givingSource([tracker.batch(messages)]), keepOdd(), memoryBuffer(), books])
    const report = await running.finished
    expect(report).toMatchObject({
      state: 'closed',
      entriesRead: 100,
      entriesDelivered: 50,
      dropped: { even: 50 },
      entriesLeft: 0,
      isComplete: true,
      isLate: false,
    })
    expect(report.stages.map(({ waiting, stats }) => [waiting, stats?.entriesHeld])).toEqual(Array(4).fill([0, 0]))
    expect(Object.isFrozen(report)).toBe(true)
  })

  test('balances at every moment while it runs', async () => {
    const sink = collectingSink()
    let looks = 0
    const running: OpenPipeline = openPipeline([
      new Endless(),
      keepOdd(),
      memoryBuffer({ maxEntries: 1, whenFull: 'drop-oldest' }),
      new (class extends EntryWritable {
        protected override async consume(items: readonly (LogEntry | Batch)[]): Promise<void> {
          for (const item of items) sink.write(item)
          expectBalance(running.report())
          if (++looks === 50) void running.close()
          // Slower than the source by far, so that the buffer drops.
          for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
        }
      })(),
    ])
    const report = await running.finished
    expectBalance(report)
    expect(report.isComplete).toBe(true)
    expect(looks).toBeGreaterThanOrEqual(50)
    expect(report.dropped['buffer-full']).toBeGreaterThan(0)
  })

  test('close() stops the source, drains, finishes the sink and saves the checkpoint, in this order', async () => {
    const checkpoint = checkpointStub()
    const source = new Endless()
    const done: string[] = []
    const sink = new (class extends EntryWritable {
      protected override consume(): void {}
      protected override finish(): void {
        done.push('sink')
      }
    })()
    source.once('end', () => done.push('source'))
    checkpoint.save.mockImplementation(async () => {
      done.push(sink.closed ? 'checkpoint' : 'too early')
    })
    const running = openPipeline([source, keepOdd(), sink], { checkpoint })
    await new Promise((resolve) => setImmediate(resolve))
    expect(running.report().state).toBe('running')
    const closing = running.close()
    expect(running.report().state).toBe('closing')
    const report = await closing
    expectBalance(report)
    expect(report).toMatchObject({ state: 'closed', isComplete: true, isLate: false, entriesLeft: 0 })
    expect(done).toEqual(['source', 'sink', 'checkpoint'])
  })

  test('at the deadline a stuck sink is destroyed; what is left, and where, is in the report, which is no error', async () => {
    const checkpoint = checkpointStub()
    const [source, filter, sink] = [new Endless(), keepOdd(), new Stuck(20)]
    const running = openPipeline([source, filter, sink], { checkpoint })
    await sink.stuck
    const report = await running.close({ deadlineMs: 20 })
    expectBalance(report)
    expect(report).toMatchObject({ state: 'closed', isComplete: false, isLate: true })
    expect(report.entriesLeft).toBeGreaterThan(0)
    const whereLeft = report.stages.reduce(
      (sum, { waiting, stats }) => sum + (waiting ?? 0) + (stats?.entriesHeld ?? 0),
      0,
    )
    expect(whereLeft).toBe(report.entriesLeft)
    expect([source.closed, filter.closed, sink.closed]).toEqual([true, true, true])
    expect(checkpoint.save).toHaveBeenCalledOnce()
  })

  test('a slow sink that is done before the deadline leaves nothing over, and the deadline ends no life', async () => {
    const sink = new Stuck(20)
    const running = openPipeline([new Endless(), sink])
    await sink.stuck
    const closing = running.close({ deadlineMs: 60_000 })
    setTimeout(() => sink.letGo(), 30)
    expect(await closing).toMatchObject({ isComplete: true, isLate: false, entriesLeft: 0 })
  })

  test('of two calls of close the earlier deadline counts, whichever call it was', async () => {
    for (const deadlines of [
      [20, Infinity],
      [60_000, 20],
    ]) {
      const sink = new Stuck(5)
      const running = openPipeline([new Endless(), sink])
      await sink.stuck
      const [first, second] = deadlines.map((deadlineMs) => running.close({ deadlineMs }))
      expect(await first).toBe(await second)
      expect(await first).toMatchObject({ isLate: true })
    }
  })

  test('with a deadline of 0 ms it is over at once', async () => {
    const sink = new Stuck(0)
    const running = openPipeline([new Endless(), sink])
    await sink.stuck
    expect(await running.close({ deadlineMs: 0 })).toMatchObject({ isLate: true, isComplete: false })
  })

  test('a failure rejects finished and every close, before and after, and closes everything', async () => {
    const checkpoint = checkpointStub()
    const source = new Endless()
    const failure = new Error('the far side is gone')
    const running = openPipeline([source, collectingSink({ failWith: failure, failAfterEntries: 3 })], { checkpoint })
    await expect(running.finished).rejects.toBe(failure)
    await expect(running.close()).rejects.toBe(failure)
    await expect(running[Symbol.asyncDispose]()).rejects.toBe(failure)
    expect(source.closed).toBe(true)
    expect(running.report()).toMatchObject({ state: 'closed', isComplete: false, isLate: false })
    expect(checkpoint.save).toHaveBeenCalledOnce()
  })

  test('close after the end resolves to the same report, and stops no timer from ending the process', async () => {
    const running = openPipeline([givingSource([]), collectingSink()])
    const report = await running.finished
    expect(await running.close({ deadlineMs: 1 })).toBe(report)
    expect(report.isComplete).toBe(true)
  })

  test('an aborted signal destroys everything at once and rejects, as with stream.pipeline', async () => {
    const aborter = new AbortController()
    const [source, sink] = [new Endless(), new Stuck(5)]
    const running = openPipeline([source, sink], { signal: aborter.signal })
    await sink.stuck
    aborter.abort()
    await expect(running.finished).rejects.toMatchObject({ name: 'AbortError' })
    expect([source.closed, sink.closed]).toEqual([true, true])
    expectBalance({ ...running.report() })
  })

  test('a last save that fails rejects, but does not hide an earlier failure', async () => {
    const lost = new Error('no disk')
    const checkpoint = { save: async () => Promise.reject(lost) }
    const fine = openPipeline([givingSource([]), collectingSink()], { checkpoint })
    await expect(fine.finished).rejects.toBe(lost)
    const failure = new Error('broken')
    const broken = openPipeline([new Endless(), collectingSink({ failWith: failure })], { checkpoint })
    await expect(broken.finished).rejects.toBe(failure)
  })

  test('a source that knows no stop() is closed by destroying it, and what it gave is delivered', async () => {
    const given: string[] = []
    const source = new Readable({
      objectMode: true,
      read() {
        setImmediate(() => {
          if (source.destroyed) return
          given.push(String(given.length))
          source.push({ time: 0, source: 'plain', message: given.at(-1) })
        })
      },
    })
    const sink = collectingSink()
    const running = openPipeline([source, sink])
    while (sink.entries.length < 10) await new Promise((resolve) => setImmediate(resolve))
    const report = await running.close()
    expect(report).toMatchObject({ state: 'closed', isLate: false })
    expect(report.stages[0]?.name).toBe('Readable')
    expect(source.destroyed).toBe(true)
    expect(sink.messages).toEqual(given.slice(0, sink.messages.length))
  })

  test('what a branch of a fan-out has left is told stage by stage', async () => {
    const stuck = new Stuck(10)
    const fast = collectingSink()
    const branches = fanOut([fast, [memoryBuffer({ maxEntries: 5 }), stuck]], {
      perBranch: [{ name: 'fast' }, { name: 'slow' }],
    })
    const running = openPipeline([new Endless(), branches])
    const heldBefore = (): number => running.report().stages[1]?.branches[1]?.stages[0]?.stats?.entriesHeld ?? 0
    while (heldBefore() === 0) await new Promise((resolve) => setImmediate(resolve))
    const report = await running.close({ deadlineMs: 20 })
    expect(report.isLate).toBe(true)
    expect(report.stages[1]?.branches.map(({ branch }) => branch)).toEqual(['fast', 'slow'])
    const [buffer, sink] = report.stages[1]?.branches[1]?.stages ?? []
    expect(buffer?.stats?.entriesHeld).toBeGreaterThan(0)
    expect(sink?.stats?.entriesHeld).toBeGreaterThan(0)
    expect(report.entriesLeft).toBeGreaterThanOrEqual(
      (buffer?.stats?.entriesHeld ?? 0) + (sink?.stats?.entriesHeld ?? 0),
    )
    expect(report.entriesDelivered + report.entriesLeft).toBe(report.entriesRead)
  })

  test('stages that keep no books are named, and what waits before them is unknown', async () => {
    const own = async function* doubled(entries: AsyncIterable<LogEntry>) {
      for await (const entry of entries) yield entry
    }
    const running = openPipeline([givingSource([]), own, new PassThrough({ objectMode: true }), collectingSink()])
    const { stages } = await running.finished
    expect(stages.map(({ name }) => name)).toEqual(['GivingSource', 'doubled', 'PassThrough', 'CollectingStream'])
    expect(stages.map(({ stats }) => stats !== undefined)).toEqual([true, false, false, false])
    expect(stages.map(({ waiting }) => waiting)).toEqual([0, undefined, undefined, undefined])
  })

  test('a sink that does not even close once it is destroyed is not waited for without end', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const sink = new Writable({ objectMode: true, write() {}, destroy() {} })
    const running = openPipeline([new Endless(), sink])
    let closed: PipelineReport | undefined
    void running.close({ deadlineMs: 10 }).then((report) => {
      closed = report
    })
    await vi.advanceTimersByTimeAsync(10)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    await vi.advanceTimersByTimeAsync(4_900)
    expect(closed).toBeUndefined()
    await vi.advanceTimersByTimeAsync(200)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    await vi.advanceTimersByTimeAsync(5_000)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(closed).toMatchObject({ state: 'closed', isLate: true })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('await using closes it', async () => {
    const source = new Endless()
    {
      await using running = openPipeline([source, collectingSink()])
      await once(source, 'resume').catch(() => {})
      expect(running.report().state).toBe('running')
    }
    expect(source.closed).toBe(true)
  })

  test('leaves no timer, handle or listener behind, whichever way it ends', async () => {
    const aborter = new AbortController()
    await leavesNothing(2_000, async () => {
      await openPipeline([givingSource([]), collectingSink()], { signal: aborter.signal }).finished
      await openPipeline([new Endless(), collectingSink()]).close({ deadlineMs: 60_000 })
      const stuck = new Stuck(3)
      const late = openPipeline([new Endless(), stuck])
      await stuck.stuck
      await late.close({ deadlineMs: 1 })
    })
  })

  test('refuses what is no option, no source and no sink', () => {
    const stages = () => [givingSource([]), collectingSink()] as const
    const wrong =
      (...list: unknown[]) =>
      () =>
        openPipeline(list as never)
    expect(wrong(givingSource([]))).toThrow(/`stages` must be/)
    expect(wrong(collectingSink(), collectingSink())).toThrow(/`stages\[0\]` must be an object-mode Readable/)
    expect(wrong(givingSource([]), 7, collectingSink())).toThrow(/`stages\[1\]` must be a Duplex, or a function/)
    expect(wrong(givingSource([]), givingSource([]))).toThrow(/`stages\[1\]` must be an object-mode Writable/)
    checkOptionErrors((options) => openPipeline(stages(), options as never), {
      checkpoint: [7, {}],
      signal: [7, {}],
    })
  })

  test('refuses a deadline that is none, and goes on', async () => {
    const running = openPipeline([givingSource([]), collectingSink()])
    expect(() => running.close({ deadlineMs: -1 })).toThrow(/`deadlineMs` must be an integer from 0/)
    await running.finished
  })
})
