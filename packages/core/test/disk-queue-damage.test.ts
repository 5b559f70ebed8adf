/** What becomes of a queue on the disk whose files are not as they were left: nothing that is sound is lost, and what is lost is counted. */

import { cp, mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { acknowledge, Batch, isBatch, type LogEntry } from '../src/index.ts'
import { recordHeadBytes } from '../src/internal/disk/record-format.ts'
import { encodeSegmentHead, segmentHeadBytes, segmentName } from '../src/internal/disk/segment-format.ts'
import { type FileSystem, type OpenFile, realFileSystem } from '../src/internal/file-system.ts'
import { RecordingTracker } from '../src/testing.ts'
import { OpenedQueue } from './fixtures/opened-queue.ts'

let root: string
let directory: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'logwisp-damage-'))
  directory = join(root, 'queue')
})
afterEach(() => rm(root, { recursive: true, force: true }))

const messagesIn = (items: readonly (LogEntry | Batch)[]): string[] =>
  items.flatMap((item) => (isBatch(item) ? [...item] : [item])).map(({ message }) => message)
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`)
const segments = async (): Promise<string[]> =>
  (await readdir(directory)).filter((name) => name.endsWith('.segment')).sort()
const pathOf = async (index: number): Promise<string> => join(directory, (await segments()).at(index) as string)

/** A queue of records of three lines each, of which nothing was acknowledged. */
async function leave(records: number, segmentBytes = 1024): Promise<void> {
  const opened = await OpenedQueue.open(directory, { segmentBytes })
  const tracker = new RecordingTracker()
  await opened.put(Array.from({ length: records }, (_, n) => tracker.batch(numbers(3 * n + 1, 3 * n + 3))))
  await opened.queue.close()
}

interface Found {
  readonly messages: string[]
  readonly held: number
  readonly codes: string[]
  readonly texts: string[]
  readonly corrupt: number
}

/** Opens it, and reads all that is there. */
async function find(acknowledging = false): Promise<Found> {
  const opened = await OpenedQueue.open(directory)
  const held = opened.queue.entriesHeld
  const items = await opened.take()
  expect(opened.queue.entriesHeld).toBe(0)
  if (acknowledging) for (const item of items) acknowledge(item)
  await opened.queue.close()
  expect(opened.failures).toEqual([])
  const messages = messagesIn(items)
  const corrupt = opened.dropped['corrupt'] ?? 0
  expect(messages.length + corrupt).toBe(held)
  const { warnings } = opened
  return {
    messages,
    held,
    codes: warnings.map(({ code }) => code),
    texts: warnings.map(({ message }) => message),
    corrupt,
  }
}

/** Where the records of a segment's file begin. */
function recordsIn(bytes: Buffer): number[] {
  const starts: number[] = []
  for (let at = segmentHeadBytes; at < bytes.length; at += recordHeadBytes + bytes.readUInt32LE(at + 4)) starts.push(at)
  return starts
}

describe('the last segment, which a crash came upon', () => {
  test('is cut behind its last whole record, wherever it ends; the entries before are given, and nothing else', async () => {
    await leave(5, 1 << 20)
    const whole = await readFile(await pathOf(0))
    const ends = [...recordsIn(whole).slice(1), whole.length]
    const name = (await segments())[0] as string
    for (let length = 0; length <= whole.length; length++) {
      await writeFile(join(directory, name), whole.subarray(0, length))
      const records = ends.filter((end) => end <= length).length
      const { messages, codes, held } = await find()
      expect(messages, `cut at ${length}`).toEqual(numbers(1, 3 * records))
      expect(held).toBe(3 * records)
      const isClean = length === 0 || ends.includes(length)
      expect(codes, `cut at ${length}`).toEqual(isClean ? [] : ['TORN_SEGMENT'])
      // What is not whole is gone: the next opening says nothing.
      expect((await find()).codes).toEqual([])
    }
  })

  test('is cut also when the file has its length, and zeros or the old content of the disk where nothing was written', async () => {
    await leave(5, 1 << 20)
    const path = await pathOf(0)
    const whole = await readFile(path)
    const third = recordsIn(whole)[3] as number
    for (const filler of [
      Buffer.alloc(500),
      Buffer.from('2026-11-21 INFO old content\n'.repeat(20)),
      whole.subarray(0, 400),
    ]) {
      await writeFile(path, Buffer.concat([whole.subarray(0, third + 10), filler]))
      const { messages, codes } = await find()
      expect(messages).toEqual(numbers(1, 9))
      expect(codes).toEqual(['TORN_SEGMENT'])
    }
  })

  test('goes when it has no record, not even a head: the crash came between making it and writing', async () => {
    await leave(5, 1 << 20)
    const { size } = await stat(await pathOf(0))
    const next = size - segmentHeadBytes
    const head = encodeSegmentHead({ position: next, ordinal: 15, id: 'A'.repeat(16) })
    for (const length of [0, 20, head.length]) {
      await writeFile(join(directory, segmentName(next)), head.subarray(0, length))
      const { messages, codes } = await find()
      expect(messages).toEqual(numbers(1, 15))
      expect(codes).toEqual(length === 0 ? [] : ['TORN_SEGMENT'])
      expect((await segments()).length).toBe(1)
    }
  })

  test('is not written to again: what comes goes to a new one behind it, and is given after it', async () => {
    await leave(5, 1 << 20)
    const path = await pathOf(0)
    await truncate(path, (await stat(path)).size - 1)
    const opened = await OpenedQueue.open(directory)
    await opened.put(new RecordingTracker().entries(['new']))
    expect(messagesIn(await opened.take())).toEqual([...numbers(1, 12), 'new'])
    await opened.queue.close()
    expect((await find()).messages).toEqual([...numbers(1, 12), 'new'])
  })
})

describe('damage in the middle', () => {
  test('costs the record that it is in and no other, whichever byte it is, and is counted', async () => {
    await leave(4, 1 << 20)
    const path = await pathOf(0)
    const whole = await readFile(path)
    const starts = recordsIn(whole)
    const [, second, third] = starts as [number, number, number]
    for (let at = second; at < third; at++) {
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] as number) ^ 0x55
      await writeFile(path, damaged)
      const { messages, codes, corrupt, texts } = await find()
      expect(messages, `byte ${at}`).toEqual([...numbers(1, 3), ...numbers(7, 12)])
      expect(corrupt).toBe(3)
      expect(codes).toEqual(['SEGMENT_CORRUPT'])
      expect(texts[0]).toContain(`${third - second} bytes of ${path} at ${second} are damaged: 3 entries are lost`)
    }
  })

  test.each([0, 1, 7, 255, 65_536, 0x7fffffff, 0xffffffff])('a length that says %d misleads nobody', async (length) => {
    await leave(4, 1 << 20)
    const path = await pathOf(0)
    const bytes = await readFile(path)
    bytes.writeUInt32LE(length, (recordsIn(bytes)[1] as number) + 4)
    await writeFile(path, bytes)
    expect(await find()).toMatchObject({ messages: [...numbers(1, 3), ...numbers(7, 12)], corrupt: 3 })
  })

  test('the head of a segment costs no entry', async () => {
    await leave(60)
    const path = await pathOf(1)
    const bytes = await readFile(path)
    bytes.fill(0, 0, segmentHeadBytes)
    await writeFile(path, bytes)
    expect(await find()).toMatchObject({ messages: numbers(1, 180), codes: [], corrupt: 0 })
    await rm(join(directory, 'place.json'))
    const first = await pathOf(0)
    await writeFile(first, (await readFile(first)).fill(0, 0, segmentHeadBytes))
    expect(await find()).toMatchObject({ messages: numbers(1, 180), codes: [], corrupt: 0 })
  })

  test('many at once, over the ends of segments, is counted as what it was', async () => {
    await leave(60)
    const names = await segments()
    expect(names.length).toBeGreaterThan(4)
    const whole = await Promise.all(names.map((name) => readFile(join(directory, name))))
    // The second half of the second segment and the first half of the third, as a hole; a few bytes of the fourth.
    const [, second, third, fourth] = whole as [Buffer, Buffer, Buffer, Buffer]
    second.fill(0, second.length >> 1)
    third.fill(0, 0, third.length >> 1)
    fourth.fill(0xff, 300, 310)
    for (const [index, name] of names.entries()) await writeFile(join(directory, name), whole[index] as Buffer)
    const { messages, codes, corrupt, held } = await find()
    expect(held).toBe(180)
    expect(new Set(codes)).toEqual(new Set(['SEGMENT_CORRUPT']))
    expect(corrupt).toBeGreaterThan(20)
    expect(messages.length).toBe(180 - corrupt)
    const all = numbers(1, 180)
    expect(messages).toEqual(all.filter((message) => messages.includes(message)))
  })

  test('a segment that is missing is counted, the first one too', async () => {
    await leave(60)
    const names = await segments()
    await rm(join(directory, names[0] as string))
    await rm(join(directory, names[2] as string))
    const { messages, codes, corrupt, held } = await find()
    expect(held).toBe(180)
    expect(codes).toEqual(['SEGMENT_CORRUPT', 'SEGMENT_CORRUPT'])
    expect(messages.length).toBe(180 - corrupt)
    expect(messages.at(-1)).toBe('line 180')
  })

  test('a file that became shorter is counted', async () => {
    await leave(60)
    const path = await pathOf(1)
    await truncate(path, 500)
    const { messages, codes, corrupt } = await find()
    expect(codes).toEqual(['SEGMENT_CORRUPT'])
    expect(corrupt).toBeGreaterThan(0)
    expect(messages.length).toBe(180 - corrupt)
  })

  test('a log line that looks like a record is none', async () => {
    await leave(2, 1 << 20)
    const record = (await readFile(await pathOf(0))).subarray(segmentHeadBytes)
    const bytes = Buffer.concat([record, Buffer.from('\n'), record, Buffer.from('\n')])
    const copies = Batch.of({ bytes, source: 's', time: 0 })
    const opened = await OpenedQueue.open(directory)
    await opened.put([copies, { time: 0, source: 's', message: 'behind' }])
    await opened.queue.close()
    const path = await pathOf(1)
    const written = await readFile(path)
    // The head of the record that has the copies.
    written[segmentHeadBytes + 10] = 0xaa
    await writeFile(path, written)
    const { messages, corrupt } = await find()
    expect(messages).toEqual([...numbers(1, 6), 'behind'])
    expect(corrupt).toBe(copies.count)
  })

  test('that came while it was read stops nothing either', async () => {
    const opened = await OpenedQueue.open(directory, { segmentBytes: 2048 })
    const tracker = new RecordingTracker()
    await opened.put(Array.from({ length: 60 }, (_, n) => tracker.batch(numbers(3 * n + 1, 3 * n + 3))))
    const file = await open(await pathOf(2), 'r+')
    await file.write(Buffer.alloc(700), 0, 700, 100)
    await file.close()
    await truncate(await pathOf(-1), 200)
    const messages = messagesIn(await opened.take())
    expect(opened.queue.entriesHeld).toBe(0)
    expect(opened.dropped['corrupt']).toBe(180 - messages.length)
    expect(opened.warnings.map(({ code }) => code)).toEqual(['SEGMENT_CORRUPT', 'SEGMENT_CORRUPT'])
    await opened.queue.close()
  })
})

describe('the place of the reader', () => {
  test('that can not be read costs repeats, not entries', async () => {
    await leave(60)
    const first = await OpenedQueue.open(directory)
    for (const item of await first.take(30)) acknowledge(item)
    await first.queue.close()
    const place = join(directory, 'place.json')
    const saved = await readFile(place, 'utf8')
    for (const text of [
      '',
      '{',
      'null',
      saved.replace(/"position":\d/, '"position":9'),
      saved.replace(/"reader"/, '"writer"'),
    ]) {
      await writeFile(place, text)
      const { messages, codes } = await find()
      expect(messages.slice(-90)).toEqual(numbers(91, 180))
      expect(codes).toEqual(text.includes('writer') ? [] : ['CHECKPOINT_CORRUPT'])
    }
  })

  test('beyond all that survived a power cut hides nothing that comes after it', async () => {
    await leave(20, 1 << 20)
    const path = await pathOf(0)
    const survived = (await readFile(path)).subarray(0, recordsIn(await readFile(path))[5] as number)
    const first = await OpenedQueue.open(directory)
    const given = await first.take(10)
    for (const item of given) acknowledge(item)
    await first.queue.close()
    await writeFile(path, survived)
    const second = await OpenedQueue.open(directory)
    expect(second.queue.entriesHeld).toBe(0)
    const entries = Array.from({ length: 50 }, (_, n): LogEntry => ({ time: 0, source: 's', message: `new ${n}` }))
    await second.put(entries)
    const taken = await second.take()
    expect(messagesIn(taken)).toEqual(entries.map(({ message }) => message))
    await second.queue.close()
    expect(await find(true)).toMatchObject({ messages: entries.map(({ message }) => message), codes: [], corrupt: 0 })
    expect(await segments()).toEqual([])
  })

  test('is never named by one id for two entries, although what was not synced is gone', async () => {
    const entry = (message: string): LogEntry => ({ time: 0, source: 's', message })
    const seen = new Map<string, string>()
    const see = (items: readonly (LogEntry | Batch)[]): void => {
      for (const item of items as LogEntry[]) {
        const id = item.origin?.id as string
        expect(seen.get(id) ?? item.message).toBe(item.message)
        seen.set(id, item.message)
      }
    }
    for (let run = 0; run < 4; run++) {
      const opened = await OpenedQueue.open(directory)
      await opened.put([entry(`kept ${run}`)])
      const copy = join(root, 'copy')
      await cp(directory, copy, { recursive: true })
      await opened.put([entry(`lost ${run}`), entry(`lost too ${run}`)])
      see(await opened.take())
      await opened.queue.close()
      await rm(directory, { recursive: true })
      await cp(copy, directory, { recursive: true })
      await rm(copy, { recursive: true })
    }
    expect(seen.size).toBe(12)
  })
})

test('a segment of a later version is refused, not skipped', async () => {
  await leave(3, 1 << 20)
  const path = await pathOf(0)
  const bytes = await readFile(path)
  const { crc32 } = await import('node:zlib')
  bytes.writeUInt32LE(2, 8)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 40)), 40)
  await writeFile(path, bytes)
  await expect(OpenedQueue.open(directory)).rejects.toMatchObject({ code: 'BUFFER_NEWER' })
})

describe('what is known to be synced', () => {
  /** One segment of four records, synced, as it is left by a kill: nothing but the segments and `synced`. */
  async function leaveSynced(fsync: 'interval' | 'always'): Promise<{ path: string; whole: Buffer; starts: number[] }> {
    const opened = await OpenedQueue.open(directory, { segmentBytes: 1 << 20, fsync })
    const tracker = new RecordingTracker()
    await opened.put(Array.from({ length: 4 }, (_, n) => tracker.batch(numbers(3 * n + 1, 3 * n + 3))))
    await opened.queue.close()
    const path = await pathOf(0)
    const whole = await readFile(path)
    return { path, whole, starts: recordsIn(whole) }
  }

  test.each(['interval', 'always'] as const)(
    'fsync %s: a byte that turned in the last record is damage, not a torn end',
    async (fsync) => {
      const { path, whole, starts } = await leaveSynced(fsync)
      const last = starts.at(-1) as number
      const saved = join(root, 'saved')
      await cp(directory, saved, { recursive: true })
      for (const at of [last, last + 5, last + 20, last + recordHeadBytes, whole.length - 1]) {
        const damaged = Buffer.from(whole)
        damaged[at] = (damaged[at] as number) ^ 1
        await writeFile(path, damaged)
        const { messages, codes, texts, corrupt } = await find(true)
        expect(messages).toEqual(numbers(1, 9))
        expect(codes, `byte ${at}`).toEqual(['SEGMENT_CORRUPT'])
        expect(texts[0]).toContain(`${whole.length - last} bytes of ${path} at ${last} are damaged: 3 entries are lost`)
        expect(corrupt).toBe(3)
        // It was told of, and all before it is acknowledged: so it goes.
        expect(await find()).toMatchObject({ messages: [], codes: [], held: 0 })
        expect(await segments()).toEqual([])
        await rm(directory, { recursive: true })
        await cp(saved, directory, { recursive: true })
      }
    },
  )

  test('is missing when the file became shorter, or all of it is damaged, or it is gone', async () => {
    const { path, whole, starts } = await leaveSynced('always')
    const opened = await OpenedQueue.open(directory)
    for (const item of await opened.take(1)) acknowledge(item)
    await opened.queue.close()
    const saved = join(root, 'saved')
    await cp(directory, saved, { recursive: true })
    const states: [Buffer | undefined, string[], number][] = [
      [whole.subarray(0, starts[2]), numbers(4, 6), 6],
      [Buffer.alloc(whole.length, 'x'), [], 9],
      [Buffer.alloc(0), [], 9],
      [undefined, [], 9],
    ]
    for (const [content, messages, corrupt] of states) {
      if (content === undefined) await rm(path)
      else await writeFile(path, content)
      expect(await find(true)).toMatchObject({ messages, codes: ['SEGMENT_CORRUPT'], corrupt, held: 9 })
      expect(await find()).toMatchObject({ messages: [], codes: [], held: 0 })
      await rm(directory, { recursive: true })
      await cp(saved, directory, { recursive: true })
    }
  })

  test('is all that counts: behind it a torn end is a torn end, and is cut', async () => {
    const { path, whole, starts } = await leaveSynced('interval')
    await writeFile(path, Buffer.concat([whole, whole.subarray(starts[3], whole.length - 3)]))
    expect(await find()).toMatchObject({ messages: numbers(1, 12), codes: ['TORN_SEGMENT'], corrupt: 0 })
    expect((await stat(path)).size).toBe(whole.length)
    const damaged = Buffer.from(whole)
    damaged[whole.length - 2] = 0
    await writeFile(path, Buffer.concat([damaged, Buffer.alloc(100)]))
    const { codes, corrupt } = await find()
    expect(new Set(codes)).toEqual(new Set(['TORN_SEGMENT', 'SEGMENT_CORRUPT']))
    expect(corrupt).toBe(3)
  })

  test.each([
    ['gone', undefined],
    ['empty', ''],
    ['half written', '0000000000000400 00000000000'],
    ['that of nobody', `${'9999999999999999 '.repeat(5)}00000000\n`],
  ])('is nothing when the note of it is %s: a torn end is cut', async (_, text) => {
    const { path, whole } = await leaveSynced('always')
    if (text === undefined) await rm(join(directory, 'synced'))
    else await writeFile(join(directory, 'synced'), text)
    await truncate(path, whole.length - 1)
    expect(await find()).toMatchObject({ messages: numbers(1, 9), codes: ['TORN_SEGMENT'], corrupt: 0 })
  })

  test('claims no loss where the segments were removed by hand together with the place', async () => {
    const { path } = await leaveSynced('always')
    await rm(path)
    await rm(join(directory, 'place.json'), { force: true })
    expect(await find()).toMatchObject({ messages: [], codes: [], held: 0 })
  })

  test('is noted by one short write for each sync, and by none where nothing is synced', async () => {
    const writes: string[] = []
    const counting = countingWrites(writes)
    const opened = await OpenedQueue.open(directory, { fsync: 'always' }, counting)
    const tracker = new RecordingTracker()
    for (let n = 0; n < 5; n++) await opened.put([tracker.batch(numbers(1, 3))])
    await opened.queue.close()
    expect(writes.filter((name) => name === 'synced').length).toBeGreaterThan(0)
    expect(writes.filter((name) => name === 'synced').length).toBeLessThanOrEqual(5)
    expect(writes).not.toContain('sync synced')
    writes.length = 0
    const never = await OpenedQueue.open(join(root, 'never'), { fsync: 'never' }, counting)
    await never.put([tracker.batch(numbers(1, 3))])
    await never.queue.close()
    expect(writes.filter((name) => name.includes('synced'))).toEqual([])
  })
})

/** Names the files that are written to and synced. */
function countingWrites(told: string[]): FileSystem {
  return {
    ...realFileSystem,
    open: async (path, flags, mode) => {
      const file = await realFileSystem.open(path, flags, mode)
      const name = basename(path)
      return {
        read: file.read.bind(file),
        writeFile: file.writeFile.bind(file),
        stat: file.stat.bind(file),
        truncate: file.truncate.bind(file),
        close: file.close.bind(file),
        writev: ((...args: Parameters<OpenFile['writev']>) => {
          told.push(name)
          return file.writev(...args)
        }) as OpenFile['writev'],
        sync: () => {
          told.push(`sync ${name}`)
          return file.sync()
        },
        datasync: () => {
          told.push(`sync ${name}`)
          return file.datasync()
        },
      }
    },
  }
}
