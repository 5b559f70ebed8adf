/** Every line of a file to viewers, as fast as they take it: begins when it is told that they are there. */

import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { sseSink } from '@logwisp/sinks'
import { fileSource } from '@logwisp/sources'
import { listen, measured, task, tell } from '../harness/measured.ts'

interface Task {
  readonly input: string
  /** Whether the ring holds everything, so that no viewer misses anything however slow it is; else it is the usual one. */
  readonly holdsAll: boolean
}

const largeRing = { ringEntries: 10_000_000, ringBytes: 1 << 30 }

/** At full speed the file is read long before a hundred viewers have it: they are waited for. */
const drainTimeoutMs = 60_000

const { holdsAll } = task<Task>()
const sink = sseSink({ port: 0, maxViewers: 1000, drainTimeoutMs, ...(holdsAll ? largeRing : {}) })
await once(sink, 'listening')
tell({ port: sink.address?.port })
await listen().next()
await measured(async ({ input }: Task) => {
  await pipeline(fileSource(input, { follow: false }), sink)
  const { entriesSent, entriesMissed } = sink.stats.viewers
  return { entriesSent, entriesMissed }
})
