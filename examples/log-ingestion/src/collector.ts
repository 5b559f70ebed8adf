/** `pnpm collector [file] [address]`: follows a log file, and posts its lines to the API, in batches. */

import { pipeline } from 'node:stream/promises'
import { openCheckpoint } from '@logwisp/core'
import { httpClientSink } from '@logwisp/sinks'
import { fileSource } from '@logwisp/sources'

const [file = 'app.log', address = 'http://127.0.0.1:8000/logs'] = process.argv.slice(2)

// Beside the log: how far the API has stored it. What it has not is read again, by this run or by the next.
const checkpoint = await openCheckpoint(`${file}.checkpoint.json`, { saveIntervalMs: 200 })
const source = fileSource(file, { checkpoint, startAt: 'beginning' })
const sink = httpClientSink(address, {
  // Each line has an id, file and place: what the store has already it leaves out.
  respond: 'delivered',
  maxBatchDelayMs: 100,
  minRetryDelayMs: 500,
  maxRetryDelayMs: 5000,
})

source.on('warning', ({ message }) => console.error(message))
sink.on('warning', ({ message }) => console.error(message))

// Stopped while the API is down, or far behind: nothing is lost, the next run goes on where this one ends.
const patienceMs = 5000
const patience = new AbortController()
function stop(): void {
  source.stop()
  setTimeout(() => patience.abort(), patienceMs).unref()
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)

console.log(`${file} goes to ${address}`)
try {
  await pipeline(source, sink, { signal: patience.signal })
} catch (error) {
  if (!patience.signal.aborted) throw error
  console.error('stopped before the API had taken all')
}
await checkpoint.close()
