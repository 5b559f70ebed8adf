/** Which sink of a configuration is meant, and whether rejected entries can go there. Pure. */

import { type DeadLetterConfig, deadLetterOf } from '../../config/checks/check-dead-letters.ts'
import type { Config, PipelineConfig, SinkConfig } from '../../config/schema.ts'
import { suggest } from '../../config/suggest.ts'
import { isLive } from '../sink-guarantees.ts'
import { UsageError } from '../usage-error.ts'

/** A sink of the configuration. */
export interface FoundSink {
  /** `app/http_client`, or `app/1` where the pipeline has several of the type: what names it here. */
  readonly name: string
  readonly pipeline: PipelineConfig
  readonly sink: SinkConfig
  /** Where it keeps what is rejected, if it does. */
  readonly deadLetter: DeadLetterConfig | undefined
}

/**
 * The sink that is called `pipeline`, `pipeline/type` or `pipeline/index`; without a name the only one that keeps what is
 * rejected.
 *
 * @throws {UsageError} with the names that there are
 */
export function findSink({ pipelines }: Pick<Config, 'pipelines'>, name: string | undefined): FoundSink {
  const all = pipelines.flatMap(sinksOf)
  if (name === undefined) {
    const keeping = all.filter(({ deadLetter }) => deadLetter !== undefined)
    if (keeping.length === 0) {
      throw new UsageError(
        `no sink of the configuration has \`dead_letter\`: name one to replay into, ${oneOf(all)}, and give --from <directory>`,
      )
    }
    return only(keeping, 'several sinks have `dead_letter`')
  }
  const slash = name.lastIndexOf('/')
  const named = pipelines.find((pipeline) => pipeline.name === name)
  const pipeline = named ?? pipelines.find((pipeline) => pipeline.name === name.slice(0, Math.max(0, slash)))
  if (pipeline === undefined) throw new UsageError(`there is no sink called \`${name}\`${meant(name, all)}`)
  const sinks = sinksOf(pipeline)
  if (named !== undefined) {
    const keeping = sinks.filter(({ deadLetter }) => deadLetter !== undefined)
    if (keeping.length === 1) return keeping[0] as FoundSink
    return only(sinks.filter(canTake), `the pipeline ${name} has several sinks`)
  }
  const which = name.slice(slash + 1)
  const found = /^\d+$/.test(which)
    ? sinks.slice(Number(which)).slice(0, 1)
    : sinks.filter(({ sink }) => sink.type === which)
  if (found.length === 0) throw new UsageError(`there is no sink called \`${name}\`${meant(name, all)}`)
  const sink = only(found, `the pipeline ${pipeline.name} has several sinks of the type ${which}`)
  if (canTake(sink)) return sink
  throw new UsageError(`${sink.name} only shows entries, and nothing would keep them: name ${oneOf(all)}`)
}

function sinksOf(pipeline: PipelineConfig): FoundSink[] {
  return pipeline.sinks.map((sink, index) => {
    const isOnly = pipeline.sinks.filter(({ type }) => type === sink.type).length === 1
    return { name: `${pipeline.name}/${isOnly ? sink.type : index}`, pipeline, sink, deadLetter: deadLetterOf(sink) }
  })
}

function canTake({ sink }: FoundSink): boolean {
  return !isLive(sink)
}

function only(sinks: readonly FoundSink[], many: string): FoundSink {
  const [first, second] = sinks
  if (first === undefined) throw new UsageError('no sink there keeps entries: they only show them')
  if (second !== undefined) throw new UsageError(`${many}: name ${oneOf(sinks)}`)
  return first
}

function oneOf(sinks: readonly FoundSink[]): string {
  const names = sinks.filter(canTake).map(({ name }) => name)
  return names.length === 0 ? 'a sink that keeps entries' : names.join(' or ')
}

function meant(name: string, all: readonly FoundSink[]): string {
  const close = suggest(
    name,
    all.map((sink) => sink.name),
  )
  return close === undefined ? `: name ${oneOf(all)}` : `; did you mean ${close}?`
}
