/** Rejected entries in a directory: readable, safe before anybody forgets them, within bounds. */

import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type DeadLetter, type DeadLetterOptions, deadLetter, type LogEntry, type LogwispError } from '@logwisp/core'
import { checkOptionErrors, givingSource, RecordingTracker, sinkContract } from '@logwisp/core/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { DeadLetterStream } from '../src/internal/dead-letter/dead-letter-stream.ts'
import { type FileSystem, realFileSystem } from '../src/internal/file-system.ts'
import { entry, entryWithId, letterDirectory, linesIn, namesIn } from './dead-letter-kit.ts'

const why = { reason: 'no such index', stage: 'httpClientSink' }

/** With 100 of these a file is full. */
const longText = 'x'.repeat(600)
const small = { maxBytes: 65_536, maxFileBytes: 16_384, retryDelayMs: 5 } as const satisfies DeadLetterOptions

const open: DeadLetter[] = []
afterEach(() => {
  for (const one of open.splice(0)) one.destroy()
})

function opened(directory: string, options?: DeadLetterOptions): DeadLetter {
  const letters = deadLetter(directory, options)
  open.push(letters)
  return letters
}

function warningsOf(letters: DeadLetter): LogwispError[] {
  const warnings: LogwispError[] = []
  letters.on('warning', (warning) => warnings.push(warning))
  return warnings
}

/** Rejects so many entries at once. */
function rejectMany(letters: DeadLetter, count: number, prefix = 'entry'): Promise<unknown> {
  const messages = Array.from({ length: count }, (_, n) => `${prefix} ${n} ${longText}`)
  return Promise.all(messages.map((message) => letters.reject(entry(message), why)))
}

test('what a crash leaves of the look whether files can be made goes with the next one', async () => {
  const directory = await letterDirectory()
  await mkdir(directory)
  await writeFile(join(directory, '.probe'), '')
  await deadLetter(directory).close()
  expect(await readdir(directory)).toEqual([])
})

describe('what is kept', () => {
  test('a line is the entry in its wire form with, in front, why and when it was rejected, and by whom', async () => {
    const directory = await letterDirectory()
    const letters = opened(directory)
    const before = Date.now()
    const rejected = { ...entryWithId('a "bad" one', 'app.log:17'), level: 'warn', fields: { user: 'me' } } as const
    await letters.reject(rejected, { ...why, endpoint: 'https://logs.example/in', status: 422 })
    await letters.close()
    const [line] = await linesIn(directory)
    const { time, ...told } = line?.['logwisp.rejected'] ?? {}
    expect(told).toEqual({ ...why, status: 422, endpoint: 'https://logs.example/in' })
    expect(Date.parse(String(time))).toBeGreaterThanOrEqual(before)
    const [name] = await namesIn(directory)
    expect(name).toMatch(/^\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{6}\.ndjson$/)
    expect(await readFile(join(directory, name as string), 'utf8')).toMatch(
      /^\{"logwisp\.rejected":\{.*\},"logwisp\.id":"app\.log:17","time":"1970-01-01T00:00:01\.000Z","source":"app","level":"warn","message":"a \\"bad\\" one","fields":\{"user":"me"\}\}\n$/,
    )
  })

  test('an entry without an id gets one, each another', async () => {
    const directory = await letterDirectory()
    const letters = opened(directory)
    await Promise.all([letters.reject(entry('a'), why), letters.reject(entry('b'), why)])
    const ids = (await linesIn(directory)).map((line) => line['logwisp.id'])
    expect(ids).toEqual([expect.stringMatching(/^[\w-]{36}$/), expect.stringMatching(/^[\w-]{36}$/)])
    expect(new Set(ids).size).toBe(2)
  })

  test('secrets in a reason are not kept: credentials and queries of addresses, tokens; and it is cut at 2000', async () => {
    const directory = await letterDirectory()
    const letters = opened(directory)
    const reason = 'got Bearer abc.def-123456 at https://ann:pw@logs.example/in?key=s3cret&x=1, said Basic dXNlcjpwdw=='
    await letters.reject(entry('a'), { reason })
    await letters.reject(entry('b'), { reason: 'r'.repeat(5000) })
    const [first, second] = (await linesIn(directory)).map((line) => String(line['logwisp.rejected']['reason']))
    expect(first).toBe('got Bearer [hidden] at https://logs.example/in?[hidden] said Basic [hidden]')
    expect(second).toBe(`${'r'.repeat(2000)}…`)
  })

  test('only its owner may read the directory and its files', async () => {
    const directory = await letterDirectory()
    const letters = opened(directory)
    await letters.reject(entry('a'), why)
    const [name] = await namesIn(directory)
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    expect((await stat(join(directory, name as string))).mode & 0o777).toBe(0o600)
  })

  test('at the end of a pipeline of rejected entries the field that says why is taken out of them again', async () => {
    const directory = await letterDirectory()
    const told = { reason: 'too old', status: 400, endpoint: 'https://logs.example/', id: 'app.log:3' }
    const entries = [
      entry('a', { fields: { user: 'me', 'logwisp.rejected': told } }),
      entry('b', { fields: { 'logwisp.rejected': { ...told, id: 'app.log:4' } } }),
      entry('c', { fields: { 'logwisp.rejected': 'of the user' } }),
    ]
    await pipeline(givingSource(entries), opened(directory))
    const { id, ...kept } = told
    expect(await linesIn(directory)).toEqual([
      expect.objectContaining({
        'logwisp.id': id,
        message: 'a',
        fields: { user: 'me' },
        'logwisp.rejected': { time: expect.any(String), stage: 'unknown', ...kept },
      }),
      expect.objectContaining({ 'logwisp.id': 'app.log:4', message: 'b' }),
      expect.objectContaining({
        message: 'c',
        fields: { 'logwisp.rejected': 'of the user' },
        'logwisp.rejected': { time: expect.any(String), stage: 'unknown', reason: 'not said' },
      }),
    ])
    expect((await linesIn(directory))[1]).not.toHaveProperty('fields')
  })
})

