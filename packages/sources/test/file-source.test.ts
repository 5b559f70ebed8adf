/** Following one file: appends, rotation, truncation, restarts. Real files in a fresh directory. */

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import os, { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { acknowledge, type LogEntry, openCheckpoint } from '@logwisp/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type FileSource, fileSource } from '../src/index.ts'
import { FileSourceStream } from '../src/internal/file/file-source-stream.ts'
import { type FileSystem, realFileSystem } from '../src/internal/file/file-system.ts'
import { collect } from './collect.ts'

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-file-'))
  path = join(directory, 'app.log')
})

afterEach(() => rm(directory, { recursive: true, force: true }))

test('gives the lines of a file and what is appended to it', async () => {
  await writeFile(path, 'one\ntwo\n')
  const reading = collect(fileSource(path, { startAt: 'beginning', pollIntervalMs: 10 }))
  await reading.messages(2)
  await appendFile(path, 'three\nfo')
  await reading.messages(3)
  await appendFile(path, 'ur\n')
  expect(await reading.messages(4)).toEqual(['one', 'two', 'three', 'four'])
  expect(await reading.stop()).toEqual(['one', 'two', 'three', 'four'])
})

test('reads a file that was renamed to its end, then the new one from its beginning', async () => {
  await writeFile(path, 'one\n')
  const reading = collect(fileSource(path, { startAt: 'beginning', pollIntervalMs: 10 }))
  await reading.messages(1)
  await appendFile(path, 'two\n')
  await rename(path, `${path}.1`)
  await writeFile(path, 'three\n')
  expect(await reading.messages(3)).toEqual(['one', 'two', 'three'])
  expect(reading.source.stats).toMatchObject({ rotations: 1, truncations: 0 })
  await reading.stop()
})

test('goes on behind what was acknowledged after a restart', async () => {
  await writeFile(path, 'one\ntwo\n')
  const positions = join(directory, 'positions.json')
  const first = await openCheckpoint(positions)
  const reading = collect(fileSource(path, { startAt: 'beginning', checkpoint: first, pollIntervalMs: 10 }))
  await reading.messages(2)
  expect(await reading.stop()).toEqual(['one', 'two'])
  await first.close()
  await appendFile(path, 'three\n')
  await rename(path, `${path}.1`)
  await writeFile(path, 'four\n')
  const second = await openCheckpoint(positions)
  const again = collect(fileSource(path, { checkpoint: second, pollIntervalMs: 10 }))
  expect(await again.messages(2)).toEqual(['three', 'four'])
  await again.stop()
  await second.close()
})

/** Lets the source look at the file a few times, in which nothing must come. */
async function looks(reading: { readonly source: FileSource }, times = 3): Promise<void> {
  const { bytesIn } = reading.source.stats
  for (let i = 0; i < times; i++) await delay(15)
  expect(reading.source.stats.bytesIn).toBeGreaterThanOrEqual(bytesIn)
}

const quick = { startAt: 'beginning', pollIntervalMs: 10, rotateDelayMs: 30 } as const

test('rename with a gap: what comes between is read when the new file is there', async () => {
  await writeFile(path, 'one\n')
  const reading = collect(fileSource(path, quick))
  await reading.messages(1)
  await rename(path, `${path}.1`)
  await looks(reading)
  await appendFile(`${path}.1`, 'two\n')
  await reading.messages(2)
  await writeFile(path, 'three\n')
  expect(await reading.messages(3)).toEqual(['one', 'two', 'three'])
  await reading.stop()
})

test('several generations between two looks are read in order, compressed ones too', async () => {
  await writeFile(path, '1\n')
  const reading = collect(fileSource(path, quick))
  await reading.messages(1)
  reading.source.pause()
  await appendFile(path, '2\n')
  for (let generation = 0; generation < 5; generation++) {
    for (let index = 9; index >= 1; index--) {
      await rename(`${path}.${index}`, `${path}.${index + 1}`).catch(() => {})
      await rename(`${path}.${index}.gz`, `${path}.${index + 1}.gz`).catch(() => {})
    }
    await rename(path, `${path}.1`)
    await writeFile(path, `${generation + 3}\n`)
  }
  await compress(`${path}.3`)
  reading.source.resume()
  expect(await reading.messages(7)).toEqual(['1', '2', '3', '4', '5', '6', '7'])
  expect(reading.source.stats.rotations).toBe(5)
  await reading.stop()
})

