/** Following a directory: which files, from where, fairly, with bounded descriptors. Real files in a fresh directory. */

import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { openCheckpoint } from '@logwisp/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type DirectorySourceOptions, directorySource } from '../src/index.ts'
import { DirectorySourceStream } from '../src/internal/file/directory-source-stream.ts'
import { type FileSystem, realFileSystem } from '../src/internal/file/file-system.ts'
import { collect } from './collect.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-directory-'))
})

afterEach(() => rm(directory, { recursive: true, force: true }))

const at = (...names: string[]): string => join(directory, ...names)
const follow = (options: DirectorySourceOptions = {}) =>
  collect(directorySource(directory, { pollIntervalMs: 10, scanIntervalMs: 10, rotateDelayMs: 50, ...options }))

test('follows the files that match, and new ones from their beginning', async () => {
  await writeFile(at('a.log'), 'old\n')
  await writeFile(at('b.txt'), 'no\n')
  const reading = follow()
  await new Promise((resolve) => reading.source.once('open', resolve))
  await appendFile(at('a.log'), 'a1\n')
  await reading.messages(1)
  await writeFile(at('c.log'), 'c1\nc2\n')
  expect(await reading.messages(3)).toEqual(['a1', 'c1', 'c2'])
  expect(reading.entries.map(({ source }) => source)).toEqual([at('a.log'), at('c.log'), at('c.log')])
  await reading.stop()
})

test('does not take a rotated file for a new one, though the pattern matches it', async () => {
  await writeFile(at('app.log'), 'one\n')
  const reading = follow({ pattern: '*', startAt: 'beginning' })
  await reading.messages(1)
  await rename(at('app.log'), at('app.log.1'))
  await writeFile(at('app.log'), 'two\n')
  await reading.messages(2)
  await rename(at('app.log.1'), at('app.log.2'))
  await rename(at('app.log'), at('app.log.1'))
  await writeFile(at('app.log'), 'three\n')
  await reading.messages(3)
  expect(await reading.stop()).toEqual(['one', 'two', 'three'])
})

test('goes into directories below when it is told to', async () => {
  await mkdir(at('x', 'y'), { recursive: true })
  await writeFile(at('x', 'y', 'a.log'), 'deep\n')
  const reading = follow({ recursive: true, startAt: 'beginning' })
  await reading.messages(1)
  await mkdir(at('z'))
  await writeFile(at('z', 'b.log'), 'new\n')
  expect(await reading.messages(2)).toEqual(['deep', 'new'])
  await reading.stop()
})

test('W3e: a file deleted and made again, round after round, is given once each time', async () => {
  const reading = follow()
  await begun(reading)
  for (let round = 1; round <= 6; round++) {
    await writeFile(at('a.log'), `round ${round}\n`)
    await reading.messages(round)
    await rm(at('a.log'))
    await delay(15)
  }
  expect(await reading.stop()).toEqual([1, 2, 3, 4, 5, 6].map((round) => `round ${round}`))
})

test('a pattern that begins with `/` means the directory itself, and no file of that name below it', async () => {
  await mkdir(at('below', 'app'), { recursive: true })
  await writeFile(at('app.log'), 'own\n')
  await writeFile(at('below', 'app.log'), 'below\n')
  await writeFile(at('below', 'app', 'x.log'), 'deep\n')
  const options = { recursive: true, startAt: 'beginning', follow: false } as const
  const excluding = collect(directorySource(directory, { ...options, exclude: ['/app.log', '/below/app/*.log'] }))
  expect(await excluding.ended()).toEqual(['below'])
  const including = collect(directorySource(directory, { ...options, pattern: '/*.log' }))
  expect(await including.ended()).toEqual(['own'])
})

test('leaves out what is excluded, and hidden files', async () => {
  for (const name of ['a.log', 'b.log', '.c.log', 'debug-a.log']) await writeFile(at(name), `${name}\n`)
  const reading = follow({ startAt: 'beginning', exclude: ['debug-*', 'b.*'] })
  await reading.messages(1)
  expect(await reading.stop()).toEqual(['a.log'])
})

test.each([
  ['{a,b}.log', ['a.log', 'b.log']],
  ['[0-9].log', ['1.log']],
  ['sub/**/*.log', ['sub/x/c.log']],
  ['!(a|b|1).log', ['c.log']],
])('matches %s as a shell does', async (pattern, expected) => {
  await mkdir(at('sub', 'x'), { recursive: true })
  for (const name of ['a.log', 'b.log', '1.log', 'sub/x/c.log'])
    await writeFile(at(name), `${name.split('/').at(-1)}\n`)
  const reading = follow({ pattern, startAt: 'beginning', follow: false, recursive: true })
  expect((await reading.ended()).toSorted()).toEqual(expected.map((name) => name.split('/').at(-1)))
})

