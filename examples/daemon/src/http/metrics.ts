/** The metrics of the daemon, as Prometheus and whoever speaks OpenMetrics read them. */

import { Registry, type RegistryContentType } from 'prom-client'
import type { AccountStatus, BooksStatus } from '../pipeline/books-status.ts'
import type { FileStatus, PipelineStatus, SinkStatus, SourceStatus } from '../pipeline/pipeline-status.ts'
import type { ServiceStatus } from '../service/service-status.ts'
import { MetricSet } from './metric-set.ts'
import { processMetrics } from './process-metrics.ts'

/** What is asked for. */
export interface MetricsQuestion {
  readonly service: ServiceStatus
  /** Those to tell of. */
  readonly pipelines: readonly string[]
  /** Whether the daemon itself is told of, too. */
  readonly seesAll: boolean
  readonly isReady: boolean
  /** The request's `Accept`. */
  readonly accept: string | undefined
}

/** Beyond so many files of a source only their sums are told: each would be a series of its own for ever. */
const maxFileSeries = 50

/** Makes the answer: its media type and its text. */
export async function metricsText(question: MetricsQuestion): Promise<{ type: string; text: string }> {
  const { service, pipelines, seesAll, isReady, accept } = question
  const isOpenMetrics = accept?.includes('application/openmetrics-text') === true
  const registry = new Registry<RegistryContentType>()
  registry.setContentType(isOpenMetrics ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE)
  const metrics = new MetricSet(registry)
  metrics.gauge('logwisp_build_info', 'Version of LogWisp and of Node; always 1.', {
    labels: { version: service.version, node_version: process.versions.node },
    value: 1,
  })
  metrics.gauge('logwisp_ready', 'Whether every pipeline runs.', { value: Number(isReady) })
  metrics.gauge('logwisp_start_time_seconds', 'When the daemon started, since the epoch.', {
    value: Date.parse(service.start_time) / 1000,
  })
  metrics.counter('logwisp_reloads_total', 'Changed configurations that were taken.', { value: service.reloads })
  if (service.last_reload !== undefined) {
    metrics.gauge('logwisp_last_reload_successful', 'Whether the last changed configuration was taken.', {
      value: Number(service.last_reload.result !== 'refused'),
    })
    metrics.gauge('logwisp_last_reload_timestamp_seconds', 'When that was, since the epoch.', {
      value: Date.parse(service.last_reload.at) / 1000,
    })
  }
  if (seesAll) addListeners(metrics, service)
  if (seesAll) addBudget(metrics, service)
  for (const name of pipelines) {
    const pipeline = service.pipelines[name]
    if (pipeline !== undefined) addPipeline(metrics, pipeline)
  }
  processMetrics(metrics)
  return { type: registry.contentType, text: await registry.metrics() }
}

function addBudget(metrics: MetricSet, { memory: { budget } }: ServiceStatus): void {
  metrics.gauge('logwisp_memory_held_bytes', 'Memory of queues, batches under way and entries kept for viewers.', {
    value: budget.held_bytes,
  })
  metrics.gauge('logwisp_memory_held_peak_bytes', 'The most of it that there ever was.', { value: budget.peak_bytes })
  if (budget.max_bytes === undefined) return
  metrics.gauge('logwisp_memory_budget_bytes', 'The bound of it: memory_budget_mb.', { value: budget.max_bytes })
  metrics.gauge('logwisp_memory_budget_waiting', 'Holders that wait for room in it.', {
    value: budget.holders.filter(({ is_waiting }) => is_waiting).length,
  })
}

function addListeners(metrics: MetricSet, { listeners }: ServiceStatus): void {
  for (const { host, port, protocol, connections, total_requests } of listeners) {
    const labels = { host, port: String(port), protocol }
    metrics.gauge('logwisp_port_connections', 'Connections that are open now, by port.', { labels, value: connections })
    metrics.counter('logwisp_port_requests_total', 'Requests of HTTP, or connections of other protocols, by port.', {
      labels,
      value: total_requests,
    })
  }
}