describe('when it is safe', () => {
  /** A disk whose calls are written down, and whose sync waits to be let go on. */
  function slowDisk(): { fs: FileSystem; calls: string[]; letSync: () => void } {
    const calls: string[] = []
    let letSync = (): void => {}
    const synced = new Promise<void>((resolve) => (letSync = resolve))
    const fs: FileSystem = {
      ...realFileSystem,
      open: async (path, flags, mode) => {
        const handle = await realFileSystem.open(path, flags, mode)
        const writev = handle.writev.bind(handle)
        const datasync = handle.datasync.bind(handle)
        const sync = handle.sync.bind(handle)
        return Object.assign(handle, {
          writev: (async (...given: Parameters<typeof writev>) => {
            calls.push('write')
            return await writev(...given)
          }) as typeof writev,
          datasync: async () => {
            calls.push('sync begins')
            await synced
            await datasync()
            calls.push('synced')
          },
          sync: async () => {
            await sync()
            calls.push('directory synced')
          },
        })
      },
    }
    return { fs, calls, letSync: () => letSync() }
  }

  test('an entry is safe, and acknowledged, only after the file and the name of the file are synced', async () => {
    const directory = await letterDirectory()
    const { fs, calls, letSync } = slowDisk()
    const settings = { maxBytes: Infinity, maxFileBytes: 1e6, whenFull: 'block', retryDelayMs: 5 } as const
    const letters = new DeadLetterStream(directory, settings, fs)
    open.push(letters)
    const tracker = new RecordingTracker()
    letters.write(tracker.batch(['a', 'b']))
    const rejected = letters.reject(entry('c'), why).then(() => calls.push('resolved'))
    await expect.poll(() => calls).toContain('sync begins')
    expect(calls).toEqual(['write', 'sync begins'])
    expect(tracker.acknowledged).toEqual([])
    letSync()
    await rejected
    expect(calls).toEqual(['write', 'sync begins', 'synced', 'directory synced', 'resolved'])
    expect(tracker.mark).toBe(tracker.end)
    // The file has its name by now.
    await letters.reject(entry('d'), why)
    expect(calls.slice(5)).toEqual(['write', 'sync begins', 'synced'])
  })

  test('many that are rejected at once are synced together', async () => {
    const directory = await letterDirectory()
    const { fs, calls, letSync } = slowDisk()
    letSync()
    const settings = { maxBytes: Infinity, maxFileBytes: 1e6, whenFull: 'block', retryDelayMs: 5 } as const
    const letters = new DeadLetterStream(directory, settings, fs)
    open.push(letters)
    await rejectMany(letters, 1000)
    expect(calls.filter((call) => call === 'synced').length).toBeLessThan(5)
    expect(await linesIn(directory)).toHaveLength(1000)
  })

  test('rejecting acknowledges nothing: that is up to whoever rejects', async () => {
    const tracker = new RecordingTracker()
    const [first] = tracker.entries(['a']) as [LogEntry]
    const letters = opened(await letterDirectory())
    await letters.reject(first, why)
    expect(tracker.acknowledged).toEqual([])
    expect(letters.stats).toMatchObject({ entriesIn: 1, entriesOut: 1, entriesHeld: 0 })
  })

  test('a directory that cannot be made is an error at once, before anything is rejected; and of what is rejected then', async () => {
    const directory = await letterDirectory()
    await writeFile(directory, 'a file')
    const letters = deadLetter(directory)
    const failed = new Promise((resolve) => letters.once('error', resolve))
    const rejected = letters.reject(entry('a'), why)
    await expect(rejected).rejects.toMatchObject({ code: 'WRITE_FAILED' })
    expect(await failed).toMatchObject({ code: 'WRITE_FAILED', message: expect.stringContaining(directory) })
    await expect(letters.reject(entry('b'), why)).rejects.toMatchObject({ code: 'WRITE_FAILED' })
    await expect(letters.close()).rejects.toMatchObject({ code: 'WRITE_FAILED' })
  })

  test('closed, it refuses more, and has closed its file; closed without an entry it leaves no file', async () => {
    const directory = await letterDirectory()
    const letters = opened(directory)
    const pending = letters.reject(entry('a'), why)
    await Promise.all([letters.close(), letters.close(), pending])
    await expect(letters.reject(entry('b'), why)).rejects.toMatchObject({ code: 'DEAD_LETTERS_CLOSED' })
    expect(await linesIn(directory)).toHaveLength(1)
    const other = `${directory}-other`
    await opened(other).close()
    expect(await readdir(other)).toEqual([])
  })
})

