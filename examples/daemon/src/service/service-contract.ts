/** What the whole daemon can be asked to do. */

import type { Logger } from 'pino'
import type { LoadedConfig } from '../config/loaded-config.ts'
import type { PortHost } from '../http/port-host.ts'
import type { Builders } from '../pipeline/pipeline-options.ts'
import type { ReloadStatus, ServiceStatus } from './service-status.ts'

/** What it is made of. */
export interface ServiceOptions {
  readonly loaded: LoadedConfig
  readonly log: Logger
  readonly version: string
  /** Where positions are kept; made when it is missing. */
  readonly stateDirectory: string
  /** Given to the sources that read standard input. */
  readonly stdin: NodeJS.ReadableStream
  /** Reads what is there, delivers it, and ends. */
  readonly once: boolean
  readonly ports: PortHost
  /** What makes stages. @default those of this daemon */
  readonly builders?: Builders | undefined
}

/** What the end left undone. */
export interface StopReport {
  /** Whether all that was read was delivered before the deadline. */
  readonly complete: boolean
  /** What was not, by place, and in words what becomes of it. */
  readonly undelivered: readonly {
    readonly pipeline: string
    readonly sink: string
    readonly entries: number
    readonly fate: string
  }[]
}

/** A daemon that runs. */
export interface Service {
  status(): ServiceStatus
  /** Resolves once every pipeline has served for the first time or has failed to. */
  readonly started: Promise<void>
  /** Whether each pipeline runs, and none is being made anew. */
  readonly isReady: boolean
  /** Takes another configuration; one that is under way is waited for first. Never rejects: see the status's `error`. */
  reload(loaded: LoadedConfig): Promise<ReloadStatus>
  /** Remembers that a configuration could not even be loaded, for the status. */
  refused(error: string): ReloadStatus
  /** Sources first, then what is under way, then sinks and positions. */
  stop(timeoutMs: number): Promise<StopReport>
  /** Resolves once everything has ended by itself (`once`, or a standard input that ended), or by {@link stop}. */
  readonly done: Promise<void>
}
