/**
 * Dead letters on a disk that fails, at each of its calls, in each way: what `reject` said is safe is there afterwards and
 * comes out of a replay; and a replay whose disk fails loses nothing, and gives nothing again that it was told of and saved.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { deadLetter, LogwispError, replay } from '@logwisp/core'
import { collectingSink, eachFault } from '@logwisp/core/testing'
import { expect, test } from 'vitest'
import { DeadLetterStream } from '../src/internal/dead-letter/dead-letter-stream.ts'
import { ReplayStream } from '../src/internal/dead-letter/replay-stream.ts'
import { type FileSystem, realFileSystem } from '../src/internal/file-system.ts'
import { entryWithId } from './dead-letter-kit.ts'

const settings = { maxBytes: 10_000_000, maxFileBytes: 800, whenFull: 'block', retryDelayMs: 2 } as const
const ids = Array.from({ length: 6 }, (_, n) => `id ${n}`)

async function inDirectory(act: (directory: string) => Promise<string>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-dead-letters-'))
  try {
    return await act(directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** Replays on a disk that works; the ids, in order. */
async function replayed(directory: string): Promise<string[]> {
  const source = replay(directory)
  const sink = collectingSink()
  await pipeline(source, sink)
  await source.close()
  return sink.entries.map(({ origin }) => origin?.id ?? 'none')
}

/** Rejects six entries, three at a time, into files of three; resolves with what became of it once they came out again. */
function keepThem(fs: FileSystem): Promise<string> {
  return inDirectory(async (directory) => {
    const letters = new DeadLetterStream(directory, settings, fs)
    const told: string[] = []
    const safe: string[] = []
    const note = (error: unknown): void => {
      // What is buffered behind a failure gets Node's own error for it.
      const isNodes = (error as NodeJS.ErrnoException).code === 'ERR_STREAM_DESTROYED'
      if (!isNodes && !(error instanceof LogwispError)) throw error
    }
    letters.on('warning', ({ code }) => told.push(code))
    letters.on('error', (error) => told.push((error as LogwispError).code))
    for (let n = 0; n < ids.length; n += 3) {
      const some = ids.slice(n, n + 3)
      await Promise.all(
        some.map((id) =>
          letters.reject(entryWithId('x'.repeat(100), id), { reason: 'no' }).then(() => safe.push(id), note),
        ),
      )
    }
    await letters.close().catch(note)
    const out = await replayed(directory)
    const lost = safe.filter((id) => !out.includes(id))
    const unknown = out.filter((id) => !ids.includes(id))
    if (lost.length + unknown.length > 0) throw new Error(`lost ${lost.join()}, made ${unknown.join()}`)
    if (safe.length === ids.length && out.length !== ids.length)
      throw new Error(`${out.length} came out of ${ids.length}`)
    return `${[...new Set(told)].join(' ') || 'nothing to tell'}, ${safe.length === ids.length ? 'all' : 'some'} safe`
  })
}

test('what is safe comes out again, whichever call fails', async () => {
  const { calls, trials, outcomes } = await eachFault(realFileSystem, keepThem)
  expect(new Set(calls)).toEqual(
    new Set(
      ['mkdir', 'open', 'rm', 'readdir', 'stat'].concat(
        ['stat', 'writev', 'datasync', 'sync', 'truncate', 'close'].map((name) => `file.${name}`),
      ),
    ),
  )
  expect(trials).toBeGreaterThan(100)
  expect(Object.keys(outcomes).sort()).toEqual(
    ['DISK_FULL, all safe', 'WRITE_FAILED, all safe', 'WRITE_FAILED, some safe', 'nothing to tell, all safe'].sort(),
  )
})

/** Replays half of them on a disk that fails, then what is left on one that works. */
function replayThem(fs: FileSystem): Promise<string> {
  return inDirectory(async (directory) => {
    const letters = deadLetter(directory, { maxFileBytes: 800 })
    for (const id of ids) await letters.reject(entryWithId('x'.repeat(100), id), { reason: 'no' })
    await letters.close()
    const source = new ReplayStream(directory, 4, fs)
    const told: string[] = []
    source.on('warning', ({ code }) => told.push(code))
    const sink = collectingSink()
    const note = (error: unknown): void => {
      if (!(error instanceof LogwispError)) throw error
      told.push(error.code)
    }
    await pipeline(source, sink).catch(note)
    await source.close().catch(note)
    const first = sink.entries.map(({ origin }) => origin?.id ?? 'none')
    const second = await replayed(directory)
    const all = new Set([...first, ...second])
    if (all.size !== ids.length) throw new Error(`${all.size} of ${ids.length} came out`)
    const twice = first.length + second.length - all.size
    if (told.length === 0 && twice > 0) throw new Error(`${twice} came twice, and nothing was told`)
    return [...new Set(told)].sort().join(' ') || 'nothing to tell'
  })
}

test('a replay loses nothing, whichever call fails, and the next one of its kind', async () => {
  const { calls, trials, outcomes } = await eachFault(realFileSystem, replayThem, { lastsCalls: 2 })
  expect(new Set(calls)).toEqual(
    new Set(
      ['readdir', 'readFile', 'stat', 'rename', 'open', 'rm'].concat(
        ['read', 'sync', 'close', 'writeFile'].map((name) => `file.${name}`),
      ),
    ),
  )
  expect(trials).toBeGreaterThan(100)
  expect(outcomes).toMatchObject({ FILE_UNREADABLE: expect.any(Number), CHECKPOINT_FAILED: expect.any(Number) })
})
