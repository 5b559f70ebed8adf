/** Rejected entries come out of their directory again, each of them, and for as long as they must. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as turn } from 'node:timers/promises'
import {
  acknowledge,
  type Batch,
  type DeadLetter,
  deadLetter,
  EntryWritable,
  entryTransform,
  isBatch,
  type LogEntry,
  type LogwispError,
  type Replay,
  type ReplayOptions,
  readDeadLetters,
  replay,
} from '@logwisp/core'
import { checkOptionErrors, collectingSink, sourceContract } from '@logwisp/core/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { entry, entryWithId, letterDirectory, linesIn, namesIn } from './dead-letter-kit.ts'

const why = { reason: 'no such index', stage: 'httpClientSink' }

const open: Replay[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

function opened(directory: string, options?: ReplayOptions): Replay {
  const source = replay(directory, options)
  open.push(source)
  return source
}

/** Keeps so many entries, `entry 0` and so on with the ids `id 0` and so on, in files of at most `maxFileBytes`. */
async function keep(directory: string, count: number, from = 0, maxFileBytes?: number): Promise<void> {
  const letters = deadLetter(directory, { maxFileBytes })
  const numbers = Array.from({ length: count }, (_, n) => n + from)
  await Promise.all(numbers.map((n) => letters.reject(entryWithId(`entry ${n}`, `id ${n}`), why)))
  await letters.close()
}

const numbered = (count: number, from = 0): string[] => Array.from({ length: count }, (_, n) => `entry ${n + from}`)

function warningsOf(source: Replay): LogwispError[] {
  const warnings: LogwispError[] = []
  source.on('warning', (warning) => warnings.push(warning))
  return warnings
}

test('a file that a crash left empty is done with, also when a function takes the entries', async () => {
  const directory = await letterDirectory()
  const letters = deadLetter(directory)
  await letters.reject(entry('a'), { reason: 'no' })
  await letters.close()
  await writeFile(join(directory, '29990101T000000.000Z-000000.ndjson'), '')
  const source = replay(directory)
  await pipeline(source, async (entries: AsyncIterable<LogEntry>) => {
    for await (const each of entries) acknowledge(each)
  })
  await source.close()
  expect(await namesIn(directory)).toEqual([])
})

describe('what comes out', () => {
  test('every entry as it was, oldest first, with the id that it had; then nothing is left', async () => {
    const directory = await letterDirectory()
    const letters = deadLetter(directory, { maxFileBytes: 300 })
    const sent: LogEntry[] = [
      {
        ...entryWithId('a "bad"\none', 'app.log:17'),
        level: 'warn',
        fields: { big: 2n ** 70n, 'logwisp.rejected': 1 },
      },
      entryWithId('{"message":"looks like JSON"}', 'app.log:18'),
      { ...entryWithId('deep', 'app.log:19'), fields: JSON.parse(`${'{"a":'.repeat(97)}1${'}'.repeat(97)}`) },
      entry('without an id'),
    ]
    for (const one of sent) await letters.reject(one, why)
    const ids = (await linesIn(directory)).map((line) => line['logwisp.id'])
    const sink = collectingSink()
    const source = opened(directory)
    await pipeline(source, sink)
    const come = sink.entries.map(({ origin, ...rest }) => ({ ...rest, id: origin?.id }))
    expect(come).toEqual(sent.map(({ origin: _, ...rest }, n) => ({ ...rest, id: ids[n] })))
    await source.close()
    expect(source.stats).toMatchObject({
      entriesIn: 4,
      entriesOut: 4,
      acknowledged: 4,
      unacknowledged: 0,
      unreadable: 0,
    })
    expect(source.stats.bytesDone).toBe(source.stats.bytesTotal)
    await letters.close()
    expect(await readdir(directory)).toEqual([])
  })

  test('an empty directory gives nothing; one that is not there is an error that says so', async () => {
    const directory = await letterDirectory()
    await expect(pipeline(opened(directory), collectingSink())).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining(directory),
    })
    await mkdir(directory)
    const sink = collectingSink()
    await pipeline(opened(directory), sink)
    expect(sink.entries).toEqual([])
  })

  test('lines of any program in the wire form are entries; a file of another name is left alone', async () => {
    const directory = await letterDirectory()
    await mkdir(directory)
    await writeFile(join(directory, '20260101T000000.000Z-abcdef.ndjson'), '{"message":"by hand","level":"error"}\n')
    await writeFile(join(directory, 'notes.ndjson'), '{"message":"not ours"}\n')
    const sink = collectingSink()
    await pipeline(opened(directory), sink)
    expect(sink.entries).toEqual([
      expect.objectContaining({ message: 'by hand', level: 'error', source: 'dead-letter' }),
    ])
    await open.pop()?.close()
    expect(await readdir(directory)).toEqual(['notes.ndjson'])
  })

  test('a slow sink holds it back: it reads no further than a block ahead', async () => {
    const directory = await letterDirectory()
    await keep(directory, 5000)
    const sink = collectingSink({ held: true })
    const source = opened(directory)
    const done = pipeline(source, sink)
    await expect.poll(() => source.stats.entriesIn).toBeGreaterThan(16)
    for (let n = 0; n < 50; n++) await turn()
    expect(source.stats.entriesIn).toBeLessThan(1000)
    sink.release()
    await done
    expect(sink.messages).toEqual(numbered(5000))
  })
})