function addPipeline(metrics: MetricSet, pipeline: PipelineStatus): void {
  const { name } = pipeline
  const labels = { pipeline: name }
  metrics.gauge('logwisp_pipeline_running', 'Whether a pipeline runs.', {
    labels,
    value: Number(pipeline.state === 'running'),
  })
  metrics.gauge('logwisp_pipeline_uptime_seconds', 'For how long a pipeline is there.', {
    labels,
    value: pipeline.uptime_seconds,
  })
  metrics.counter('logwisp_pipeline_entries_total', 'Entries that a pipeline took from its sources.', {
    labels,
    value: pipeline.total_processed,
  })
  for (const [reason, count] of Object.entries(pipeline.dropped)) {
    const help = 'Entries that a pipeline dropped anywhere, by reason.'
    metrics.counter('logwisp_pipeline_dropped_total', help, { labels: { ...labels, reason }, value: count })
  }
  pipeline.sources.forEach((source, at) => {
    addSource(metrics, source, { ...labels, stage: `source-${at}`, kind: source.type })
  })
  pipeline.filters.filters.forEach((filter, at) => {
    const stage = { ...labels, stage: `filter-${at}`, kind: filter.type }
    metrics.counter(...entries, { labels: stage, value: filter.total_processed })
    metrics.counter(...dropped, { labels: { ...stage, reason: 'filtered' }, value: filter.total_dropped })
  })
  pipeline.sinks.forEach((sink, at) => {
    addSink(metrics, sink, { ...labels, stage: `sink-${at}`, kind: sink.type })
  })
}

type StageLabels = Readonly<Record<'pipeline' | 'stage' | 'kind', string>>

const entries = ['logwisp_entries_total', 'Entries that a source gave, or that a filter or a sink was given.'] as const
const dropped = ['logwisp_dropped_total', 'Entries that a stage dropped, by reason.'] as const

function addStage(metrics: MetricSet, stage: SourceStatus | SinkStatus, labels: StageLabels): void {
  metrics.gauge('logwisp_stage_running', 'Whether a stage runs.', { labels, value: Number(stage.state === 'running') })
  metrics.counter('logwisp_restarts_total', 'How often a stage was made anew after a failure.', {
    labels,
    value: stage.restarts,
  })
  for (const [reason, count] of Object.entries(stage.dropped)) {
    metrics.counter(...dropped, { labels: { ...labels, reason }, value: count })
  }
  const optional = [
    ['counter', 'logwisp_bytes_total', 'Bytes that a source read or a sink wrote.', stage.bytes],
    ['gauge', 'logwisp_connections', 'Connections of a stage that are open now.', stage.active_connections],
  ] as const
  for (const [kind, name, help, value] of optional) {
    if (value !== undefined) metrics[kind](name, help, { labels, value })
  }
}

function addSource(metrics: MetricSet, source: SourceStatus, labels: StageLabels): void {
  addStage(metrics, source, labels)
  metrics.counter(...entries, { labels, value: source.total_entries })
  if (source.files !== undefined) addFiles(metrics, source.files, labels)
  if (source.books !== undefined) addBooks(metrics, source.books, labels)
}

/** One series for each file, or one for all beyond the bound: so their sum is right in both cases. */
function addBooks(
  metrics: MetricSet,
  { balanced, total, accounts, account_count }: BooksStatus,
  labels: StageLabels,
): void {
  metrics.gauge('logwisp_books_balanced', 'Whether all that a source has read is accounted for.', {
    labels,
    value: Number(balanced),
  })
  for (const account of account_count > maxFileSeries ? [total] : accounts) {
    addAccount(metrics, account, { ...labels, source: account.source })
  }
}

