/** Every line that comes over TCP into a file: begins when it is told that a sender is ready, ends with the last line. */

import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { fileSink } from '@logwisp/sinks'
import { tcpSource } from '@logwisp/sources'
import { listen, measured, task, tell } from '../harness/measured.ts'

interface Task {
  readonly directory: string
  readonly lines: number
}

const lookEveryMs = 5

const { directory, lines } = task<Task>()
const source = tcpSource({ port: 0 })
const flowing = pipeline(source, fileSink(directory, { name: 'out' }))
await once(source, 'listening')
tell({ port: source.address?.port })
await listen().next()
await measured(async () => {
  while (source.stats.entriesOut < lines) await wait(lookEveryMs)
  source.stop()
  await flowing
})
