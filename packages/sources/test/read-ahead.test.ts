/** A large file is read ahead, in reads of many batches: nobody may notice but by the clock. */

import { once } from 'node:events'
import { copyFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Batch, EntryWritable, isBatch, type LogEntry } from '@logwisp/core'
import { fileSource } from '@logwisp/sources'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

/** More than three reads of 1 MiB. */
const lines = Array.from({ length: 30_000 }, (_, number) => `${number} `.padEnd(60, 'x'))

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-read-ahead-'))
  path = join(directory, 'app.log')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

class Batches extends EntryWritable {
  readonly taken: (LogEntry | Batch)[] = []

  protected override consume(items: readonly (LogEntry | Batch)[]): void {
    this.taken.push(...items)
  }

  get messages(): string[] {
    return this.taken.flatMap((item) => (isBatch(item) ? [...item] : [item])).map(({ message }) => message)
  }
}

describe('a source that reads ahead', () => {
  it('gives every line once and in order, in batches of no more than 64 KiB', async () => {
    await writeFile(path, `${lines.join('\n')}\n`)
    const sink = new Batches()
    await pipeline(fileSource(path, { follow: false }), sink)
    expect(sink.messages).toEqual(lines)
    const sizes = sink.taken.map((item) => (isBatch(item) ? item.bytes.length : Infinity))
    expect(Math.max(...sizes)).toBeLessThanOrEqual(65_536)
  })

  it('gives a line that is longer than a batch whole, between its neighbours', async () => {
    const long = 'y'.repeat(200_000)
    const all = [...lines.slice(0, 3000), long, ...lines.slice(3000)]
    await writeFile(path, `${all.join('\n')}\n`)
    const sink = new Batches()
    await pipeline(fileSource(path, { follow: false }), sink)
    expect(sink.messages).toEqual(all)
  })

  it('loses and repeats nothing when the file is copied and truncated behind what was read ahead', async () => {
    await writeFile(path, `${lines.join('\n')}\n`)
    const source = fileSource(path, { startAt: 'beginning', pollIntervalMs: 10 })
    const seen: string[] = []
    const later = ['after the truncation', 'the last line']
    for await (const { message } of source) {
      seen.push(message)
      // The first lines have come: the next block is on its way, and the rest of the file was not looked at.
      if (seen.length === 1) {
        await copyFile(path, `${path}.1`)
        await truncate(path)
        await writeFile(path, `${later.join('\n')}\n`, { flag: 'a' })
      }
      if (message === later.at(-1)) source.stop()
    }
    expect(seen).toEqual([...lines, ...later])
  })

  it('closes cleanly while a read is on its way', async () => {
    await writeFile(path, `${lines.join('\n')}\n`)
    const source = fileSource(path, { startAt: 'beginning' })
    source.once('data', () => source.destroy())
    await once(source, 'close')
    expect(source.stats.openFiles).toBe(0)
  })
})
