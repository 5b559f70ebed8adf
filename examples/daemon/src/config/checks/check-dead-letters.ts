/** Directories of rejected entries: that nobody else has them for something of its own. */

import { resolve } from 'node:path'
import type { Config, SinkConfig, SinkOf } from '../schema.ts'
import { buffersOnDisk } from './check-buffers.ts'
import type { Findings } from './findings.ts'

/** Where a sink keeps what is rejected. */
export type DeadLetterConfig = NonNullable<SinkOf<'http_client'>['options']['dead_letter']>

/** The same, with where it stands. */
interface PlacedDeadLetter {
  readonly deadLetter: DeadLetterConfig
  /** The dotted path. */
  readonly path: string
}

/** Where a sink keeps what is rejected; undefined when it is dropped, or the sink never rejects anything. */
export function deadLetterOf(sink: SinkConfig): DeadLetterConfig | undefined {
  return sink.type === 'http_client' ? sink.options.dead_letter : undefined
}

/** All of them. */
export function deadLettersIn({ pipelines }: Pick<Config, 'pipelines'>): readonly PlacedDeadLetter[] {
  return pipelines.flatMap(({ sinks }, index) =>
    sinks.flatMap((sink, place): PlacedDeadLetter[] => {
      const deadLetter = deadLetterOf(sink)
      if (deadLetter === undefined) return []
      return [{ deadLetter, path: `pipelines.${index}.sinks.${place}.options.dead_letter` }]
    }),
  )
}

/** Looks at all of them. Several sinks may share one. */
export function checkDeadLetters(config: Config, findings: Findings): void {
  const buffers = new Map(buffersOnDisk(config).map(({ buffer, title }) => [resolve(buffer.directory), title]))
  for (const { deadLetter, path } of deadLettersIn(config)) {
    const directory = resolve(deadLetter.directory)
    const owner = buffers.get(directory)
    if (owner === undefined) continue
    findings.problem(
      `${path}.directory`,
      `${directory} belongs to ${owner} already: give rejected entries one of their own`,
    )
  }
}
