/** A disk that is full, or fails: what is written stays whole, what is not is never acknowledged. */

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { LogEntry } from '@logwisp/core'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { type FileSink, type FileSinkOptions, fileSink } from '../src/file-sink.ts'
import { fileSinkSettings } from '../src/internal/file/file-sink-settings.ts'
import { FileStream } from '../src/internal/file/file-stream.ts'
import { type FileSystem, realFileSystem } from '../src/internal/file/file-system.ts'
import {
  Acknowledgements,
  failingFileSystem,
  filesOf,
  lines,
  numbered,
  systemError,
  temporaryDirectory,
} from './file-fixtures.ts'

function sinkOn(fs: FileSystem, directory: string, options: Partial<FileSinkOptions> = {}): FileSink {
  return new FileStream(directory, fileSinkSettings(directory, { name: 'app', retryDelayMs: 1, ...options }), fs)
}

function warningsOf(sink: FileSink): string[] {
  const codes: string[] = []
  sink.on('warning', ({ code }) => codes.push(code))
  return codes
}

/** A disk whose writes answer in turn: how many bytes are taken at most (a short write), or an error. */
function scripted(answers: Iterator<number | string>): FileSystem {
  return failingFileSystem({
    file: (file) => ({
      writev: (async (buffers: Buffer[]) => {
        const { value, done } = answers.next()
        if (done) return file.writev(buffers)
        if (typeof value === 'string') throw systemError(value)
        const some = Buffer.concat(buffers).subarray(0, value)
        return file.writev([some])
      }) as typeof file.writev,
    }),
  })
}

test('a full disk is waited for, told of once, and loses nothing', async () => {
  const directory = await temporaryDirectory()
  const sink = sinkOn(scripted(['ENOSPC', 'ENOSPC', 'EDQUOT', 'ENOSPC'][Symbol.iterator]()), directory)
  const warnings = warningsOf(sink)
  await pipeline(Readable.from(numbered(100)), sink)
  expect((await filesOf(directory, 'app')).text).toBe(lines(1, 100))
  expect(warnings).toEqual(['DISK_FULL'])
  expect(sink.stats).toMatchObject({ entriesOut: 100, warnings: 1, isWaitingForSpace: false })
})

test('a disk that gets full within a line: while the sink waits, the file ends with a whole line', async () => {
  const directory = await temporaryDirectory()
  const tracker = new Acknowledgements()
  const sink = sinkOn(scripted([10, 'ENOSPC', 'ENOSPC', 3, 'ENOSPC'][Symbol.iterator]()), directory)
  const seen: string[] = []
  sink.on('warning', () => seen.push(readFileSync(sink.path, 'utf8')))
  await pipeline(Readable.from(numbered(3, tracker)), sink)
  expect(seen[0]).toBe(lines(1, 1))
  expect((await filesOf(directory, 'app')).text).toBe(lines(1, 3))
  expect(tracker.sequences).toEqual([1, 2, 3])
})

test('whatever the disk takes at a time, every line comes out once, whole and in order', async () => {
  const answer = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom('ENOSPC', 'EDQUOT'))
  const limit = fc.constantFrom(Infinity, 64, 10)
  const fsync = fc.constantFrom('never' as const, 'interval' as const, 'always' as const)
  await fc.assert(
    fc.asyncProperty(fc.array(answer, { maxLength: 30 }), limit, fsync, async (answers, maxFileBytes, fsync) => {
      const directory = await temporaryDirectory()
      const tracker = new Acknowledgements()
      const sink = sinkOn(scripted(answers[Symbol.iterator]()), directory, { maxFileBytes, fsync })
      await pipeline(Readable.from(numbered(20, tracker)), sink)
      expect((await filesOf(directory, 'app')).text).toBe(lines(1, 20))
      expect(tracker.sequences).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
      await rm(directory, { recursive: true })
    }),
    { numRuns: 60 },
  )
})

test('while the disk is full the source is not read on without a bound, and abort ends the wait', async () => {
  const directory = await temporaryDirectory()
  const full = failingFileSystem({ file: () => ({ writev: () => Promise.reject(systemError('ENOSPC')) }) })
  const sink = sinkOn(full, directory, { retryDelayMs: 3_600_000 })
  let given = 0
  function* endless(): Generator<LogEntry> {
    for (;;) yield { time: 1, source: 's', message: `${given++}`.padEnd(10_000) }
  }
  const abort = new AbortController()
  const running = pipeline(Readable.from(endless()), sink, { signal: abort.signal })
  await once(sink, 'warning')
  // The source has stopped once nothing more is given in many turns.
  for (let before = -1; before !== given; ) {
    before = given
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  }
  expect(given * 10_000).toBeLessThan(3 << 20)
  expect(sink.stats).toMatchObject({ entriesOut: 0, isWaitingForSpace: true })
  abort.abort()
  await expect(running).rejects.toThrow('aborted')
  if (!sink.closed) await once(sink, 'close')
})

