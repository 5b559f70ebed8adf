/** What a pipeline is made of, and what becomes of an entry on each link of it. */

import { bufferOf } from '../config/checks/check-buffers.ts'
import { deadLetterOf } from '../config/checks/check-dead-letters.ts'
import { formatWord } from '../config/checks/check-pipelines.ts'
import type { FilterConfig, PipelineConfig, SinkConfig, SourceConfig } from '../config/schema.ts'
import { bufferGuarantee, bufferLabel, drainGuarantee } from './buffer-guarantees.ts'
import { type Guarantee, strengths } from './guarantee.ts'
import { branchGuarantee, isLive, losesOrder, lossOfFormat, rejectGuarantee, sinkGuarantee } from './sink-guarantees.ts'
import { limitGuarantee, sourceGuarantee } from './source-guarantees.ts'

/** A source or a sink. */
export interface ExplainedStage {
  readonly type: string
  /** Where it reads or writes. */
  readonly place: string
  /** What stands before a sink. */
  readonly buffer?: string | undefined
}

/** From one place to the next. */
export interface Link {
  readonly from: string
  readonly to: string
  readonly guarantee: Guarantee
}

/** A pipeline, explained. */
export interface Explanation {
  readonly name: string
  readonly sources: readonly ExplainedStage[]
  readonly limits: readonly string[]
  readonly filters: readonly string[]
  readonly sinks: readonly ExplainedStage[]
  readonly links: readonly Link[]
  /** The weakest link, in a sentence. */
  readonly weakest: string
  /** What would make it stronger, the weakest link first. */
  readonly advice: readonly string[]
}

/** Explains one pipeline; `router`: whether paths begin with its name. */
export function explanationOf(pipeline: PipelineConfig, router: boolean): Explanation {
  const { name, rate_limit: limit } = pipeline
  const prefix = router ? `/${name}` : ''
  const sources = pipeline.sources.map((source) => ({ type: source.type, place: placeOfSource(source, prefix) }))
  const sinks = pipeline.sinks.map((sink) => {
    const buffer = bufferOf(sink)
    return { type: sink.type, place: placeOfSink(sink, prefix), buffer: buffer && bufferLabel(buffer) }
  })
  const links: Link[] = pipeline.sources.map((source, at) => ({
    from: labelOf(sources[at] as ExplainedStage),
    to: name,
    guarantee: sourceGuarantee(source, pipeline),
  }))
  const limited = limitGuarantee(limit)
  if (limited !== undefined) links.push({ from: 'rate_limit', to: name, guarantee: limited })
  // Live sinks are weak on purpose: they count only where nothing else keeps the entries.
  const kept: Link[] = [...links]
  pipeline.sinks.forEach((sink, at) => {
    const { type, place } = sinks[at] as ExplainedStage
    const way = isLive(sink) && branchGuarantee(sink).strength === 'at-least-once' ? [] : linksInto(sink, name)
    const all = [...way, { from: type, to: place, guarantee: sinkGuarantee(sink) }, ...linksOfRejected(sink)]
    links.push(...all)
    if (!isLive(sink)) kept.push(...all)
  })
  const nothingKeeps = pipeline.sinks.every(isLive)
  const judged = nothingKeeps ? links : kept
  const weak = weakestOf(judged)
  const advice = judged
    .filter(({ guarantee }) => guarantee.strength !== 'at-least-once' && guarantee.stronger !== undefined)
    .toSorted((a, b) => rank(a.guarantee) - rank(b.guarantee))
    .map(({ guarantee }) => guarantee.stronger as string)
  for (const sink of pipeline.sinks) {
    const loss = lossOfFormat(sink, formatWord(sink, pipeline))
    if (loss !== undefined) advice.push(`for ${sink.type}, ${loss.stronger}: ${loss.words}`)
    if (losesOrder(sink)) advice.push(`for ${sink.type}, say \`max_in_flight = 1\`, which keeps the order`)
  }
  return {
    name,
    sources,
    limits: limitsOf(limit),
    filters: pipeline.filters.map(filterText),
    sinks,
    links,
    weakest: weakestSentence(weak, judged, nothingKeeps),
    advice: [...new Set(advice)],
  }
}

