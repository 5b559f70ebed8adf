/** What is said of a buffer's directory without opening it is what a buffer finds that opens it. */

import { once } from 'node:events'
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { acknowledge, type DiskBuffer, diskBuffer, diskBufferBacklog, type LogEntry } from '../src/index.ts'

let root: string
let directory: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'logwisp-backlog-'))
  directory = join(root, 'spool')
})
afterEach(() => rm(root, { recursive: true, force: true }))

const entry = (message: string): LogEntry => ({ time: 0, source: 'app', message })

/** Puts entries in, takes and acknowledges some, and leaves. What it then had. */
async function filled(messages: readonly string[], taken = 0): Promise<DiskBuffer['stats']> {
  const buffer = diskBuffer(directory, { segmentBytes: 65_536, maxBytes: 64_000_000 })
  await once(buffer, 'ready')
  for (const message of messages) if (!buffer.write(entry(message))) await once(buffer, 'drain')
  const ended = new Promise((resolve) => buffer.end(resolve))
  let count = 0
  while (count < taken) {
    const given: LogEntry | null = buffer.read()
    if (given === null) await once(buffer, 'readable')
    else {
      acknowledge(given)
      count++
    }
  }
  await ended
  buffer.stop()
  buffer.destroy()
  await once(buffer, 'close')
  return buffer.stats
}

/** How many entries a buffer finds that opens it. */
async function found(): Promise<number> {
  const buffer = diskBuffer(directory)
  await once(buffer, 'ready')
  const { entriesHeld } = buffer.stats
  buffer.destroy()
  await once(buffer, 'close')
  return entriesHeld
}

/** How many entries a buffer gives that opens it. */
async function given(): Promise<number> {
  const buffer = diskBuffer(directory)
  buffer.on('warning', () => {})
  buffer.end()
  let count = 0
  for await (const one of buffer) {
    acknowledge(one)
    count++
  }
  if (!buffer.closed) await once(buffer, 'close')
  return count
}

const lines = (count: number): string[] => Array.from({ length: count }, (_, n) => `line ${n} ${'x'.repeat(200)}`)
const newest = async (): Promise<string> =>
  join(
    directory,
    (await readdir(directory))
      .filter((name) => name.endsWith('.segment'))
      .sort()
      .at(-1) as string,
  )

describe('what waits in the directory of a buffer', () => {
  test('is nothing where there is no directory, or none of a buffer', async () => {
    expect(await diskBufferBacklog(directory)).toEqual({ entries: 0, bytes: 0, segments: 0 })
    expect(await diskBufferBacklog(root)).toEqual({ entries: 0, bytes: 0, segments: 0 })
  })

  test('is all that was written, in several segments, and less once some is acknowledged', async () => {
    await filled(lines(2000))
    const all = await diskBufferBacklog(directory)
    expect(all).toEqual({ entries: 2000, bytes: expect.any(Number), segments: expect.any(Number) })
    expect(all.bytes).toBeGreaterThan(2000 * 200)
    expect(all.segments).toBeGreaterThan(2)
    expect(await found()).toBe(2000)
    await filled([], 700)
    const rest = await diskBufferBacklog(directory)
    expect(rest.entries).toBe(await found())
    expect(rest.entries).toBe(1300)
    expect(rest.bytes).toBeLessThan(all.bytes)
  })

  test('is nothing when all is acknowledged', async () => {
    await filled(lines(50), 50)
    expect(await diskBufferBacklog(directory)).toMatchObject({ entries: 0, bytes: 0 })
  })

  test('is what a crash left whole, whatever stands behind it', async () => {
    await filled(lines(300))
    await appendFile(await newest(), Buffer.from([0xf7, 0x4c, 0x57, 0x52, 1, 2, 3]))
    expect((await diskBufferBacklog(directory)).entries).toBe(300)
    const { length } = await readFile(await newest())
    await truncate(await newest(), length - 20)
    const { entries } = await diskBufferBacklog(directory)
    expect(entries).toBeLessThan(300)
    expect(entries).toBe(await given())
    // One whose only record is torn, behind what is all acknowledged.
    await filled(lines(5))
    const { length: again } = await readFile(await newest())
    await truncate(await newest(), again - 20)
    const rest = await diskBufferBacklog(directory)
    expect(rest.entries).toBe(await given())
  })

  test('is so many bytes, of entries that are not counted, where the last one is longer than what is looked at', async () => {
    await filled([...lines(10), 'x'.repeat(2_000_000)])
    const { entries, bytes } = await diskBufferBacklog(directory)
    expect(entries).toBeUndefined()
    expect(bytes).toBeGreaterThan(2_000_000)
  })

  test('changes nothing, and needs no lock', async () => {
    const buffer = diskBuffer(directory)
    await once(buffer, 'ready')
    buffer.write(entry('one'))
    // What it gives is on the disk.
    while (buffer.read() === null) await once(buffer, 'readable')
    const before = await readdir(directory)
    expect((await diskBufferBacklog(directory)).entries).toBe(1)
    expect(await readdir(directory)).toEqual(before)
    buffer.destroy()
    await once(buffer, 'close')
  })

  test('cannot be told of a file, or without a path', async () => {
    await writeFile(directory, '')
    await expect(diskBufferBacklog(directory)).rejects.toMatchObject({ code: 'BUFFER_FAILED' })
    await expect(diskBufferBacklog('')).rejects.toMatchObject({ code: 'BAD_OPTION' })
  })
})
