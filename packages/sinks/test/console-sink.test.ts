/** What `consoleSink` writes where, and what happens when nobody reads. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import type { LogEntry, LogLevel } from '@logwisp/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type ConsoleSinkOptions, consoleSink } from '../src/console-sink.ts'
import { colored, showControls, wantsColors } from '../src/internal/console/terminal-text.ts'
import { Acknowledgements, batch, lines, numbered } from './file-fixtures.ts'

const entry = (message: string, level?: LogLevel): LogEntry => ({ time: 1, source: 'test', level, message })

/** An output that keeps what it is given. */
class Output extends Writable {
  text = ''
  isTTY: boolean
  constructor(isTTY = false) {
    super()
    this.isTTY = isTTY
  }
  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.text += chunk
    callback()
  }
}

async function shown(items: Iterable<unknown>, options: ConsoleSinkOptions, isTTY = false): Promise<[string, string]> {
  const stdout = new Output(isTTY)
  const stderr = new Output(isTTY)
  await pipeline(Readable.from(items), consoleSink({ stdout, stderr, ...options }))
  return [stdout.text, stderr.text]
}

beforeEach(() => {
  // The test's own surroundings say nothing of colours.
  vi.stubEnv('FORCE_COLOR', undefined)
  vi.stubEnv('NO_COLOR', undefined)
  vi.stubEnv('TERM', 'xterm')
})
afterEach(() => void vi.unstubAllEnvs())

describe('where to', () => {
  const entries = [entry('a', 'info'), entry('b', 'warn'), entry('c'), entry('d', 'error'), entry('e', 'fatal')]

  test('standard output, unless told otherwise', async () => {
    expect(await shown(entries, {})).toEqual(['a\nb\nc\nd\ne\n', ''])
    expect(await shown(entries, { target: 'stderr' })).toEqual(['', 'a\nb\nc\nd\ne\n'])
  })

  test('split: warnings and errors to standard error, all others to standard output, in one sink', async () => {
    expect(await shown(entries, { target: 'split' })).toEqual(['a\nc\n', 'b\nd\ne\n'])
  })

  test.each<[string, ConsoleSinkOptions]>([
    ['raw', {}],
    ['json', { format: 'json' }],
  ])('split does the same with a batch as with its entries: %s', async (_name, options) => {
    const lines = batch('INFO a\nERROR b\r\nc\nWARN é\nFATAL e')
    const split = { target: 'split', ...options } as const
    const fromBatch = await shown([lines, lines.withoutLines()], split)
    expect(fromBatch).toEqual(await shown([...lines], split))
    expect(fromBatch.map((text) => text.match(/\n/g)?.length)).toEqual([2, 3])
  })

  test('leaves the streams open', async () => {
    const stdout = new Output()
    await pipeline(Readable.from(numbered(3)), consoleSink({ stdout }))
    await pipeline(Readable.from(numbered(3)), consoleSink({ stdout }))
    await new Promise(setImmediate)
    expect(stdout.writableEnded).toBe(false)
    expect(stdout.text).toBe(lines(1, 3).repeat(2))
    expect(stdout.listenerCount('error')).toBe(0)
  })
})

