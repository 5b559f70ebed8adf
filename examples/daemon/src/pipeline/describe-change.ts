/** What is another one in a changed pipeline, in words. Pure. */

import { configKey } from '../build/config-key.ts'
import type { PipelineTarget } from './pipeline-options.ts'
import { matchStages, middleKey, type SinkKey, type StageKey, sinkKey, sourceKey } from './stage-keys.ts'

/** What differs between two pipelines of one name; none when nothing does. */
export function describeChange(before: PipelineTarget, after: PipelineTarget): readonly string[] {
  const changes = [
    ...stages('source', sourceKeys(before), sourceKeys(after)),
    ...stages('sink', sinkKeys(before), sinkKeys(after)),
  ]
  const { config: old } = before
  const { config: next } = after
  if (configKey(old.rate_limit) !== configKey(next.rate_limit)) changes.push('rate_limit changed')
  if (configKey(old.filters) !== configKey(next.filters)) changes.push('filters changed')
  const isQueued = middleKey({ ...old, rate_limit: next.rate_limit, filters: next.filters }) !== middleKey(next)
  if (isQueued && old.sinks.length === next.sinks.length) changes.push('queues before sinks changed')
  return changes
}

/** The keys of a pipeline's sources. */
export function sourceKeys(target: PipelineTarget): readonly StageKey[] {
  return target.config.sources.map((source) => sourceKey(source, target))
}

/** The keys of a pipeline's sinks. */
export function sinkKeys(target: PipelineTarget): readonly SinkKey[] {
  return target.config.sinks.map((sink) => sinkKey(sink, target))
}

function stages(kind: string, old: readonly StageKey[], next: readonly StageKey[]): string[] {
  const matched = matchStages(old, next)
  const changes = next.flatMap(({ type, key }, index) => {
    const from = matched[index]
    if (from === undefined) return [`${kind} ${index} (${type}) added`]
    return old[from]?.key === key ? [] : [`${kind} ${index} (${type}) changed`]
  })
  for (const [index, { type }] of old.entries()) {
    if (!matched.includes(index)) changes.push(`${kind} ${index} (${type}) removed`)
  }
  return changes
}
