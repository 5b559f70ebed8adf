/** The sample log: the same for the same seed, at the rate asked for, rotated without losing a line. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { generateLog } from '../src/log-generator.ts'
import { sampleLines } from '../src/sample-lines.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'log-generator-'))
})
afterEach(() => rm(directory, { recursive: true }))

test('tells the same story for the same seed, with every level and stack traces in it', () => {
  const time = new Date(0)
  const [one, two, other] = [sampleLines(7), sampleLines(7), sampleLines(8)]
  const tell = (next: typeof one): string[][] => Array.from({ length: 5000 }, () => next(time))
  const story = tell(one)
  expect(tell(two)).toEqual(story)
  expect(tell(other)).not.toEqual(story)
  for (const level of ['DEBUG', 'INFO ', 'WARN ', 'ERROR', 'FATAL']) {
    expect(story.some(([head]) => head?.startsWith(`1970-01-01T00:00:00.000Z ${level} [`))).toBe(true)
  }
  expect(story.some((lines) => lines.length > 2 && lines.at(-1)?.startsWith('    at '))).toBe(true)
})

test('rotates by renaming, keeps as many files as asked for, and loses no line', async () => {
  const { lines } = await generateLog(directory, {
    entriesPerSecond: Infinity,
    maxEntries: 5000,
    maxFileBytes: 100_000,
    keepFiles: 9,
  })
  const files = (await readdir(directory)).sort()
  expect(files.length).toBeGreaterThan(3)
  const text = (await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')))).join('')
  expect(text.split('\n')).toHaveLength(lines + 1)
})

test('deletes what is over the number of rotated files to keep', async () => {
  await generateLog(directory, { entriesPerSecond: Infinity, maxEntries: 9000, maxFileBytes: 50_000, keepFiles: 2 })
  expect((await readdir(directory)).sort()).toEqual(['shop.log', 'shop.log.1', 'shop.log.2'])
})

test('stops when it is aborted', async () => {
  const stop = new AbortController()
  const running = generateLog(directory, { signal: stop.signal })
  stop.abort()
  expect((await running).lines).toBeGreaterThanOrEqual(0)
})