describe('on a terminal', () => {
  test('an entry cannot command it: control characters are shown', async () => {
    const attack = '\x1b]0;title\x07\x1b[2J\rok\x9b31m\u202e\ttab\x7f'
    const safe = '\\x1b]0;title\\x07\\x1b[2J\\x0dok\\x9b31m\\u202e\ttab\\x7f'
    expect(await shown([entry(attack)], {}, true)).toEqual([`${safe}\n`, ''])
    expect(await shown([batch(`${attack.replace('\r', '')}\n`)], {}, true)).toEqual([
      `${safe.replace('\\x0d', '')}\n`,
      '',
    ])
    expect(await shown([entry(attack)], { controlCharacters: 'keep' }, true)).toEqual([`${attack}\n`, ''])
  })

  test('elsewhere the bytes stay as they are', async () => {
    expect(await shown([entry('\x1b[31mred\x1b[0m')], {})).toEqual(['\x1b[31mred\x1b[0m\n', ''])
  })

  test('levels have colours there, and only there', async () => {
    const entries = [entry('a', 'info'), entry('b', 'error'), entry('\x1b[0m', 'warn')]
    expect(await shown(entries, {}, true)).toEqual(['a\n\x1b[31mb\x1b[0m\n\x1b[33m\\x1b[0m\x1b[0m\n', ''])
    expect(await shown(entries, { colors: false }, true)).toEqual(['a\nb\n\\x1b[0m\n', ''])
    expect((await shown(entries, {}))[0]).toBe('a\nb\n\x1b[0m\n')
    expect((await shown([entry('b', 'error')], { colors: true }))[0]).toBe('\x1b[31mb\x1b[0m\n')
  })

  test.each<[boolean, NodeJS.ProcessEnv, boolean]>([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
    [false, { FORCE_COLOR: '1' }, true],
    [false, { FORCE_COLOR: '' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ])('terminal %s in %j: colours %s', (isTerminal, environment, colors) => {
    expect(wantsColors(isTerminal, environment)).toBe(colors)
  })

  test('text without control characters is shown as it is', () => {
    for (const text of ['', 'plain', 'tab\tand\nline feed', 'é 😀 中 ﷽']) expect(showControls(text)).toBe(text)
    expect(colored('x', undefined)).toBe('x')
  })
})

describe('acknowledging and back-pressure', () => {
  test('in order, only what both outputs have taken so far', async () => {
    const tracker = new Acknowledgements()
    const release: (() => void)[] = []
    const stderr = new Writable({ write: (_chunk, _encoding, callback) => void release.push(callback) })
    const sink = consoleSink({ target: 'split', stdout: new Output(), stderr })
    const [first, second] = [...numbered(2, tracker)] as [LogEntry, LogEntry]
    sink.write({ ...first, level: 'error' })
    while (release.length === 0) await new Promise(setImmediate)
    sink.write(second)
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
    expect(tracker.sequences).toEqual([])
    release[0]?.()
    await tracker.until(2)
    expect(tracker.sequences).toEqual([1, 2])
    sink.end()
    await once(sink, 'close')
  })

  test('one entry is written at the end of its turn, and so is the next one after a pause', async () => {
    const stdout = new Output()
    const sink = consoleSink({ stdout })
    const tracker = new Acknowledgements()
    for (const each of numbered(3, tracker)) {
      sink.write(each)
      await tracker.until(each.origin?.sequence ?? 0)
      expect(stdout.text).toBe(lines(1, tracker.last))
    }
    sink.end()
    await once(sink, 'close')
  })

  test('an output that takes nothing holds the source back', async () => {
    const stdout = new PassThrough({ highWaterMark: 1000 })
    let given = 0
    function* endless(): Generator<LogEntry> {
      for (;;) yield entry(`${given++}`.padEnd(1000))
    }
    const sink = consoleSink({ stdout })
    const running = pipeline(Readable.from(endless()), sink).catch((error) => error.code)
    for (let before = -1; before !== given; ) {
      before = given
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    }
    expect(given).toBeLessThan(500)
    expect(sink.stats.entriesHeld).toBeGreaterThan(0)
    sink.destroy()
    expect(await running).toBe('ERR_STREAM_PREMATURE_CLOSE')
    const { entriesIn, entriesOut, entriesDropped, entriesHeld } = sink.stats
    expect(entriesIn).toBe(entriesOut + entriesDropped + entriesHeld)
  })
})

describe('when the reader goes away', () => {
  /** Fails like a pipe without a reader, from the second write on. */
  function closing(): Writable {
    let writes = 0
    return new Writable({
      autoDestroy: false,
      write: (_chunk, _encoding, callback) =>
        callback(++writes > 1 ? Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }) : null),
    })
  }

  async function* slowly(tracker: Acknowledgements): AsyncGenerator<LogEntry> {
    for (const each of numbered(10, tracker)) {
      yield each
      await new Promise(setImmediate)
      await new Promise(setImmediate)
    }
  }

  test('the sink ends with one error; what was not written is dropped and not acknowledged', async () => {
    const tracker = new Acknowledgements()
    const stdout = closing()
    const sink = consoleSink({ stdout })
    await expect(pipeline(slowly(tracker), sink)).rejects.toMatchObject({ code: 'CONSOLE_CLOSED' })
    const { entriesIn, entriesOut, dropped, entriesHeld } = sink.stats
    expect(entriesOut).toBe(tracker.last)
    expect(tracker.last).toBeLessThan(10)
    expect(dropped).toEqual({ closed: entriesIn - entriesOut })
    expect(entriesHeld).toBe(0)
  })

  test("with whenClosed 'drop' it goes on, counts, and warns once", async () => {
    const tracker = new Acknowledgements()
    const sink = consoleSink({ stdout: closing(), whenClosed: 'drop' })
    const warnings: string[] = []
    sink.on('warning', ({ code }) => warnings.push(code))
    await pipeline(slowly(tracker), sink)
    expect(warnings).toEqual(['CONSOLE_CLOSED'])
    expect(sink.stats).toMatchObject({ entriesIn: 10, entriesHeld: 0, dropped: { closed: 10 - sink.stats.entriesOut } })
    expect(sink.stats.entriesOut).toBeLessThan(10)
    expect(tracker.last).toBe(sink.stats.entriesOut)
  })

  test("with whenClosed 'drop' what waited for room then is dropped too, and not tried again", async () => {
    let fail = (): void => {}
    const chunks: string[] = []
    const stdout = new Writable({
      autoDestroy: false,
      highWaterMark: 1,
      write: (chunk, _encoding, callback) => {
        chunks.push(String(chunk))
        fail = () => callback(new Error('write EPIPE'))
      },
    })
    const sink = consoleSink({ stdout, whenClosed: 'drop' })
    sink.write(entry('first'))
    while (chunks.length === 0) await new Promise(setImmediate)
    sink.write(entry('second'))
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    fail()
    sink.end(entry('third'))
    await once(sink, 'close')
    expect(chunks).toEqual(['first\n'])
    expect(sink.stats).toMatchObject({ entriesIn: 3, entriesOut: 0, entriesHeld: 0, dropped: { closed: 3 } })
  })
})

