/** Scripted sources and sinks: each does what its script says, at the time that it says, and goes on when it is opened again. */

import { pipeline } from 'node:stream/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type LogEntry, replaceableSink } from '../src/index.ts'
import {
  checkOptionErrors,
  collectingSink,
  type FakeClock,
  fakeClock,
  givingSource,
  RecordingTracker,
  type SinkStep,
  type SourceStep,
  sampleTime,
  sinkContract,
  sinkScript,
  sourceContract,
  sourceScript,
} from '../src/testing.ts'

describe('a script', () => {
  let clock: FakeClock

  beforeEach(async () => {
    clock = await fakeClock()
  })

  afterEach(() => {
    expect(clock.timers).toBe(0)
    clock.restore()
  })

  test('gives at its times, and writes down when what happened', async () => {
    const script = sourceScript([
      { atMs: 0, lines: ['a', 'b'] },
      { atMs: 250, lines: ['c'] },
      { atMs: 300, lines: [] },
    ])
    const sink = collectingSink()
    await clock.until(pipeline(script.open(), sink))
    expect(sink.messages).toEqual(['a', 'b', 'c'])
    expect(sink.entries.map(({ time }) => time - sampleTime)).toEqual([0, 0, 250])
    expect(script.log).toEqual([
      { atMs: 0, what: 'opened' },
      { atMs: 0, what: 'gave', messages: ['a', 'b'] },
      { atMs: 0, what: 'acknowledged', messages: ['a', 'b'] },
      { atMs: 250, what: 'gave', messages: ['c'] },
      { atMs: 250, what: 'acknowledged', messages: ['c'] },
      { atMs: 300, what: 'ended' },
      { atMs: 300, what: 'closed' },
    ])
  })

  test('a source that died is opened again at its acknowledged place, with the same ids', async () => {
    const script = sourceScript([
      { atMs: 0, lines: ['a', 'b', 'c', 'd'] },
      { atMs: 100, failWith: new Error('the disk is gone') },
      { atMs: 150, lines: ['e'] },
    ])
    const sinks = sinkScript([{ takes: 2 }, { takes: 1, delayMs: 1000 }])
    await expect(clock.until(pipeline(script.open(), sinks.open()))).rejects.toThrow('the disk is gone')
    expect([clock.elapsedMs, script.acknowledged]).toEqual([100, ['a', 'b']])
    await clock.advance(900)
    const again = collectingSink()
    await clock.until(pipeline(script.open(), again))
    expect(again.messages).toEqual(['c', 'd', 'e'])
    expect(again.entries.map(({ origin }) => origin?.id)).toEqual([
      'scripted.log:4',
      'scripted.log:6',
      'scripted.log:8',
    ])
    expect(script.acknowledged).toEqual(['a', 'b', 'c', 'd', 'e'])
    // What had come due while it was away came at once.
    expect(clock.elapsedMs).toBe(1000)
  })

  test('gives entries as they are, with places of their own', async () => {
    const entry: LogEntry = { time: 5, source: 'app', level: 'warn', message: 'of\ntwo lines', fields: { n: 1 } }
    const script = sourceScript([{ atMs: 10, entries: [entry, { ...entry, message: 'next' }] }], { name: 'queue' })
    const sink = collectingSink()
    await clock.until(pipeline(script.open(), sink))
    expect(sink.entries.map(({ origin, ...rest }) => [rest, origin?.id])).toEqual([
      [entry, 'queue:0'],
      [{ ...entry, message: 'next' }, 'queue:2'],
    ])
  })

  test('an endless source goes on until it is stopped, and one that nobody reads waits', async () => {
    const script = sourceScript([{ atMs: 5, lines: ['a'] }], { endless: true })
    const source = script.open()
    const sink = collectingSink({ held: true })
    const done = pipeline(source, sink)
    await clock.advance(60_000)
    sink.release()
    expect(source.stats).toMatchObject({ entriesIn: 1, entriesOut: 1 })
    source.stop()
    await clock.until(done)
    expect(script.log.at(-1)).toEqual({ atMs: 60_000, what: 'closed' })
  })

  test.each([
    ['entries', (tracker: RecordingTracker, lines: string[]) => tracker.entries(lines)],
    ['a batch', (tracker: RecordingTracker, lines: string[]) => [tracker.batch(lines)]],
  ])('a sink takes, waits, refuses and dies in the order of its script: %s', async (_, make) => {
    const script = sinkScript([
      { takes: 2 },
      { takes: 2, delayMs: 50 },
      { refuses: 1 },
      { takes: 1 },
      { failWith: new Error('cut') },
    ])
    const tracker = new RecordingTracker()
    const lines = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    const sink = script.open()
    await expect(clock.until(pipeline(givingSource(make(tracker, lines)), sink))).rejects.toThrow('cut')
    expect(script.log).toEqual([
      { atMs: 0, what: 'opened' },
      { atMs: 0, what: 'took', messages: ['a', 'b'] },
      { atMs: 50, what: 'took', messages: ['c'] },
      { atMs: 100, what: 'took', messages: ['d'] },
      { atMs: 100, what: 'refused', messages: ['e'] },
      { atMs: 100, what: 'took', messages: ['f'] },
      { atMs: 100, what: 'failed' },
      { atMs: 100, what: 'closed' },
    ])
    expect(script.messages).toEqual(['a', 'b', 'c', 'd', 'f'])
    expect(tracker.mark).toBe(12)
    expect(sink.stats).toMatchObject({ entriesOut: 5, dropped: { refused: 1 } })
  })

  test('what a sink refuses last is acknowledged too', async () => {
    const tracker = new RecordingTracker()
    await clock.until(
      pipeline(givingSource([tracker.batch(['a', 'b'])]), sinkScript([{ takes: 1 }, { refuses: 1 }]).open()),
    )
    expect(tracker.mark).toBe(tracker.end)
  })

  test('a sink that is made again goes on with the script: every line arrives, after the time that the retries take', async () => {
    const source = sourceScript([
      { atMs: 0, lines: ['a', 'b', 'c'] },
      { atMs: 10_000, lines: ['d'] },
    ])
    const sinks = sinkScript([{ takes: 1 }, { failWith: new Error('first') }, { failWith: new Error('second') }])
    const sink = replaceableSink(() => sinks.open())
    const warnings: string[] = []
    sink.on('warning', ({ cause }) => warnings.push((cause as Error).message))
    await clock.until(pipeline(source.open(), sink))
    expect(sinks.messages).toEqual(['a', 'b', 'c', 'd'])
    expect(warnings).toEqual(['first', 'second'])
    expect(source.acknowledged).toEqual(['a', 'b', 'c', 'd'])
    expect(sinks.log.filter(({ what }) => what === 'opened')).toHaveLength(3)
  })

  test('destroyed while it waits, leaves no timer', async () => {
    const source = sourceScript([{ atMs: 1000, lines: ['a'] }]).open()
    const sink = sinkScript([{ takes: 1, delayMs: 1000 }]).open()
    source.resume()
    sink.write({ time: 0, source: '', message: 'x' })
    await clock.advance(1)
    expect(clock.timers).toBe(2)
    source.destroy()
    sink.destroy()
    await clock.settle()
  })
})

