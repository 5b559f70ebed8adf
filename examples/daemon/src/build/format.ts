/** How entries become text, as the configuration has it. */

import { encodeEntryWithId, type Format } from '@logwisp/core'
import type { PipelineConfig, SinkConfig } from '../config/schema.ts'
import { jsonFormat } from './formats/json.ts'
import { templateFormat } from './formats/template.ts'
import { inPlace } from './stage-place.ts'

/** The words for a format. */
export type FormatWord = NonNullable<PipelineConfig['format']>

/** What formats can be told. */
export type FormatOptions = PipelineConfig['format_options']

/** The format of a sink. */
export interface SinkFormat {
  readonly word: FormatWord
  readonly format: Format
  /** Whether each text is a JSON object on one line. */
  readonly isJson: boolean
}

const defaultWords: Readonly<Record<SinkConfig['type'], FormatWord>> = {
  http: 'json',
  tcp: 'json',
  websocket: 'json',
  http_client: 'json',
  tcp_client: 'json',
  file: 'raw',
  stdout: 'raw',
  stderr: 'raw',
}

/**
 * The format of a sink: its own, else the pipeline's, else that of its type; with the options that go with it.
 *
 * @throws LogwispError `BAD_OPTION` with the place in the configuration.
 */
export function sinkFormat(
  type: SinkConfig['type'],
  sink: SinkConfig['options'],
  pipeline: PipelineConfig,
  place: string,
): SinkFormat {
  const word = sink.format ?? pipeline.format ?? wordFor(type, sink)
  const options = sink.format_options ?? pipeline.format_options
  const optionsPlace = sink.format_options === undefined ? pipeline.name : place
  const format = inPlace(`${optionsPlace}.format_options.template`, () => formatFor(word, options, type))
  return { word, format, isJson: word === 'wire' || (word === 'json' && !options.pretty) }
}

/** Who asks a LogWisp for a word of delivery sends it ids, and all that it knows. */
function wordFor(type: SinkConfig['type'], sink: SinkConfig['options']): FormatWord {
  return 'respond' in sink && sink.respond === 'delivered' ? 'wire' : defaultWords[type]
}

/**
 * What a sink of this type is given as its format.
 *
 * @throws LogwispError `BAD_OPTION` when a template is no good.
 */
export function formatFor(word: FormatWord, options: FormatOptions, type: SinkConfig['type']): Format {
  switch (word) {
    case 'raw':
      return 'raw'
    case 'json':
      return jsonFormat(options)
    case 'text':
      return templateFormat(options)
    case 'wire':
      // The others put ids into it by themselves, or have nobody who would know what they are.
      return type === 'tcp' || type === 'tcp_client' ? encodeEntryWithId : 'json'
  }
}