describe('as a program in a pipe', () => {
  const program = fileURLToPath(new URL('./fixtures/console-child.ts', import.meta.url))

  function start(options: ConsoleSinkOptions) {
    const args = ['--conditions=@logwisp/source', '--import', 'tsx', program, JSON.stringify(options)]
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    let told = ''
    child.stderr.on('data', (text) => void (told += text))
    child.stdin.on('error', () => {}) // It may end before it has read everything.
    return { child, ended: once(child, 'close').then(([code]) => ({ code, told })) }
  }

  test('W8b: 100,000 lines in, 100,000 out, to a reader that is slow', { timeout: 60_000 }, async () => {
    const { child, ended } = start({})
    child.stdin.end(lines(1, 100_000))
    const parts: Buffer[] = []
    let reads = 0
    // Takes a block and then looks away for some turns, so that the pipe is full most of the time.
    for await (const part of child.stdout) {
      parts.push(part)
      if (++reads % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    }
    const { code, told } = await ended
    expect(code).toBe(0)
    expect(Buffer.concat(parts).toString()).toBe(lines(1, 100_000))
    expect(JSON.parse(told)).toMatchObject({ outcome: 'resolved', entriesOut: 100_000, entriesDropped: 0 })
  })

  test('a reader that closes the pipe ends it with one error and nothing else', async () => {
    const { child, ended } = start({})
    child.stdin.write(lines(1, 50_000))
    await once(child.stdout, 'data')
    child.stdout.destroy()
    child.stdin.end(lines(1, 50_000))
    const { code, told } = await ended
    expect(code).toBe(0)
    const report = JSON.parse(told)
    expect(report.outcome).toBe('CONSOLE_CLOSED')
    expect(report.entriesIn).toBe(report.entriesOut + report.dropped.closed)
  })
})

test.each<[string, object]>([
  ['target', { target: 'printer' }],
  ['format', { format: 'xml' }],
  ['colors', { colors: 'auto' }],
  ['controlCharacters', { controlCharacters: true }],
  ['whenClosed', { whenClosed: 'retry' }],
  ['stdout', { stdout: 'file' }],
  ['color', { color: true }],
])('refuses a bad %s', (option, options) => {
  expect(() => consoleSink(options as ConsoleSinkOptions)).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', option, stage: 'consoleSink' }),
  )
})
