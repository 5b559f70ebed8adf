/** What the sources that read a server's stream are told alike. */

import type { ResumeOptions } from '@logwisp/sources'
import type { SourceOf } from '../../config/schema.ts'
import type { BuildContext } from '../built-stage.ts'
import { shownProof } from '../client-auth.ts'
import { inMs } from '../in-ms.ts'
import { revealed } from '../revealed.ts'
import { clientTlsFor } from '../tls.ts'

type Resuming = Omit<SourceOf<'sse'>['options'], 'url' | 'event_types' | 'max_event_bytes' | 'max_redirects'>

/** How to connect, and to connect again after the last entry that was delivered. */
export function resumeOptions(
  options: Resuming,
  { checkpoint, once }: BuildContext,
  place: string,
): ResumeOptions & { readonly compress: boolean } {
  return {
    checkpoint,
    source: options.source,
    headers: revealed(options.headers),
    auth: shownProof(options.auth, `${place}.auth`),
    tls: clientTlsFor(options.ssl, `${place}.ssl`),
    whenEnded: once ? 'end' : options.when_ended,
    whenRepeated: options.drop_repeated ? 'drop' : 'give',
    maxRememberedIds: options.max_remembered_ids,
    connectTimeoutMs: inMs(options.connect_timeout_seconds),
    idleTimeoutMs: inMs(options.idle_timeout_seconds),
    retryDelayMs: options.retry_delay_ms,
    maxRetryDelayMs: inMs(options.max_retry_delay_seconds),
    maxRetryAfterMs: inMs(options.max_retry_after_seconds),
    maxRetries: options.max_retries,
    compress: options.compress,
  }
}