test('dated generations are read in the order of their dates', async () => {
  await writeFile(path, '1\n')
  const reading = collect(fileSource(path, quick))
  await reading.messages(1)
  reading.source.pause()
  for (const date of ['20261119', '20261120', '20261121']) {
    await rename(path, `${path}-${date}`)
    await writeFile(path, `after ${date}\n`)
  }
  reading.source.resume()
  expect(await reading.messages(4)).toEqual(['1', 'after 20261119', 'after 20261120', 'after 20261121'])
  await reading.stop()
})

test('generations that count upwards are read in the order they were written', async () => {
  await writeFile(path, '0\n')
  const reading = collect(fileSource(path, { startAt: 'beginning', pollIntervalMs: 20, watch: false }))
  await once(reading.source, 'ready')
  for (let i = 1; i <= 12; i++) {
    await rename(path, `${path}.${i}`)
    await writeFile(path, `${i}\n`)
    // The clock of a file system goes in steps of up to 10 ms: generations of one step cannot be told apart.
    await delay(12)
  }
  expect(await reading.messages(13)).toEqual(Array.from({ length: 13 }, (_, i) => String(i)))
  await reading.stop()
})

test('copytruncate: what was not read yet comes from the copy', async () => {
  await writeFile(path, 'one\n')
  const reading = collect(fileSource(path, quick))
  await reading.messages(1)
  reading.source.pause()
  await appendFile(path, 'two\n')
  await copyFile(path, `${path}.1`)
  await truncate(path)
  await appendFile(path, 'three\n')
  reading.source.resume()
  expect(await reading.messages(3)).toEqual(['one', 'two', 'three'])
  expect(reading.source.stats).toMatchObject({ truncations: 1, rotations: 0 })
  await reading.stop()
})

test('copytruncate twice between two looks: the second copy is a generation of its own', async () => {
  await writeFile(path, 'one\n')
  const reading = collect(fileSource(path, quick))
  await reading.messages(1)
  reading.source.pause()
  await appendFile(path, 'two\n')
  await copyFile(path, `${path}.2`)
  await truncate(path)
  await appendFile(path, 'three\n')
  await copyFile(path, `${path}.1`)
  await truncate(path)
  await appendFile(path, 'four\n')
  reading.source.resume()
  expect(await reading.messages(4)).toEqual(['one', 'two', 'three', 'four'])
  await reading.stop()
})

test('a copy that is not followed by a truncation yet is not read', async () => {
  await writeFile(path, 'one\n')
  const reading = collect(fileSource(path, quick))
  await reading.messages(1)
  await copyFile(path, `${path}.1`)
  await looks(reading)
  await truncate(path)
  await appendFile(path, 'two\n')
  await reading.messages(2)
  expect(await reading.stop()).toEqual(['one', 'two'])
})

test('truncated in place: goes on from the beginning', async () => {
  await writeFile(path, 'one\ntwo\n')
  const reading = collect(fileSource(path, quick))
  await reading.messages(2)
  const truncated = once(reading.source, 'truncate')
  await truncate(path)
  await appendFile(path, 'x\n')
  expect(await reading.messages(3)).toEqual(['one', 'two', 'x'])
  await truncated
  await reading.stop()
})

test('truncated and grown past where the reading was: found out by what stands there', async () => {
  await writeFile(path, 'one\ntwo\n')
  const reading = collect(fileSource(path, quick))
  await reading.messages(2)
  reading.source.pause()
  await writeFile(path, 'a longer line than both were before\nand another\n')
  reading.source.resume()
  expect(await reading.messages(4)).toEqual(['one', 'two', 'a longer line than both were before', 'and another'])
  await reading.stop()
})

