/** When a stage of two configurations is the same: everything that it is made of says the same. Pure. */

import { configKey } from '../build/config-key.ts'
import { bufferOf, diskBufferOf } from '../config/checks/check-buffers.ts'
import { contentsOf, filesOfStage } from '../config/named-files.ts'
import type { PipelineConfig, SinkConfig, SourceConfig } from '../config/schema.ts'
import type { PipelineTarget } from './pipeline-options.ts'

/** A stage as it is compared. */
export interface StageKey {
  readonly type: string
  /** All that it is made of, its pipeline's defaults included. Two that are equal make the same stage. */
  readonly key: string
}

/** A sink as it is compared, with what stands before it on the disk. */
export interface SinkKey extends StageKey {
  /** Its buffer alone; undefined when it has none on the disk. */
  readonly buffer: string | undefined
}

/** The key of a source in its pipeline. */
export function sourceKey(source: SourceConfig, pipeline: PipelineTarget): StageKey {
  return { type: source.type, key: configKey([source, servesWith(source, pipeline), readsFrom(source, pipeline)]) }
}

/** The key of a sink in its pipeline. */
export function sinkKey(sink: SinkConfig, target: PipelineTarget): SinkKey {
  const { config: pipeline } = target
  const { when_full, buffer_size, buffer_bytes, ...options } = sink.options
  const format = options.format ?? pipeline.format
  const formatOptions = options.format_options ?? pipeline.format_options
  const around = [servesWith(sink, target), sharesWith(sink, pipeline), readsFrom(sink, target)]
  const own = configKey([sink.type, options, format, formatOptions, around])
  const onDisk = diskBufferOf(sink)
  const buffer = onDisk && configKey(onDisk)
  return { type: sink.type, key: buffer === undefined ? own : `${own} ${buffer}`, buffer }
}

/** The key of what stands between sources and sinks, but for the sinks themselves. */
export function middleKey({ rate_limit, filters, sinks }: PipelineConfig): string {
  const branches = sinks.map((sink) => {
    const { when_full, buffer_size, buffer_bytes } = sink.options
    const buffer = bufferOf(sink)
    return [when_full, buffer_size, buffer_bytes, ...(buffer?.type === 'memory' ? [buffer] : [])]
  })
  return configKey([rate_limit, filters, branches])
}

/** What a stage that listens has of its pipeline. */
function servesWith(stage: SourceConfig | SinkConfig, { config, router }: PipelineTarget): unknown {
  const { options } = stage
  if (!('port' in options) || options.port === undefined) return undefined
  return [('auth' in options ? options.auth : undefined) ?? config.auth, router]
}

/** What stands in the files that it reads when it is made. */
function readsFrom(stage: SourceConfig | SinkConfig, { config, namedFiles }: PipelineTarget): unknown {
  return contentsOf(filesOfStage(stage, config), namedFiles)
}

/** Of two console sinks that split levels between them, each writes its half; one alone writes both. */
function sharesWith({ type }: SinkConfig, { sinks }: PipelineConfig): unknown {
  if (type !== 'stdout' && type !== 'stderr') return undefined
  return sinks.map((other) => ('target' in other.options ? [other.type, other.options.target] : undefined))
}

/**
 * Which old stage each new one continues: the one that is equal, wherever it stood; else one of the same type, that of
 * the same place first. Undefined for those that are new.
 */
export function matchStages(old: readonly StageKey[], next: readonly StageKey[]): readonly (number | undefined)[] {
  const taken = new Set<number>()
  const matched: (number | undefined)[] = next.map(() => undefined)
  const match = (isSame: (one: StageKey, oldIndex: number, other: StageKey, nextIndex: number) => boolean): void => {
    for (const [nextIndex, other] of next.entries()) {
      if (matched[nextIndex] !== undefined) continue
      const found = old.findIndex((one, oldIndex) => !taken.has(oldIndex) && isSame(one, oldIndex, other, nextIndex))
      if (found === -1) continue
      taken.add(found)
      matched[nextIndex] = found
    }
  }
  match((one, oldIndex, other, nextIndex) => oldIndex === nextIndex && one.key === other.key)
  match((one, _oldIndex, other) => one.key === other.key)
  match((one, oldIndex, other, nextIndex) => oldIndex === nextIndex && one.type === other.type)
  match((one, _oldIndex, other) => one.type === other.type)
  return matched
}
