/** `pnpm ship <file> <address>`: follows a file, and sends each line to a LogWisp at `tcp://host:port` or `http://…/ingest`. */

import { pipeline } from 'node:stream/promises'
import { openCheckpoint } from '@logwisp/core'
import { httpClientSink, tcpClientSink } from '@logwisp/sinks'
import { fileSource } from '@logwisp/sources'

const [file = './app.log', address = 'tcp://127.0.0.1:9100', state = './ship.checkpoint.json'] = process.argv.slice(2)

// Saved is only what the other LogWisp has said to be in its file: what it did not say goes again after a restart.
const checkpoint = await openCheckpoint(state, { saveIntervalMs: 200 })
const source = fileSource(file, { checkpoint, startAt: 'beginning' })
const sink = address.startsWith('tcp:')
  ? tcpClientSink(address.replace('tcp://', ''), { maxRetryDelayMs: 1000 })
  : httpClientSink(address, { respond: 'delivered', maxBatchDelayMs: 100, maxRetryDelayMs: 1000 })

process.once('SIGINT', () => source.stop())
process.once('SIGTERM', () => source.stop())

await pipeline(source, sink)
await checkpoint.close()
