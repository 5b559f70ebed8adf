/** Whose place a pipeline takes that a reload adds: the ones that it removes and that followed the same. Pure. */

import type { PipelineConfig, SourceConfig } from '../config/schema.ts'

/** The names of those of `removed` that had a source with a position which `added` goes on from. */
export function predecessors(added: PipelineConfig, removed: readonly PipelineConfig[]): readonly string[] {
  const followed = new Set(added.sources.map(followedBy))
  followed.delete(undefined)
  return removed
    .filter(({ sources }) => sources.some((source) => followed.has(followedBy(source))))
    .map(({ name }) => name)
}

/** What a source has positions in; undefined for those that have none. */
function followedBy({ type, options }: SourceConfig): string | undefined {
  if ('path' in options && (type === 'file' || type === 'directory')) return `${type} ${options.path}`
  if ('url' in options) return `${type} ${options.url}`
  return undefined
}