test('a full disk at the start is waited for too', async () => {
  const directory = await temporaryDirectory()
  let refusals = 3
  const fs = failingFileSystem({
    open: (path, flags) => (refusals-- > 0 ? Promise.reject(systemError('ENOSPC')) : realFileSystem.open(path, flags)),
  })
  const sink = sinkOn(fs, directory)
  const warnings = warningsOf(sink)
  await once(sink, 'ready')
  await pipeline(Readable.from(numbered(10)), sink)
  expect((await filesOf(directory, 'app')).text).toBe(lines(1, 10))
  expect(warnings).toEqual(['DISK_FULL'])
})

test('is ready once its file is open, and never when it cannot be opened', async () => {
  const directory = await temporaryDirectory()
  const told: string[] = []
  const good = sinkOn(realFileSystem, directory)
  good.on('open', () => told.push('open')).on('ready', () => told.push('ready'))
  await once(good, 'ready')
  good.end()
  await once(good, 'close')
  expect(told).toEqual(['open', 'ready'])

  const refusing = failingFileSystem({ open: () => Promise.reject(systemError('EACCES')) })
  const bad = sinkOn(refusing, directory)
  bad.on('ready', () => told.push('bad is ready'))
  await expect(once(bad, 'close')).rejects.toMatchObject({ code: 'WRITE_FAILED' })
  expect(told).toEqual(['open', 'ready'])
})

test('less than minFreeBytes is a full disk', async () => {
  const directory = await temporaryDirectory()
  const free = [100, 99, 1000]
  const fs = failingFileSystem({
    statfs: (async (path: string) => ({
      ...(await statfs(path)),
      bsize: 1,
      bavail: free.shift() ?? 1e9,
    })) as typeof statfs,
  })
  const sink = sinkOn(fs, directory, { minFreeBytes: 100 })
  const warnings = warningsOf(sink)
  await pipeline(Readable.from(numbered(10)), sink)
  expect((await filesOf(directory, 'app')).text).toBe(lines(1, 10))
  expect(warnings).toEqual(['DISK_FULL'])
  expect(free).toEqual([])
})

test('W15b: a real disk that gets full loses nothing', async () => {
  const directory = await temporaryDirectory()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory], { stdio: 'pipe' })
  } catch (error) {
    console.warn(`skipped: a full disk needs the right to mount a tmpfs (${(error as Error).message.trim()})`)
    return
  }
  onTestFinished(() => void execFileSync('umount', ['-l', directory]))
  await writeFile(join(directory, 'ballast'), Buffer.alloc(700_000))
  const tracker = new Acknowledgements()
  // Long enough to look at the file while the sink waits, and not while it tries.
  const sink = fileSink(directory, { name: 'app', retryDelayMs: 500 })
  const full = once(sink, 'warning')
  const done = pipeline(Readable.from(numbered(60_000, tracker)), sink)
  expect((await full)[0]).toMatchObject({ code: 'DISK_FULL' })
  const acknowledged = tracker.last
  const meanwhile = await readFile(sink.path, 'utf8')
  expect(meanwhile.length).toBeGreaterThan(200_000)
  expect(lines(1, 60_000).startsWith(meanwhile)).toBe(true)
  expect(meanwhile.endsWith('\n')).toBe(true)
  expect(acknowledged).toBeGreaterThan(10_000)
  expect(meanwhile).toContain(`line ${acknowledged}\n`)
  await rm(join(directory, 'ballast'))
  await done
  expect(await readFile(sink.path, 'utf8')).toBe(lines(1, 60_000))
  expect(tracker.last).toBe(60_000)
})

test('a disk that fails ends the sink; nothing is acknowledged after, and no torn line stays', async () => {
  const directory = await temporaryDirectory()
  const tracker = new Acknowledgements()
  const sink = sinkOn(scripted([1000, 10, 'EIO'][Symbol.iterator]()), directory)
  for (const each of numbered(2, tracker)) sink.write(each)
  await tracker.until(2)
  for (const each of numbered(10, tracker, 3)) sink.write(each)
  // The error comes once everything is closed.
  const [error] = await once(sink, 'error')
  expect(error).toMatchObject({ code: 'WRITE_FAILED', cause: { code: 'EIO' } })
  expect(error.message).toContain('check the path')
  expect(tracker.last).toBe(2)
  expect(await readFile(sink.path, 'utf8')).toBe(lines(1, 3))
  const { entriesIn, entriesOut, entriesHeld } = sink.stats
  expect(entriesIn).toBe(entriesOut + entriesHeld)
})

test.each(['interval', 'always'] as const)(
  'a sync that fails ends the sink, and acknowledges nothing: %s',
  async (fsync) => {
    const directory = await temporaryDirectory()
    const tracker = new Acknowledgements()
    const fs = failingFileSystem({ file: () => ({ datasync: () => Promise.reject(systemError('EIO')) }) })
    const running = pipeline(Readable.from(numbered(10, tracker)), sinkOn(fs, directory, { fsync, fsyncIntervalMs: 1 }))
    await expect(running).rejects.toMatchObject({ code: 'WRITE_FAILED' })
    expect(tracker.sequences).toEqual([])
  },
)