test('truncated to lines that begin with the same header as before', async () => {
  const header = `# ${'the same header, longer than any fingerprint '.repeat(60)}\n`
  await writeFile(path, `${header}one\ntwo\n`)
  const reading = collect(fileSource(path, quick))
  await reading.messages(3)
  reading.source.pause()
  await writeFile(path, `${header}three\nfour\nfive\n`)
  reading.source.resume()
  const messages = await reading.messages(7)
  expect(messages.slice(4)).toEqual(['three', 'four', 'five'])
  expect(new Set(reading.entries.map(({ origin }) => origin?.id)).size).toBe(7)
  await reading.stop()
})

test('deleted and made again, round after round', async () => {
  const reading = collect(fileSource(path, quick))
  for (let round = 1; round <= 5; round++) {
    await writeFile(path, `round ${round}\n`)
    await reading.messages(round)
    await rm(path)
    await looks(reading, 1)
  }
  await reading.stop()
  expect(reading.entries).toHaveLength(5)
})

test('W3c: a file that appears later is read from its beginning', async () => {
  const reading = collect(fileSource(path, { pollIntervalMs: 10 }))
  await looks(reading)
  await writeFile(path, 'one\ntwo\n')
  expect(await reading.messages(2)).toEqual(['one', 'two'])
  await reading.stop()
})

test('W3d: a file replaced by a larger one is read from its beginning', async () => {
  await writeFile(path, lines('old', 30))
  const reading = collect(fileSource(path, quick))
  await reading.messages(30)
  await writeFile(`${path}.new`, lines('new', 80))
  await rename(`${path}.new`, path)
  const messages = await reading.messages(110)
  expect(messages.slice(30)).toEqual(lines('new', 80).trimEnd().split('\n'))
  await reading.stop()
})

test('a file saved by an editor, the same and more in a new file, goes on where it was', async () => {
  const old = lines('line', 200)
  await writeFile(path, old)
  const reading = collect(fileSource(path, quick))
  await reading.messages(200)
  await writeFile(`${path}.new`, `${old}added\n`)
  await rename(`${path}.new`, path)
  expect((await reading.messages(201)).at(-1)).toBe('added')
  await looks(reading)
  expect(await reading.stop()).toHaveLength(201)
})

test('a new file that begins as the old one did is another file', async () => {
  await writeFile(path, '# header\n')
  const reading = collect(fileSource(path, quick))
  await reading.messages(1)
  await rename(path, `${path}.1`)
  await writeFile(path, '# header\none\n')
  expect(await reading.messages(3)).toEqual(['# header', '# header', 'one'])
  expect(new Set(reading.entries.map(({ origin }) => origin?.id)).size).toBe(3)
  await reading.stop()
})

test('a symbolic link that is led to another file: the first is read to its end, then the other', async () => {
  const link = join(directory, 'current')
  await writeFile(join(directory, 'a.log'), 'a1\n')
  await symlink('a.log', link)
  const reading = collect(fileSource(link, quick))
  await reading.messages(1)
  await appendFile(join(directory, 'a.log'), 'a2\n')
  await writeFile(join(directory, 'b.log'), 'b1\n')
  await symlink('b.log', `${link}.new`)
  await rename(`${link}.new`, link)
  expect(await reading.messages(3)).toEqual(['a1', 'a2', 'b1'])
  await reading.stop()
})

test('a directory that is removed and comes back', async () => {
  const inner = join(directory, 'inner')
  await mkdir(inner)
  const file = join(inner, 'app.log')
  await writeFile(file, 'one\n')
  const reading = collect(fileSource(file, quick))
  await reading.messages(1)
  await rm(inner, { recursive: true })
  await looks(reading)
  await mkdir(inner)
  await writeFile(file, 'two\n')
  expect(await reading.messages(2)).toEqual(['one', 'two'])
  expect(reading.warnings).toEqual([])
  await reading.stop()
})

