/** `GET /metrics`: what the store and the API count, in the text form of Prometheus. */

import { type Metric, prometheusText } from '../prometheus-text.ts'
import { type Asked, replyText, type Service } from '../service.ts'

/** Answers with the numbers of this moment. */
export async function replyMetrics(asked: Asked, _values: unknown, service: Service): Promise<void> {
  const text = prometheusText(await metricsOf(service))
  replyText(asked, 'text/plain; version=0.0.4; charset=utf-8', text)
}

async function metricsOf({ store, counts, viewers, ingest }: Service): Promise<readonly Metric[]> {
  const stats = await store.stats()
  const gauge = (name: string, help: string, value: number): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: [{ value }],
  })
  const counter = (name: string, help: string, value: number): Metric => ({
    name,
    help,
    type: 'counter',
    samples: [{ value }],
  })
  return [
    gauge('logwisp_store_entries', 'Entries stored now.', stats.entries),
    gauge('logwisp_store_bytes', 'Size of the database on disk.', stats.bytes),
    gauge(
      'logwisp_store_unindexed_entries',
      'Entries that the full-text index does not have yet.',
      stats.entriesUnindexed,
    ),
    gauge('logwisp_store_waiting_entries', 'Entries handed over and not committed yet.', stats.entriesWaiting),
    counter('logwisp_store_inserted_entries_total', 'Entries stored since the start.', stats.entriesInserted),
    counter(
      'logwisp_store_repeated_entries_total',
      'Entries that were stored already, by their id.',
      stats.entriesRepeated,
    ),
    {
      name: 'logwisp_store_removed_entries_total',
      help: 'Entries removed, by what they were too many, too old or too large for.',
      type: 'counter',
      samples: Object.entries(stats.entriesRemoved).map(([reason, value]) => ({ labels: { reason }, value })),
    },
    {
      name: 'logwisp_store_oldest_entry_seconds',
      help: 'Time of the oldest entry, since the epoch.',
      type: 'gauge',
      samples: stats.oldestTime === undefined ? [] : [{ value: stats.oldestTime / 1000 }],
    },
    {
      name: 'logwisp_api_requests_total',
      help: 'Answers, by operation and status.',
      type: 'counter',
      samples: Object.entries(counts.requests).flatMap(([operation, byStatus]) =>
        Object.entries(byStatus).map(([status, value]) => ({ labels: { operation, status }, value })),
      ),
    },
    gauge('logwisp_api_viewers', 'Viewers of the stream now.', viewers.taken),
    counter('logwisp_api_refused_viewers_total', 'Viewers for whom there was no place.', viewers.refused),
    gauge('logwisp_api_exports', 'Exports under way.', counts.exports),
    counter('logwisp_api_streamed_entries_total', 'Entries sent to viewers.', counts.entriesStreamed),
    counter('logwisp_api_exported_entries_total', 'Entries written to exports.', counts.entriesExported),
    ...(ingest === undefined
      ? []
      : [counter('logwisp_api_received_bytes_total', 'Bytes of bodies received, unpacked.', ingest.stats.bytesIn)]),
  ]
}
