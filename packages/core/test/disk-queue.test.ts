/** The queue under `diskBuffer` and `spillBuffer`: what is put comes out, whatever lies between. */

import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { acknowledge, Batch, isBatch, type LogEntry, type Origin } from '../src/index.ts'
import { type FileSystem, type OpenFile, realFileSystem } from '../src/internal/file-system.ts'
import { RecordingTracker, sampleLines } from '../src/testing.ts'
import { OpenedQueue } from './fixtures/opened-queue.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-queue-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`)
const entriesIn = (items: readonly (LogEntry | Batch)[]): LogEntry[] =>
  items.flatMap((item) => (isBatch(item) ? [...item] : [item]))
const messagesIn = (items: readonly (LogEntry | Batch)[]): string[] => entriesIn(items).map(({ message }) => message)
const idsIn = (items: readonly (LogEntry | Batch)[]): (string | undefined)[] =>
  entriesIn(items).map(({ origin }) => origin?.id)
const plain = (items: readonly (LogEntry | Batch)[]): object[] =>
  entriesIn(items).map(({ origin, ...entry }) => ({ ...entry, id: origin?.id }))
const segments = async (): Promise<string[]> =>
  (await readdir(directory)).filter((name) => name.endsWith('.segment')).sort()

/** The disk, with some of the calls on open files replaced. */
function diskWith(change: (file: OpenFile, path: string) => Partial<OpenFile>): FileSystem {
  return {
    ...realFileSystem,
    open: async (path, flags, mode) => {
      const file = await realFileSystem.open(path, flags, mode)
      const changed = change(file, path)
      const call = <Name extends keyof OpenFile>(name: Name): OpenFile[Name] =>
        changed[name] ?? ((file[name] as () => unknown).bind(file) as OpenFile[Name])
      return {
        read: call('read'),
        writev: call('writev'),
        writeFile: call('writeFile'),
        stat: call('stat'),
        truncate: call('truncate'),
        datasync: call('datasync'),
        sync: call('sync'),
        close: call('close'),
      }
    },
  }
}

describe('what comes out is what was put', () => {
  const odd = Buffer.from('plain\r\n\n\r\nends in two returns\r\r\n\xff\xfe no UTF-8\n€ ✓ 漢字\nnever ended', 'latin1')
  const at = (start: number, end: number): Origin => ({
    tracker: { acknowledge: () => {} },
    sequence: end,
    id: `at ${start}`,
  })

  test.each([
    ['with listed ids', { at }],
    ['with ids that follow from places', { ids: { prefix: 'at ', base: 0 }, at }],
  ] as const)(
    'a batch, %s: odd line endings, bytes that are no text, a last line without an end',
    async (_, origins) => {
      const batch = Batch.of({ bytes: odd, source: 'odd "source"\n', time: 12.5, zone: -90, origins })
      const { put, take, queue } = bind(await OpenedQueue.open(directory))
      await put([batch, batch.select((start) => start % 2 === 1), batch.split(3)[1]])
      const taken = await take()
      expect(taken.every(isBatch)).toBe(true)
      expect(plain(taken)).toEqual(plain([batch, batch.select((start) => start % 2 === 1), batch.split(3)[1]]))
      expect((taken as Batch[]).map(({ zone }) => zone)).toEqual([-90, -90, -90])
      await queue.close()
    },
  )

  test('an entry, with fields of every kind, and odd times', async () => {
    const entry = (n: number, more: Partial<LogEntry>): LogEntry => ({
      time: n,
      source: 's',
      message: `m${n}`,
      ...more,
    })
    const entries = [
      entry(1, {
        level: 'warn',
        fields: { big: 12345678901234567890n, zero: -0, list: [1, { a: null }], text: '\u2028\ud800' },
      }),
      entry(2, { message: 'several\nlines\r\n', source: '' }),
      entry(Number.NaN, {}),
      entry(-Infinity, { message: '' }),
      entry(1763722800000.25, { fields: {} }),
    ]
    const { put, take, queue } = bind(await OpenedQueue.open(directory))
    await put(entries)
    expect((await take()).map((item) => ({ ...(item as LogEntry), origin: undefined }))).toEqual(
      entries.map((entry) => ({ level: undefined, fields: undefined, ...entry, origin: undefined })),
    )
    await queue.close()
  })

  test('entries and batches in their order, over many segments, after each of which it was opened again', async () => {
    const tracker = new RecordingTracker()
    const lines = sampleLines(300)
    const expected = [...tracker.batch(lines)]
    const again = new RecordingTracker()
    for (let from = 0; from < 300; from += 30) {
      const { put, queue } = bind(await OpenedQueue.open(directory, { segmentBytes: 1024 }))
      await put([...again.entries(lines.slice(from, from + 10)), again.batch(lines.slice(from + 10, from + 30))])
      await queue.close()
    }
    const { take, queue, warnings } = bind(await OpenedQueue.open(directory))
    expect(queue.entriesHeld).toBe(300)
    expect(plain(await take())).toEqual(expected.map(({ origin, ...entry }) => ({ ...entry, id: origin?.id })))
    expect(queue.entriesHeld).toBe(0)
    expect(warnings).toEqual([])
    expect(again.mark).toBe(again.end)
    await queue.close()
  })

  test('ids are the same each time, also those of entries that came without one', async () => {
    const entries = numbers(1, 20).map((message): LogEntry => ({ time: 0, source: 's', message }))
    const batch = Batch.of({ bytes: Buffer.from('a\nb\nc\n'), source: 's', time: 0 })
    const first = bind(await OpenedQueue.open(directory))
    await first.put([...entries, batch])
    const ids = idsIn(await first.take())
    expect(new Set(ids).size).toBe(23)
    expect(ids.every((id) => id?.startsWith('disk-'))).toBe(true)
    await first.queue.close()
    const second = bind(await OpenedQueue.open(directory))
    expect(idsIn(await second.take())).toEqual(ids)
    await second.queue.close()
  })

  test('whatever a write does not write at once is written next', async () => {
    const short = diskWith((file) => ({
      writev: (async (buffers: Uint8Array[], position: number) => {
        const all = Buffer.concat(buffers)
        return file.writev([all.subarray(0, 1 + (all.length >> 2))], position)
      }) as OpenFile['writev'],
      read: (async (into: Buffer, offset: number, length: number, position: number) =>
        file.read(into, offset, 1 + (length >> 2), position)) as OpenFile['read'],
    }))
    const tracker = new RecordingTracker()
    const { put, take, queue } = bind(await OpenedQueue.open(directory, {}, short))
    await put([tracker.batch(sampleLines(200)), ...tracker.entries(sampleLines(50))])
    expect(messagesIn(await take())).toEqual([...sampleLines(200), ...sampleLines(50)])
    await queue.close()
  })
})

