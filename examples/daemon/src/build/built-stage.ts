/** What a stage of the configuration becomes: library streams, and how they are mounted. */

import type { Duplex, Readable, Writable } from 'node:stream'
import type { ByteBudget, Checkpoint, EntrySink, EntrySource } from '@logwisp/core'
import type { PipelineConfig, SinkConfig, SourceConfig } from '../config/schema.ts'
import type { PortHost } from '../http/port-host.ts'
import type { FileStatus, ViewerStatus } from '../pipeline/pipeline-status.ts'

/** What stages are made in. */
export interface BuildContext {
  /** The pipeline's own configuration: its name, format and auth are defaults of its stages. */
  readonly pipeline: PipelineConfig
  /** Whether paths begin with the pipeline's name. */
  readonly router: boolean
  readonly ports: PortHost
  /** Where the positions of the pipeline's sources are kept; undefined: nowhere. */
  readonly checkpoint: Checkpoint | undefined
  /** Standard input can be read by one source only, once. */
  readonly stdin: NodeJS.ReadableStream
  /** With true, sources that follow end at the end of what is there. */
  readonly once: boolean
  /** What bounds the memory of a sink, besides its own bounds; its name there is the sink's. */
  readonly budget?: ByteBudget | undefined
  /** Called with each source and sink in the turn in which it is made, before it opens anything. */
  readonly onMade?: ((stage: Readable | Writable) => void) | undefined
}

/** A source that runs. */
export interface BuiltSource {
  readonly stream: EntrySource
  /** Settles once whatever comes from now on is read, or the stream has closed. Omitted: it is so at once. Never rejects. */
  readonly ready?: Promise<void>
  /** Files, for those that follow some: asks the system for their sizes, so not more often than somebody looks. */
  files?(): Promise<readonly FileStatus[]>
  /** Lets go of its port; after the stream has closed. */
  release(): void
}

/** A sink that runs. */
export interface BuiltSink {
  readonly stream: EntrySink
  /** Settles once it can take something, or its stream has closed. Omitted: it is so at once. Never rejects. */
  readonly ready?: Promise<void>
  /** Viewers, for those that have some. */
  viewers?(): readonly ViewerStatus[]
  /** Lets go of its port; after the stream has closed. */
  release(): void
}

/** Makes a source, holding its port first. Rejects with a LogwispError when it cannot listen or the like. */
export type BuildSource = (config: SourceConfig, context: BuildContext) => Promise<BuiltSource>

/** Makes a sink. `onWarning` hears nothing: the caller listens to the stream's own `'warning'`. */
export type BuildSink = (config: SinkConfig, context: BuildContext) => Promise<BuiltSink>

/** Makes what stands between sources and sinks, in order: the limits, then the filters. */
export type BuildFilters = (config: Pick<PipelineConfig, 'rate_limit' | 'filters'>) => readonly Duplex[]
