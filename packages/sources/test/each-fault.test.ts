/**
 * Files that are followed on a disk that fails at each call of the source, in each way: every line comes, whole, and once
 * but for repeats with the same id; in this run, or, when it ends early, in the one after it.
 */

import { appendFile, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import {
  acknowledge,
  type Checkpoint,
  type EntrySource,
  type LogEntry,
  LogwispError,
  openCheckpoint,
} from '@logwisp/core'
import { eachFault, type Fault } from '@logwisp/core/testing'
import { expect, test } from 'vitest'
import { DirectorySourceStream } from '../src/internal/file/directory-source-stream.ts'
import { FileSourceStream } from '../src/internal/file/file-source-stream.ts'
import { type FileSystem, realFileSystem } from '../src/internal/file/file-system.ts'

/** What is done to a log, in steps that each add so many lines: `line 1` and so on. */
interface History {
  readonly steps: readonly ((path: string, text: string) => Promise<void>)[]
  /** Before which of them the source is stopped and another begins. */
  readonly restarts?: readonly number[]
}

const linesPerStep = 3

const append = (path: string, text: string): Promise<void> => appendFile(path, text)

async function rotate(path: string, text: string): Promise<void> {
  await shift(path)
  await rename(path, `${path}.1`)
  await writeFile(path, text)
}

async function rotateLate(path: string, text: string): Promise<void> {
  await appendFile(path, text)
  await rotate(path, '')
}

async function rotateCompressed(path: string, text: string): Promise<void> {
  await appendFile(path, text)
  await shift(path)
  await writeFile(`${path}.1.gz`, gzipSync(await readFile(path)))
  await rm(path)
  await writeFile(path, '')
}

async function copyAndTruncate(path: string, text: string): Promise<void> {
  await appendFile(path, text)
  await shift(path)
  await writeFile(`${path}.1`, await readFile(path))
  await truncate(path)
}

async function shift(path: string): Promise<void> {
  for (const ending of ['', '.gz']) await rename(`${path}.1${ending}`, `${path}.2${ending}`).catch(() => {})
}

const histories: Record<string, History> = {
  'appended to and rotated': { steps: [append, append, rotate, append] },
  'rotated with lines nobody read': { steps: [append, rotateLate, append] },
  'copied and truncated': { steps: [append, copyAndTruncate, append] },
  'rotated while nobody ran': { steps: [append, rotateLate, rotate, append], restarts: [1] },
  'rotated twice and compressed while nobody ran': { steps: [append, rotateCompressed, rotate], restarts: [1] },
}

type Make = (directory: string, checkpoint: Checkpoint, fileSystem: FileSystem) => EntrySource

const options = { startAt: 'beginning', pollIntervalMs: 10, rotateDelayMs: 30 } as const

const makers: Record<string, Make> = {
  fileSource: (directory, checkpoint, fileSystem) =>
    new FileSourceStream(join(directory, 'app.log'), { ...options, checkpoint }, fileSystem),
  directorySource: (directory, checkpoint, fileSystem) =>
    new DirectorySourceStream(directory, { ...options, checkpoint, scanIntervalMs: 10 }, fileSystem),
}

/** One run of a program: a source whose lines are taken and acknowledged until it is stopped. */
class Run {
  readonly #source: EntrySource
  readonly #checkpoint: Checkpoint
  readonly #seen: LogEntry[]
  readonly #closed: Promise<void>
  #error: unknown

  constructor(source: EntrySource, checkpoint: Checkpoint, seen: LogEntry[], told: Set<string>) {
    this.#source = source
    this.#checkpoint = checkpoint
    this.#seen = seen
    this.#closed = new Promise((resolve) => source.once('close', resolve))
    source.on('error', (error) => (this.#error = error))
    source.on('warning', ({ code }: LogwispError) => told.add(code))
    source.on('data', (entry: LogEntry) => {
      seen.push(entry)
      acknowledge(entry)
    })
  }

  /** Until so many different lines came, or the source has closed. */
  async until(count: number): Promise<void> {
    const isEnough = (): boolean => new Set(this.#seen.map(({ message }) => message)).size >= count
    const enough = new Promise<void>((resolve) => {
      const check = (): unknown => isEnough() && resolve()
      this.#source.on('data', check)
      check()
    })
    await Promise.race([enough, this.#closed])
  }

  /** Stops; what the source died of, if it did. */
  async stop(): Promise<unknown> {
    this.#source.stop()
    await this.#closed
    await this.#checkpoint.close()
    return this.#error
  }
}

function scenario({ steps, restarts = [] }: History, make: Make): (fileSystem: FileSystem) => Promise<string> {
  return async (fileSystem) => {
    const directory = await mkdtemp(join(tmpdir(), 'logwisp-fault-'))
    const path = join(directory, 'app.log')
    const seen: LogEntry[] = []
    const told = new Set<string>()
    const errors: unknown[] = []
    const open = async (system: FileSystem): Promise<Run> => {
      const checkpoint = await openCheckpoint(join(directory, 'positions.json'))
      return new Run(make(directory, checkpoint, system), checkpoint, seen, told)
    }
    await writeFile(path, '')
    let lines = 0
    let run: Run | undefined = await open(fileSystem)
    for (const [i, step] of steps.entries()) {
      if (restarts.includes(i)) {
        errors.push(await run?.stop())
        run = undefined
      }
      let text = ''
      for (let line = 0; line < linesPerStep; line++) text += `line ${++lines}\n`
      await step(path, text)
      if (restarts.includes(i)) continue
      run ??= await open(fileSystem)
      await run.until(lines)
    }
    errors.push(await run?.stop())
    // What this run left is the next one's.
    const last = await open(realFileSystem)
    await last.until(lines)
    errors.push(await last.stop())
    assertWhole(seen)
    await rm(directory, { recursive: true })
    const error = errors.find((each) => each !== undefined)
    if (error === undefined) return ['survived', ...told].join(' ')
    if (!(error instanceof LogwispError)) throw error
    return `died of ${error.code}`
  }
}

/** No line torn, and one that came twice by the same id. */
function assertWhole(entries: readonly LogEntry[]): void {
  const idOf = new Map<string, string>()
  for (const { message, origin } of entries) {
    const id = origin?.id ?? ''
    if (!/^line \d+$/.test(message)) throw new Error(`a line is torn: ${JSON.stringify(message)}`)
    if ((idOf.get(message) ?? id) !== id) throw new Error(`${message} came twice, by different ids`)
    idOf.set(message, id)
  }
}

/**
 * All errors are met in the same way, but for those that say that nothing is there: one stands for them, unless there is
 * more time.
 */
const faults: readonly Fault[] =
  Number(process.env['LOGWISP_RUNS'] ?? 1) > 1
    ? ['EIO', 'ENOSPC', 'EMFILE', 'EACCES', 'EINTR', 'short']
    : ['EIO', 'short']

for (const [maker, make] of Object.entries(makers)) {
  test.each(Object.entries(histories))(`${maker}: a log that is %s`, { timeout: 120_000 }, async (_, history) => {
    // Once; and, where a source has to find its place again, for longer than it looks at a time.
    for (const lastsCalls of history.restarts === undefined || maker !== 'fileSource' ? [1] : [1, 4]) {
      const { trials, outcomes } = await eachFault(realFileSystem, scenario(history, make), { faults, lastsCalls })
      expect(['survived', 'survived FILE_UNREADABLE']).toEqual(expect.arrayContaining(Object.keys(outcomes)))
      expect(trials).toBeGreaterThan(60)
    }
  })
}

test('fileSource: every error at every call', async () => {
  const history: History = { steps: [append, rotate] }
  const { outcomes } = await eachFault(realFileSystem, scenario(history, makers['fileSource'] as Make))
  expect(['survived', 'survived FILE_UNREADABLE']).toEqual(expect.arrayContaining(Object.keys(outcomes)))
})