describe('what was acknowledged', () => {
  test('is not given again, also when that was within a batch', async () => {
    const tracker = new RecordingTracker()
    const first = bind(await OpenedQueue.open(directory))
    await first.put([tracker.batch(numbers(1, 100)), ...tracker.entries(numbers(101, 200))])
    const [batch, ...entries] = await first.take()
    acknowledge([...(batch as Batch)][41] as LogEntry)
    await first.queue.close()
    const second = bind(await OpenedQueue.open(directory))
    expect(second.queue.entriesHeld).toBe(158)
    const rest = await second.take()
    expect(messagesIn(rest)).toEqual(numbers(43, 200))
    expect(idsIn(rest)).toEqual([...idsIn([batch as Batch]).slice(42), ...idsIn(entries)])
    acknowledge(entriesIn(rest)[57 + 33] as LogEntry)
    await second.queue.close()
    const third = bind(await OpenedQueue.open(directory))
    expect(messagesIn(await third.take())).toEqual(numbers(134, 200))
    expect([third.warnings, third.dropped]).toEqual([[], {}])
    await third.queue.close()
  })

  test('leaves the disk by whole segments, after the place behind them is saved', async () => {
    const calls: string[] = []
    const watched: FileSystem = {
      ...realFileSystem,
      rename: async (from, to) => {
        await realFileSystem.rename(from, to)
        calls.push(`saved ${JSON.parse(await readFile(to, 'utf8')).positions.reader.position}`)
      },
      rm: async (path, options) => {
        calls.push(`removed ${Number(String(path).slice(-24, -8))}`)
        await realFileSystem.rm(path, options)
      },
    }
    const tracker = new RecordingTracker()
    const { put, take, queue } = bind(await OpenedQueue.open(directory, { segmentBytes: 1024 }, watched))
    await put(numbers(1, 40).map((n) => tracker.batch([n.padEnd(200)])))
    const before = await segments()
    expect(before.length).toBeGreaterThan(5)
    for (const item of await take()) {
      acknowledge(item)
      await new Promise(setImmediate)
    }
    await queue.close()
    expect(await segments()).toEqual([])
    let saved = 0
    for (const call of calls) {
      const [what, position] = call.split(' ') as [string, string]
      if (what === 'saved') saved = Number(position)
      // The segment that begins at the position ends at the next one's, or at the last one's end.
      else expect(saved).toBeGreaterThan(Number(position))
    }
    expect(calls.filter((call) => call.startsWith('removed')).length).toBe(before.length)
  })
})