test('a sync that fails for want of space ends the sink too: the system may have thrown away what it could not write', async () => {
  const directory = await temporaryDirectory()
  const tracker = new Acknowledgements()
  let syncs = 0
  const fs = failingFileSystem({
    file: () => ({ datasync: () => (syncs++ === 0 ? Promise.reject(systemError('ENOSPC')) : Promise.resolve()) }),
  })
  const running = pipeline(Readable.from(numbered(10, tracker)), sinkOn(fs, directory, { fsync: 'always' }))
  await expect(running).rejects.toMatchObject({ code: 'WRITE_FAILED', cause: { code: 'ENOSPC' } })
  expect(tracker.sequences).toEqual([])
})

test('a torn line that cannot be cut off either is cut off by the next sink', async () => {
  const directory = await temporaryDirectory()
  const answers: (number | Error)[] = [7, 4, systemError('EIO')]
  const fs = failingFileSystem({
    file: (file) => ({
      writev: (async (buffers: Buffer[]) => {
        const answer = answers.shift()
        if (answer instanceof Error) throw answer
        return file.writev([Buffer.concat(buffers).subarray(0, answer)])
      }) as typeof file.writev,
      truncate: () => Promise.reject(systemError('EIO')),
    }),
  })
  const tracker = new Acknowledgements()
  const running = pipeline(Readable.from(numbered(2, tracker)), sinkOn(fs, directory))
  await expect(running).rejects.toMatchObject({ code: 'WRITE_FAILED' })
  expect(await readFile(join(directory, 'app.log'), 'utf8')).toBe('line 1\nline')
  const next = sinkOn(realFileSystem, directory)
  const warnings = warningsOf(next)
  expect(tracker.sequences).toEqual([])
  await pipeline(Readable.from(numbered(2)), next)
  expect(warnings).toEqual(['TORN_LINE'])
  expect((await filesOf(directory, 'app')).text).toBe(lines(1, 1) + lines(1, 2))
})

test('a file that cannot be closed at the end is an error with a code, as all are', async () => {
  const directory = await temporaryDirectory()
  const fs = failingFileSystem({
    file: (file) => ({ close: () => file.close().then(() => Promise.reject(systemError('EIO'))) }),
  })
  const running = pipeline(Readable.from(numbered(10)), sinkOn(fs, directory))
  await expect(running).rejects.toMatchObject({ code: 'WRITE_FAILED', cause: { code: 'EIO' } })
})

test('with fsync interval nothing is acknowledged before the sync', async () => {
  const directory = await temporaryDirectory()
  const tracker = new Acknowledgements()
  let synced = false
  const fs = failingFileSystem({
    file: (file) => ({ datasync: () => file.datasync().then(() => void (synced = true)) }),
  })
  tracker.acknowledge = ((acknowledge) => (origin) => {
    expect(synced).toBe(true)
    acknowledge.call(tracker, origin)
  })(tracker.acknowledge)
  const sink = sinkOn(fs, directory, { fsync: 'interval', fsyncIntervalMs: 20 })
  sink.write([...numbered(1, tracker)][0])
  await tracker.until(1)
  expect(sink.stats.entriesOut).toBe(1)
  sink.end()
  await once(sink, 'close')
})

test('what is written and not synced is bounded in bytes', async () => {
  const directory = await temporaryDirectory()
  let syncs = 0
  const fs = failingFileSystem({ file: (file) => ({ datasync: () => file.datasync().then(() => void syncs++) }) })
  const sink = sinkOn(fs, directory, { fsync: 'interval', fsyncIntervalMs: 3_600_000 })
  const large = 'x'.repeat(1 << 20)
  let most = 0
  async function* entries(): AsyncGenerator<LogEntry> {
    for (let i = 0; i < 50; i++) {
      yield { time: 1, source: 's', message: large }
      most = Math.max(most, sink.stats.entriesHeld)
    }
  }
  await pipeline(entries, sink)
  expect(syncs).toBeGreaterThanOrEqual(3)
  expect(most).toBeLessThan(30)
})

test('a file that cannot be renamed grows on, with a warning, and no line is lost', async () => {
  const directory = await temporaryDirectory()
  const fs = failingFileSystem({ rename: () => Promise.reject(systemError('EACCES')) })
  const sink = sinkOn(fs, directory, { maxFileBytes: 100 })
  const warnings = warningsOf(sink)
  await pipeline(Readable.from(numbered(100)), sink)
  expect(await readFile(sink.path, 'utf8')).toBe(lines(1, 100))
  expect(warnings).toEqual(['ROTATE_FAILED'])
})

test('a rotated file that cannot be removed is a warning', async () => {
  const directory = await temporaryDirectory()
  const fs = failingFileSystem({ rm: () => Promise.reject(systemError('EACCES')) })
  const sink = sinkOn(fs, directory, { maxFileBytes: 100, maxTotalBytes: 100 })
  const warnings = warningsOf(sink)
  await pipeline(Readable.from(numbered(50)), sink)
  expect((await filesOf(directory, 'app')).text).toBe(lines(1, 50))
  expect(new Set(warnings)).toEqual(new Set(['UPKEEP_FAILED']))
})