test('a right that is taken away and given back: one warning, nothing lost', async () => {
  await writeFile(path, 'one\n')
  let isRefused = true
  const refusing: FileSystem = {
    ...realFileSystem,
    open: (file) => (isRefused ? Promise.reject(systemError('EACCES', 'open')) : realFileSystem.open(file)),
  }
  const reading = collect(new FileSourceStream(path, quick, refusing))
  await once(reading.source, 'warning')
  await looks(reading)
  isRefused = false
  expect(await reading.messages(1)).toEqual(['one'])
  expect(reading.warnings.map(({ code }) => code)).toEqual(['FILE_UNREADABLE'])
  await reading.stop()
})

test('a disk that fails while a file is read is tried again, and no byte is skipped', async () => {
  await writeFile(path, lines('line', 150_000))
  let failures = 5
  const failing: FileSystem = {
    ...realFileSystem,
    open: async (file) => {
      const handle = await realFileSystem.open(file)
      const read = handle.read.bind(handle)
      const failingRead = (buffer: Buffer, offset: number, length: number, position: number) => {
        if (position > 0 && failures-- > 0) return Promise.reject(systemError('EIO', 'read'))
        return read(buffer, offset, length, position)
      }
      return Object.assign(handle, { read: failingRead }) as typeof handle
    },
  }
  const reading = collect(new FileSourceStream(path, quick, failing))
  expect(await reading.messages(150_000)).toEqual(lines('line', 150_000).trimEnd().split('\n'))
  expect(reading.warnings.map(({ code }) => code)).toEqual(['FILE_UNREADABLE'])
  await reading.stop()
})

test('a writer that has not noticed the rotation is read on', async () => {
  await writeFile(path, 'one\n')
  const reading = collect(fileSource(path, { ...quick, rotateDelayMs: 5000 }))
  await reading.messages(1)
  await rename(path, `${path}.1`)
  await writeFile(path, 'new\n')
  await reading.messages(2)
  await appendFile(`${path}.1`, 'late\n')
  expect(await reading.messages(3)).toEqual(['one', 'new', 'late'])
  await reading.stop()
})

test('a deleted file does not keep its descriptor', async () => {
  await writeFile(path, 'one\n')
  const reading = collect(fileSource(path, quick))
  await reading.messages(1)
  await rm(path)
  while (reading.source.stats.openFiles > 0) await delay(5)
  await reading.stop()
})

test('W3: a line longer than maxLineBytes is cut, flagged and counted, and the lines around it are given once', async () => {
  const long = 'x'.repeat(3_000_000)
  await writeFile(path, `before\n${long}\nafter\n`)
  const reading = collect(fileSource(path, quick))
  const messages = await reading.messages(3)
  expect(messages.map((message) => message.length)).toEqual([6, 1_048_576, 5])
  expect(reading.entries.map(({ fields }) => fields)).toEqual([undefined, { truncated: true }, undefined])
  expect(reading.warnings.map(({ code, message }) => [code, message.includes(path)])).toEqual([['LINE_TOO_LONG', true]])
  await appendFile(path, 'more\n')
  await reading.messages(4)
  expect(reading.source.stats).toMatchObject({ entriesIn: 4, entriesOut: 4, linesTooLong: 1 })
  await reading.stop()
})

test('a line that is too long is left out and counted when it is to be skipped', async () => {
  await writeFile(path, `before\n${'x'.repeat(5000)}\nafter\n`)
  const reading = collect(fileSource(path, { ...quick, maxLineBytes: 100, whenLineTooLong: 'skip' }))
  expect(await reading.messages(2)).toEqual(['before', 'after'])
  expect(reading.source.stats).toMatchObject({ entriesIn: 3, entriesOut: 2, dropped: { 'line-too-long': 1 } })
  await reading.stop()
})

test('W3b: an unfinished last line is held until it is whole', async () => {
  await writeFile(path, 'one\ntwo, the first half')
  const reading = collect(fileSource(path, quick))
  await reading.messages(1)
  await looks(reading)
  expect(reading.entries).toHaveLength(1)
  await appendFile(path, ', the second half\n')
  expect(await reading.messages(2)).toEqual(['one', 'two, the first half, the second half'])
  await reading.stop()
})

