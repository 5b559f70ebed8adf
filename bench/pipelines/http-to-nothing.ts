/** Every entry that is POSTed, to nowhere: begins when it is told that senders are ready, ends with the last line. */

import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { type Batch, EntryWritable, isBatch, type LogEntry } from '@logwisp/core'
import { type HttpSourceOptions, httpSource } from '@logwisp/sources'
import { listen, measured, task, tell } from '../harness/measured.ts'

interface Task {
  readonly lines: number
  readonly options: HttpSourceOptions
}

const { lines, options } = task<Task>()
const source = httpSource({ port: 0, ...options })
let received = 0

class CountingSink extends EntryWritable {
  protected override consume(items: readonly (LogEntry | Batch)[]): void {
    for (const item of items) received += isBatch(item) ? item.count : 1
    if (received === lines) source.stop()
  }
}

const flowing = pipeline(source, new CountingSink())
await once(source, 'listening')
tell({ port: source.address?.port })
await listen().next()
await measured(async () => {
  await flowing
  return { delivered: received }
})
