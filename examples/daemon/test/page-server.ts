/** The daemon's own ports and home with the live page, for its tests: real streams of `sseSink`, and a made-up status. */

import { once } from 'node:events'
import type { LogEntry } from '@logwisp/core'
import { type SseSink, type SseSinkOptions, sseSink } from '@logwisp/sinks'
import { createHome } from '../src/http/home.ts'
import { createPortHost } from '../src/http/ports.ts'
import type { PipelineStatus } from '../src/pipeline/pipeline-status.ts'
import type { ServiceStatus } from '../src/service/service-status.ts'

/** One pipeline of it: what is written to it goes to its viewers. */
export interface PagePipeline {
  readonly sink: SseSink
  /** Writes lines, and waits where the sink has them to. */
  write(lines: readonly (string | Partial<LogEntry>)[]): Promise<void>
  /** Overrides what its status says. */
  readonly status: Partial<Record<keyof PipelineStatus, unknown>>
}

/** It runs. */
export interface PageServer {
  readonly url: string
  readonly pipelines: ReadonlyMap<string, PagePipeline>
  /** How often the status was asked for. */
  statusRequests: number
  close(): Promise<void>
}

/** What it is made of. With more than one pipeline it is in router mode. */
export interface PageServerOptions {
  readonly pipelines?: Readonly<Record<string, SseSinkOptions>>
  readonly port?: number
}

type MadePipeline = PagePipeline & { readonly name: string; lines: number }

/** Starts it. */
export async function startPageServer({
  pipelines = { default: {} },
  port = 0,
}: PageServerOptions = {}): Promise<PageServer> {
  const isRouter = Object.keys(pipelines).length > 1
  const made = new Map<string, MadePipeline>()
  const home = await createHome({
    status: () => {
      result.statusRequests++
      return statusOf([...made.values()], isRouter)
    },
    isReady: () => true,
  })
  const ports = createPortHost({ home, onWarning: () => {} })
  const endpoint = { protocol: 'http', host: '127.0.0.1', port, tls: undefined, connections: undefined } as const
  const lease = await ports.acquire({ ...endpoint, maxConnections: 100 })
  for (const [name, options] of Object.entries(pipelines)) {
    const path = isRouter ? `/${name}/stream` : '/stream'
    const sink = sseSink({ ...options, path, statusPath: '/unused' })
    made.set(name, pipelineOf(name, sink))
    lease.mount({
      pipeline: name,
      paths: [path],
      kind: 'stream',
      access: options.access,
      handler: (req, res) => sink.handler(req, res),
    })
  }
  await ports.settle()
  const result: PageServer = {
    url: `http://127.0.0.1:${lease.address.port}/`,
    pipelines: made,
    statusRequests: 0,
    async close() {
      for (const { sink } of made.values()) sink.destroy()
      lease.release()
      await ports.close(0)
    },
  }
  return result
}

function pipelineOf(name: string, sink: SseSink): MadePipeline {
  const pipeline: MadePipeline = {
    name,
    sink,
    status: {},
    lines: 0,
    async write(lines) {
      for (const line of lines) {
        const given = typeof line === 'string' ? { message: line } : line
        pipeline.lines++
        const isFull = !sink.write({ time: Date.now(), source: `/var/log/${name}.log`, message: '', ...given })
        if (isFull) await once(sink, 'drain')
      }
    },
  }
  return pipeline
}

function pipelineStatus({ name, sink, lines, status }: MadePipeline): PipelineStatus {
  const time = '2026-11-21T10:00:00.000Z'
  const stage = {
    state: 'running',
    restarts: 0,
    last_error: undefined,
    start_time: time,
    total_dropped: 0,
    dropped: {},
    details: {},
  }
  const pipeline: PipelineStatus = {
    name,
    state: 'running',
    last_error: undefined,
    uptime_seconds: 60,
    total_processed: lines,
    total_dropped_rate_limit: 0,
    total_filtered: 0,
    dropped: {},
    sources: [
      {
        ...stage,
        state: 'running',
        type: 'directory',
        total_entries: lines,
        dropped_entries: 0,
        last_entry_time: undefined,
        bytes: undefined,
        active_connections: undefined,
        files: [{ path: `/var/log/${name}.log`, position: 100, size: 150, lag: 50 }],
      },
    ],
    rate_limiter: { enabled: false },
    filters: { filter_count: 0, total_processed: lines, total_passed: lines, filters: [] },
    sinks: [
      {
        ...stage,
        state: 'running',
        type: 'http',
        total_processed: lines,
        total_delivered: sink.stats.entriesIn,
        last_processed: undefined,
        active_connections: sink.stats.viewers.connected,
        queue: { entries: sink.writableLength, bytes: undefined },
        bytes: undefined,
        viewers: sink.viewers().map((viewer) => ({
          address: viewer.address ?? '',
          name: viewer.name,
          connected_at: new Date(viewer.connectedAt).toISOString(),
          lag: viewer.lag,
          sent: viewer.entriesSent,
          missed: viewer.entriesMissed,
        })),
      },
    ],
    source_count: 1,
    filter_count: 0,
    sink_count: 1,
  }
  return { ...pipeline, ...status } as PipelineStatus
}

function statusOf(pipelines: readonly MadePipeline[], isRouter: boolean): ServiceStatus {
  return {
    service: 'LogWisp',
    version: '0.1.0',
    pid: 1,
    start_time: '2026-11-21T10:00:00.000Z',
    uptime_seconds: 61,
    mode: isRouter ? 'router' : 'standalone',
    state: 'running',
    config_file: undefined,
    reloads: 0,
    last_reload: undefined,
    memory: {
      rss_bytes: 60_000_000,
      heap_bytes: 20_000_000,
      budget: { held_bytes: 0, peak_bytes: 0, holders: [] },
    },
    pipelines: Object.fromEntries(pipelines.map((each) => [each.name, pipelineStatus(each)])),
    total_pipelines: pipelines.length,
    listeners: [],
  }
}