test('an unfinished last line is given when its file is rotated away, and when the source is stopped', async () => {
  await writeFile(path, 'one\nunfinished')
  const reading = collect(fileSource(path, quick))
  await reading.messages(1)
  await rename(path, `${path}.1`)
  await writeFile(path, 'two\nthe end')
  expect((await reading.messages(3)).toSorted()).toEqual(['one', 'two', 'unfinished'])
  expect((await reading.stop()).at(-1)).toBe('the end')
})

test('an unfinished last line is left for the next run when there is a checkpoint, which gives it whole and once', async () => {
  await writeFile(path, 'one\ntwo, the first half')
  const first = await openCheckpoint(join(directory, 'positions.json'))
  const reading = collect(fileSource(path, { ...quick, checkpoint: first }))
  await reading.messages(1)
  expect(await reading.stop()).toEqual(['one'])
  await first.close()
  await appendFile(path, ', the second half\n')
  const second = await openCheckpoint(join(directory, 'positions.json'))
  const again = collect(fileSource(path, { ...quick, checkpoint: second }))
  expect(await again.messages(1)).toEqual(['two, the first half, the second half'])
  await again.stop()
  await second.close()
})

test('W3f: a line of JSON is given as it is, whatever its keys', async () => {
  const line = '{"message":"x","level":"info","user":7}'
  await writeFile(path, `${line}\n`)
  const reading = collect(fileSource(path, quick))
  expect(await reading.messages(1)).toEqual([line])
  await reading.stop()
})

test('characters of many bytes are whole at every edge of a block', async () => {
  const text = lines('日本語 €uro 😀 ', 40_000)
  await writeFile(path, text)
  const reading = collect(fileSource(path, { follow: false }))
  expect((await reading.ended()).join('\n')).toBe(text.trimEnd())
})

test('the hole that a writer leaves who does not append after a truncation is passed over', async () => {
  const writer = await open(path, 'w')
  await writer.write('one\n')
  const reading = collect(fileSource(path, quick))
  await reading.messages(1)
  await writer.write(lines('x', 20_000))
  await reading.messages(20_001)
  await truncate(path)
  await writer.write('two\n')
  expect((await reading.messages(20_002)).at(-1)).toBe('two')
  await writer.close()
  expect(reading.source.stats.nulBytesSkipped).toBeGreaterThan(20_000)
  await reading.stop()
})

test('a file that is filled with NULs ahead of its writer is read as it is written', async () => {
  await writeFile(path, Buffer.alloc(4096))
  const writer = await open(path, 'r+')
  const reading = collect(fileSource(path, quick))
  await looks(reading)
  await writer.write('one\n', 0)
  await reading.messages(1)
  await writer.write('two\n', 4)
  expect(await reading.messages(2)).toEqual(['one', 'two'])
  await writer.close()
  await reading.stop()
})