test('a copy that a rotation leaves is not read again, though the pattern matches it', async () => {
  await writeFile(at('app.log'), 'one\n')
  const reading = follow({ pattern: '*', startAt: 'beginning' })
  await reading.messages(1)
  await copyFile(at('app.log'), at('app.log.1'))
  await truncate(at('app.log'))
  await appendFile(at('app.log'), 'two\n')
  await reading.messages(2)
  await delay(200)
  expect(await reading.stop()).toEqual(['one', 'two'])
})

test('a file that only looks like a rotated one is followed once it grows', async () => {
  await writeFile(at('app.log'), 'app\n')
  await writeFile(at('app-1.log'), 'old\n')
  const reading = follow()
  await begun(reading)
  await delay(100)
  await appendFile(at('app-1.log'), 'worker\n')
  await reading.messages(1)
  expect(await reading.stop()).toEqual(['worker'])
})

test('rotated files are read too when everything is wanted from its beginning, and once', async () => {
  await writeFile(at('app.log.2'), 'one\n')
  await writeFile(at('app.log.1'), 'two\n')
  await writeFile(at('app.log'), 'three\n')
  const reading = follow({ pattern: '*', startAt: 'beginning' })
  expect((await reading.messages(3)).toSorted()).toEqual(['one', 'three', 'two'])
  await rename(at('app.log.2'), at('app.log.3'))
  await rename(at('app.log.1'), at('app.log.2'))
  await rename(at('app.log'), at('app.log.1'))
  await writeFile(at('app.log'), 'four\n')
  await reading.messages(4)
  await delay(200)
  expect((await reading.stop()).at(-1)).toBe('four')
  expect(reading.entries).toHaveLength(4)
})

test('a symbolic link to a file that is followed gives nothing twice', async () => {
  await writeFile(at('a.log'), 'one\n')
  await symlink('a.log', at('current.log'))
  const reading = follow({ startAt: 'beginning' })
  await reading.messages(1)
  await appendFile(at('a.log'), 'two\n')
  await reading.messages(2)
  await delay(50)
  expect(await reading.stop()).toEqual(['one', 'two'])
})

test('files made while the program did not run are read from their beginning, when there is a checkpoint', async () => {
  await writeFile(at('a.log'), 'old\n')
  const run = async (write: () => Promise<void>, count: number): Promise<string[]> => {
    const checkpoint = await openCheckpoint(at('positions.json'))
    const reading = follow({ checkpoint })
    await write()
    await reading.messages(count)
    const messages = await reading.stop()
    await checkpoint.close()
    return messages
  }
  expect(await run(async () => delay(50), 0)).toEqual([])
  await appendFile(at('a.log'), 'a2\n')
  await writeFile(at('b.log'), 'b1\n')
  expect((await run(async () => {}, 2)).toSorted()).toEqual(['a2', 'b1'])
})

test('a file that was rotated while the program did not run, and not made again, is read to its end', async () => {
  await writeFile(at('a.log'), 'one\n')
  const first = await openCheckpoint(at('positions.json'))
  const reading = follow({ checkpoint: first, startAt: 'beginning' })
  await reading.messages(1)
  await reading.stop()
  await first.close()
  await appendFile(at('a.log'), 'two\n')
  await rename(at('a.log'), at('a.log.1'))
  const second = await openCheckpoint(at('positions.json'))
  const again = follow({ checkpoint: second })
  expect(await again.messages(1)).toEqual(['two'])
  await again.stop()
  await second.close()
})

test('keeps no more files open than it may, and loses nothing by it', async () => {
  for (let file = 0; file < 60; file++) await writeFile(at(`${file}.log`), `${file} a\n`)
  const reading = follow({ startAt: 'beginning', maxOpenFiles: 5 })
  await reading.messages(60)
  for (let round = 0; round < 3; round++) {
    for (let file = 0; file < 60; file++) await appendFile(at(`${file}.log`), `${file} ${round}\n`)
    await reading.messages(60 * (round + 2))
    // One more is open while its turn lasts.
    expect(reading.source.stats.openFiles).toBeLessThanOrEqual(6)
  }
  // Rotated while its descriptor was given back.
  await appendFile(at('7.log'), 'before\n')
  await rename(at('7.log'), at('7.log.1'))
  await writeFile(at('7.log'), 'after\n')
  expect((await reading.messages(242)).slice(240)).toEqual(['before', 'after'])
  await reading.stop()
})

test('files take turns: a small one does not wait for a large one', async () => {
  await writeFile(at('large.log'), 'a line that is repeated very often\n'.repeat(300_000))
  await writeFile(at('small.log'), 'small\n')
  const source = directorySource(directory, { startAt: 'beginning' })
  let before = 0
  for await (const entry of source) {
    if (entry.message === 'small') break
    before++
  }
  // One turn's worth of the large one, and what was read ahead of it.
  expect(before).toBeLessThan(40_000)
})

