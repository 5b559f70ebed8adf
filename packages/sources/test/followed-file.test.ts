/** What `progress()` says of files that are followed. */

import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogEntry } from '@logwisp/core'
import { directorySource, fileSource } from '@logwisp/sources'
import { afterEach, beforeEach, expect, test } from 'vitest'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-progress-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true })
})

test('says how far a file was read, and what is left of it', async () => {
  const path = join(directory, 'a.log')
  await writeFile(path, 'one\ntwo\n')
  const source = fileSource(path, { startAt: 'beginning' })
  const entries = source[Symbol.asyncIterator]()
  const texts = [(await entries.next()).value, (await entries.next()).value].map(({ message }: LogEntry) => message)
  expect(texts).toEqual(['one', 'two'])
  expect(await source.progress()).toEqual([{ path, offset: 8, sizeBytes: 8, lagBytes: 0 }])
  source.destroy()
})

test('counts what is behind a position, and a rotated file and its successor together', async () => {
  const path = join(directory, 'a.log')
  await writeFile(path, 'one\ntwo\n')
  const source = fileSource(path, { startAt: 4 })
  await new Promise((resolve) => source.once('ready', () => resolve(undefined)))
  // Nobody reads: what is there stays unread.
  expect(await source.progress()).toEqual([{ path, offset: 4, sizeBytes: 8, lagBytes: 4 }])
  await rename(path, join(directory, 'a.log.1'))
  expect(await source.progress()).toEqual([{ path, offset: 4, sizeBytes: 0, lagBytes: 4 }])
  await writeFile(path, 'three\n')
  expect(await source.progress()).toEqual([{ path, offset: 4, sizeBytes: 6, lagBytes: 10 }])
  source.destroy()
})

test('lists the first files of a directory by name, and no more than asked for', async () => {
  for (const name of ['b.log', 'c.log', 'a.log']) await writeFile(join(directory, name), 'x\n')
  const source = directorySource(directory)
  await new Promise((resolve) => source.once('ready', () => resolve(undefined)))
  await appendFile(join(directory, 'b.log'), 'yy\n')
  const files = await source.progress(2)
  expect(files.map(({ path, lagBytes }) => [path, lagBytes])).toEqual([
    [join(directory, 'a.log'), 0],
    [join(directory, 'b.log'), 3],
  ])
  source.destroy()
})