test.each([
  ['utf16le', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
  ['utf16be', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
  ['latin1', (text: string) => Buffer.from(text, 'latin1')],
  ['utf8', (text: string) => Buffer.from(`\ufeff${text}`)],
] as const)('reads %s, and goes on at the right byte after a restart', async (encoding, encode) => {
  const text = encoding === 'latin1' ? 'café ü\r\nzwei\n\ndrei é\n' : 'café 😀\r\n日本 zwei\n\ndrei é\n'
  await writeFile(path, encode(text))
  const positions = join(directory, 'positions.json')
  const all: string[] = []
  const ids = new Set<string>()
  // One line a run: acknowledged, then killed.
  for (let run = 0; run < 4; run++) {
    const checkpoint = await openCheckpoint(positions)
    const reading = collect(fileSource(path, { ...quick, encoding, checkpoint }), false)
    await reading.messages(1)
    const entry = reading.entries[0] as LogEntry
    acknowledge(entry)
    all.push(entry.message)
    ids.add(entry.origin?.id ?? '')
    await reading.destroy()
    await checkpoint.close()
  }
  expect(all).toEqual(text.trimEnd().split(/\r?\n/))
  expect(ids.size).toBe(4)
})

test('a position behind the end of the file is told, and reading begins anew', async () => {
  await writeFile(path, lines('line', 100))
  const positions = join(directory, 'positions.json')
  const first = await openCheckpoint(positions)
  const reading = collect(fileSource(path, { ...quick, checkpoint: first }))
  await reading.messages(100)
  await reading.stop()
  await first.close()
  await writeFile(path, 'short\n')
  const second = await openCheckpoint(positions)
  const again = collect(fileSource(path, { ...quick, checkpoint: second }))
  expect(await again.messages(1)).toEqual(['short'])
  expect(again.warnings.map(({ code }) => code)).toEqual(['POSITION_LOST'])
  await again.stop()
  await second.close()
})

test('goes on in a rotated and compressed file after a restart, at the same line', async () => {
  await writeFile(path, lines('line', 100))
  const positions = join(directory, 'positions.json')
  const first = await openCheckpoint(positions)
  const reading = collect(fileSource(path, { ...quick, checkpoint: first }), false)
  await reading.messages(100)
  acknowledge(reading.entries[39] as LogEntry)
  await reading.destroy()
  await first.close()
  await rename(path, `${path}.1`)
  await compress(`${path}.1`)
  await writeFile(path, 'new\n')
  const second = await openCheckpoint(positions)
  const again = collect(fileSource(path, { ...quick, checkpoint: second }))
  const messages = await again.messages(61)
  expect([messages[0], messages[59], messages[60]]).toEqual(['line 40', 'line 99', 'new'])
  expect(again.entries[0]?.origin?.id).toBe(reading.entries[40]?.origin?.id)
  await again.stop()
  await second.close()
})

test('begins at the end by default, at the start of its line if that is unfinished', async () => {
  await writeFile(path, 'old\nunfini')
  const reading = collect(fileSource(path, { pollIntervalMs: 10 }))
  await once(reading.source, 'open')
  await appendFile(path, 'shed\nnew\n')
  expect(await reading.messages(2)).toEqual(['unfinished', 'new'])
  await reading.stop()
})

test('begins at the byte it is told', async () => {
  await writeFile(path, 'one\ntwo\nthree\n')
  const reading = collect(fileSource(path, { startAt: 4, follow: false }))
  expect(await reading.ended()).toEqual(['two', 'three'])
})

test('without following ends at the end of the file, its unfinished line included', async () => {
  await writeFile(path, 'one\ntwo')
  const reading = collect(fileSource(path, { follow: false }))
  expect(await reading.ended()).toEqual(['one', 'two'])
  expect(reading.source.stats).toMatchObject({ entriesIn: 2, entriesOut: 2, entriesHeld: 0, openFiles: 0 })
})

test('without following reads a compressed file', async () => {
  await writeFile(path, lines('line', 50_000))
  await compress(path)
  const reading = collect(fileSource(`${path}.gz`, { follow: false }))
  expect((await reading.ended()).join('\n')).toBe(lines('line', 50_000).trimEnd())
})

test('without following a file that is not there is an error', async () => {
  await expect(collect(fileSource(path, { follow: false })).ended()).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
})

test('a directory is an error that says what to do', async () => {
  await expect(collect(fileSource(directory)).ended()).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    message: expect.stringContaining('directorySource'),
  })
})

test.each([
  ['a directory', (at: string) => mkdir(at)],
  ['a named pipe without a writer', (at: string) => promisify(execFile)('mkfifo', [at])],
])('%s in the place of the file holds nothing up, is told, and what comes after it is read', async (_what, put) => {
  await writeFile(path, 'one\n')
  const reading = collect(fileSource(path, quick))
  await reading.messages(1)
  const told = once(reading.source, 'warning')
  await rm(path)
  await put(path)
  expect((await told)[0]).toMatchObject({ code: 'FILE_UNREADABLE' })
  await rm(path, { recursive: true })
  await writeFile(path, 'two\n')
  expect(await reading.messages(2)).toEqual(['one', 'two'])
  expect(await reading.stop()).toEqual(['one', 'two'])
})

