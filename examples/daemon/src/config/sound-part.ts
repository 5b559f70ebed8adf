/** What can be checked of a configuration that the schema refuses, so that all that is wrong with it is said at once. */

import { randomUUID } from 'node:crypto'
import type { Config } from './schema.ts'
import { parseConfig, type SchemaProblem } from './schema-problems.ts'

/**
 * The configuration with something harmless in the place of whatever is broken: a stage for a stage, a pipeline for a
 * pipeline that is broken elsewhere, the default for a value of the whole. Nothing moves, so that paths stay what they
 * are. What is wrong with the rest is wrong with all of it, as long as a problem is never that something is *not* there
 * beyond its own stage.
 *
 * Undefined when nothing can be said of the rest: `pipelines` is no list, or `router`, on which all paths depend, is
 * no answer.
 */
export function soundPartOf(plain: unknown, problems: readonly SchemaProblem[]): Config | undefined {
  const tree = structuredClone(plain) as Record<string, unknown>
  for (const { path } of problems) {
    const [key = '', index, list, at] = path.split('.')
    if (key === '' || key === 'router') return undefined
    if (key !== 'pipelines') delete tree[key]
    else if (!Array.isArray(tree['pipelines']) || index === undefined) return undefined
    else if (at !== undefined && isStageList(list))
      replaceStage(tree['pipelines'][Number(index)], list, Number(at), path)
    else tree['pipelines'][Number(index)] = harmlessPipeline(index)
  }
  const parsed = parseConfig(tree)
  return 'config' in parsed ? parsed.config : undefined
}

type StageList = 'sources' | 'filters' | 'sinks'

function isStageList(key: string | undefined): key is StageList {
  return key === 'sources' || key === 'filters' || key === 'sinks'
}

function replaceStage(pipeline: unknown, list: StageList, at: number, path: string): void {
  const stages = (pipeline as Record<StageList, unknown>)[list]
  // The pipeline has been replaced meanwhile.
  if (Array.isArray(stages) && at in stages) stages[at] = harmless[list](path)
}

/** They take part in nothing that stages share: ports, files, standard input. */
const harmless: Readonly<Record<StageList, (path: string) => object>> = {
  sources: (path) => ({ type: 'file', options: { path: `/dev/null/${path}` } }),
  filters: () => ({ type: 'level', minimum: 'trace' }),
  sinks: () => ({ type: 'stderr' }),
}

function harmlessPipeline(index: string): object {
  const path = `pipelines.${index}`
  return { name: randomUUID(), sources: [harmless.sources(path)], sinks: [harmless.sinks(path)] }
}
