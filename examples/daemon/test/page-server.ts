/** A server with the live page for its tests: real streams of `sseSink`, and a status of the daemon's shape. */

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { LogEntry } from '@logwisp/core'
import type { AccessControl } from '@logwisp/core/server'
import { type SseSink, type SseSinkOptions, sseSink } from '@logwisp/sinks'
import { loadLivePage } from '../src/live-page.ts'
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
  /** Answers every request for the status with this from now on. */
  refuseStatus: number | undefined
  close(): Promise<void>
}

/** What it is made of. With more than one pipeline each is below its name. */
export interface PageServerOptions {
  readonly pipelines?: Readonly<Record<string, SseSinkOptions>>
  readonly port?: number
  /** Who may see the status. */
  readonly access?: AccessControl
}

/** Starts it. */
export async function startPageServer({
  pipelines = { default: {} },
  port = 0,
}: PageServerOptions = {}): Promise<PageServer> {
  const names = Object.keys(pipelines)
  const isRouter = names.length > 1
  const prefixOf = (name: string): string => (isRouter ? `/${name}` : '')
  const page = await loadLivePage(isRouter ? names : [])
  const made = new Map<string, PagePipeline & { lines: number }>()
  for (const [name, options] of Object.entries(pipelines)) {
    const sink = sseSink({ ...options, path: `${prefixOf(name)}/stream`, statusPath: `${prefixOf(name)}/unused` })
    const pipeline = {
      sink,
      status: {},
      lines: 0,
      async write(lines: readonly (string | Partial<LogEntry>)[]): Promise<void> {
        for (const line of lines) {
          const given = typeof line === 'string' ? { message: line } : line
          pipeline.lines++
          const isFull = !sink.write({ time: Date.now(), source: `/var/log/${name}.log`, message: '', ...given })
          if (isFull) await once(sink, 'drain')
        }
      },
    }
    made.set(name, pipeline)
  }
  const server: Server = createServer((req, res) => {
    const path = (req.url ?? '').split('?', 1)[0] as string
    const asked = names.filter((name) => path === '/status' || path === `${prefixOf(name)}/status`)
    if (asked.length > 0) {
      result.statusRequests++
      if (result.refuseStatus !== undefined) return void res.writeHead(result.refuseStatus).end('{}')
      const shown = Object.fromEntries(asked.map((name) => [name, statusOf(name, prefixOf(name), made.get(name)!)]))
      return void res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(serviceStatus(shown)))
    }
    if (page(req, res)) return
    const found = names.find((name) => path === `${prefixOf(name)}/stream`)
    if (found === undefined) res.writeHead(404).end()
    else made.get(found)?.sink.handler(req, res)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const result: PageServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    pipelines: made,
    statusRequests: 0,
    refuseStatus: undefined,
    async close() {
      for (const { sink } of made.values()) sink.destroy()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return result
}

function statusOf(name: string, prefix: string, { sink, lines, status }: PagePipeline & { lines: number }): object {
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
  const pipeline: PipelineStatus & { endpoints: object } = {
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
    endpoints: { stream: `${prefix}/stream`, status: `${prefix}/status` },
  }
  return { ...pipeline, ...status }
}

function serviceStatus(
  pipelines: Readonly<Record<string, object>>,
): Omit<ServiceStatus, 'pipelines'> & { pipelines: object } {
  return {
    service: 'LogWisp',
    version: '0.1.0',
    pid: 1,
    start_time: '2026-11-21T10:00:00.000Z',
    uptime_seconds: 61,
    mode: Object.keys(pipelines).length > 1 ? 'router' : 'standalone',
    state: 'running',
    config_file: undefined,
    reloads: 0,
    last_reload: undefined,
    memory: { rss_bytes: 60_000_000, heap_bytes: 20_000_000 },
    pipelines,
    total_pipelines: Object.keys(pipelines).length,
    listeners: [],
  }
}
