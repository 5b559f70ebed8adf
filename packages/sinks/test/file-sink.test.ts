/** What `fileSink` writes, how it rotates, and what it touches. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import {
  access,
  appendFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { gzipSync } from 'node:zlib'
import type { LogEntry } from '@logwisp/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type FileSinkOptions, fileSink } from '../src/file-sink.ts'
import { Acknowledgements, batch, filesOf, lines, numbered, temporaryDirectory } from './file-fixtures.ts'

const entry = (message: string): LogEntry => ({ time: 1, source: 'test', message })

afterEach(() => void vi.useRealTimers())

async function written(items: Iterable<unknown>, options: Partial<FileSinkOptions> = {}): Promise<string> {
  const directory = await temporaryDirectory()
  const sink = fileSink(join(directory, 'made', 'for it'), { name: 'app', ...options })
  await pipeline(Readable.from(items), sink)
  return (await filesOf(join(directory, 'made', 'for it'), 'app')).text
}

describe('what is written', () => {
  test('every entry, with a line feed, in a directory that is made if need be', async () => {
    expect(await written(numbered(1000))).toBe(lines(1, 1000))
  })

  test.each<[string, Partial<FileSinkOptions>]>([
    ['raw', {}],
    ['json', { format: 'json' }],
    ['a function', { format: ({ level, message }) => `${level}: ${message}` }],
  ])('the same from a batch as from its entries: %s', async (_name, options) => {
    const texts = ['ERROR a\nINFO é\n\nopen', 'crlf\r\n\r\nb\r\n', '', 'one\n']
    const batches = texts.map((text) => batch(text))
    const fromBatches = await written(batches, options)
    expect(fromBatches).toBe(
      await written(
        batches.flatMap((each) => [...each]),
        options,
      ),
    )
    expect(fromBatches.match(/\n/g)).toHaveLength(8)
  })

  test('only the selected lines of a batch', async () => {
    const selected = batch('a\nb\nc\nd\n').select((start) => start === 0 || start === 4)
    expect(await written([selected, selected.withoutLines()])).toBe('a\nc\n')
  })

  test('after what the file already holds', async () => {
    const directory = await temporaryDirectory()
    for (let run = 0; run < 3; run++) {
      await pipeline(Readable.from(numbered(10, undefined, run * 10 + 1)), fileSink(directory, { name: 'app' }))
    }
    expect((await filesOf(directory, 'app')).text).toBe(lines(1, 30))
  })

  test('the books balance, and say what was written', async () => {
    const directory = await temporaryDirectory()
    const sink = fileSink(directory, { name: 'app', maxFileBytes: 100 })
    await pipeline(Readable.from([...numbered(50), batch('a\nb\n')]), sink)
    expect(sink.stats).toEqual({
      entriesIn: 52,
      entriesOut: 52,
      entriesDropped: 0,
      dropped: {},
      entriesHeld: 0,
      bytesOut: lines(1, 50).length + 4,
      filesRotated: (await readdir(directory)).length - 1,
      filesRemoved: 0,
      warnings: 0,
      isWaitingForSpace: false,
    })
  })
})

describe('acknowledging', () => {
  test.each(['never', 'interval', 'always'] as const)('in order, once written, with fsync %s', async (fsync) => {
    const directory = await temporaryDirectory()
    const tracker = new Acknowledgements()
    const sink = fileSink(directory, { name: 'app', fsync, fsyncIntervalMs: 5 })
    const acknowledge = tracker.acknowledge.bind(tracker)
    tracker.acknowledge = (origin) => {
      acknowledge(origin)
      expect(readFileSync(sink.path, 'utf8')).toContain(`line ${origin.sequence}\n`)
    }
    for (const each of numbered(20, tracker)) sink.write(each)
    await tracker.until(20)
    sink.end(batch('last\n', new Acknowledgements()))
    await once(sink, 'close')
    expect(tracker.sequences).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  })

  test('a batch without lines is acknowledged, though there is nothing to write', async () => {
    const tracker = new Acknowledgements()
    await written([batch('a\nb\n', tracker).withoutLines()])
    expect(tracker.last).toBe(4)
  })

  test('batches without lines, however many, do not hold the source up', async () => {
    const nothing = batch('x'.repeat(65_535)).withoutLines()
    expect(await written([...Array(1000).fill(nothing), entry('a')])).toBe('a\n')
    const directory = await temporaryDirectory()
    const sink = fileSink(directory, { name: 'app' })
    await once(sink, 'open')
    for (let i = 0; i < 1000; i++) sink.write(nothing)
    sink.end()
    await once(sink, 'close')
  })
})

describe('rotation by size', () => {
  const long = entry('x'.repeat(500))

  test.each<[string, () => unknown[]]>([
    ['entries', () => [...numbered(200)]],
    ['batches', () => Array.from({ length: 8 }, (_, i) => batch(lines(i * 25 + 1, i * 25 + 25)))],
  ])('keeps every file within the bound and every entry whole: %s', async (_name, make) => {
    const directory = await temporaryDirectory()
    const sink = fileSink(directory, { name: 'app', maxFileBytes: 100 })
    await pipeline(Readable.from(make()), sink)
    const { names, text } = await filesOf(directory, 'app')
    expect(text).toBe(lines(1, 200))
    for (const name of names) {
      const part = await readFile(join(directory, name), 'utf8')
      expect(part.length).toBeLessThanOrEqual(100)
      if (name !== 'app.log') expect(part.length).toBeGreaterThan(80)
      expect(part.endsWith('\n')).toBe(true)
    }
  })

  test('never splits an entry of several lines', async () => {
    const directory = await temporaryDirectory()
    const stack = entry('Error: out of tea\n  at kettle\n  at kitchen')
    await pipeline(Readable.from(Array(10).fill(stack)), fileSink(directory, { name: 'app', maxFileBytes: 100 }))
    for (const name of (await filesOf(directory, 'app')).names) {
      expect(await readFile(join(directory, name), 'utf8')).toBe(`${stack.message}\n`.repeat(2))
    }
  })

  test('gives an entry beyond the bound a file of its own', async () => {
    const directory = await temporaryDirectory()
    const sink = fileSink(directory, { name: 'app', maxFileBytes: 100 })
    await pipeline(Readable.from([entry('a'), long, long, entry('b')]), sink)
    const { names } = await filesOf(directory, 'app')
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size))
    expect(sizes).toEqual([2, 501, 501, 2])
  })

  test('counts what the file held before the start', async () => {
    const directory = await temporaryDirectory()
    const run = () => pipeline(Readable.from(numbered(8)), fileSink(directory, { name: 'app', maxFileBytes: 100 }))
    await run()
    await run()
    expect((await filesOf(directory, 'app')).names).toHaveLength(2)
  })

  test('tells of each rotation, and of each file that it opens', async () => {
    const directory = await temporaryDirectory()
    const sink = fileSink(directory, { name: 'app', maxFileBytes: 100 })
    const told: [string, number][] = []
    sink.on('rotate', ({ path, bytes }) => told.push([path, bytes]))
    sink.on('open', ({ path, bytes }) => told.push([path, bytes]))
    await pipeline(Readable.from([entry('x'.repeat(98)), entry('b')]), sink)
    const [rotated] = (await filesOf(directory, 'app')).names
    expect(told).toEqual([
      [sink.path, 0],
      [join(directory, rotated as string), 99],
      [sink.path, 0],
    ])
  })
})

describe('rotation by time', () => {
  test('an idle file is rotated when the hour is full, an empty one is not', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: Date.parse('2026-11-21T10:59:59Z') })
    const directory = await temporaryDirectory()
    const tracker = new Acknowledgements()
    const sink = fileSink(directory, { name: 'app', rotateEveryMs: 3_600_000 })
    const rotated = once(sink, 'rotate')
    sink.write([...numbered(1, tracker)][0])
    await tracker.until(1)
    await vi.advanceTimersByTimeAsync(1000)
    expect(await rotated).toEqual([{ path: join(directory, 'app-20261121T110000.000Z-000001.log'), bytes: 7 }])
    await vi.advanceTimersByTimeAsync(5 * 3_600_000)
    sink.write([...numbered(1, tracker, 2)][0])
    await tracker.until(2)
    sink.end()
    await once(sink, 'close')
    expect(sink.stats.filesRotated).toBe(1)
    expect((await filesOf(directory, 'app')).text).toBe(lines(1, 2))
    expect(vi.getTimerCount()).toBe(0)
  })

  test('a file of an earlier period is rotated at the start', async () => {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, 'app.log'), 'yesterday\n')
    const yesterday = new Date(Date.now() - 86_400_000)
    await utimes(join(directory, 'app.log'), yesterday, yesterday)
    await pipeline(Readable.from([entry('today')]), fileSink(directory, { name: 'app', rotateEveryMs: 86_400_000 }))
    const { names, text } = await filesOf(directory, 'app')
    expect(names).toHaveLength(2)
    expect(text).toBe('yesterday\ntoday\n')
  })
})

describe('whose files', () => {
  const foreign = [
    'other-app.log',
    'app-old.log',
    'app2.log',
    'app2-20200101T000000.000Z-000001.log',
    'app-2-20200101T000000.000Z-000001.log',
    'app.log.1',
    'app-20200101T000000.000Z-000001.log.bak',
  ]

  test("W15: retention removes no other program's files, nor those of a sink whose name begins alike", async () => {
    const directory = await temporaryDirectory()
    const old = new Date(0)
    for (const name of foreign) {
      await writeFile(join(directory, name), 'not ours\n')
      await utimes(join(directory, name), old, old)
    }
    const options = { name: 'app', maxFileBytes: 100, maxTotalBytes: 200, maxAgeMs: 1000, compress: 'gzip' } as const
    const sink = fileSink(directory, options)
    await pipeline(Readable.from(numbered(200)), sink)
    expect(sink.stats.filesRemoved).toBeGreaterThan(0)
    for (const name of foreign) expect(await readFile(join(directory, name), 'utf8')).toBe('not ours\n')
  })

  test('W15: two sinks that share a directory leave each other alone', async () => {
    const directory = await temporaryDirectory()
    const options = { maxFileBytes: 200, maxTotalBytes: 400 }
    const small = fileSink(directory, { name: 'app', ...options })
    const all = fileSink(directory, { name: 'app-2', maxFileBytes: 200 })
    await Promise.all([pipeline(Readable.from(numbered(500)), small), pipeline(Readable.from(numbered(500)), all)])
    expect((await filesOf(directory, 'app-2')).text).toBe(lines(1, 500))
    expect(small.stats.filesRemoved).toBeGreaterThan(0)
    expect(all.stats.filesRemoved).toBe(0)
  })

  test('the files together stay within maxTotalBytes, and the newest are kept', async () => {
    const directory = await temporaryDirectory()
    const sink = fileSink(directory, { name: 'app', maxFileBytes: 100, maxTotalBytes: 350 })
    await pipeline(Readable.from(numbered(200)), sink)
    const { names, text } = await filesOf(directory, 'app')
    expect(names).toHaveLength(3)
    expect(text.length).toBeLessThanOrEqual(350)
    expect(lines(1, 200).endsWith(text)).toBe(true)
    expect(sink.stats.filesRemoved).toBe(sink.stats.filesRotated - 2)
  })

  test('rotated files are removed when they reach maxAgeMs, also while nothing is written', async () => {
    const directory = await temporaryDirectory()
    const name = 'app-20200101T000000.000Z-000001.log'
    const gone = join(directory, name)
    await writeFile(gone, 'old\n')
    await writeFile(join(directory, `app-20200101T000000.000Z-000002.log`), 'also old\n')
    const almost = new Date(Date.now() - 60_000 + 300)
    await utimes(gone, almost, almost)
    const sink = fileSink(directory, { name: 'app', maxFileBytes: 100, maxAgeMs: 60_000 })
    const [removed] = await once(sink, 'remove')
    expect(removed).toEqual({ path: gone })
    sink.end()
    await once(sink, 'close')
    expect(await readdir(directory)).toEqual([`app-20200101T000000.000Z-000002.log`, 'app.log'])
  })
})

describe('compression', () => {
  test('rotated files become .gz with the same text, and the last run leaves nothing behind', async () => {
    const directory = await temporaryDirectory()
    const sink = fileSink(directory, { name: 'app', maxFileBytes: 1000, compress: 'gzip' })
    await pipeline(Readable.from(numbered(500)), sink)
    const { names, text } = await filesOf(directory, 'app')
    expect(text).toBe(lines(1, 500))
    expect(names.filter((name) => name.endsWith('.gz'))).toHaveLength(sink.stats.filesRotated)
    expect((await readdir(directory)).sort()).toEqual(names)
  })

  test('what a crash left of a compression is done again or finished', async () => {
    const directory = await temporaryDirectory()
    const at = (name: string) => join(directory, `app-20200101T000000.000Z-00000${name}`)
    await writeFile(at('1.log'), 'one\n')
    await writeFile(at('1.log.gz.partial'), gzipSync('one\n').subarray(0, 9))
    await writeFile(at('2.log'), 'two\n')
    await writeFile(at('2.log.gz'), gzipSync('two\n'))
    await pipeline(
      Readable.from([entry('three')]),
      fileSink(directory, { name: 'app', maxFileBytes: 100, compress: 'gzip' }),
    )
    const { names, text } = await filesOf(directory, 'app')
    expect(names.map((name) => name.slice(-8))).toEqual(['1.log.gz', '2.log.gz', 'app.log'])
    expect(text).toBe('one\ntwo\nthree\n')
  })

  test('keeps the time of the file, by which its age is counted', async () => {
    const directory = await temporaryDirectory()
    const path = join(directory, 'app-20200101T000000.000Z-000001.log')
    await writeFile(path, 'one\n')
    await utimes(path, 1e9, 1e9)
    await pipeline(Readable.from([]), fileSink(directory, { name: 'app', maxFileBytes: 100, compress: 'gzip' }))
    expect((await stat(`${path}.gz`)).mtimeMs).toBe(1e12)
  })
})

describe('when another program touches the file', () => {
  test.each<[string, (path: string) => Promise<unknown>]>([
    ['moves it away', (path) => rename(path, `${path}.1`)],
    ['moves it and makes a new one', (path) => rename(path, `${path}.1`).then(() => writeFile(path, ''))],
  ])('%s: the sink goes on in a new one, and no line is lost', async (_name, move) => {
    const directory = await temporaryDirectory()
    const tracker = new Acknowledgements()
    const sink = fileSink(directory, { name: 'app', checkIntervalMs: 0 })
    for (const each of numbered(10, tracker)) sink.write(each)
    await tracker.until(10)
    await move(sink.path)
    for (const each of numbered(10, tracker, 11)) sink.write(each)
    sink.end()
    await once(sink, 'close')
    expect(await readFile(`${sink.path}.1`, 'utf8')).toBe(lines(1, 10))
    expect(await readFile(sink.path, 'utf8')).toBe(lines(11, 20))
  })

  test('removes it, or its directory: the sink makes it anew', async () => {
    const directory = await temporaryDirectory()
    const tracker = new Acknowledgements()
    const sink = fileSink(join(directory, 'logs'), { name: 'app', checkIntervalMs: 0 })
    sink.write([...numbered(1, tracker)][0])
    await tracker.until(1)
    await rm(sink.path)
    sink.write([...numbered(1, tracker, 2)][0])
    await tracker.until(2)
    expect(await readFile(sink.path, 'utf8')).toBe(lines(2, 2))
    await rm(join(directory, 'logs'), { recursive: true })
    sink.end([...numbered(1, tracker, 3)][0])
    await once(sink, 'close')
    expect(await readFile(sink.path, 'utf8')).toBe(lines(3, 3))
  })

  test('truncates it (copytruncate): the sink goes on at its beginning, without a hole', async () => {
    const directory = await temporaryDirectory()
    const tracker = new Acknowledgements()
    const sink = fileSink(directory, { name: 'app' })
    for (const each of numbered(10, tracker)) sink.write(each)
    await tracker.until(10)
    await truncate(sink.path)
    sink.end([...numbered(1, tracker, 11)][0])
    await once(sink, 'close')
    expect(await readFile(sink.path, 'utf8')).toBe(lines(11, 11))
  })

  test('reopen() goes on in a new file at once, after what was written before', async () => {
    const directory = await temporaryDirectory()
    const tracker = new Acknowledgements()
    const sink = fileSink(directory, { name: 'app', checkIntervalMs: 3_600_000 })
    for (const each of numbered(10, tracker)) sink.write(each)
    await tracker.until(10)
    await rename(sink.path, `${sink.path}.1`)
    await sink.reopen()
    await access(sink.path)
    sink.end([...numbered(1, tracker, 11)][0])
    await once(sink, 'close')
    expect(await readFile(`${sink.path}.1`, 'utf8')).toBe(lines(1, 10))
    expect(await readFile(sink.path, 'utf8')).toBe(lines(11, 11))
  })

  test('reopen() resolves at once before the start, after the end, and while entries come without a pause', async () => {
    const directory = await temporaryDirectory()
    const sink = fileSink(directory, { name: 'app' })
    await sink.reopen()
    let isOpen = true
    async function* endless(): AsyncGenerator<LogEntry> {
      while (isOpen) yield entry('x')
    }
    const running = pipeline(endless, sink)
    for (let i = 0; i < 5; i++) await sink.reopen()
    isOpen = false
    await running
    await sink.reopen()
    expect(await readdir(directory)).toEqual(['app.log'])
    expect((await readFile(sink.path, 'utf8')).length).toBe(sink.stats.entriesIn * 2)
  })

  test('leaves a line without its end there: the sink ends it and says so', async () => {
    const directory = await temporaryDirectory()
    await appendFile(join(directory, 'app.log'), 'whole\nwithout end')
    const sink = fileSink(directory, { name: 'app' })
    const warning = once(sink, 'warning')
    await pipeline(Readable.from(numbered(1)), sink)
    expect(await readFile(sink.path, 'utf8')).toBe('whole\nwithout end\nline 1\n')
    expect((await warning)[0]).toMatchObject({ code: 'TORN_LINE' })
  })
})

describe('one sink for one file', () => {
  test('a second one is refused, and says what to do', async () => {
    const directory = await temporaryDirectory()
    const first = fileSink(directory, { name: 'app' })
    await once(first, 'open')
    await expect(pipeline(Readable.from(numbered(1)), fileSink(directory, { name: 'app' }))).rejects.toMatchObject({
      code: 'FILE_IN_USE',
      message: expect.stringContaining('another name or directory'),
    })
    first.end(entry('still mine'))
    await once(first, 'close')
    expect((await filesOf(directory, 'app')).text).toBe('still mine\n')
    expect(await readdir(directory)).toEqual(['app.log'])
  })

  test('of many that start at once, one wins', async () => {
    const directory = await temporaryDirectory()
    const runs = Array.from({ length: 20 }, () =>
      pipeline(Readable.from(numbered(1)), fileSink(directory, { name: 'app' })),
    )
    const settled = await Promise.allSettled(runs)
    const refused = settled.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
    expect(refused.every(({ reason }) => reason.code === 'FILE_IN_USE')).toBe(true)
    expect((await filesOf(directory, 'app')).text).toBe(lines(1, 1).repeat(20 - refused.length))
    expect(refused.length).toBeLessThan(20)
  })

  test.each(['end', 'destroy'] as const)('after %s() the next one may have it', async (way) => {
    const directory = await temporaryDirectory()
    const first = fileSink(directory, { name: 'app' })
    await once(first, 'open')
    first[way]()
    await once(first, 'close')
    await pipeline(Readable.from(numbered(1)), fileSink(directory, { name: 'app' }))
    expect((await filesOf(directory, 'app')).text).toBe(lines(1, 1))
  })
})

describe('after a crash', () => {
  // No process has this id: it is beyond the kernel's greatest.
  const dead = JSON.stringify({ pid: 2 ** 30, startTime: '1', thread: 0, host: 'gone', token: 'x' })

  test.each([
    ['a line', 'whole\ntorn of a crash', 'whole\n'],
    ['its only line', 'torn', ''],
    ['a very long line', `whole\n${'x'.repeat(200_000)}`, 'whole\n'],
    ['zeros that a power cut left', `whole\n${'\0'.repeat(5000)}`, 'whole\n'],
    ['nothing', 'whole\n', 'whole\n'],
  ])('the file ends in %s, which is cut off', async (_name, before, after) => {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, 'app.log'), before)
    await writeFile(join(directory, '.app.lock'), dead)
    const sink = fileSink(directory, { name: 'app' })
    const warnings: string[] = []
    sink.on('warning', ({ code }) => warnings.push(code))
    await pipeline(Readable.from(numbered(1)), sink)
    expect(await readFile(sink.path, 'utf8')).toBe(after + lines(1, 1))
    expect(warnings).toEqual(before === after ? [] : ['TORN_LINE'])
    expect(await readdir(directory)).toEqual(['app.log'])
  })
})

describe('ending and errors', () => {
  test('destroy() at any time closes the file, keeps what is written whole and leaves no timer', async () => {
    for (let steps = 0; steps < 12; steps++) {
      const directory = await temporaryDirectory()
      const sink = fileSink(directory, { name: 'app', maxFileBytes: 500, rotateEveryMs: 1000, fsync: 'interval' })
      for (const each of numbered(200)) sink.write(each)
      for (let i = 0; i < steps; i++) await new Promise(setImmediate)
      sink.destroy()
      await once(sink, 'close')
      const { text } = await filesOf(directory, 'app')
      expect(lines(1, 200).startsWith(text)).toBe(true)
      expect(text === '' || text.endsWith('\n')).toBe(true)
      expect((await readdir(directory)).filter((name) => name.includes('lock'))).toEqual([])
      const { entriesIn, entriesOut, entriesDropped, entriesHeld } = sink.stats
      expect(entriesIn).toBe(entriesOut + entriesDropped + entriesHeld)
    }
  })

  test('a directory where the file should be is an error that says so', async () => {
    const directory = await temporaryDirectory()
    await mkdir(join(directory, 'app.log'))
    const sink = fileSink(directory, { name: 'app' })
    const [error] = await once(sink, 'error')
    expect(error).toMatchObject({ code: 'WRITE_FAILED', message: expect.stringContaining('app.log') })
  })

  test('a format that throws ends the sink with its error, and acknowledges nothing after it', async () => {
    const directory = await temporaryDirectory()
    const tracker = new Acknowledgements()
    const format = ({ message }: LogEntry) => {
      if (message === 'line 5') throw new Error('no five')
      return message
    }
    const failed = pipeline(Readable.from(numbered(10, tracker)), fileSink(directory, { name: 'app', format }))
    await expect(failed).rejects.toThrow('no five')
    expect(tracker.last).toBeLessThan(5)
  })

  test.each<[string, object]>([
    ['name', { name: '' }],
    ['name', { name: 'a/b' }],
    ['name', { name: 'app-20261121T120000.123Z-000001' }],
    ['name', {}],
    ['maxFileBytes', { name: 'a', maxFileBytes: 0 }],
    ['rotateEveryMs', { name: 'a', rotateEveryMs: 10 }],
    ['maxTotalBytes', { name: 'a', maxTotalBytes: 10 }],
    ['maxTotalBytes', { name: 'a', maxTotalBytes: 10, maxFileBytes: 11 }],
    ['maxAgeMs', { name: 'a', maxAgeMs: 5000 }],
    ['compress', { name: 'a', compress: 'gzip' }],
    ['compress', { name: 'a', compress: true, maxFileBytes: 1 }],
    ['fsync', { name: 'a', fsync: true }],
    ['format', { name: 'a', format: 'xml' }],
    ['maxSize', { name: 'a', maxSize: 10 }],
  ])('refuses a bad %s: %j', (option, options) => {
    const error = { code: 'BAD_OPTION', option, stage: 'fileSink' }
    expect(() => fileSink('.', options as FileSinkOptions)).toThrow(expect.objectContaining(error))
  })

  test('refuses to do without a directory or a name', () => {
    expect(() => fileSink('', { name: 'a' })).toThrow('`directory` must be')
    expect(() => fileSink('.', undefined as unknown as FileSinkOptions)).toThrow('`name` must be')
  })
})
