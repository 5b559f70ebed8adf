/** The stages that are fuzzed, each with a server of its own. */

import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Batch, type EntrySource, EntryWritable, isBatch, type LogEntry } from '@logwisp/core'
import { sseSink, tcpSink, webSocketSink } from '@logwisp/sinks'
import { httpSource, tcpSource, webSocketSource } from '@logwisp/sources'
import { httpLimits } from './http-requests.ts'
import { lineLimits } from './line-connections.ts'
import type { TargetName } from './session.ts'
import { webSocketLimits } from './web-socket-frames.ts'

/** One of them. */
export interface FuzzServer {
  readonly name: TargetName
  readonly port: number
  /** Gives viewers an entry. */
  give?(number: number): void
  /** Ends it; resolves once it has. */
  stop(): Promise<void>
}

type OnEntry = (entry: LogEntry) => void
type OnWarning = (code: string) => void

/** Opens all of them. */
export function openServers(onEntry: OnEntry, onWarning: OnWarning): Promise<FuzzServer[]> {
  // What is remembered is little, so that all of it is full long before the end of a run: then nothing may grow.
  const lines = { port: 0, maxConnections: 10_000, rememberedIds: 1000, ...lineLimits }
  const remembered = { maxRememberedIds: 1000, maxRememberedBytes: 1 << 20, rememberMs: 5000 }
  const requests = { port: 0, maxConnections: 10_000, ...remembered, ...httpLimits }
  const frames = {
    maxConnections: 10_000,
    maxFrameBytes: webSocketLimits.maxFrameBytes,
    path: webSocketLimits.sourcePath,
  }
  const live = { port: 0, maxViewers: 10_000, ringEntries: 500, ringBytes: 1 << 20, drainTimeoutMs: 1000 }
  return Promise.all([
    source('httpSource', httpSource(requests), onEntry, onWarning),
    source('tcpSource', tcpSource(lines), onEntry, onWarning),
    source('tcpSource octet-counted', tcpSource({ ...lines, framing: 'octet-counted' }), onEntry, onWarning),
    source('webSocketSource', webSocketSource({ port: 0 }, frames), onEntry, onWarning),
    viewers('sseSink', sseSink(live), onWarning),
    viewers('webSocketSink', webSocketSink({ ...live, maxRequestsPerSecond: 1_000_000 }), onWarning),
    viewers('tcpSink', tcpSink(live), onWarning),
  ])
}

interface ServingSource extends EntrySource {
  readonly address: { readonly port: number } | undefined
}

/** A source, and a sink that notes what arrives. */
async function source(
  name: TargetName,
  stage: ServingSource,
  onEntry: OnEntry,
  onWarning: OnWarning,
): Promise<FuzzServer> {
  stage.on('warning', ({ code }: { code: string }) => onWarning(code))
  const listening = once(stage, 'listening')
  const done = pipeline(stage, new NotingSink(onEntry))
  await listening
  return {
    name,
    port: stage.address?.port ?? 0,
    async stop() {
      stage.stop()
      await done
    },
  }
}

/** Takes entries and batches, as the sinks of LogWisp do. */
class NotingSink extends EntryWritable {
  readonly #onEntry: OnEntry

  constructor(onEntry: OnEntry) {
    super()
    this.#onEntry = onEntry
  }

  protected override consume(items: readonly (LogEntry | Batch)[]): void {
    for (const item of items) {
      if (!isBatch(item)) this.#onEntry(item)
      else for (const entry of item) this.#onEntry(entry)
    }
  }
}

interface ServingSink extends NodeJS.WritableStream {
  readonly address: { readonly port: number } | undefined
}

/** A sink that shows numbered entries to whoever looks. */
async function viewers(name: TargetName, sink: ServingSink, onWarning: OnWarning): Promise<FuzzServer> {
  const entries = new Readable({ objectMode: true, read() {} })
  const done = pipeline(entries, sink)
  sink.on('warning', ({ code }: { code: string }) => onWarning(code))
  await once(sink, 'listening')
  return {
    name,
    port: sink.address?.port ?? 0,
    give: (number) => void entries.push({ time: Date.now(), source: 'fuzz', message: `flow ${number}` }),
    async stop() {
      entries.push(null)
      await done
    },
  }
}
