/** What a pipeline is told. */

import type { ByteBudget } from '@logwisp/core'
import type { Logger } from 'pino'
import type { BuildContext, BuildFilters, BuildSink, BuildSource } from '../build/built-stage.ts'
import type { NamedFiles } from '../config/named-files.ts'
import type { PipelineConfig } from '../config/schema.ts'
import type { DirectoryHolds } from './directory-holds.ts'

/** What makes stages out of configuration. */
export interface Builders {
  readonly source: BuildSource
  readonly sink: BuildSink
  readonly filters: BuildFilters
}

/** What a pipeline is to be. */
export interface PipelineTarget {
  readonly config: PipelineConfig
  /** Whether paths begin with its name. */
  readonly router: boolean
  /** What the files hold that its stages read when they are made. */
  readonly namedFiles?: NamedFiles | undefined
}

/** What a pipeline needs besides. */
export interface PipelineOptions extends Pick<BuildContext, 'ports' | 'stdin' | 'once'> {
  readonly builders: Builders
  readonly log: Logger
  /** Who has which directory of a buffer, where several pipelines share them. */
  readonly holds?: DirectoryHolds | undefined
  /** What bounds the memory of all that holds entries for sinks. */
  readonly budget?: ByteBudget | undefined
  /** Where the positions of its sources are kept. */
  readonly checkpointPath: string
  /**
   * How long a sink that is replaced or removed may take to deliver what it has.
   *
   * Unit: ms.
   * @default 5_000
   */
  readonly drainTimeoutMs?: number | undefined
  /**
   * How long `change` waits for the change to be complete; it goes on after that.
   *
   * Unit: ms.
   * @default 10_000
   */
  readonly changeTimeoutMs?: number | undefined
}

/** What a pipeline's end left undone. */
export interface PipelineStop {
  /**
   * Entries that were read and not delivered to a sink, by the sink's place and type, and what becomes of them, in words;
   * none when all is delivered.
   */
  readonly undelivered: readonly { readonly sink: string; readonly entries: number; readonly fate: string }[]
}

/** What became of a change. */
export interface PipelineChange {
  /** What is another one, e.g. `sink 1 (http_client)`. */
  readonly changes: readonly string[]
  /** Whether it is not complete yet, because a sink takes nothing: it goes on as soon as it can. */
  readonly isWaiting: boolean
}