describe('bounds', () => {
  test('a file ends before it would grow beyond maxFileBytes, and at midnight UTC', async () => {
    const directory = await letterDirectory()
    const letters = opened(directory, { maxFileBytes: 2000 })
    await rejectMany(letters, 5)
    const sizes = await Promise.all(
      (await namesIn(directory)).map(async (name) => (await stat(join(directory, name))).size),
    )
    expect(sizes.length).toBe(3)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2000)
    expect((await linesIn(directory)).map(({ message }) => message.slice(0, 7))).toEqual(
      [0, 1, 2, 3, 4].map((n) => `entry ${n}`),
    )

    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const [first, ...others] = ['2031-05-05T23:59:59.999Z', '2031-05-06T00:00:00.000Z', '2031-05-06T10:00:00Z']
      const daily = opened(`${directory}-daily`)
      for (const time of [first, ...others]) {
        vi.setSystemTime(new Date(time as string))
        await daily.reject(entry(time as string), why)
      }
      const days = (await namesIn(`${directory}-daily`)).map((name) => name.slice(0, 15))
      expect(days).toEqual(['20310505T235959', '20310506T000000'])
    } finally {
      vi.useRealTimers()
    }
  })

  test('a clock that is set back neither stops it nor puts files in another order', async () => {
    const directory = await letterDirectory()
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      vi.setSystemTime(new Date('2031-05-05T12:00:00Z'))
      const letters = opened(directory, { maxFileBytes: 300 })
      await letters.reject(entry('first'), why)
      vi.setSystemTime(new Date('2026-01-01T00:00:00Z'))
      await letters.reject(entry('second'), why)
      await letters.reject(entry('third'), why)
      expect((await linesIn(directory)).map(({ message }) => message)).toEqual(['first', 'second', 'third'])
    } finally {
      vi.useRealTimers()
    }
  })

  test("'block': when all files together are full whoever rejects waits, told once, until there is room", async () => {
    const directory = await letterDirectory()
    const letters = opened(directory, small)
    const warnings = warningsOf(letters)
    const rejecting = rejectMany(letters, 150)
    await expect.poll(() => warnings.length).toBe(1)
    expect(warnings[0]).toMatchObject({
      code: 'DEAD_LETTERS_FULL',
      message: expect.stringContaining('maxBytes is 65536'),
    })
    expect(letters.stats.isWaitingForRoom).toBe(true)
    expect(await totalBytes(directory)).toBeLessThanOrEqual(65_536)
    const elsewhere = await moveAway(directory)
    await rejecting
    const all = [...(await linesIn(elsewhere)), ...(await linesIn(directory))].map(({ message }) => message)
    expect(new Set(all).size).toBe(150)
    expect(all).toHaveLength(150)
    expect(letters.stats).toMatchObject({ entriesIn: 150, entriesOut: 150, isWaitingForRoom: false, warnings: 1 })
  })

  test("'drop-newest': what does not fit is dropped, counted, and counts as done with", async () => {
    const directory = await letterDirectory()
    const letters = opened(directory, { ...small, whenFull: 'drop-newest' })
    const warnings = warningsOf(letters)
    await rejectMany(letters, 150)
    const kept = await linesIn(directory)
    expect(kept.length).toBeGreaterThan(50)
    expect(kept.map(({ message }) => message)).toEqual(kept.map((_, n) => `entry ${n} ${longText}`))
    expect(letters.stats).toMatchObject({
      entriesIn: 150,
      entriesOut: kept.length,
      dropped: { 'dead-letters-full': 150 - kept.length },
      entriesHeld: 0,
    })
    expect(warnings.map(({ code }) => code)).toEqual(['DEAD_LETTERS_FULL'])
    // Of a batch some lines fit, and some do not; its source hears that all of it is done with.
    const tracker = new RecordingTracker()
    for (const name of (await namesIn(directory)).slice(0, 1)) await rm(join(directory, name))
    await new Promise<void>((resolve) => setTimeout(resolve, small.retryDelayMs))
    await pipeline(givingSource([tracker.batch(Array.from({ length: 40 }, () => longText))]), letters)
    expect(tracker.mark).toBe(tracker.end)
    const { entriesIn, entriesOut, dropped } = letters.stats
    expect(entriesOut).toBeGreaterThan(kept.length)
    expect(entriesIn).toBe(190)
    expect(entriesOut + (dropped['dead-letters-full'] ?? 0)).toBe(190)
  })

  test("'drop-oldest': the oldest files go, counted, but none that is being replayed", async () => {
    const directory = await letterDirectory()
    const letters = opened(directory, { ...small, whenFull: 'drop-oldest' })
    await rejectMany(letters, 20, 'replayed')
    const [oldest] = (await namesIn(directory)) as [string]
    const claimed = oldest.replace('.ndjson', '.replay.ndjson')
    await rename(join(directory, oldest), join(directory, claimed))
    const claimedLines = await readFile(join(directory, claimed), 'utf8')
    const warnings = warningsOf(letters)
    await rejectMany(letters, 300)
    expect(await totalBytes(directory)).toBeLessThanOrEqual(65_536)
    expect(await readFile(join(directory, claimed), 'utf8')).toBe(claimedLines)
    const kept = await linesIn(directory)
    expect(kept.at(-1)?.message).toBe(`entry 299 ${longText}`)
    const { entriesIn, entriesOut, entriesRemoved } = letters.stats
    expect({ entriesIn, entriesOut }).toEqual({ entriesIn: 320, entriesOut: 320 })
    expect(entriesRemoved).toBe(320 - kept.length)
    expect(warnings.every(({ code }) => code === 'DEAD_LETTERS_FULL')).toBe(true)
  })

  test('an entry that could never fit is dropped, counted, and holds nobody up', async () => {
    const letters = opened(await letterDirectory(), small)
    const warnings = warningsOf(letters)
    await letters.reject(entry('x'.repeat(70_000)), why)
    await letters.reject(entry('fits'), why)
    expect(letters.stats).toMatchObject({ entriesIn: 2, entriesOut: 1, dropped: { 'too-large': 1 }, entriesHeld: 0 })
    expect(warnings.map(({ code }) => code)).toEqual(['ENTRY_TOO_LARGE'])
  })

  test('destroyed while it waits for room it ends at once, and says of nothing that it is safe', async () => {
    const directory = await letterDirectory()
    const letters = opened(directory, { ...small, retryDelayMs: 3_600_000 })
    const full = new Promise((resolve) => letters.once('warning', resolve))
    const rejected = Promise.allSettled(Array.from({ length: 150 }, () => letters.reject(entry(longText), why)))
    await full
    letters.destroy()
    const failed = (await rejected).filter(({ status }) => status === 'rejected').length
    expect(failed).toBeGreaterThan(0)
    expect((await linesIn(directory)).length).toBeGreaterThanOrEqual(150 - failed)
  })
})