describe('stopped and taken up again', () => {
  test('after maxEntries it ends; the next one goes on behind them', async () => {
    const directory = await letterDirectory()
    await keep(directory, 100, 0, 1000)
    const come: string[] = []
    for (const maxEntries of [1, 30, 30, Infinity]) {
      const sink = collectingSink()
      const source = opened(directory, { maxEntries })
      await pipeline(source, sink)
      await source.close()
      come.push(...sink.messages)
    }
    expect(come).toEqual(numbered(100))
    expect(await readdir(directory)).toEqual([])
  })

  test('stopped in the middle, what was given still counts, and nothing is given twice or left out', async () => {
    const directory = await letterDirectory()
    await keep(directory, 2000, 0, 20_000)
    const first = opened(directory)
    const sink = collectingSink({ onItem: () => sink.items.length === 700 && first.stop() })
    await pipeline(first, sink)
    const { acknowledged, unacknowledged } = await first.close()
    expect({ acknowledged, unacknowledged }).toEqual({ acknowledged: sink.entries.length, unacknowledged: 0 })
    expect(acknowledged).toBeLessThan(2000)
    const rest = collectingSink()
    await pipeline(opened(directory), rest)
    expect([...sink.messages, ...rest.messages]).toEqual(numbered(2000))
  })

  test('a sink that fails: what it did not acknowledge comes again, what it did does not', async () => {
    const directory = await letterDirectory()
    await keep(directory, 100)
    const failing = collectingSink({ failWith: new Error('no more'), failAfterEntries: 40 })
    const source = opened(directory)
    await expect(pipeline(source, failing)).rejects.toThrow('no more')
    const { acknowledged, unacknowledged } = await source.close()
    expect(acknowledged).toBe(40)
    expect(unacknowledged).toBeGreaterThan(0)
    const rest = collectingSink()
    await pipeline(opened(directory), rest)
    expect([...failing.messages, ...rest.messages]).toEqual(numbered(100))
  })

  test('destroyed, and left by a `for await`, it saves what was acknowledged', async () => {
    const directory = await letterDirectory()
    await keep(directory, 50)
    const first = opened(directory)
    for await (const one of first) {
      acknowledge(one)
      if (one.message === 'entry 9') break
    }
    await first.close()
    const sink = collectingSink()
    await pipeline(opened(directory), sink)
    expect(sink.messages).toEqual(numbered(40, 10))
  })

  test('killed in the middle: nothing is lost, and what comes twice was acknowledged within the last second', async () => {
    const directory = await letterDirectory()
    await keep(directory, 3000, 0, 30_000)
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--conditions=@logwisp/source', '--input-type=module', '-e', killedReplay],
      {
        env: { ...process.env, DIRECTORY: directory, SEEN: `${directory}-seen` },
        cwd: new URL('..', import.meta.url).pathname,
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    )
    const [, signal] = await once(child, 'close')
    expect(signal).toBe('SIGKILL')
    const before = (await readFile(`${directory}-seen`, 'utf8')).split('\n').slice(0, -1)
    expect(before).toEqual(numbered(1200))
    const sink = collectingSink()
    const source = opened(directory)
    await pipeline(source, sink)
    await source.close()
    expect(new Set([...before, ...sink.messages])).toEqual(new Set(numbered(3000)))
    // The first 1100 were acknowledged more than a second before it died.
    expect(before.length + sink.messages.length).toBeLessThanOrEqual(3100)
    expect(await readdir(directory)).toEqual([])
  })

  test('acknowledged long after its end, by a sink that takes its time, it still removes its files', async () => {
    const directory = await letterDirectory()
    await keep(directory, 10)
    const source = opened(directory)
    const taken: LogEntry[] = []
    // A sink whose end does not wait for what is under way.
    const sink = new Writable({
      objectMode: true,
      write: (chunk, _encoding, callback) => {
        taken.push(chunk)
        callback()
      },
    })
    await pipeline(source, sink)
    expect(source.destroyed).toBe(true)
    expect(await namesIn(directory)).toEqual([expect.stringContaining('.replay.ndjson')])
    await expect(pipeline(opened(directory), collectingSink())).rejects.toMatchObject({ code: 'FILE_IN_USE' })
    for (const one of taken) acknowledge(one)
    await expect.poll(() => readdir(directory)).toEqual([])
  })
})

