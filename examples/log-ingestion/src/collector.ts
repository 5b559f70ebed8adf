/** `pnpm collector [file] [address]`: follows a log file, and posts its lines to the API, in batches. */

import { pipeline } from 'node:stream/promises'
import { LogwispError, openCheckpoint } from '@logwisp/core'
import { httpClientSink } from '@logwisp/sinks'
import { fileSource } from '@logwisp/sources'

const [file = 'app.log', address = 'http://127.0.0.1:8000/logs'] = process.argv.slice(2)

// Beside the log: how far the API has stored it. What it has not is read again, by this run or by the next.
const checkpoint = await openCheckpoint(`${file}.checkpoint.json`, { saveIntervalMs: 200 })
const source = fileSource(file, { checkpoint, startAt: 'beginning' })
const sink = httpClientSink(address, {
  // Each line has an id, file and place: what the store has already it leaves out.
  respond: 'delivered',
  maxBatchEntries: 1000,
  maxBatchDelayMs: 100,
  minRetryDelayMs: 500,
  maxRetryDelayMs: 5000,
  drainTimeoutMs: 3000,
})

source.on('warning', ({ message }) => console.error(message))
sink.on('warning', ({ message }) => console.error(message))
process.once('SIGINT', () => source.stop())
process.once('SIGTERM', () => source.stop())

console.log(`${file} goes to ${address}`)
try {
  await pipeline(source, sink)
} catch (error) {
  // Stopped while the API was down: nothing is lost, the next run sends it.
  if (!(error instanceof LogwispError) || error.code !== 'UNDELIVERED') throw error
  console.error(error.message)
}
await checkpoint.close()