describe('others in the same directory', () => {
  test('two sinks write side by side, each its own files, and maxBytes counts both', async () => {
    const directory = await letterDirectory()
    const [one, other] = [opened(directory, small), opened(directory, { ...small, whenFull: 'drop-newest' })]
    const blocked = rejectMany(one, 60, 'one')
    await rejectMany(other, 60, 'other')
    expect(await totalBytes(directory)).toBeLessThanOrEqual(65_536 + small.maxFileBytes)
    expect((await namesIn(directory)).length).toBeGreaterThan(1)
    const elsewhere = await moveAway(directory)
    await blocked
    const all = [...(await linesIn(elsewhere)), ...(await linesIn(directory))].map(({ message }) => message)
    expect(all.filter((message) => message.startsWith('one'))).toHaveLength(60)
  })

  test('a file that is moved away, or its whole directory, costs nothing of what comes after', async () => {
    const directory = await letterDirectory()
    const letters = opened(directory)
    await letters.reject(entry('first'), why)
    const elsewhere = await moveAway(directory)
    await letters.reject(entry('second'), why)
    expect((await linesIn(elsewhere)).map(({ message }) => message)).toEqual(['first'])
    expect((await linesIn(directory)).map(({ message }) => message)).toEqual(['second'])
    await rm(directory, { recursive: true })
    await letters.reject(entry('third'), why)
    await letters.close()
    expect((await linesIn(directory)).map(({ message }) => message)).toEqual(['third'])
  })
})

