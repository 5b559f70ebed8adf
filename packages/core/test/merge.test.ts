import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import {
  type Entries,
  entryTransform,
  isBatch,
  type LogEntry,
  type LogwispError,
  type MergedSource,
  merge,
} from '../src/index.ts'
import { checkOptionErrors, collectingSink, givingSource, RecordingTracker } from '../src/testing.ts'

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`)

function checkBalance({ stats }: MergedSource): void {
  expect(stats.entriesIn).toBe(stats.entriesOut + stats.entriesDropped + stats.entriesHeld)
}

async function read(source: Entries): Promise<LogEntry[]> {
  const entries: LogEntry[] = []
  for await (const entry of source) entries.push(entry)
  return entries
}

/** Gives one entry each time it may, for ever. */
async function* endless(name: string): AsyncGenerator<LogEntry> {
  for (let n = 0; ; n++) {
    yield { time: n, source: name, message: `${n}` }
    await new Promise(setImmediate)
  }
}

test('gives all entries of all sources, each in its order', async () => {
  const sources = ['a', 'b', 'c'].map((name, n) =>
    givingSource(new RecordingTracker(name).entries(numbers(1, 100 * (n + 1)))),
  )
  const merged = merge(sources)
  const entries = await read(merged)
  for (const [n, name] of ['a', 'b', 'c'].entries()) {
    expect(entries.filter(({ source }) => source === name).map(({ message }) => message)).toEqual(
      numbers(1, 100 * (n + 1)),
    )
  }
  expect(merged.stats).toMatchObject({ entriesIn: 600, entriesOut: 600, entriesHeld: 0 })
})

test('takes turns between sources that have something', async () => {
  const merged = merge(['a', 'b', 'c'].map((name) => givingSource(new RecordingTracker(name).entries(numbers(1, 300)))))
  const entries = await read(merged)
  for (const place of [30, 90, 300, 600]) {
    for (const name of ['a', 'b', 'c']) {
      const share = entries.slice(0, place).filter(({ source }) => source === name).length
      expect(Math.abs(share - place / 3)).toBeLessThan(4 + place / 20)
    }
  }
})

test('a busy source does not shut out one that has a line now and then', async () => {
  const rare = new PassThrough({ objectMode: true })
  const merged = merge([givingSource(endless('busy')), rare])
  let busy = 0
  let waits: number | undefined
  for await (const { source } of merged) {
    if (source === 'rare') break
    busy++
    if (busy === 200) rare.write({ time: 0, source: 'rare', message: 'here' })
    if (busy > 200) waits = busy - 200
    expect(busy).toBeLessThan(300)
  }
  expect(waits ?? 0).toBeLessThan(60)
})

test('hands batches on as they are', async () => {
  const sink = collectingSink()
  const [a, b] = [new RecordingTracker('a'), new RecordingTracker('b')]
  const chain = [
    givingSource([b.batch(numbers(1, 50))]),
    entryTransform({ entry: (entry) => (entry.message > '3' ? entry : undefined) }),
  ] as const
  await pipeline(merge([givingSource([a.batch(numbers(1, 50))]), chain]), sink)
  expect(sink.items.every(isBatch)).toBe(true)
  expect(sink.items).toHaveLength(2)
  expect([a.mark, b.mark]).toEqual([a.end, b.end])
})

test('holds no more than an item of each source while nobody reads', async () => {
  const given = { a: 0, b: 0 }
  function* counting(name: 'a' | 'b'): Generator<LogEntry> {
    for (;;) {
      given[name]++
      yield { time: 0, source: name, message: 'x' }
    }
  }
  const merged = merge([givingSource(counting('a')), givingSource(counting('b'))])
  for (let i = 0; i < 20; i++) await new Promise(setImmediate)
  expect(merged.stats.entriesHeld).toBe(2)
  expect(given.a).toBeLessThan(25)
  const iterator = merged[Symbol.asyncIterator]()
  await iterator.next()
  for (let i = 0; i < 20; i++) await new Promise(setImmediate)
  checkBalance(merged)
  expect(given.a + given.b).toBeLessThan(100)
  merged.destroy()
})

describe('stop()', () => {
  test('stops each source, gives out what they had, and ends', async () => {
    const sources = ['a', 'b'].map((name) => givingSource(endless(name)))
    const merged = merge([sources[0] as Readable, [sources[1] as Readable, new PassThrough({ objectMode: true })]])
    const entries: LogEntry[] = []
    for await (const entry of merged) {
      entries.push(entry)
      if (entries.length === 100) merged.stop()
    }
    expect(sources.every((source) => source.readableEnded)).toBe(true)
    expect(merged.stats).toMatchObject({ entriesOut: entries.length, entriesHeld: 0 })
    for (const name of ['a', 'b']) {
      const own = entries.filter(({ source }) => source === name)
      expect(own.map(({ message }) => message)).toEqual(numbers(0, own.length - 1))
    }
  })

  test('destroys a source that can not be stopped, and that is no error', async () => {
    const plain = Readable.from(endless('plain'))
    const merged = merge([plain, givingSource(endless('good'))])
    let count = 0
    for await (const _ of merged) if (++count === 50) merged.stop()
    expect(plain.destroyed).toBe(true)
    checkBalance(merged)
  })

  test('loses nothing of a source that has ended already', async () => {
    const merged = merge([givingSource(new RecordingTracker().entries(['1'])), givingSource(endless('b'))])
    await new Promise(setImmediate)
    merged.stop()
    expect((await read(merged)).filter(({ source }) => source === 'sample.log')).toHaveLength(1)
  })
})

describe('a source that fails', () => {
  const failing = () =>
    Readable.from(
      (async function* () {
        yield { time: 0, source: 'bad', message: 'one' }
        throw new Error('unplugged')
      })(),
    )

  test('destroys the merged source and the others', async () => {
    const other = givingSource(endless('good'))
    const merged = merge([failing(), other])
    await expect(read(merged)).rejects.toThrow('unplugged')
    expect(other.destroyed).toBe(true)
  })

  test('is left out with a warning when told so', async () => {
    const merged = merge([failing(), givingSource(new RecordingTracker('good').entries(numbers(1, 100)))], {
      whenFailed: 'continue',
    })
    const warnings: LogwispError[] = []
    merged.on('warning', (warning) => warnings.push(warning))
    const entries = await read(merged)
    expect(entries.filter(({ source }) => source === 'good')).toHaveLength(100)
    expect(warnings).toMatchObject([
      { code: 'SOURCE_FAILED', message: expect.stringContaining('source 0 failed'), cause: { message: 'unplugged' } },
    ])
    checkBalance(merged)
  })

  test('is the end when all of them do', async () => {
    const merged = merge([failing(), failing()], { whenFailed: 'continue' })
    merged.on('warning', () => {})
    await expect(read(merged)).rejects.toThrow('unplugged')
  })

  test('by giving what is no entry is named as such', async () => {
    await expect(read(merge([Readable.from(['text'])]))).rejects.toMatchObject({ code: 'NOT_AN_ENTRY' })
  })

  test('before anybody reads is no uncaught error', async () => {
    const bad = new PassThrough({ objectMode: true })
    const merged = merge([bad])
    const error = once(merged, 'error')
    bad.destroy(new Error('early'))
    expect(await error).toMatchObject([{ message: 'early' }])
  })
})

test('waits for its sources to close when it is destroyed', async () => {
  let closed = false
  const slow = new Readable({
    objectMode: true,
    read() {},
    destroy(error, callback) {
      setTimeout(() => {
        closed = true
        callback(error)
      }, 20)
    },
  })
  const merged = merge([slow])
  merged.destroy()
  await once(merged, 'close')
  expect(closed).toBe(true)
})

test('refuses bad arguments', () => {
  const source = () => givingSource([])
  checkOptionErrors((options) => merge([source()], options), { whenFailed: ['ignore', true] })
  expect(() => merge([])).toThrow(/at least one source/)
  expect(() => merge([new PassThrough()])).toThrow(/`sources\[0\]` must be an object-mode Readable/)
  expect(() => merge([source(), 'x' as never])).toThrow(/`sources\[1\]`/)
  expect(() => merge([[source(), {} as never]])).toThrow(/can be read from, or a function/)
  const twice = source()
  expect(() => merge([twice, twice])).toThrow(/same stage twice/)
})
