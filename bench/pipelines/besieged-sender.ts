/** Entries at an even pace to a good endpoint and to a bad one, by two pipelines of one process. */

import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import type { LogEntry } from '@logwisp/core'
import { httpClientSink, tcpClientSink } from '@logwisp/sinks'
import { listen, task, tell } from '../harness/measured.ts'
import type { SenderTask } from '../siege/besieged.ts'

const { protocol, goodPort, badPort, entryBytes, entryEveryMs } = task<SenderTask>()

let isOver = false
let given = 0

async function* entries(isBad: boolean): AsyncGenerator<LogEntry, void, void> {
  const rest = 'x'.repeat(entryBytes)
  for (let number = 0; !isOver; number++) {
    if (isBad) given++
    yield { time: Date.now(), source: 'siege', message: `entry ${number} @${process.hrtime.bigint()} ${rest}` }
    await wait(entryEveryMs)
  }
}

/** For an answer, or a sign of life; a third of the usual, so that a short siege sees it too. */
const patienceMs = 10_000
const drainTimeoutMs = 60_000

function sink(port: number): NodeJS.WritableStream {
  if (protocol === 'tcp')
    return tcpClientSink(`127.0.0.1:${port}`, { ackTimeoutMs: patienceMs, maxRetryDelayMs: 1000, drainTimeoutMs })
  return httpClientSink(`http://127.0.0.1:${port}/ingest`, {
    requestTimeoutMs: patienceMs,
    maxBatchDelayMs: 20,
    maxRetryDelayMs: 1000,
    drainTimeoutMs,
  })
}

const startedMs = performance.now()
const running = Promise.all([pipeline(entries(false), sink(goodPort)), pipeline(entries(true), sink(badPort))])
tell({ startMs: performance.now() - startedMs })
await Promise.race([listen().next(), running])
isOver = true
const stoppingMs = performance.now()
await running
tell({ stopMs: performance.now() - stoppingMs, given })
process.exit()
