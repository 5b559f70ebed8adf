/** The server of `thousand-viewers.test.ts`, in a process of its own, so that its memory is that of the sink alone. */

import { once } from 'node:events'
import { Batch } from '@logwisp/core'
import { memoryInUse } from '@logwisp/core/testing'
import { type LiveSinkOptions, sseSink, tcpSink, webSocketSink } from '../src/index.ts'

const linesPerBatch = 500
const makers = { sseSink, tcpSink, webSocketSink }
const kind = process.argv[2] as keyof typeof makers
const options: LiveSinkOptions = { port: 0, maxViewers: 1000, stuckTimeoutMs: 60_000, ringBytes: 4_000_000 }

const began = performance.now()
const sink = makers[kind](options)
await once(sink, 'listening')
const startedMs = performance.now() - began

/** As fast as the sink takes them: it must not wait for any viewer. */
async function write(lines: number): Promise<number> {
  const before = performance.now()
  for (let line = 0; line < lines; line += linesPerBatch) {
    const text = Array.from({ length: linesPerBatch }, (_, i) => `INFO request ${line + i} ${'x'.repeat(100)}\n`)
    const batch = Batch.of({ bytes: Buffer.from(text.join('')), source: 'app.log', time: 0 })
    await new Promise((resolve) => sink.write(batch, resolve))
  }
  return performance.now() - before
}

process.on('message', async ({ wish, lines = 0 }: { wish: 'stats' | 'memory' | 'write' | 'end'; lines?: number }) => {
  if (wish === 'stats') process.send?.(sink.stats)
  else if (wish === 'memory') {
    // Collects what can be collected, which takes its time: so not with every question for the stats.
    const inUse = memoryInUse()
    process.send?.({ inUse, rss: process.memoryUsage.rss() })
  } else if (wish === 'write') process.send?.({ writtenMs: await write(lines) })
  else {
    const before = performance.now()
    sink.end(() => {
      process.send?.({ endedMs: performance.now() - before })
      process.disconnect()
    })
  }
})
process.send?.({ port: sink.address?.port, startedMs })
