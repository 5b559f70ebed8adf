/**
 * A stage that serves, to be besieged. It tells how long it took to listen, and, when it is told to stop, how long that
 * took. Sinks are given entries at an even pace, each with the time at which it was given.
 */

import { once } from 'node:events'
import { PassThrough, type Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { acknowledge, type EntrySource, type LogEntry } from '@logwisp/core'
import { sseSink, tcpSink, webSocketSink } from '@logwisp/sinks'
import { httpSource, tcpSource, webSocketSource } from '@logwisp/sources'
import { listen, task, tell } from '../harness/measured.ts'
import type { BesiegedTask } from '../siege/besieged.ts'

const { stage, maxConnections, entryBytes, entryEveryMs } = task<BesiegedTask>()

interface Serving {
  readonly address: { readonly port: number } | undefined
}

interface Running {
  readonly port: number
  stop(): Promise<void>
}

async function takeIn(source: EntrySource & Serving): Promise<Running> {
  const listening = once(source, 'listening')
  const sink = new Writable({
    objectMode: true,
    write(entry: LogEntry, _encoding, callback) {
      acknowledge(entry)
      callback()
    },
  })
  const done = pipeline(source, sink)
  await listening
  return {
    port: source.address?.port ?? 0,
    stop() {
      source.stop()
      return done
    },
  }
}

async function giveOut(sink: NodeJS.WritableStream & Serving): Promise<Running> {
  const listening = once(sink, 'listening')
  const entries: Readable & { end(): unknown } = new PassThrough({ objectMode: true })
  const done = pipeline(entries, sink)
  await listening
  const rest = 'x'.repeat(entryBytes)
  const giving = setInterval(() => {
    const message = `given @${process.hrtime.bigint()} ${rest}`
    ;(entries as PassThrough).write({ time: Date.now(), source: 'siege', message })
  }, entryEveryMs)
  return {
    port: sink.address?.port ?? 0,
    stop() {
      clearInterval(giving)
      entries.end()
      return done
    },
  }
}

const live = { port: 0, maxViewers: maxConnections }

function start(): Promise<Running> {
  switch (stage) {
    case 'httpSource':
      return takeIn(httpSource({ port: 0, maxConnections }))
    case 'tcpSource':
      return takeIn(tcpSource({ port: 0, maxConnections }))
    case 'webSocketSource':
      return takeIn(webSocketSource({ port: 0 }, { maxConnections }))
    case 'sseSink':
      return giveOut(sseSink(live))
    case 'webSocketSink':
      return giveOut(webSocketSink(live))
    case 'tcpSink':
      return giveOut(tcpSink(live))
  }
}

const startedMs = performance.now()
const running = await start()
tell({ port: running.port, startMs: performance.now() - startedMs })
await listen().next()
const stoppingMs = performance.now()
await running.stop()
tell({ stopMs: performance.now() - stoppingMs })
process.exit()
