/** kill -9 while lines flow from a rotated file into another, again and again: nothing is lost, and repeats have the same id. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-kill-'))
})

afterEach(() => rm(directory, { recursive: true, force: true }))

/** Follows a file, and appends each line with its id to another, which is acknowledged once it is written. */
const program = (input: string, output: string, positions: string): string => `
  import { openSync, writeSync } from 'node:fs'
  import { acknowledge, openCheckpoint } from '@logwisp/core'
  import { fileSource } from '@logwisp/sources'
  const checkpoint = await openCheckpoint(${JSON.stringify(positions)}, { saveIntervalMs: 20 })
  const output = openSync(${JSON.stringify(output)}, 'a')
  const source = fileSource(${JSON.stringify(input)}, { startAt: 'beginning', checkpoint, pollIntervalMs: 20 })
  process.on('SIGTERM', () => source.stop())
  for await (const entry of source) {
    writeSync(output, entry.origin.id + ' ' + entry.message + '\\n')
    acknowledge(entry)
  }
  await checkpoint.close()`

test('killed 10 times', { timeout: 120_000 }, async () => {
  const input = join(directory, 'app.log')
  const output = join(directory, 'out.txt')
  await writeFile(input, '')
  let written = 0
  let isOver = false
  const start = () =>
    spawn(
      process.execPath,
      [
        '--conditions=@logwisp/source',
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        program(input, output, join(directory, 'positions.json')),
      ],
      { cwd: new URL('..', import.meta.url).pathname, stdio: ['ignore', 'ignore', 'inherit'] },
    )
  let child = start()
  // What is written before the file was looked at for the first time is not its to give.
  while (!(await readFile(join(directory, 'positions.json'), 'utf8').catch(() => '')).includes('file:')) await delay(5)
  const writing = (async () => {
    for (let rotation = 0; !isOver; rotation++) {
      for (let i = 0; i < 20 && !isOver; i++) {
        let text = ''
        for (let line = 0; line < 100; line++) text += `line ${written++}\n`
        await appendFile(input, text)
        await delay(5)
      }
      if (rotation % 3 !== 2) continue
      await rename(input, `${input}-${20_260_000 + rotation}`)
    }
  })()
  for (let kill = 0; kill < 10; kill++) {
    const before = (await readFile(output, 'utf8').catch(() => '')).length
    while ((await readFile(output, 'utf8').catch(() => '')).length < before + 20_000) await delay(5)
    child.kill('SIGKILL')
    await once(child, 'exit')
    child = start()
  }
  isOver = true
  await writing
  while (!(await readFile(output, 'utf8')).includes(` line ${written - 1}\n`)) await delay(20)
  child.kill('SIGTERM')
  await once(child, 'exit')

  const ids = new Map<string, string>()
  let repeated = 0
  for (const line of (await readFile(output, 'utf8')).trimEnd().split('\n')) {
    const [, id = '', message = ''] = /^(\S+) (line \d+)$/.exec(line) ?? []
    expect(message, `a torn line: ${line}`).not.toBe('')
    if (ids.has(message)) repeated++
    expect(ids.get(message) ?? id).toBe(id)
    ids.set(message, id)
  }
  console.info(`kill -9 ten times: ${written} lines written, ${written - ids.size} lost, ${repeated} repeated`)
  expect(ids.size).toBe(written)
  // The books were saved with each position, and count each line of the file once, however often it came.
  const { positions } = JSON.parse(await readFile(join(directory, 'positions.json'), 'utf8'))
  expect(positions[`file:${input}`].books).toEqual({ sum: { e: written, d: written } })
})
