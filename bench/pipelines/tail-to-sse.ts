/** What is appended to a file, to viewers, until it is told that nothing more is written. */

import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { sseSink } from '@logwisp/sinks'
import { fileSource } from '@logwisp/sources'
import { listen, measured, tell } from '../harness/measured.ts'

await measured(async ({ input }: { input: string }) => {
  const source = fileSource(input, { startAt: 'beginning' })
  const sink = sseSink({ port: 0 })
  const done = pipeline(source, sink)
  await once(sink, 'listening')
  tell({ port: sink.address?.port })
  await listen().next()
  source.stop()
  await done
})