describe('acknowledged to what comes before', () => {
  /** A disk whose syncs wait to be let through. */
  function heldSyncs() {
    const waiting: (() => void)[] = []
    const disk = diskWith((file) => ({
      datasync: async () => {
        await new Promise<void>((resolve) => waiting.push(resolve))
        await file.datasync()
      },
    }))
    return { disk, waiting }
  }

  const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1))
  async function until(is: () => boolean): Promise<void> {
    while (!is()) await turn()
  }

  test("is an entry that was written, with fsync 'never': the disk is never told to sync", async () => {
    const { disk, waiting } = heldSyncs()
    const tracker = new RecordingTracker()
    const { put, queue } = bind(await OpenedQueue.open(directory, { fsync: 'never' }, disk))
    await put(tracker.entries(numbers(1, 100)))
    expect(tracker.mark).toBe(tracker.end)
    await queue.close()
    expect(waiting.length).toBe(0)
  })

  test.each(['always', 'interval'] as const)(
    "is an entry that was synced, with fsync '%s'; and so is none of those behind it",
    async (fsync) => {
      const { disk, waiting } = heldSyncs()
      const tracker = new RecordingTracker()
      const other = new RecordingTracker('other.log')
      const { queue } = bind(await OpenedQueue.open(directory, { fsync }, disk))
      for (const entry of [...tracker.entries(numbers(1, 10)), ...other.entries(numbers(1, 10))]) queue.put(entry)
      const { end } = tracker
      await until(() => waiting.length === 1)
      for (const entry of tracker.entries(numbers(11, 20))) queue.put(entry)
      await turn()
      expect([tracker.mark, other.mark]).toEqual([0, 0])
      ;(waiting.shift() as () => void)()
      await until(() => tracker.mark > 0)
      expect([tracker.mark, other.mark]).toEqual([end, other.end])
      const settled = queue.settle()
      await until(() => waiting.length === 1)
      expect(tracker.mark).toBe(end)
      ;(waiting.shift() as () => void)()
      await settled
      expect(tracker.mark).toBe(tracker.end)
      await queue.close()
    },
  )

  test.each(['always', 'interval'] as const)(
    "is nothing after a sync that failed, with fsync '%s', and nothing more is written",
    async (fsync) => {
      let syncs = 0
      let writesAfter = 0
      const disk = diskWith((file, path) => ({
        datasync: async () => {
          if (++syncs > 1) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
          await file.datasync()
        },
        writev: (async (buffers: Uint8Array[], position: number) => {
          if (syncs > 1 && path.endsWith('.segment')) writesAfter++
          return file.writev(buffers, position)
        }) as OpenFile['writev'],
      }))
      const tracker = new RecordingTracker()
      const { put, queue, failures } = bind(await OpenedQueue.open(directory, { fsync }, disk))
      await put(tracker.entries(numbers(1, 10)))
      const { end } = tracker
      expect(tracker.mark).toBe(end)
      await put(tracker.entries(numbers(11, 20)))
      await put(tracker.entries(numbers(21, 5000)))
      expect(failures.map(({ code }) => code)).toEqual(['BUFFER_FAILED'])
      expect(tracker.mark).toBe(end)
      expect(writesAfter).toBe(0)
      await queue.close()
      expect(tracker.mark).toBe(end)
    },
  )

  test('is a batch without lines once what was put before it is', async () => {
    const { disk, waiting } = heldSyncs()
    const tracker = new RecordingTracker()
    const { queue } = bind(await OpenedQueue.open(directory, { fsync: 'interval' }, disk))
    queue.put(tracker.batch(['']).withoutLines())
    await until(() => tracker.mark === tracker.end)
    queue.put(tracker.batch(['a', 'b']))
    queue.put(tracker.batch(['c']).withoutLines())
    await until(() => waiting.length === 1)
    expect(tracker.mark).toBe(1)
    ;(waiting.shift() as () => void)()
    await until(() => tracker.mark === tracker.end)
    await queue.close()
  })

  test('is a batch without lines that is written together with others: it takes no place, and is no damage to who reads on', async () => {
    const tracker = new RecordingTracker()
    const opened = await OpenedQueue.open(directory)
    const nothing = (): Batch => tracker.batch(['dropped']).withoutLines()
    const items = [tracker.batch(['a']), nothing(), nothing(), tracker.batch(['b']), nothing()]
    for (const item of items) opened.queue.put(item)
    await opened.queue.settle()
    expect(tracker.mark).toBe(tracker.end)
    expect(messagesIn(await opened.take())).toEqual(['a', 'b'])
    expect(opened.queue.bytesHeld).toBe((await stat(join(directory, (await segments())[0] as string))).size)
    await opened.queue.close()
    const again = await OpenedQueue.open(directory)
    expect(messagesIn(await again.take())).toEqual(['a', 'b'])
    await again.queue.close()
    expect([...opened.warnings, ...again.warnings]).toEqual([])
  })
})

