/** Whose place a pipeline takes in a reload: of those that followed what it begins to follow. Pure. */

import type { PipelineConfig, SourceConfig } from '../config/schema.ts'

/** The names of those of `before` that have a source with positions from which one of `after` goes on. */
export function predecessors(after: PipelineConfig, before: readonly PipelineConfig[]): readonly string[] {
  const followed = new Set(after.sources.map(followedBy))
  followed.delete(undefined)
  return before
    .filter(({ sources }) => sources.some((source) => followed.has(followedBy(source))))
    .map(({ name }) => name)
}

/** These pipelines, each with those of its sources only that follow what it does not follow in the others. */
export function onlyHere(
  these: readonly PipelineConfig[],
  others: readonly PipelineConfig[],
): readonly PipelineConfig[] {
  return these.map((pipeline) => {
    const there = others.find(({ name }) => name === pipeline.name)?.sources.map(followedBy) ?? []
    return { ...pipeline, sources: pipeline.sources.filter((source) => !there.includes(followedBy(source))) }
  })
}

/** What a source has positions in; undefined for those that have none. */
function followedBy({ type, options }: SourceConfig): string | undefined {
  if ('path' in options && (type === 'file' || type === 'directory')) return `${type} ${options.path}`
  if ('url' in options) return `${type} ${options.url}`
  return undefined
}