describe('the contract of a source', () => {
  const lines = ['a', 'b', 'c', 'd', 'e', 'f']
  const make = () =>
    sourceScript([
      { atMs: 0, lines: lines.slice(0, 2) },
      { atMs: 0, lines: lines.slice(2) },
    ]).open()
  test.each(sourceContract(make, { messages: lines, rereads: true }))('$name', ({ run }) => run())
})

describe('the contract of a sink', () => {
  test.each(
    sinkContract(() => sinkScript().open(), {
      makeFailing: () => sinkScript([{ takes: 7 }, { failWith: new Error('cut') }]).open(),
      makeStuck: () => sinkScript([{ takes: 1, delayMs: 3_600_000 }]).open(),
    }),
  )('$name', ({ run }) => run())
})

test('refuse scripts that can not be followed', () => {
  const sources: unknown[] = [
    undefined,
    [{}],
    [{ lines: [] }],
    [{ atMs: -1, lines: [] }],
    [{ atMs: 1 }],
    [{ atMs: 1, lines: 'a' }],
    [{ atMs: 1, lines: [], entries: [] }],
    [{ atMs: 1, failWith: 'x' }],
    [{ atMs: 1, gives: [] }],
    [
      { atMs: 2, lines: [] },
      { atMs: 1, lines: [] },
    ],
  ]
  for (const steps of sources) {
    expect(() => sourceScript(steps as SourceStep[])).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  }
  const sinks: unknown[] = [
    {},
    [{}],
    [{ takes: 0 }],
    [{ takes: 1, delayMs: -1 }],
    [{ takes: 1, refuses: 1 }],
    [{ refuses: 1, delayMs: 1 }],
    [{ failWith: 'x' }],
    [{ waits: 1 }],
  ]
  for (const steps of sinks) {
    expect(() => sinkScript(steps as SinkStep[])).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  }
  checkOptionErrors((options) => sourceScript([], options as object), { name: ['', 1], endless: ['yes'] })
})