describe('at its bound', () => {
  const line = (n: number): string => String(n).padEnd(300)
  const lines = (from: number, to: number): string[] => numbers(from, to).map((n) => line(Number(n)))
  const bounds = { maxBytes: 8192, segmentBytes: 2048 }

  test("'block' makes what is put wait until segments were acknowledged", async () => {
    const tracker = new RecordingTracker()
    const { put, take, queue, dropped } = bind(await OpenedQueue.open(directory, bounds))
    const done = put(lines(1, 100).map((text) => tracker.batch([text])))
    const taken: string[] = []
    while (taken.length < 100) {
      for (const item of await take()) {
        expect(queue.bytesHeld).toBeLessThanOrEqual(bounds.maxBytes)
        taken.push(...messagesIn([item]))
        acknowledge(item)
      }
      await new Promise(setImmediate)
    }
    await done
    expect(taken).toEqual(lines(1, 100))
    expect(dropped).toEqual({})
    await queue.close()
  })

  test("'drop-newest' keeps the oldest, and acknowledges what it drops in its order", async () => {
    const tracker = new RecordingTracker()
    const { put, take, queue, dropped } = bind(
      await OpenedQueue.open(directory, { ...bounds, whenFull: 'drop-newest' }),
    )
    await put(lines(1, 100).map((text) => tracker.batch([text])))
    const held = queue.entriesHeld
    expect(queue.bytesHeld).toBeLessThanOrEqual(bounds.maxBytes)
    expect(held).toBeGreaterThan(15)
    expect(dropped).toEqual({ 'buffer-full': 100 - held })
    expect(tracker.mark).toBe(tracker.end)
    const items = await take()
    expect(messagesIn(items)).toEqual(lines(1, held))
    for (const item of items) acknowledge(item)
    // There is room again, although the segment that was being written was never full.
    await put([tracker.batch([line(101)])])
    expect(messagesIn(await take())).toEqual([line(101)])
    await queue.close()
  })

  test("'drop-oldest' keeps the newest, and goes on reading behind what it dropped", async () => {
    const tracker = new RecordingTracker()
    const { put, take, queue, dropped } = bind(
      await OpenedQueue.open(directory, { ...bounds, whenFull: 'drop-oldest' }),
    )
    await put(lines(1, 10).map((text) => tracker.batch([text])))
    expect(messagesIn(await take(2))).toEqual(lines(1, 2))
    await put(lines(11, 100).map((text) => tracker.batch([text])))
    const held = queue.entriesHeld
    expect(queue.bytesHeld).toBeLessThanOrEqual(bounds.maxBytes)
    expect(dropped).toEqual({ 'buffer-full': 98 - held })
    expect(messagesIn(await take())).toEqual(lines(101 - held, 100))
    await queue.close()
  })

  test("'drop-oldest' drops what an earlier run left, and counts it", async () => {
    const tracker = new RecordingTracker()
    const first = bind(await OpenedQueue.open(directory, bounds))
    await first.put(lines(1, 15).map((text) => tracker.batch([text])))
    await first.queue.close()
    const second = bind(await OpenedQueue.open(directory, { ...bounds, whenFull: 'drop-oldest' }))
    expect(second.queue.entriesHeld).toBe(15)
    await second.put(lines(16, 60).map((text) => tracker.batch([text])))
    const held = second.queue.entriesHeld
    expect(second.dropped).toEqual({ 'buffer-full': 60 - held })
    expect(messagesIn(await second.take())).toEqual(lines(61 - held, 60))
    await second.queue.close()
  })

  test.each(['block', 'drop-newest', 'drop-oldest'] as const)(
    'lets in alone what is larger than all of it: %s',
    async (whenFull) => {
      const tracker = new RecordingTracker()
      const { put, take, queue } = bind(await OpenedQueue.open(directory, { ...bounds, whenFull }))
      const huge = 'x'.repeat(20_000)
      await put([tracker.batch([huge])])
      const [item] = await take()
      expect(messagesIn([item as Batch])).toEqual([huge])
      acknowledge(item as Batch)
      await put([tracker.batch(['after'])])
      expect(messagesIn(await take())).toEqual(['after'])
      await queue.close()
    },
  )

  test('gives what is larger than a segment one of its own', async () => {
    const tracker = new RecordingTracker()
    const { put, take, queue } = bind(await OpenedQueue.open(directory, { segmentBytes: 1024 }))
    await put(['a', 'x'.repeat(5000), 'b'].map((text) => tracker.batch([text])))
    expect((await segments()).length).toBe(3)
    expect(messagesIn(await take())).toEqual(['a', 'x'.repeat(5000), 'b'])
    await queue.close()
  })
})

