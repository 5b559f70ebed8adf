/** What the model test found while the source was built: the shortest schedule for each, and what was wrong. */

import { once } from 'node:events'
import { appendFile, truncate as cut, type FileHandle, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { acknowledge, type LogEntry, openCheckpoint } from '@logwisp/core'
import { fileSource } from '@logwisp/sources'
import { expect, test } from 'vitest'
import { FileSourceStream } from '../src/internal/file/file-source-stream.ts'
import { type FileSystem, realFileSystem } from '../src/internal/file/file-system.ts'
import { collect } from './collect.ts'
import { type Action, runSchedule } from './schedule.ts'

const write = (count = 1, width = 0): Action => ({ kind: 'write', count, width })
const part = (width = 1): Action => ({ kind: 'part', width })
const rotate = (create = false): Action => ({ kind: 'rotate', create })
const compress = (index: number): Action => ({ kind: 'compress', index })
const replace: Action = { kind: 'replace', count: 1, width: 0 }
const does = <Kind extends Action['kind']>(kind: Kind) => ({ kind }) as Extract<Action, { kind: Kind }>
const [copytruncate, truncate, sync, stop, crash] = [
  does('copytruncate'),
  does('truncate'),
  does('sync'),
  does('stop'),
  does('crash'),
] as const

/** How often each is run: most depend on where the source is when the file changes. */
const times = 8

test.each<[string, Action[]]>([
  [
    'a log that was rotated away before it was first looked at was not read',
    [copytruncate, write(), copytruncate, rotate(), sync],
  ],
  ['a rotated file was not read for as long as the path showed nothing', [write(), copytruncate, replace, rotate()]],
  ['a log that came and was rotated away while the source was stopped was lost', [stop, replace, rotate()]],
  ['a log that came and was copied and cut while the source was down was lost', [crash, write(), copytruncate, sync]],
  [
    'a file cut between its opening and its first read lost what was in its copy',
    [write(), write(), copytruncate, write(1, 2)],
  ],
  [
    'a file opened while it was empty, then filled, copied and cut, lost the copy',
    [truncate, write(3, 2), copytruncate, stop, write(3, 25)],
  ],
  [
    'a last line given at the end of a rotated file was given again after a restart',
    [part(), copytruncate, stop, write()],
  ],
  ['a change within one tick of the clock, to the same size, was not seen', [part(), write(), copytruncate, write()]],
  [
    'a file cut while the source was down, then rotated, was taken for the one that was read',
    [part(), stop, truncate, write(), rotate(), write()],
  ],
  [
    'times of files were saved in ms, and an older copy was read again',
    [write(1, 9), copytruncate, write(), stop, does('delete'), rotate()],
  ],
  [
    'a shorter copy of a small file was taken for a file of its own',
    [write(2), copytruncate, write(), replace, copytruncate],
  ],
  [
    'the inode of a deleted copy, given to a compressed file, was taken for the copy',
    [write(3, 24), copytruncate, write(2909), copytruncate, rotate(true), compress(1), compress(2)],
  ],
  [
    'behind an empty compressed file the generations between were skipped',
    [write(3, 19), copytruncate, rotate(), part(19), rotate(), crash, write(3, 10), compress(1)],
  ],
])('%s', async (_what, schedule) => {
  for (let i = 0; i < times; i++) {
    const directory = await mkdtemp(join(tmpdir(), 'logwisp-regression-'))
    try {
      await expect(runSchedule(directory, schedule)).resolves.toBeUndefined()
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }
})

test('a restart that could open only one of two files at first read that one twice', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-regression-'))
  const path = join(directory, 'app.log')
  const options = { startAt: 'beginning', rotateDelayMs: 3_600_000, pollIntervalMs: 10 } as const
  try {
    await writeFile(path, 'a1\na2\n')
    const checkpoint = await openCheckpoint(join(directory, 'state'))
    const before = collect(fileSource(path, { ...options, checkpoint }))
    await before.messages(2)
    await rename(path, `${path}.1`)
    await writeFile(path, 'b1\n')
    await before.messages(3)
    await before.destroy()
    await checkpoint.close()

    let refusals = 2
    const open = (opened: string): ReturnType<typeof realFileSystem.open> => {
      if (opened === path && refusals-- > 0)
        throw Object.assign(new Error('not now'), { code: 'EACCES', syscall: 'open' })
      return realFileSystem.open(opened)
    }
    const again = await openCheckpoint(join(directory, 'state'))
    const after = collect(new FileSourceStream(path, { ...options, checkpoint: again }, { ...realFileSystem, open }))
    await appendFile(`${path}.1`, 'a3\n')
    await appendFile(path, 'b2\n')
    await after.messages(2)
    expect((await after.stop()).sort()).toEqual(['a3', 'b2'])
    expect(refusals).toBeLessThanOrEqual(0)
    await again.close()
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

test('a copy that was made before the last lines of a file came, which was cut before it was first read, was lost', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-regression-'))
  const path = join(directory, 'app.log')
  try {
    await writeFile(`${path}.1`, 'one\ntwo\n')
    await writeFile(path, 'one\ntwo\nthree\n')
    let reads = 0
    const open: typeof realFileSystem.open = async (opened) => {
      const handle = await realFileSystem.open(opened)
      const read = handle.read.bind(handle) as (...args: unknown[]) => Promise<unknown>
      // The first read is the look at the file's beginning when it is opened.
      const cutting = async (...args: unknown[]): Promise<unknown> => {
        if (opened === path && ++reads === 2) await cut(path)
        return read(...args)
      }
      return Object.assign(handle, { read: cutting }) as typeof handle
    }
    const options = { startAt: 'beginning', pollIntervalMs: 10 } as const
    const reading = collect(new FileSourceStream(path, options, { ...realFileSystem, open }))
    expect(await reading.messages(2)).toEqual(['one', 'two'])
    await appendFile(path, 'four\n')
    expect(await reading.messages(3)).toEqual(['one', 'two', 'four'])
    expect(await reading.stop()).toEqual(['one', 'two', 'four'])
    expect(reads).toBeGreaterThan(1)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

test('a rotated file that was read and not acknowledged had other ids after each crash', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-regression-'))
  const path = join(directory, 'app.log')
  const options = { startAt: 'beginning', pollIntervalMs: 10 } as const
  try {
    await writeFile(path, 'a1\na2\n')
    await writeFile(`${path}.new`, 'b1\nb2\n')
    const ids: (string | undefined)[][] = []
    for (let run = 0; run < 4; run++) {
      const checkpoint = await openCheckpoint(join(directory, 'state'))
      const reading = collect(fileSource(path, { ...options, checkpoint }), false)
      await reading.messages(run === 0 ? 2 : 3)
      if (run === 0) {
        acknowledge(reading.entries[0] as LogEntry)
        await rename(path, `${path}.1`)
        await rename(`${path}.new`, path)
        await reading.messages(4)
      }
      ids.push(reading.entries.slice(run === 0 ? 1 : 0).map(({ origin }) => origin?.id))
      expect(reading.entries.slice(run === 0 ? 1 : 0).map(({ message }) => message)).toEqual(['a2', 'b1', 'b2'])
      await reading.destroy()
      await checkpoint.close()
    }
    for (const again of ids) expect(again).toEqual(ids[0])
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

test.each([
  [
    'could not be read for a moment',
    () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'read' })),
  ],
  ['gave fewer bytes than it has', undefined],
])(
  'a rotated file that %s at the start was taken for one that is gone, and what it still had was lost',
  async (_, fail) => {
    const directory = await mkdtemp(join(tmpdir(), 'logwisp-regression-'))
    const path = join(directory, 'app.log')
    const options = { startAt: 'beginning', pollIntervalMs: 10 } as const
    try {
      await writeFile(path, 'one\ntwo\n')
      const checkpoint = await openCheckpoint(join(directory, 'state'))
      const before = collect(fileSource(path, { ...options, checkpoint }))
      await before.messages(2)
      await before.stop()
      await checkpoint.close()
      await appendFile(path, 'three\n')
      await rename(path, `${path}.1`)
      await writeFile(path, 'four\n')
      let reads = 0
      const open: typeof realFileSystem.open = async (opened) => {
        const handle = await realFileSystem.open(opened)
        const read = handle.read.bind(handle)
        // The first read of it is the look at its beginning, the second one at what stands before the saved place.
        const failing = (buffer: Buffer, offset: number, length: number, position: number): Promise<unknown> => {
          if (opened !== `${path}.1` || ++reads !== 2) return read(buffer, offset, length, position)
          return fail?.() ?? read(buffer, offset, Math.ceil(length / 2), position)
        }
        return Object.assign(handle, { read: failing as typeof read })
      }
      const again = await openCheckpoint(join(directory, 'state'))
      const after = collect(new FileSourceStream(path, { ...options, checkpoint: again }, { ...realFileSystem, open }))
      expect(await after.messages(2)).toEqual(['three', 'four'])
      expect(after.warnings.map(({ code }) => code)).toEqual(fail === undefined ? [] : ['FILE_UNREADABLE'])
      await after.stop()
      await again.close()
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },
)

test('a file that was just opened stayed open when its directory could not be listed then', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-regression-'))
  const path = join(directory, 'app.log')
  const opened: FileHandle[] = []
  let isOpened = false
  let failures = 3
  const failing: FileSystem = {
    ...realFileSystem,
    open: async (shown) => {
      const handle = await realFileSystem.open(shown)
      opened.push(handle)
      isOpened = true
      return handle
    },
    readdir: (listed) => {
      if (!isOpened || failures-- <= 0) return realFileSystem.readdir(listed)
      isOpened = false
      return Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'scandir' }))
    },
  }
  try {
    await writeFile(path, '')
    const reading = collect(new FileSourceStream(path, { startAt: 'beginning', pollIntervalMs: 10 }, failing))
    await once(reading.source, 'ready')
    await appendFile(path, 'one\n')
    expect(await reading.messages(1)).toEqual(['one'])
    await reading.stop()
    expect(failures).toBeLessThan(3)
    // A closed one has no descriptor.
    expect(opened.map(({ fd }) => fd)).toEqual(opened.map(() => -1))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
