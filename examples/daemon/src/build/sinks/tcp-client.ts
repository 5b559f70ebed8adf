/** Lines that are sent over TCP. */

import { hostname } from 'node:os'
import { tcpClientSink } from '@logwisp/sinks/tcp-client-sink'
import type { SinkOf } from '../../config/schema.ts'
import type { BuildContext, BuiltSink } from '../built-stage.ts'
import { shownProof } from '../client-auth.ts'
import { sinkFormat } from '../format.ts'
import { inMs } from '../in-ms.ts'
import { makeStage } from '../make-stage.ts'
import { refuse } from '../stage-place.ts'
import { clientTlsFor } from '../tls.ts'

/** Sends lines. What cannot be sent yet waits, and so does the pipeline once that is much. */
export function buildTcpClientSink(
  options: SinkOf<'tcp_client'>['options'],
  context: BuildContext,
  place: string,
): BuiltSink {
  const { pipeline } = context
  const { protocol, ssl } = options
  const auth = shownProof(options.auth, `${place}.auth`)
  if (auth !== undefined && protocol === 'plain') {
    throw refuse(`${place}.auth`, 'needs `protocol = "logwisp"`: plain lines have no word for it')
  }
  const stream = makeStage(context, place, () =>
    tcpClientSink(options.address, {
      protocol,
      ...(protocol === 'plain' && { format: sinkFormat('tcp_client', options, pipeline, place).format }),
      // Other pipelines of this machine may send other entries made of the same lines.
      name: options.name ?? `${hostname()}/${pipeline.name}`,
      acknowledge: options.acknowledge,
      auth,
      tls: ssl.enabled ? (clientTlsFor(ssl, `${place}.ssl`) ?? true) : undefined,
      connectTimeoutMs: inMs(options.dial_timeout_seconds),
      writeTimeoutMs: inMs(options.write_timeout_seconds),
      ackTimeoutMs: inMs(options.acknowledge_timeout_seconds),
      keepAliveMs: inMs(options.keep_alive_seconds),
      retryDelayMs: options.reconnect_delay_ms,
      maxRetryDelayMs: Math.max(options.reconnect_delay_ms, inMs(options.max_reconnect_delay_seconds)),
      failbackIntervalMs: inMs(options.failback_interval_seconds),
      // Whoever ends it has a deadline: a stop, a reload.
      drainTimeoutMs: Infinity,
      maxBufferEntries: options.max_buffer_entries,
      maxBufferBytes: options.max_buffer_bytes,
      budget: context.budget,
    }),
  )
  return { stream, release: () => {} }
}
