/** A stream of events from a server. */

import { sseSource } from '@logwisp/sources/sse-source'
import type { SourceOf } from '../../config/schema.ts'
import type { BuildContext, BuiltSource } from '../built-stage.ts'
import { makeStage } from '../make-stage.ts'
import { resumeOptions } from './resuming.ts'

/** Reads the stream of another LogWisp, or of any other server. */
export function buildSseSource(options: SourceOf<'sse'>['options'], context: BuildContext, place: string): BuiltSource {
  const { url, event_types, max_event_bytes, max_redirects } = options
  const stream = makeStage(context, place, () =>
    sseSource(url, {
      ...resumeOptions(options, context, place),
      eventTypes: event_types === 'any' ? 'any' : [event_types].flat(),
      maxEventBytes: max_event_bytes,
      maxRedirects: max_redirects,
    }),
  )
  return { stream, release: () => {} }
}
