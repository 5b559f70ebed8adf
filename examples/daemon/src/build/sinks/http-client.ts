/** Batches that are sent to an HTTP server. */

import { resolve } from 'node:path'
import { type DeadLetter, deadLetter } from '@logwisp/core'
import { httpClientSink } from '@logwisp/sinks/http-client-sink'
import { bytesOf } from '../../config/schema/primitives.ts'
import type { SinkOf } from '../../config/schema.ts'
import type { BuildContext, BuiltSink } from '../built-stage.ts'
import { shownProof } from '../client-auth.ts'
import { sinkFormat } from '../format.ts'
import { inMs } from '../in-ms.ts'
import { makeStage } from '../make-stage.ts'
import { revealed } from '../revealed.ts'
import { clientTlsFor } from '../tls.ts'

/**
 * Sends entries. With `max_retries` or `max_retry_seconds` what cannot be delivered is rejected in the end; without them
 * it waits. What is rejected is kept where `dead_letter` says, or dropped and counted.
 */
export function buildHttpClientSink(
  options: SinkOf<'http_client'>['options'],
  context: BuildContext,
  place: string,
): BuiltSink {
  const { pipeline } = context
  const { format, word } = sinkFormat('http_client', options, pipeline, place)
  const proof = shownProof(options.auth, `${place}.auth`)
  const { max_retries, max_retry_seconds, compress } = options
  const givesUp = max_retries !== undefined || max_retry_seconds !== undefined
  const letters = options.dead_letter && buildDeadLetter(options.dead_letter, context, `${place}.dead_letter`)
  const stream = makeStage(context, place, () =>
    httpClientSink(options.url, {
      strategy: options.strategy,
      format,
      body: options.body ?? (word === 'json' ? 'array' : 'lines'),
      ids: options.ids,
      compress: compress === 'none' ? undefined : compress,
      headers: revealed(options.headers),
      ...(proof !== undefined && ('token' in proof ? { bearer: proof.token } : { basic: proof })),
      tls: clientTlsFor(options.ssl, `${place}.ssl`),
      respond: options.respond,
      maxBatchEntries: options.batch_size,
      maxBatchBytes: options.batch_bytes,
      maxBatchDelayMs: options.batch_delay_ms,
      maxInFlight: options.max_in_flight,
      budget: context.budget,
      adaptiveConcurrency: options.adaptive_concurrency,
      connectTimeoutMs: inMs(options.connect_timeout_seconds),
      requestTimeoutMs: inMs(options.timeout_seconds),
      minRetryDelayMs: options.retry_delay_ms,
      maxRetryDelayMs: Math.max(options.retry_delay_ms, inMs(options.max_retry_delay_seconds)),
      maxRetryAfterMs: inMs(options.max_retry_after_seconds),
      retryStatuses: options.retry_statuses,
      isolateRejected: options.isolate_rejected,
      // Whoever ends it has a deadline: a stop, a reload.
      drainTimeoutMs: Infinity,
      retries: max_retries,
      maxRetryMs: inMs(max_retry_seconds),
      whenUndeliverable: givesUp ? 'reject' : 'fail',
      deadLetter: letters,
    }),
  )
  // What the sink has not seen kept it has not acknowledged: there is nothing to wait for.
  return { stream, release: () => void letters?.destroy() }
}

function buildDeadLetter(
  { directory, max_size_mb, when_full }: NonNullable<SinkOf<'http_client'>['options']['dead_letter']>,
  context: BuildContext,
  place: string,
): DeadLetter {
  const maxBytes = bytesOf(max_size_mb)
  const letters = makeStage(context, place, () => deadLetter(resolve(directory), { maxBytes, whenFull: when_full }))
  // The sink tells of it, and fails with it; when it is gone nobody else need know.
  letters.on('error', () => {})
  return letters
}