test('bad options are refused when it is made', () => {
  checkOptionErrors((options) => deadLetter('./rejected', options as never), {
    maxBytes: [65_535, 1.5, '1', null],
    maxFileBytes: [0, Infinity, 2_000_000_000],
    whenFull: ['wait', true],
    retryDelayMs: [0, Infinity],
  })
  expect(() => deadLetter('')).toThrow(expect.objectContaining({ code: 'BAD_OPTION', option: 'directory' }))
})

describe('contract', async () => {
  const { mkdtemp } = await import('node:fs/promises')
  const { tmpdir } = await import('node:os')
  const parent = await mkdtemp(join(tmpdir(), 'logwisp-dead-letters-'))
  afterEach(() => rm(parent, { recursive: true, force: true }))
  let made = 0
  const checks = sinkContract((): DeadLetter => deadLetter(join(parent, String(++made))), {
    // It syncs after every sixteen entries, on a disk that others use too.
    timeoutMs: 20_000,
    received: async ({ directory }) => (await linesIn(directory)).map(({ message }) => message),
    makeFailing: () => {
      const failing: FileSystem = { ...realFileSystem, stat: (async () => Promise.reject(new Error('EIO'))) as never }
      const settings = { maxBytes: Infinity, maxFileBytes: 1e6, whenFull: 'block', retryDelayMs: 5 } as const
      return new DeadLetterStream(join(parent, String(++made)), settings, failing)
    },
  })
  for (const { name, run } of checks) test(name, run)
})

/** Moves all files to another directory, as a person would; returns which. */
async function moveAway(directory: string): Promise<string> {
  const elsewhere = join(dirname(directory), 'elsewhere')
  await mkdir(elsewhere)
  for (const name of await namesIn(directory)) await rename(join(directory, name), join(elsewhere, name))
  return elsewhere
}

async function totalBytes(directory: string): Promise<number> {
  const sizes = await Promise.all(
    (await namesIn(directory)).map(async (name) => (await stat(join(directory, name))).size),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
