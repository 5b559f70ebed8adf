/**
 * A program with a file sink is killed again and again, and each time goes on after the last acknowledged line: the files
 * hold whole lines only, none that was acknowledged is missing, and what is there twice was not acknowledged.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, appendFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { fileSink } from '../src/file-sink.ts'
import { filesOf, temporaryDirectory } from './file-fixtures.ts'

const program = fileURLToPath(new URL('./fixtures/endless-file-sink.ts', import.meta.url))

/** Runs the program until it has acknowledged so many lines, kills it, and returns the last number that it told. */
async function runAndKill(directory: string, first: number, count: number): Promise<number> {
  const args = ['--conditions=@logwisp/source', '--import', 'tsx', program, directory, String(first)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let told = ''
  child.stdout.on('data', (text) => {
    told += text
    if (Number(told.split('\n').at(-2)) >= first + count) child.kill('SIGKILL')
  })
  await once(child, 'close')
  expect(child.signalCode).toBe('SIGKILL')
  // The last text may itself be torn: only what ends with a line feed counts.
  return Number(told.split('\n').at(-2))
}

test('killed ten times: whole lines only, and every acknowledged one', { timeout: 120_000 }, async () => {
  const directory = await temporaryDirectory()
  let acknowledged = 0
  for (let run = 0; run < 10; run++) {
    acknowledged = await runAndKill(directory, acknowledged + 1, 20 + run * 13)
    await access(join(directory, '.app.lock'))
  }
  // However the kills fell: this one tears a line for sure.
  await appendFile(join(directory, 'app.log'), `${acknowledged + 1} xxx`)
  await pipeline(Readable.from([]), fileSink(directory, { name: 'app' }))
  const { text } = await filesOf(directory, 'app')
  const numbers: number[] = []
  for (const line of text.split('\n').slice(0, -1)) {
    const [, start, end] = /^(\d+) x{50000,} (\d+)$/.exec(line) ?? [line.slice(0, 100)]
    expect(start).toBe(end)
    numbers.push(Number(start))
  }
  const seen = new Set(numbers)
  for (let i = 1; i <= acknowledged; i++) expect(seen.has(i)).toBe(true)
  // A repeated line is one that was written and not yet acknowledged when the kill came: never more than waited then.
  const repeated = numbers.length - seen.size
  expect(repeated).toBeLessThanOrEqual(10 * 60)
  expect(await readdir(directory)).not.toContain('.app.lock')
})
