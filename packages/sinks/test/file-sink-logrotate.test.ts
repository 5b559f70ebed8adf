/** The real logrotate turns the file of a sink that never pauses: no line is lost, torn or written twice. */

import { execFile, spawnSync } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import type { LogEntry } from '@logwisp/core'
import { expect, test } from 'vitest'
import { type FileSink, fileSink } from '../src/file-sink.ts'
import { lines, temporaryDirectory } from './file-fixtures.ts'

const hasLogrotate = spawnSync('logrotate', ['--version']).error === undefined
if (!hasLogrotate) console.warn('skipped: the tests with logrotate, which is not installed')

const rotations = 20

/** Writes numbered lines until logrotate has turned the file so often; returns all that there is, and the last number. */
async function rotated(directives: string, afterEach?: (sink: FileSink) => Promise<void>): Promise<[string, number]> {
  const directory = await temporaryDirectory()
  const logs = join(directory, 'logs')
  await mkdir(logs)
  const sink = fileSink(logs, { name: 'app', checkIntervalMs: 0 })
  const config = join(directory, 'logrotate.conf')
  await writeFile(config, `${sink.path} {\n size 1\n rotate 1000\n su root root\n ${directives}\n}\n`)
  let count = 0
  let isRunning = true
  async function* endless(): AsyncGenerator<LogEntry> {
    while (isRunning) {
      for (let i = 0; i < 100; i++) yield { time: 1, source: 'test', message: `line ${++count}` }
      await new Promise(setImmediate)
    }
  }
  const running = pipeline(endless, sink)
  const generations = async (): Promise<string[]> =>
    (await readdir(logs)).filter((name) => /^app\.log\.\d+$/.test(name))
  for (let turn = 1; turn <= rotations; turn++) {
    const { entriesOut } = sink.stats
    while (sink.stats.entriesOut < entriesOut + 500) await new Promise(setImmediate)
    // Lines go on coming while it runs.
    await promisify(execFile)('logrotate', ['--force', '--state', join(directory, 'state'), config])
    expect(await generations()).toHaveLength(turn)
    await afterEach?.(sink)
  }
  isRunning = false
  await running
  const names = (await generations()).sort((a, b) => Number(b.slice(8)) - Number(a.slice(8)))
  const parts = await Promise.all([...names, 'app.log'].map((name) => readFile(join(logs, name), 'utf8')))
  return [parts.join(''), count]
}

const asRoot = process.getuid?.() === 0
const run = test.skipIf(!hasLogrotate || !asRoot)

run('create: the sink finds the new file by itself', { timeout: 60_000 }, async () => {
  const [text, count] = await rotated('create')
  expect(text).toBe(lines(1, count))
})

run('nocreate and reopen(), as postrotate would call it', { timeout: 60_000 }, async () => {
  const [text, count] = await rotated('nocreate', (sink) => sink.reopen())
  expect(text).toBe(lines(1, count))
})
