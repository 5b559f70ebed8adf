/** A daemon's status as the tests of what is made of it want it. */

import type { SourceAccount } from '@logwisp/core'
import { booksStatus } from '../src/pipeline/books-status.ts'
import type { PipelineStatus, SinkStatus, SourceStatus } from '../src/pipeline/pipeline-status.ts'
import type { ServiceStatus } from '../src/service/service-status.ts'

const stage = {
  state: 'running',
  restarts: 1,
  last_error: undefined,
  start_time: '2026-11-21T10:00:00.000Z',
  total_dropped: 12,
  dropped: { 'queue-full': 12 },
  bytes: 4096,
} as const

/** Two files: one with lines that were dropped before the sinks and in one of them, one that is well. */
export const ledger: readonly SourceAccount[] = [
  {
    source: 'a.log',
    entries: 1000,
    delivered: 0,
    dropped: {
      filtered: { entries: 300, first: 'a:0', last: 'a:900' },
      'rate-limited': { entries: 40, first: 'a:500', last: 'a:540' },
    },
    covered: 0,
    forked: 650,
    inFlight: 10,
    branches: [
      { branch: 'file', entries: 650, delivered: 650, dropped: {}, covered: 0, forked: 0, inFlight: 0, branches: [] },
      {
        branch: 'http_client',
        entries: 650,
        delivered: 600,
        dropped: { 'branch-full': { entries: 20, first: 'a:610', last: 'a:630' } },
        covered: 0,
        forked: 0,
        inFlight: 30,
        branches: [],
      },
    ],
  },
  {
    source: 'b.log',
    entries: 5,
    delivered: 0,
    dropped: {},
    covered: 0,
    forked: 5,
    inFlight: 0,
    branches: [
      { branch: 'file', entries: 5, delivered: 5, dropped: {}, covered: 0, forked: 0, inFlight: 0, branches: [] },
      {
        branch: 'http_client',
        entries: 5,
        delivered: 5,
        dropped: {},
        covered: 0,
        forked: 0,
        inFlight: 0,
        branches: [],
      },
    ],
  },
]

export const directory: SourceStatus = {
  ...stage,
  type: 'directory',
  total_entries: 152_341,
  dropped_entries: 12,
  last_entry_time: '2026-11-21T10:01:00.000Z',
  active_connections: undefined,
  files: [
    { path: '/var/log/a "b"\\c\n.log', position: 10, size: 30, lag: 20 },
    { path: '/var/log/d.log', position: 5, size: 10, lag: 5 },
  ],
  books: booksStatus(ledger, false),
  details: {},
}

const liveSink: SinkStatus = {
  ...stage,
  type: 'http',
  total_processed: 48_234,
  total_delivered: 48_200,
  last_processed: '2026-11-21T10:01:00.000Z',
  active_connections: 5,
  queue: { entries: 34, bytes: 2048 },
  viewers: [
    { address: '127.0.0.1', name: 'ann', connected_at: '2026-11-21T10:00:30.000Z', lag: 7, sent: 100, missed: 0 },
  ],
  details: {},
}

const clientSink: SinkStatus = {
  ...liveSink,
  type: 'http_client',
  active_connections: undefined,
  viewers: undefined,
  buffer: { type: 'disk', directory: '/var/spool/x', entries: 12, disk_bytes: 4096, segments: 1, is_full: false },
  last_error: 'https://ann:secret@logs.example/in?api_token=secret&x=1 answers 500',
  details: { url: 'https://ann:secret@logs.example/in', total_batches: 483, failed_batches: 2 },
}

/** A pipeline that runs. */
export function pipelineStatus(name: string, more: Partial<PipelineStatus> = {}): PipelineStatus {
  return {
    name,
    state: 'running',
    last_error: undefined,
    uptime_seconds: 3600.5,
    total_processed: 152_341,
    total_dropped_rate_limit: 3,
    total_filtered: 104_107,
    dropped: { 'rate-limit': 3, 'queue-full': 24 },
    sources: [directory],
    rate_limiter: { enabled: true, dropped_total: 3, policy: 'drop' },
    filters: {
      filter_count: 1,
      total_processed: 152_341,
      total_passed: 48_234,
      filters: [
        {
          type: 'include',
          logic: 'or',
          pattern_count: 2,
          total_processed: 152_341,
          total_matched: 48_234,
          total_dropped: 104_107,
        },
      ],
    },
    sinks: [liveSink, clientSink],
    source_count: 1,
    filter_count: 1,
    sink_count: 2,
    ...more,
  }
}

/** A daemon that runs these. */
export function serviceStatus(pipelines: readonly PipelineStatus[], more: Partial<ServiceStatus> = {}): ServiceStatus {
  return {
    service: 'LogWisp',
    version: '1.2.3',
    pid: 1234,
    start_time: '2026-11-21T09:00:00.000Z',
    uptime_seconds: 3700,
    mode: 'standalone',
    state: 'running',
    config_file: '/etc/logwisp/logwisp.toml',
    reloads: 2,
    last_reload: { at: '2026-11-21T09:30:00.000Z', result: 'changed', error: undefined, changes: ['app: sink 1'] },
    memory: {
      rss_bytes: 1,
      heap_bytes: 1,
      budget: { max_bytes: 9, held_bytes: 1, peak_bytes: 2, share_bytes: 3, holders: [] },
    },
    pipelines: Object.fromEntries(pipelines.map((pipeline) => [pipeline.name, pipeline])),
    total_pipelines: pipelines.length,
    listeners: [],
    ...more,
  }
}
