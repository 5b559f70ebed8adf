/**
 * The real logrotate, a hundred times, while a program appends numbered lines: how many are lost, how many come twice.
 *
 * With `create` none may be. With `copytruncate` logrotate itself loses what is written between its copy and its cut;
 * what this source adds to that must be nothing, so the copies on the disk are counted beside it.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createGunzip } from 'node:zlib'
import { type Batch, EntryWritable, isBatch, type LogEntry } from '@logwisp/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fileSource } from '../src/index.ts'

const run = promisify(execFile)
const writerPath = fileURLToPath(new URL('numbered-writer.ts', import.meta.url))

const logrotate = await run('logrotate', ['--version']).then(
  () => true,
  () =>
    run('/usr/sbin/logrotate', ['--version']).then(
      () => true,
      () => false,
    ),
)
if (!logrotate) console.warn('logrotate is missing: its tests are skipped (apt-get install logrotate)')

/** How often each number came; a map would not hold tens of millions. */
class Counts {
  #times = new Uint8Array(1 << 20)
  torn = 0

  add(line: string): void {
    if (line === '') return
    if (!line.endsWith(' lazy dog')) {
      this.torn++
      return
    }
    const number = Number.parseInt(line, 10)
    if (number >= this.#times.length) {
      const larger = new Uint8Array(Math.max(this.#times.length * 2, number + 1))
      larger.set(this.#times)
      this.#times = larger
    }
    this.#times[number] = (this.#times[number] as number) + 1
  }

  has(number: number): boolean {
    return this.times(number) > 0
  }

  times(number: number): number {
    return this.#times[number] ?? 0
  }

  get end(): number {
    return this.#times.length
  }
}

class Numbers extends EntryWritable {
  readonly seen = new Counts()

  protected override consume(items: readonly (LogEntry | Batch)[]): void {
    for (const item of items) {
      const text = isBatch(item) ? item.toBytes().toString('latin1') : `${item.message}\n`
      for (const line of text.split('\n')) this.seen.add(line)
    }
  }
}

let directory: string
let path: string
let writer: ChildProcess | undefined

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-logrotate-'))
  path = join(directory, 'app.log')
})

afterEach(async () => {
  writer?.kill('SIGKILL')
  await rm(directory, { recursive: true, force: true })
})

async function startWriter(linesPerWrite: number, pauseMs: number): Promise<() => Promise<number>> {
  const child = spawn(process.execPath, ['--import', 'tsx', writerPath, path, String(linesPerWrite), String(pauseMs)])
  writer = child
  while ((await readFile(path, 'latin1').catch(() => '')) === '') await delay(5)
  return async () => {
    const [written] = await Promise.all([once(child.stdout, 'data'), Promise.resolve(child.kill('SIGTERM'))])
    await once(child, 'exit')
    return Number(String(written[0]))
  }
}

async function rotate(directives: string): Promise<() => Promise<unknown>> {
  const config = join(directory, 'rotate.conf')
  await writeFile(config, `${path} {\n  su root root\n  rotate 200\n  ${directives}\n}\n`, { mode: 0o600 })
  const program = await run('which', ['logrotate']).then(
    ({ stdout }) => stdout.trim(),
    () => '/usr/sbin/logrotate',
  )
  return () => run(program, ['--force', '--state', join(directory, 'state'), config])
}

/** Every number that any generation on the disk has. */
async function numbersOnDisk(): Promise<Counts> {
  const numbers = new Counts()
  for (const name of await readdir(directory)) {
    if (!name.startsWith('app.log')) continue
    const file = createReadStream(join(directory, name))
    // Piece by piece: copies of a file that a busy machine let grow may be longer than a text can be.
    let begun = ''
    for await (const piece of name.endsWith('.gz') ? file.pipe(createGunzip()) : file) {
      const lines = (begun + (piece as Buffer).toString('latin1')).split('\n')
      begun = lines.pop() as string
      for (const line of lines) numbers.add(line)
    }
    numbers.add(begun)
  }
  return numbers
}

interface Outcome {
  readonly written: number
  readonly lost: number
  readonly repeated: number
  /** Lines that are on the disk still, in some generation, and were not given. */
  readonly lostOnDisk: number
  /** Parts of lines that were given; and those that the copies end in, made while the writer was at it. */
  readonly torn: number
  readonly tornOnDisk: number
  /** Cuts that the source saw in the file that it was reading. */
  readonly truncations: number
}

async function follow(rotations: number, directives: string, perWrite: number, pauseMs: number): Promise<Outcome> {
  const stopWriter = await startWriter(perWrite, pauseMs)
  const source = fileSource(path, { startAt: 'beginning', pollIntervalMs: 50 })
  const sink = new Numbers()
  const warnings: Error[] = []
  source.on('warning', (warning: Error) => warnings.push(warning))
  source.pipe(sink)
  // What was rotated away before it looked is not its to read.
  await once(source, 'ready')
  const rotateOnce = await rotate(directives)
  for (let i = 0; i < rotations; i++) {
    await rotateOnce()
    if (directives.includes('nocopytruncate')) writer?.kill('SIGUSR1')
    if (pauseMs > 0) await delay(10)
  }
  const written = await stopWriter()
  source.stop()
  await once(sink, 'finish')
  const onDisk = await numbersOnDisk()
  const { rotations: seen, truncations } = source.stats
  const { torn } = sink.seen
  const outcome = { written, lost: 0, repeated: 0, lostOnDisk: 0, torn, tornOnDisk: onDisk.torn, truncations }
  for (let number = 0; number < Math.max(written, sink.seen.end); number++) {
    const times = sink.seen.times(number)
    if (times === 0 && number < written) outcome.lost++
    if (times === 0 && onDisk.has(number)) outcome.lostOnDisk++
    if (times > 1) outcome.repeated++
  }
  console.info(`logrotate ${directives}: ${JSON.stringify({ ...outcome, rotations: seen })}`)
  expect(warnings).toEqual([])
  return outcome
}

const timeout = 180_000

test.skipIf(!logrotate)('100 rotations by renaming lose nothing and repeat nothing', { timeout }, async () => {
  const outcome = await follow(100, 'nocopytruncate create', 1, 1)
  expect(outcome).toMatchObject({ lost: 0, repeated: 0, lostOnDisk: 0, torn: 0 })
})

test.skipIf(!logrotate)('100 rotations by renaming with a writer at full speed', { timeout }, async () => {
  const outcome = await follow(100, 'nocopytruncate create', 20, 0)
  expect(outcome).toMatchObject({ lost: 0, repeated: 0, lostOnDisk: 0, torn: 0 })
})

test.skipIf(!logrotate)('30 rotations by renaming with compression', { timeout }, async () => {
  const outcome = await follow(30, 'nocopytruncate create\n  compress\n  delaycompress', 1, 1)
  expect(outcome).toMatchObject({ lost: 0, repeated: 0, lostOnDisk: 0, torn: 0 })
})

test.skipIf(!logrotate)('100 rotations by copying lose nothing that the copies have', { timeout }, async () => {
  const outcome = await follow(100, 'copytruncate', 1, 1)
  expect(outcome).toMatchObject({ repeated: 0, lostOnDisk: 0 })
  // A line that was half read when the file was cut, after its copy was made, is given as far as it was read: no file
  // has it. That can happen once for each cut that was seen.
  expect(outcome.torn).toBeLessThanOrEqual(outcome.tornOnDisk + outcome.truncations)
})

test.skipIf(!logrotate)('100 rotations by copying with a writer at full speed', { timeout }, async () => {
  const outcome = await follow(100, 'copytruncate', 20, 0)
  expect(outcome).toMatchObject({ repeated: 0, lostOnDisk: 0 })
  // A line that was half read when the file was cut, after its copy was made, is given as far as it was read: no file
  // has it. That can happen once for each cut that was seen.
  expect(outcome.torn).toBeLessThanOrEqual(outcome.tornOnDisk + outcome.truncations)
})
