/** Every line of a file to viewers, as fast as they take it: begins when it is told that they are there. */

import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { sseSink } from '@logwisp/sinks'
import { fileSource } from '@logwisp/sources'
import { listen, measured, tell } from '../harness/measured.ts'

const sink = sseSink({ port: 0, maxViewers: 1000 })
await once(sink, 'listening')
tell({ port: sink.address?.port })
await listen().next()
await measured(async ({ input }: { input: string }) => {
  await pipeline(fileSource(input, { follow: false }), sink)
})