describe('rejected again', () => {
  /** Rejects what `isBad` says into the same directory, and takes the rest. */
  class Rejecting extends EntryWritable {
    readonly taken: string[] = []
    readonly #letters: DeadLetter
    readonly #isBad: (entry: LogEntry) => boolean

    constructor(directory: string, isBad: (entry: LogEntry) => boolean) {
      super()
      this.#letters = deadLetter(directory, { maxFileBytes: 2000 })
      this.#isBad = isBad
    }

    protected override async consume(items: readonly (LogEntry | Batch)[]): Promise<void> {
      const entries = items.flatMap((item) => (isBatch(item) ? [...item] : [item]))
      await Promise.all(entries.filter(this.#isBad).map((one) => this.#letters.reject(one, why)))
      this.taken.push(...entries.filter((one) => !this.#isBad(one)).map(({ message }) => message))
    }

    protected override finish(): Promise<void> {
      return this.#letters.close()
    }
  }

  test('it is there for the next replay, with its id, and how often; this one ends', async () => {
    const directory = await letterDirectory()
    await keep(directory, 100, 0, 2000)
    for (const times of [2, 3]) {
      const sink = new Rejecting(directory, () => true)
      const source = opened(directory)
      await pipeline(source, sink)
      expect((await source.close()).acknowledged).toBe(100)
      const lines = await linesIn(directory)
      expect(lines.map((line) => line['logwisp.id'])).toEqual(numbered(100).map((text) => text.replace('entry', 'id')))
      expect(new Set(lines.map((line) => line['logwisp.rejected']['times']))).toEqual(new Set([times]))
    }
    const sink = new Rejecting(directory, ({ message }) => message.endsWith('7'))
    const source = opened(directory)
    await pipeline(source, sink)
    await source.close()
    expect(sink.taken).toHaveLength(90)
    expect(await linesIn(directory)).toHaveLength(10)
  })

  test('while others go on rejecting: every entry comes out, at least once, with its own id', async () => {
    const directory = await letterDirectory()
    // A replay that comes before the directory is made is refused.
    await mkdir(directory)
    const letters = deadLetter(directory, { maxFileBytes: 3000 })
    const count = 1000
    let kept = 0
    const writing = (async () => {
      for (let n = 0; n < count; n += 10) {
        const some = numbered(10, n)
        await Promise.all(some.map((text) => letters.reject(entryWithId(text, text.replace('entry', 'id')), why)))
        kept += 10
      }
      await letters.close()
    })()
    const come: LogEntry[] = []
    while (kept < count || (await namesIn(directory)).length > 0) {
      const sink = collectingSink()
      const source = replay(directory)
      await pipeline(source, sink)
      await source.close()
      come.push(...sink.entries)
    }
    await writing
    expect(new Set(come.map(({ message }) => message))).toEqual(new Set(numbered(count)))
    expect(come.every(({ message, origin }) => origin?.id === message.replace('entry', 'id'))).toBe(true)
    // A few are written in the very moment in which a replay takes the file.
    expect(come.length).toBeLessThan(count * 1.1)
  })
})

describe('what is not as it should be', () => {
  test('a second replay of the directory is refused while one runs, and the first goes on', async () => {
    const directory = await letterDirectory()
    await keep(directory, 10)
    const sink = collectingSink({ held: true })
    const first = opened(directory)
    const done = pipeline(first, sink)
    await expect.poll(() => sink.items.length).toBe(1)
    await expect(pipeline(opened(directory), collectingSink())).rejects.toMatchObject({
      code: 'FILE_IN_USE',
      message: expect.stringContaining(`a replay of process ${process.pid}`),
    })
    sink.release()
    await done
    expect(sink.messages).toEqual(numbered(10))
  })

  test('the half of a line that a crash left is left out, told, and goes with its file', async () => {
    const directory = await letterDirectory()
    await keep(directory, 3)
    const [name] = (await namesIn(directory)) as [string]
    await appendFile(join(directory, name), '{"logwisp.rejected":{"time":"2026-')
    await keep(directory, 2, 3)
    const sink = collectingSink()
    const source = opened(directory)
    const warnings = warningsOf(source)
    await pipeline(source, sink)
    await source.close()
    expect(sink.messages).toEqual(numbered(5))
    expect(warnings.map(({ code }) => code)).toEqual(['TORN_LINE'])
    expect(await readdir(directory)).toEqual([])
  })

  test('lines that are no entries are left out, told with their place, and their file stays, replayed no more', async () => {
    const directory = await letterDirectory()
    await keep(directory, 2)
    const [name] = (await namesIn(directory)) as [string]
    const path = join(directory, name)
    const [first, second] = (await readFile(path, 'utf8')).split('\n') as [string, string]
    const text = `${['no JSON', first, '[]', '{"no":"message"}', second, ...Array(8).fill('')].join('\n')}\n`
    await writeFile(path, text)
    // Stopped between the lines, it still knows at its end that there were some.
    for (const messages of [['entry 0'], ['entry 1']]) {
      const sink = collectingSink()
      const source = opened(directory, { maxEntries: 1 })
      const warnings = warningsOf(source)
      await pipeline(source, sink)
      await source.close()
      expect(sink.messages).toEqual(messages)
      expect(warnings.every(({ code }) => code === 'DEAD_LETTER_UNREADABLE')).toBe(true)
      expect(warnings.length).toBeGreaterThan(0)
      expect(source.stats).toMatchObject({ unreadable: warnings.length, warnings: warnings.length })
    }
    const sink = collectingSink()
    const last = opened(directory)
    const warnings = warningsOf(last)
    await pipeline(last, sink)
    expect(sink.messages).toEqual([])
    // Eight empty lines; of a file full of them only the first few are told.
    expect([last.stats.unreadable, warnings.length]).toEqual([8, 5])
    await open.pop()?.close()
    const kept = name.replace('.ndjson', '.unreadable.ndjson')
    expect(await readdir(directory)).toEqual([kept])
    expect(await readFile(join(directory, kept), 'utf8')).toBe(text)
    await pipeline(opened(directory), sink.closed ? collectingSink() : sink)
    expect(await readFile(join(directory, kept), 'utf8')).toBe(text)
  })

  test('a file that somebody changed between two replays is replayed from its beginning, and that is told', async () => {
    const directory = await letterDirectory()
    await keep(directory, 10)
    const first = opened(directory, { maxEntries: 5 })
    await pipeline(first, collectingSink())
    await first.close()
    const [name] = (await namesIn(directory)) as [string]
    const lines = (await readFile(join(directory, name), 'utf8')).split('\n')
    await writeFile(join(directory, name), `${lines.slice(0, 7).join('\n').replace('no such', 'no such old')}\n`)
    const source = opened(directory)
    const warnings = warningsOf(source)
    const sink = collectingSink()
    await pipeline(source, sink)
    expect(sink.messages).toEqual(numbered(7))
    expect(warnings.map(({ code }) => code)).toEqual(['POSITION_LOST'])
    await source.close()
    expect(await readdir(directory)).toEqual([])
  })

  test('a filter that drops the last entries does not keep them there', async () => {
    const directory = await letterDirectory()
    await keep(directory, 20, 0, 1000)
    const source = opened(directory)
    const sink = collectingSink()
    const firstTwo = entryTransform({ entry: (one) => (/ [01]$/.test(one.message) ? one : undefined) })
    await pipeline(source, firstTwo, sink)
    expect(sink.messages).toEqual(['entry 0', 'entry 1'])
    await source.close()
    expect(await readdir(directory)).toEqual([])
  })
})

describe('looking at them', () => {
  const messagesIn = async (directory: string): Promise<string[]> => {
    const messages: string[] = []
    for await (const { entry: one } of readDeadLetters(directory)) messages.push(one.message)
    return messages
  }

  test('tells what a replay would give, and why each was rejected, and changes nothing', async () => {
    const directory = await letterDirectory()
    const letters = deadLetter(directory)
    const rejection = {
      reason: 'no such index',
      stage: 'httpClientSink',
      endpoint: 'https://logs.example/',
      status: 422,
    }
    const before = Date.now()
    await letters.reject(entryWithId('a', 'app.log:1'), rejection)
    await letters.close()
    const names = await readdir(directory)
    const all = []
    for await (const one of readDeadLetters(directory)) all.push(one)
    const [kept] = all
    expect(kept).toEqual({
      entry: entry('a'),
      id: 'app.log:1',
      rejection,
      rejectedAt: expect.any(Number),
      times: 1,
    })
    expect(kept?.rejectedAt).toBeGreaterThanOrEqual(before)
    expect(await readdir(directory)).toEqual(names)
  })

  test('leaves out what a replay that was stopped is done with, and lines that are no entries', async () => {
    const directory = await letterDirectory()
    await keep(directory, 10)
    const source = opened(directory, { maxEntries: 4 })
    await pipeline(source, collectingSink())
    await source.close()
    await writeFile(join(directory, '20260101T000000.000Z-abcdef.ndjson'), 'no JSON\n{"message":"by hand"}\n')
    expect(await messagesIn(directory)).toEqual(['by hand', ...numbered(6, 4)])
    await expect(messagesIn(join(directory, 'nowhere'))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
  })
})

test('bad options are refused when it is made', () => {
  checkOptionErrors((options) => replay('./rejected', options as never), { maxEntries: [0, 1.5, '1'] })
  expect(() => replay('')).toThrow(expect.objectContaining({ code: 'BAD_OPTION', option: 'directory' }))
})

describe('contract', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'logwisp-replay-'))
  afterEach(() => rm(parent, { recursive: true, force: true }))
  let made = 0
  const checks = sourceContract(
    async () => {
      const directory = join(parent, String(++made))
      await keep(directory, 200, 0, 5000)
      return replay(directory)
    },
    { messages: numbered(200), rereads: true },
  )
  for (const { name, run } of checks) test(name, run)
})

/** Acknowledges and prints what comes, lets a second pass in the middle so that some of it is saved, and dies. */
const killedReplay = `
import { appendFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { acknowledge, replay } from '@logwisp/core'
let left = 1200
for await (const entry of replay(process.env.DIRECTORY)) {
  appendFileSync(process.env.SEEN, entry.message + '\\n')
  acknowledge(entry)
  if (--left === 100) await setTimeout(1100)
  if (left === 0) process.kill(process.pid, 'SIGKILL')
}
`