function addAccount(
  metrics: MetricSet,
  account: AccountStatus,
  labels: StageLabels & Readonly<Record<'source', string>>,
): void {
  metrics.counter('logwisp_books_read_total', 'Entries that were read, over restarts too.', {
    labels,
    value: account.entries,
  })
  metrics.counter('logwisp_books_filtered_total', 'Entries of these that a filter left out.', {
    labels,
    value: account.filtered,
  })
  for (const [sink, way] of [['', account] as const, ...account.sinks.map((each) => [each.sink, each] as const)]) {
    const to = { ...labels, sink }
    for (const [reason, { entries: value }] of Object.entries(way.dropped)) {
      const help = 'Entries of these that were dropped, by reason; `sink` is where, empty before the sinks.'
      metrics.counter('logwisp_books_dropped_total', help, { labels: { ...to, reason }, value })
    }
    metrics.gauge(
      'logwisp_books_open',
      'Entries of these that are under way, or left over once the source has stopped.',
      {
        labels: to,
        value: way.in_flight + way.left_over,
      },
    )
    if (sink === '') continue
    metrics.counter(
      'logwisp_books_delivered_total',
      'Entries of these that a sink has, or the disk buffer before it.',
      {
        labels: to,
        value: way.delivered,
      },
    )
  }
}

function addFiles(metrics: MetricSet, files: readonly FileStatus[], labels: StageLabels): void {
  const lags = files.map(({ lag }) => lag)
  const sum = lags.reduce((total, lag) => total + lag, 0)
  const most = lags.reduce((largest, lag) => Math.max(largest, lag), 0)
  metrics.gauge('logwisp_files', 'Files that a source follows.', { labels, value: files.length })
  metrics.gauge('logwisp_files_lag_bytes', 'What of its files a source has not read yet.', { labels, value: sum })
  metrics.gauge('logwisp_files_lag_max_bytes', 'The same of the file that has most of it.', { labels, value: most })
  if (files.length > maxFileSeries) return
  for (const { path, lag, position } of files) {
    const file = { ...labels, path }
    metrics.gauge('logwisp_file_lag_bytes', 'What of a file is not read yet.', { labels: file, value: lag })
    metrics.gauge('logwisp_file_position_bytes', 'How far a file is read.', { labels: file, value: position })
  }
}

function addSink(metrics: MetricSet, sink: SinkStatus, labels: StageLabels): void {
  addStage(metrics, sink, labels)
  metrics.counter(...entries, { labels, value: sink.total_processed })
  metrics.counter('logwisp_delivered_entries_total', 'Entries of a sink that are safe.', {
    labels,
    value: sink.total_delivered,
  })
  metrics.gauge('logwisp_queue_entries', 'Entries that wait for a sink.', { labels, value: sink.queue.entries })
  if (sink.queue.bytes !== undefined) {
    metrics.gauge('logwisp_queue_bytes', 'The memory that they take.', { labels, value: sink.queue.bytes })
  }
  if (sink.buffer !== undefined) {
    const { entries: waiting, disk_bytes, segments, is_full } = sink.buffer
    const buffer = [
      ['logwisp_buffer_entries', 'Entries in a buffer on the disk that its sink does not have yet.', waiting],
      ['logwisp_buffer_disk_bytes', 'What a buffer takes of the disk.', disk_bytes],
      ['logwisp_buffer_segments', 'The files of a buffer.', segments],
      ['logwisp_buffer_full', 'Whether a buffer takes nothing, because it is full or its disk is.', Number(is_full)],
    ] as const
    for (const [name, help, value] of buffer) metrics.gauge(name, help, { labels, value })
  }
  if (sink.viewers === undefined) return
  const most = sink.viewers.reduce((largest, { lag }) => Math.max(largest, lag), 0)
  metrics.gauge('logwisp_viewers', 'Live viewers of a sink.', { labels, value: sink.viewers.length })
  metrics.gauge('logwisp_viewer_lag_max_entries', 'Entries that the viewer furthest behind did not get yet.', {
    labels,
    value: most,
  })
}
