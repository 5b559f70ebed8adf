/** Following a directory: which files, from where, fairly, with bounded descriptors. Real files in a fresh directory. */

import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type DirectorySourceOptions, directorySource } from '../src/index.ts'
import { collect } from './collect.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-directory-'))
})

afterEach(() => rm(directory, { recursive: true, force: true }))

const at = (...names: string[]): string => join(directory, ...names)
const follow = (options: DirectorySourceOptions = {}) =>
  collect(directorySource(directory, { pollIntervalMs: 10, scanIntervalMs: 10, ...options }))

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
