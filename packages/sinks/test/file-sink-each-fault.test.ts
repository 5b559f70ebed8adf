/**
 * The file sink on a disk that fails at each of its calls, in each way: it goes on, or ends with an error that has a code.
 * What it acknowledged is in the files, every line is whole, and the next sink completes what this one left.
 */

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { LogwispError } from '@logwisp/core'
import { eachFault } from '@logwisp/core/testing'
import { expect, test } from 'vitest'
import { type FileSinkOptions, fileSink } from '../src/file-sink.ts'
import { fileSinkSettings } from '../src/internal/file/file-sink-settings.ts'
import { FileStream } from '../src/internal/file/file-stream.ts'
import { type FileSystem, realFileSystem } from '../src/internal/file/file-system.ts'
import { Acknowledgements, filesOf, numbered } from './file-fixtures.ts'

const count = 4

const quick = { retryDelayMs: 1, fsyncIntervalMs: 1, checkIntervalMs: 0 } as const

function scenario(options: Partial<FileSinkOptions>): (fileSystem: FileSystem) => Promise<string> {
  return async (fileSystem) => {
    const directory = await mkdtemp(join(tmpdir(), 'logwisp-fault-'))
    const tracker = new Acknowledgements()
    const settings = fileSinkSettings(directory, { name: 'app', ...quick, ...options })
    const sink = new FileStream(directory, settings, fileSystem)
    const told = new Set<string>()
    sink.on('warning', ({ code }) => told.add(code))
    const end = finished(sink).then(
      () => undefined,
      (error: unknown) => error,
    )
    // One at a time, so that each has a write of its own.
    for (const entry of numbered(count, tracker)) {
      if (sink.destroyed) break
      sink.write(entry)
      await Promise.race([tracker.until(tracker.sequences.length + 1), end])
    }
    if (!sink.destroyed) sink.end()
    const error = await end
    if (error !== undefined && !(error instanceof LogwispError)) throw error
    const acknowledged = tracker.last
    if (error === undefined && acknowledged !== count) throw new Error(`ended with ${acknowledged} acknowledged`)

    // What waits for a compression is compressed by the next sink; a torn line stays for nobody to see.
    const next = fileSink(directory, { name: 'app', ...quick, ...options })
    for (const entry of numbered(count - acknowledged, new Acknowledgements(), acknowledged + 1)) next.write(entry)
    next.end()
    await finished(next)
    const { text } = await filesOf(directory, 'app')
    assertComplete(text, { acknowledged, first: oldestKept(options, text), isOver: error !== undefined })
    const left = (await readdir(directory)).filter((name) => !/^app(-\S+Z-\d{6})?\.log(\.gz)?$/.test(name))
    expect(left).toEqual([])
    await rm(directory, { recursive: true })
    if (error !== undefined) return `died of ${error.code}`
    return told.size > 1 ? 'survived several' : ['survived', ...told].join(' ')
  }
}

/** The first line that has to be there: retention may have removed those before it. */
function oldestKept({ maxTotalBytes }: Partial<FileSinkOptions>, text: string): number {
  return maxTotalBytes === undefined ? 1 : Math.min(Number(/^line (\d)$/m.exec(text)?.[1]), count)
}

/** Every line whole and in order; one that comes twice was not acknowledged. */
function assertComplete(text: string, run: { acknowledged: number; first: number; isOver: boolean }): void {
  const { acknowledged, first, isOver } = run
  const lines = text.split('\n').slice(0, -1)
  const numbers = lines.map((line) => Number(/^line (\d)$/.exec(line)?.[1] ?? Number.NaN))
  const isWhole = text.endsWith('\n') && numbers.every((number, i) => number <= (numbers[i - 1] ?? first - 1) + 1)
  const again = numbers.filter((number, i) => numbers.indexOf(number) !== i)
  const isComplete = new Set(numbers).size === count - first + 1
  const isFine = isWhole && isComplete && again.every((number) => isOver && number > acknowledged)
  if (!isFine) throw new Error(`${acknowledged} were acknowledged, and the files hold ${JSON.stringify(text)}`)
}

/** What a fault may come to. Nothing else, and none of them with an acknowledged line that is not there. */
const outcomes = [
  'survived',
  'survived DISK_FULL',
  'survived ROTATE_FAILED',
  'survived UPKEEP_FAILED',
  'survived several',
  'died of WRITE_FAILED',
]

test.each([
  { fsync: 'never', lastsCalls: 1 },
  { fsync: 'always', lastsCalls: 1 },
  { fsync: 'interval', lastsCalls: 2 },
] as const)('keeps its promises whichever call fails: $fsync, $lastsCalls times', async ({ fsync, lastsCalls }) => {
  // `line 1` and so on are 7 bytes: two files of two lines.
  const options = { maxFileBytes: 14, compress: 'gzip', fsync } as const
  const report = await eachFault(realFileSystem, scenario(options), { lastsCalls })
  expect(outcomes).toEqual(expect.arrayContaining(Object.keys(report.outcomes)))
  expect(report.trials).toBeGreaterThan(200)
})

test('keeps its promises whichever call fails while old files are removed', async () => {
  const options = { maxFileBytes: 7, maxTotalBytes: 14 } as const
  const report = await eachFault(realFileSystem, scenario(options))
  expect(outcomes).toEqual(expect.arrayContaining(Object.keys(report.outcomes)))
  expect(report.trials).toBeGreaterThan(200)
})
