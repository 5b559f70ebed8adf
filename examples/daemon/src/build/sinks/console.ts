/** Standard output and standard error. */

import { Writable } from 'node:stream'
import { consoleSink } from '@logwisp/sinks/console-sink'
import type { PipelineConfig, SinkOf } from '../../config/schema.ts'
import type { BuildContext, BuiltSink } from '../built-stage.ts'
import { sinkFormat } from '../format.ts'
import { makeStage } from '../make-stage.ts'

/**
 * Writes to the console.
 *
 * A `split` sink writes both halves. Two of them, one of each type, have a half each, as the ancestor wanted them.
 */
export function buildConsoleSink(
  config: SinkOf<'stdout'> | SinkOf<'stderr'>,
  context: BuildContext,
  place: string,
): BuiltSink {
  const { pipeline } = context
  const { type, options } = config
  const { format } = sinkFormat(type, options, pipeline, place)
  const otherHalf = type === 'stdout' ? 'stderr' : 'stdout'
  const stream = makeStage(context, place, () =>
    consoleSink({
      target: options.target,
      format,
      colors: options.colors,
      controlCharacters: options.control_characters,
      whenClosed: options.when_closed,
      ...(options.target === 'split' && hasSplit(pipeline, otherHalf) && { [otherHalf]: nowhere() }),
    }),
  )
  return { stream, release: () => {} }
}

function hasSplit({ sinks }: PipelineConfig, type: 'stdout' | 'stderr'): boolean {
  return sinks.some((sink) => sink.type === type && sink.options.target === 'split')
}

/** Takes what the other sink writes. */
function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, callback) => callback() })
}
