/** A process whose httpClientSink posts without end to the address in its first argument; tells its memory when asked. */

import { pipeline } from 'node:stream/promises'
import { Batch } from '@logwisp/core'
import { givingSource, memoryInUse } from '@logwisp/core/testing'
import { type HttpClientSinkOptions, httpClientSink } from '../src/http-client-sink.ts'

const [url = '', options = '{}'] = process.argv.slice(2)

/** Read blocks of 64 KiB, as fast as they are taken. */
function* blocks(): Generator<Batch> {
  const lines = 'a line such as a program writes, with some words and the number 123456\n'.repeat(900)
  for (;;) yield Batch.of({ bytes: Buffer.from(lines), source: 'app.log', time: Date.now() })
}

const sink = httpClientSink(url, JSON.parse(options) as HttpClientSinkOptions)
sink.on('error', () => {})
pipeline(givingSource(blocks()), sink).catch(() => {})

process.on('message', (wish) => {
  if (wish === 'stats') process.send?.(sink.stats)
  if (wish !== 'memory') return
  const connections = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
  process.send?.({ inUse: memoryInUse(), rss: process.memoryUsage().rss, connections })
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