test('stop gives what is there and ends, though the writer goes on', async () => {
  await writeFile(path, lines('line', 1000))
  const reading = collect(fileSource(path, quick))
  await reading.messages(1000)
  const writer = setInterval(() => void appendFile(path, lines('more', 200)), 1)
  await reading.messages(2000)
  const all = await reading.stop()
  clearInterval(writer)
  expect(all.length).toBeGreaterThanOrEqual(2000)
})

test('destroy in the middle closes every descriptor', async () => {
  await writeFile(path, lines('line', 200_000))
  const before = (await readdir('/proc/self/fd')).length
  for (let i = 0; i < 10; i++) {
    const reading = collect(fileSource(path, quick))
    await reading.messages(1)
    await reading.destroy()
  }
  expect((await readdir('/proc/self/fd')).length).toBeLessThanOrEqual(before)
})

test('back-pressure: a consumer that waits stops the reading', async () => {
  await writeFile(path, lines('a line of some length, so that there are many blocks', 300_000))
  const source = fileSource(path, quick)
  const iterator = source[Symbol.asyncIterator]()
  await iterator.next()
  await looks({ source })
  // One read of 18.
  expect(source.stats.bytesIn).toBeLessThan(2_000_000)
  source.destroy()
})

test.each([
  [{ startAt: 'start' }, 'startAt'],
  [{ startAt: -1 }, 'startAt'],
  [{ pollIntervalMs: 5 }, 'pollIntervalMs'],
  [{ maxLineBytes: 1 }, 'maxLineBytes'],
  [{ whenLineTooLong: 'cut' }, 'whenLineTooLong'],
  [{ encoding: 'utf-8' }, 'encoding'],
  [{ checkpoint: {} }, 'checkpoint'],
  [{ polIntervalMs: 100 }, 'polIntervalMs'],
])('refuses %j', (options, name) => {
  expect(() => fileSource(path, options as never)).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', option: name }),
  )
})

function lines(text: string, count: number): string {
  let all = ''
  for (let i = 0; i < count; i++) all += `${text} ${i}\n`
  return all
}

async function compress(file: string): Promise<void> {
  const { atime, mtime } = await stat(file)
  await writeFile(`${file}.gz`, gzipSync(await readFile(file)))
  await utimes(`${file}.gz`, atime, mtime)
  await rm(file)
}

function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: it is a test, ${syscall}`), { code, syscall })
}

test('a directory that was removed and made again is watched again', async () => {
  const watches: string[] = []
  const counting: FileSystem = {
    ...realFileSystem,
    watch: (watched, onChange) => {
      const watcher = realFileSystem.watch(watched, onChange)
      watches.push(watched)
      return watcher
    },
  }
  const reading = collect(new FileSourceStream(path, quick, counting))
  await once(reading.source, 'ready')
  await writeFile(path, 'one\n')
  await reading.messages(1)
  await rm(directory, { recursive: true })
  await looks(reading)
  await mkdir(directory)
  await writeFile(path, 'two\n')
  expect(await reading.messages(2)).toEqual(['one', 'two'])
  await looks(reading)
  expect(watches).toEqual([directory, directory])
  await reading.stop()
})

test('the same file on another host has other ids', async () => {
  const host = vi.spyOn(os, 'hostname')
  const ids: string[] = []
  await writeFile(path, 'the same first line\n')
  for (const name of ['web-1', 'web-2', 'web-1']) {
    host.mockReturnValue(name)
    syncBuiltinESMExports()
    const reading = collect(fileSource(path, { follow: false }))
    await reading.ended()
    ids.push(reading.entries[0]?.origin?.id ?? '')
  }
  host.mockRestore()
  syncBuiltinESMExports()
  expect(ids[0]).toBe(ids[2])
  expect(ids[0]).not.toBe(ids[1])
})
