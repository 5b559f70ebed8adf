/** A program of the library for the oracle: several sources; a file, an endpoint behind a disk buffer, and a live stream. */

import { pipeline } from 'node:stream/promises'
import { diskBuffer, encodeEntryWithId, fanOut, merge, openCheckpoint } from '@logwisp/core'
import { fileSink, httpClientSink, sseSink } from '@logwisp/sinks'
import { directorySource, httpSource, tcpSource } from '@logwisp/sources'

/** What it is told, as JSON. */
export interface FanOutTask {
  /** The directory with logs. */
  readonly input: string
  readonly checkpoint: string
  readonly httpPort: number
  readonly tcpPort: number
  readonly livePort: number
  /** Where the file is written. */
  readonly written: string
  /** Where the disk buffer is. */
  readonly buffer: string
  /** Where entries are posted to. */
  readonly endpoint: string
}

const task = JSON.parse(process.argv[2] ?? '{}') as FanOutTask

/** Says what went wrong and was survived. */
function heed<Stage extends { on(event: 'warning', listener: (error: Error) => void): unknown }>(stage: Stage): Stage {
  stage.on('warning', ({ message }) => console.error(message))
  return stage
}

const checkpoint = heed(await openCheckpoint(task.checkpoint, { saveIntervalMs: 200 }))
const sources = [
  heed(directorySource(task.input, { checkpoint, startAt: 'beginning', scanIntervalMs: 100 })),
  heed(httpSource({ port: task.httpPort, deliverTimeoutMs: 10_000 })),
  heed(tcpSource({ port: task.tcpPort })),
]
const file = heed(
  fileSink(task.written, {
    name: 'app',
    format: encodeEntryWithId,
    maxFileBytes: 2_000_000,
    fsync: 'interval',
    fsyncIntervalMs: 100,
  }),
)
const buffer = heed(diskBuffer(task.buffer, { segmentBytes: 1 << 18, fsync: 'interval', fsyncIntervalMs: 100 }))
const endpoint = heed(
  httpClientSink(task.endpoint, {
    respond: 'delivered',
    maxBatchDelayMs: 100,
    requestTimeoutMs: 5000,
    minRetryDelayMs: 100,
    maxRetryDelayMs: 1000,
  }),
)
const live = heed(sseSink({ port: task.livePort }))

function stop(): void {
  for (const source of sources) source.stop()
  // What it has goes on with the next start.
  buffer.stop()
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)

await pipeline(merge(sources), fanOut([file, [buffer, endpoint], live]))
await checkpoint.close()