/** From the pipeline to a sink, through what stands before it. */
function linksInto(sink: SinkConfig, pipeline: string): readonly Link[] {
  const buffer = bufferOf(sink)
  if (buffer === undefined) return [{ from: pipeline, to: sink.type, guarantee: branchGuarantee(sink) }]
  const label = bufferLabel(buffer)
  const drain = drainGuarantee(buffer)
  return [
    { from: pipeline, to: label, guarantee: bufferGuarantee(buffer) },
    ...(drain === undefined ? [] : [{ from: label, to: sink.type, guarantee: drain }]),
  ]
}

/** To where entries go that the far side does not take. */
function linksOfRejected(sink: SinkConfig): readonly Link[] {
  const guarantee = rejectGuarantee(sink)
  if (guarantee === undefined) return []
  const letters = deadLetterOf(sink)
  return [{ from: sink.type, to: letters === undefined ? 'rejected' : `dead letters ${letters.directory}`, guarantee }]
}

function weakestOf(links: readonly Link[]): Link {
  return links.reduce((weakest, link) => (rank(link.guarantee) < rank(weakest.guarantee) ? link : weakest))
}

function weakestSentence({ from, to, guarantee }: Link, all: readonly Link[], nothingKeeps: boolean): string {
  if (nothingKeeps) return 'Nothing keeps the entries: every sink only shows them to whoever looks.'
  if (guarantee.strength === 'at-least-once') {
    const but = all.some(({ guarantee: { except } }) => except.length > 0) ? ', but for what is said above' : ''
    return `None: at least once from end to end${but}. After a crash the last entries may come twice, with the same ids.`
  }
  return `${from} → ${to}: ${guarantee.words}.`
}

function rank({ strength }: Guarantee): number {
  return strengths.indexOf(strength)
}

function labelOf({ type, place }: ExplainedStage): string {
  return type === 'stdin' ? type : `${type} ${place}`
}

function placeOfSource(source: SourceConfig, prefix: string): string {
  switch (source.type) {
    case 'directory': {
      const { path, pattern, recursive } = source.options
      return `${path.replace(/\/$/, '')}/${recursive ? '**/' : ''}${[pattern].flat().join(',')}`
    }
    case 'file':
      return source.options.path
    case 'stdin':
      return 'standard input'
    case 'http':
      return `${addressOf(source.options)}${prefix}${source.options.ingest_path}`
    case 'tcp':
      return addressOf(source.options)
    case 'sse':
      return withoutSecrets(source.options.url)
    case 'websocket':
      return 'url' in source.options && source.options.url !== undefined
        ? withoutSecrets(source.options.url)
        : `${addressOf(source.options as { host: string; port: number })}${prefix}${(source.options as { ingest_path: string }).ingest_path}`
  }
}

function placeOfSink(sink: SinkConfig, prefix: string): string {
  switch (sink.type) {
    case 'http':
    case 'websocket':
      return `${addressOf(sink.options)}${prefix}${sink.options.stream_path}`
    case 'tcp':
      return addressOf(sink.options)
    case 'http_client':
      return [sink.options.url].flat().map(withoutSecrets).join(', ')
    case 'tcp_client':
      return [sink.options.address].flat().join(', ')
    case 'file':
      return `${sink.options.directory.replace(/\/$/, '')}/${sink.options.name}.log`
    case 'stdout':
    case 'stderr':
      return sink.options.target === 'split' ? 'stdout and stderr' : sink.options.target
  }
}

function addressOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** A URL's query may hold a token, and its beginning a password. */
function withoutSecrets(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

function limitsOf({
  rate,
  burst,
  policy,
  max_entry_size_bytes: most,
}: PipelineConfig['rate_limit']): readonly string[] {
  return [
    ...(rate > 0 && policy !== 'pass' ? [`${rate}/s${burst > 0 ? `, burst ${burst}` : ''}: ${policy}`] : []),
    ...(most > 0 ? [`longer than ${most} bytes: drop`] : []),
  ]
}

function filterText(filter: FilterConfig): string {
  if (filter.type === 'level') return `level ≥ ${filter.minimum}`
  const { type, logic, patterns } = filter
  return patterns.length === 0 ? 'passes all' : `${type} ${patterns.join(logic === 'and' ? ' and ' : ' or ')}`
}