describe('on a full disk', () => {
  test('waits, takes back what was torn, tells of it once, and goes on when there is space', async () => {
    let room = 3000
    const disk = diskWith((file) => ({
      writev: (async (buffers: Uint8Array[], position: number) => {
        const all = Buffer.concat(buffers)
        if (room === 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
        const part = all.subarray(0, room)
        room -= part.length
        return file.writev([part], position)
      }) as OpenFile['writev'],
    }))
    const tracker = new RecordingTracker()
    const { put, take, queue, warnings, failures } = bind(await OpenedQueue.open(directory, {}, disk))
    const done = put(numbers(1, 30).map((n) => tracker.batch([n.padEnd(200)])))
    while (warnings.length === 0) await new Promise(setImmediate)
    expect(queue.isWaitingForSpace).toBe(true)
    const taken = messagesIn(await take())
    expect(taken.length).toBeGreaterThan(5)
    // All that is there is whole.
    const [name] = (await segments()) as [string]
    expect((await readFile(join(directory, name))).length).toBe(queue.bytesHeld)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(warnings.map(({ code }) => code)).toEqual(['DISK_FULL'])
    room = Infinity
    await done
    expect([...taken, ...messagesIn(await take())]).toEqual(numbers(1, 30).map((n) => n.padEnd(200)))
    expect([queue.isWaitingForSpace, failures]).toEqual([false, []])
    expect(tracker.mark).toBe(tracker.end)
    await queue.close()
  })

  test('makes room by removing what was acknowledged, although its place can not be saved', async () => {
    let isFull = false
    const noSpace = (): never => {
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    }
    const disk = diskWith((file, path) =>
      path.endsWith('.tmp') ? { writeFile: async (text) => (isFull ? noSpace() : file.writeFile(text)) } : {},
    )
    const tracker = new RecordingTracker()
    const { put, take, queue, warnings } = bind(await OpenedQueue.open(directory, { segmentBytes: 1024 }, disk))
    await put(numbers(1, 20).map((n) => tracker.batch([n.padEnd(200)])))
    isFull = true
    for (const item of await take()) acknowledge(item)
    while (queue.segments > 1) await new Promise(setImmediate)
    expect(warnings.map(({ code }) => code)).toEqual(['CHECKPOINT_FAILED'])
    isFull = false
    await queue.close()
    expect(await segments()).toEqual([])
  })
})

test('files that are no segments are left alone', async () => {
  await writeFile(join(directory, 'notes.txt'), 'mine')
  await writeFile(join(directory, '12.segment'), 'mine')
  const { put, take, queue } = bind(await OpenedQueue.open(directory))
  await put(new RecordingTracker().entries(['a']))
  for (const item of await take()) acknowledge(item)
  await queue.close()
  expect((await readdir(directory)).sort()).toEqual(['12.segment', 'notes.txt', 'place.json'])
})

/** So that a test can say `put(…)` and `take(…)`. */
function bind(opened: OpenedQueue) {
  const { queue, warnings, failures, dropped } = opened
  const put = (items: Iterable<LogEntry | Batch>): Promise<void> => opened.put(items)
  const take = (count?: number): Promise<(LogEntry | Batch)[]> => opened.take(count)
  return { queue, warnings, failures, dropped, put, take }
}
