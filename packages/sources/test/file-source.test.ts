/** Following one file: appends, rotation, truncation, restarts. Real files in a fresh directory. */

import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCheckpoint } from '@logwisp/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fileSource } from '../src/index.ts'
import { collect } from './collect.ts'

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-file-'))
  path = join(directory, 'app.log')
})

afterEach(() => rm(directory, { recursive: true, force: true }))

test('gives the lines of a file and what is appended to it', async () => {
  await writeFile(path, 'one\ntwo\n')
  const reading = collect(fileSource(path, { startAt: 'beginning', pollIntervalMs: 10 }))
  await reading.messages(2)
  await appendFile(path, 'three\nfo')
  await reading.messages(3)
  await appendFile(path, 'ur\n')
  expect(await reading.messages(4)).toEqual(['one', 'two', 'three', 'four'])
  expect(await reading.stop()).toEqual(['one', 'two', 'three', 'four'])
})

test('reads a file that was renamed to its end, then the new one from its beginning', async () => {
  await writeFile(path, 'one\n')
  const reading = collect(fileSource(path, { startAt: 'beginning', pollIntervalMs: 10 }))
  await reading.messages(1)
  await appendFile(path, 'two\n')
  await rename(path, `${path}.1`)
  await writeFile(path, 'three\n')
  expect(await reading.messages(3)).toEqual(['one', 'two', 'three'])
  expect(reading.source.stats).toMatchObject({ rotations: 1, truncations: 0 })
  await reading.stop()
})

test('goes on behind what was acknowledged after a restart', async () => {
  await writeFile(path, 'one\ntwo\n')
  const positions = join(directory, 'positions.json')
  const first = await openCheckpoint(positions)
  const reading = collect(fileSource(path, { startAt: 'beginning', checkpoint: first, pollIntervalMs: 10 }))
  await reading.messages(2)
  expect(await reading.stop()).toEqual(['one', 'two'])
  await first.close()
  await appendFile(path, 'three\n')
  await rename(path, `${path}.1`)
  await writeFile(path, 'four\n')
  const second = await openCheckpoint(positions)
  const again = collect(fileSource(path, { checkpoint: second, pollIntervalMs: 10 }))
  expect(await again.messages(2)).toEqual(['three', 'four'])
  await again.stop()
  await second.close()
})