test('says so when there are more files than maxFiles', async () => {
  for (const name of ['a', 'b', 'c']) await writeFile(at(`${name}.log`), `${name}\n`)
  const reading = follow({ startAt: 'beginning', maxFiles: 2 })
  await reading.messages(2)
  expect(reading.warnings.map(({ code }) => code)).toEqual(['TOO_MANY_FILES'])
  expect(reading.source.stats.files).toBe(2)
  await reading.stop()
})

test('forgets a file that is gone for long, and its position', async () => {
  const checkpoint = await openCheckpoint(at('positions.json'))
  await writeFile(at('a.log'), 'one\n')
  const reading = follow({ startAt: 'beginning', checkpoint, forgetAfterMs: 20 })
  await reading.messages(1)
  await rm(at('a.log'))
  while (reading.source.stats.files > 0) await delay(5)
  expect(checkpoint.keys().filter((key) => key.startsWith('file:'))).toEqual([])
  await writeFile(at('a.log'), 'two\n')
  expect(await reading.messages(2)).toEqual(['one', 'two'])
  await reading.stop()
  await checkpoint.close()
})

test('a directory that is missing is waited for, and one that comes back too', async () => {
  const inner = at('inner')
  const reading = collect(directorySource(inner, { pollIntervalMs: 10, scanIntervalMs: 10 }))
  await delay(30)
  await mkdir(inner)
  await writeFile(join(inner, 'a.log'), 'one\n')
  await reading.messages(1)
  await rm(inner, { recursive: true })
  await delay(30)
  await mkdir(inner)
  await writeFile(join(inner, 'a.log'), 'two\n')
  await writeFile(join(inner, 'b.log'), 'three\n')
  expect((await reading.messages(3)).toSorted()).toEqual(['one', 'three', 'two'])
  await reading.stop()
})

test('a directory that may not be listed is told once, and listed when it may be', async () => {
  await writeFile(at('a.log'), 'one\n')
  let isRefused = true
  const refusing: FileSystem = {
    ...realFileSystem,
    readdir: (path) =>
      isRefused
        ? Promise.reject(Object.assign(new Error('EACCES: a test'), { code: 'EACCES', syscall: 'scandir' }))
        : realFileSystem.readdir(path),
  }
  const reading = collect(
    new DirectorySourceStream(directory, { startAt: 'beginning', scanIntervalMs: 10, pollIntervalMs: 10 }, refusing),
  )
  await delay(50)
  isRefused = false
  expect(await reading.messages(1)).toEqual(['one'])
  expect(reading.warnings.map(({ code }) => code)).toEqual(['FILE_UNREADABLE'])
  await reading.stop()
})

test('W18: an idle file is not opened, and looked at more and more seldom', async () => {
  for (let file = 0; file < 20; file++) await writeFile(at(`${file}.log`), `${file}\n`)
  let stats = 0
  let opens = 0
  const counting: FileSystem = {
    ...realFileSystem,
    stat: (path) => {
      stats++
      return realFileSystem.stat(path)
    },
    open: (path) => {
      opens++
      return realFileSystem.open(path)
    },
  }
  const old = new Date(Date.now() - 60_000)
  for (let file = 0; file < 20; file++) await utimes(at(`${file}.log`), old, old)
  const reading = collect(
    new DirectorySourceStream(directory, { pollIntervalMs: 10, scanIntervalMs: 10_000 }, counting),
  )
  await begun(reading)
  await delay(300)
  stats = 0
  opens = 0
  await delay(800)
  // At every tick of the clock it would be 20 * 80 = 1600.
  expect(stats).toBeLessThan(400)
  expect(opens).toBe(0)
  await reading.stop()
})

test('destroy in the middle closes every descriptor and every watch', async () => {
  for (let file = 0; file < 20; file++) await writeFile(at(`${file}.log`), `${file}\n`.repeat(100_000))
  const before = (await readdir('/proc/self/fd')).length
  for (let round = 0; round < 5; round++) {
    const reading = follow({ startAt: 'beginning' })
    await reading.messages(1)
    await reading.destroy()
  }
  expect((await readdir('/proc/self/fd')).length).toBeLessThanOrEqual(before + 1)
})

test.each([
  [{ pattern: [] }, 'pattern'],
  [{ recursive: 1 }, 'recursive'],
  [{ maxOpenFiles: 0 }, 'maxOpenFiles'],
  [{ patern: '*' }, 'patern'],
])('refuses %j', (options, name) => {
  expect(() => directorySource(directory, options as never)).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', option: name }),
  )
})

/** Once every file that is there was looked at. */
async function begun({ source }: ReturnType<typeof follow>): Promise<void> {
  await new Promise((resolve) => source.once('ready', resolve))
}
