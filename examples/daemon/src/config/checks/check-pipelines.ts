/** What one pipeline's parts must be to each other: names, patterns, formats, console sinks. */

import type { Config, PipelineConfig, SinkConfig } from '../schema.ts'
import type { Findings } from './findings.ts'

type FormatOptions = PipelineConfig['format_options']

/** What each format looks at. */
const optionsOf: Readonly<Record<string, readonly (keyof FormatOptions)[]>> = {
  json: ['pretty', 'timestamp_field', 'level_field', 'message_field', 'source_field'],
  text: ['template', 'timestamp_format'],
}

const usual: FormatOptions = {
  pretty: false,
  timestamp_field: 'timestamp',
  level_field: 'level',
  message_field: 'message',
  source_field: 'source',
  template: undefined,
  timestamp_format: undefined,
}

/** Looks at each pipeline by itself, and at their names. */
export function checkPipelines(config: Config, findings: Findings): void {
  const names = config.pipelines.map(({ name }) => name)
  for (const [index, pipeline] of config.pipelines.entries()) {
    const path = `pipelines.${index}`
    const first = names.indexOf(pipeline.name)
    if (first !== index)
      findings.problem(`${path}.name`, `"${pipeline.name}" is the name of pipeline ${first} too: give each its own`)
    checkFilters(pipeline, path, findings)
    checkFormats(pipeline, path, findings)
    checkConsoles(pipeline, path, findings)
    for (const [place, sink] of pipeline.sinks.entries()) checkSink(sink, `${path}.sinks.${place}.options`, findings)
  }
}

function checkFilters({ filters }: PipelineConfig, path: string, findings: Findings): void {
  for (const [index, filter] of filters.entries()) {
    if (filter.type === 'level') continue
    if (filter.patterns.length === 0) {
      findings.notice(`${path}.filters.${index}`, 'has no patterns: everything passes')
    }
  }
}

/** The word for the format of a sink, as it is when nobody says. */
export function formatWord(sink: SinkConfig, pipeline: PipelineConfig): NonNullable<PipelineConfig['format']> {
  if (sink.type === 'tcp_client' && sink.options.protocol === 'logwisp') return 'wire'
  const word = sink.options.format ?? pipeline.format
  if (word !== undefined) return word
  if (sink.type === 'http_client' && sink.options.respond === 'delivered') return 'wire'
  return ['file', 'stdout', 'stderr'].includes(sink.type) ? 'raw' : 'json'
}

function checkFormats(pipeline: PipelineConfig, path: string, findings: Findings): void {
  const sharing = pipeline.sinks.filter(({ options }) => options.format_options === undefined)
  unused(
    pipeline.format_options,
    sharing.map((sink) => formatWord(sink, pipeline)),
    `${path}.format_options`,
    findings,
  )
  for (const [place, sink] of pipeline.sinks.entries()) {
    const own = sink.options.format_options
    const word = formatWord(sink, pipeline)
    if (own !== undefined) unused(own, [word], `${path}.sinks.${place}.options.format_options`, findings)
    const isPretty = (own ?? pipeline.format_options).pretty && word === 'json'
    if (isPretty && (sink.type === 'tcp' || sink.type === 'tcp_client')) {
      findings.warning(
        own === undefined ? `${path}.format_options.pretty` : `${path}.sinks.${place}.options.format_options.pretty`,
        `writes each entry over several lines, and over TCP (sink ${place}) each line is taken for an entry`,
      )
    }
  }
}

function unused(options: FormatOptions, words: readonly string[], path: string, findings: Findings): void {
  for (const key of Object.keys(usual) as (keyof FormatOptions)[]) {
    if (options[key] === usual[key] || words.some((word) => optionsOf[word]?.includes(key))) continue
    const format = optionsOf['json']?.includes(key) ? 'json' : 'text'
    const has =
      words.length === 0
        ? 'no sink uses these'
        : `the format is ${[...new Set(words)].map((word) => `"${word}"`).join(' and ')}`
    findings.notice(`${path}.${key}`, `has no effect: it is about the format "${format}", and ${has}`)
  }
}

/** A sink with `target = "split"` writes its half when the other half has a sink, and all when it is alone. */
function checkConsoles({ sinks }: PipelineConfig, path: string, findings: Findings): void {
  for (const [place, sink] of sinks.entries()) {
    if ((sink.type !== 'stdout' && sink.type !== 'stderr') || sink.options.target !== 'split') continue
    const other = sink.type === 'stdout' ? 'stderr' : 'stdout'
    if (sinks.some(({ type, options }) => type === other && 'target' in options && options.target === 'split')) continue
    findings.notice(
      `${path}.sinks.${place}.options.target`,
      `there is no ${other} sink with \`target = "split"\`: this one writes \`warn\` and worse to standard error and all else to standard output. LogWisp in Go wrote one half only`,
    )
  }
}

function checkSink(sink: SinkConfig, path: string, findings: Findings): void {
  const { options, type } = sink
  if (type === 'tcp_client') {
    const isLogwisp = options.protocol === 'logwisp'
    if (!isLogwisp && options.auth !== undefined) {
      findings.problem(`${path}.auth`, 'needs `protocol = "logwisp"`: plain lines have no place for it')
    }
    if (!isLogwisp && options.acknowledge === 'peer') {
      findings.problem(`${path}.acknowledge`, 'needs `protocol = "logwisp"`: a plain peer acknowledges nothing')
    }
    if (isLogwisp && options.format !== undefined && options.format !== 'wire') {
      findings.problem(
        `${path}.format`,
        'does not go together with `protocol = "logwisp"`, which has a form of its own: remove it',
      )
    }
  }
  // The ancestor had no longest pause for http_client, so that its files may begin with one beyond ours.
  if (type === 'tcp_client' && options.reconnect_delay_ms > options.max_reconnect_delay_seconds * 1000) {
    findings.notice(
      `${path}.reconnect_delay_ms`,
      'is longer than `max_reconnect_delay_seconds`: all pauses are up to this',
    )
  }
  if (type === 'http_client' && options.retry_delay_ms > options.max_retry_delay_seconds * 1000) {
    findings.notice(`${path}.retry_delay_ms`, 'is longer than `max_retry_delay_seconds`: all pauses are up to this')
  }
}
