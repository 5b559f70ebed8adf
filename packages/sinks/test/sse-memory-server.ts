/** The server of `sse-memory.test.ts`, in a process of its own, so that its memory is that of the sink alone. */

import { once } from 'node:events'
import { Batch } from '@logwisp/core'
import { memoryInUse } from '@logwisp/core/testing'
import { sseSink } from '../src/index.ts'

const files = 12
const linesPerFile = 5000
const linesPerBatch = 600

const sink = sseSink({ port: 0, stuckTimeoutMs: 15_000 })
await once(sink, 'listening')

function memory(): { rss: number; inUse: number } {
  const inUse = memoryInUse()
  return { rss: process.memoryUsage.rss(), inUse }
}

/** As fast as the sink takes them: it must not wait for any viewer. */
async function write(): Promise<void> {
  for (let file = 0; file < files; file++) {
    for (let line = 0; line < linesPerFile; line += linesPerBatch) {
      const lines = Math.min(linesPerBatch, linesPerFile - line)
      const text = Array.from(
        { length: lines },
        (_, i) => `2026-11-21T10:00:00.000Z INFO request ${line + i} handled in 12 ms\n`,
      )
      const bytes = Buffer.from(text.join(''))
      const origins = {
        at: (start: number, end: number) => ({
          tracker: { acknowledge: () => {} },
          sequence: end,
          id: `${file}:${line}:${start}`,
        }),
      }
      await new Promise((resolve) => sink.write(Batch.of({ bytes, source: 'app.log', time: 0, origins }), resolve))
    }
  }
}

process.on('message', async (wish: 'memory' | 'write' | 'stats' | 'end') => {
  if (wish === 'memory') process.send?.(memory())
  else if (wish === 'stats') process.send?.(sink.stats)
  else if (wish === 'end') sink.end(() => process.disconnect())
  else {
    const began = performance.now()
    await write()
    process.send?.({ writtenMs: Math.round(performance.now() - began) })
  }
})
process.send?.(sink.address)
