/**
 * `include` over blocks, the way through its stream included, beside the same search in a bare loop; and over entries,
 * which is what it has to do when the stage before it gives no batches.
 */

import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Batch, EntryReadable, EntryWritable, isBatch, type LogEntry } from '@logwisp/core'
import { include } from '@logwisp/filters'
import { wanted } from '../harness/log-text.ts'
import { microSuite } from '../harness/micro.ts'
import { freshBatch, sampleBlock } from './fixtures.ts'

/** Blocks in one call, so that making the streams costs little beside. */
const blocks = 64

const ascii = sampleBlock()
const utf8 = sampleBlock('utf8')
const perCall = ({ bytes, lines }: typeof ascii) => ({ lines: lines * blocks, bytes: bytes.length * blocks })

class Blocks extends EntryReadable {
  readonly #bytes: Buffer
  #left = blocks

  constructor(bytes: Buffer) {
    super()
    this.#bytes = bytes
  }

  protected override pull(): void {
    for (let wanted = true; wanted; ) {
      if (this.#left-- === 0) return this.finish()
      wanted = this.give(freshBatch(this.#bytes))
    }
  }
}

class Count extends EntryWritable {
  entries = 0

  protected override consume(items: readonly (LogEntry | Batch)[]): void {
    for (const item of items) this.entries += isBatch(item) ? item.count : 1
  }
}

const filtered = (bytes: Buffer) => async (): Promise<number> => {
  const sink = new Count()
  await pipeline(new Blocks(bytes), include(wanted), sink)
  return sink.entries
}

async function byEntry(): Promise<number> {
  const sink = new Count()
  // Node's own stage takes no batches, so what reaches the filter are entries.
  await pipeline(new Blocks(ascii.bytes), new PassThrough({ objectMode: true }), include(wanted), sink)
  return sink.entries
}

async function unfiltered(): Promise<number> {
  const sink = new Count()
  await pipeline(new Blocks(ascii.bytes), sink)
  return sink.entries
}

const search = new RegExp(wanted.source, 'g')

function bareLoop(): number {
  let found = 0
  for (let block = 0; block < blocks; block++) {
    const text = ascii.bytes.toString('latin1')
    search.lastIndex = 0
    while (search.test(text)) {
      found++
      search.lastIndex = text.indexOf('\n', search.lastIndex) + 1
    }
  }
  return found
}

await microSuite('include', [
  { name: 'over blocks', perCall: perCall(ascii), run: filtered(ascii.bytes) },
  { name: 'over blocks of UTF-8', perCall: perCall(utf8), run: filtered(utf8.bytes) },
  { name: 'over entries', perCall: perCall(ascii), run: byEntry },
  { name: 'no filter at all', perCall: perCall(ascii), run: unfiltered },
  { name: 'a bare loop over the same blocks, for comparison', perCall: perCall(ascii), run: bareLoop },
])
