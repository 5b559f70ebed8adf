/** Blocks into a disk buffer, out of it, through it, or over a restart. */

import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { type Batch, type DiskBuffer, diskBuffer, EntryWritable, isBatch, type LogEntry } from '@logwisp/core'
import { BlockSource, type Blocks } from '../buffer/blocks.ts'
import { measured } from '../harness/measured.ts'

interface Task extends Blocks {
  readonly directory: string
  readonly fsync: 'never' | 'interval' | 'always'
  /** `write`: nobody reads. `through`: a sink that has everything at once. `read`: what an earlier run left. */
  readonly way: 'write' | 'through' | 'read'
}

class NoSink extends EntryWritable {
  entries = 0
  firstMs: number | undefined

  protected override consume(items: readonly (LogEntry | Batch)[]): void {
    this.firstMs ??= performance.now()
    for (const item of items) this.entries += isBatch(item) ? item.count : 1
  }
}

await measured(async ({ directory, fsync, way, bytes }: Task) => {
  const startedMs = performance.now()
  const buffer = diskBuffer(directory, { fsync, maxBytes: 2 * bytes + (1 << 20) })
  buffer.on('warning', (warning) => {
    throw warning
  })
  const closed = once(buffer, 'close')
  if (way === 'read') return readAll(buffer, startedMs, closed)
  const source = new BlockSource({ bytes })
  const sink = new NoSink()
  if (way === 'through') await pipeline(source, buffer, sink)
  else await once(source.pipe(buffer), 'finish')
  const ms = performance.now() - startedMs
  if (!source.isAcknowledged) throw new Error('something was not acknowledged')
  buffer.destroy()
  await closed
  return { ms }
})

async function readAll(buffer: DiskBuffer, startedMs: number, closed: Promise<unknown>): Promise<object> {
  const sink = new NoSink()
  buffer.end()
  const ready = once(buffer, 'ready').then(() => performance.now() - startedMs)
  await pipeline(buffer, sink)
  const ms = performance.now() - startedMs
  await closed
  return { ms, readyMs: await ready, firstMs: (sink.firstMs as number) - startedMs, entries: sink.entries }
}
