/** Standard input. */

import type { Readable } from 'node:stream'
import { stdinSource } from '@logwisp/sources/stdin-source'
import type { SourceOf } from '../../config/schema.ts'
import type { BuildContext, BuiltSource } from '../built-stage.ts'
import { makeStage } from '../make-stage.ts'

/** The lines of standard input. It ends with it. */
export function buildStdinSource(
  { source, encoding, max_line_bytes, when_line_too_long, time_zone }: SourceOf<'stdin'>['options'],
  context: BuildContext,
  place: string,
): BuiltSource {
  const stream = makeStage(context, place, () =>
    stdinSource({
      input: context.stdin as Readable,
      source,
      encoding,
      maxLineBytes: max_line_bytes,
      whenLineTooLong: when_line_too_long,
      zone: time_zone,
    }),
  )
  return { stream, release: () => {} }
}
