/** `openPipeline`: `stream.pipeline` that can be closed within a time, and says what became of everything. */

import type { SourceAccount } from './account.ts'
import type { StageStats } from './stats.ts'

/** The options of {@link openPipeline}. */
export interface OpenPipelineOptions {
  /** Saved once the pipeline has come to its end, whichever. It stays open: close it yourself. */
  readonly checkpoint?: { save(): Promise<void> } | undefined
  /** Destroys everything at once when it is aborted, as with `stream.pipeline`. */
  readonly signal?: AbortSignal | undefined
}

/** How {@link OpenPipeline.close} closes. */
export interface CloseOptions {
  /**
   * How long what was read may take to be delivered. Then all stages are destroyed, and what is not delivered is left over.
   *
   * Unit: ms, at least 0, or Infinity.
   * @default 30_000
   */
  readonly deadlineMs?: number | undefined
}

/** What became of the entries at one stage. */
export interface StageReport {
  /** Its place in the list that the pipeline was made of. */
  readonly index: number
  /** What it is: the name of its class, or of its function. */
  readonly name: string
  /** Its books; undefined for a stage that keeps none: one of your own. */
  readonly stats: StageStats | undefined
  /** Entries that the stage before it gave and it has not taken; undefined when one of the two keeps no books. */
  readonly waiting: number | undefined
}

/** What became of everything that a pipeline has read, as of one moment; frozen. */
export interface PipelineReport {
  /** `closing`: `close` was called, or the source has ended. `closed`: every stream is closed. */
  readonly state: 'running' | 'closing' | 'closed'
  /** Entries read. */
  readonly entriesRead: number
  /** Entries that the last stage has put where they belong. */
  readonly entriesDelivered: number
  /** Entries dropped in all stages, by reason. */
  readonly dropped: Readonly<Record<string, number>>
  /** Entries that are under way or, once it is closed, left over: by the stages' books; `stages` says where. */
  readonly entriesLeft: number
  readonly stages: readonly StageReport[]
  /** What the source knows of each thing that it reads; empty for a source that cannot read again. */
  readonly ledger: readonly SourceAccount[]
  /** Whether it has come to its end, with nothing left over, without an error and before the deadline. */
  readonly isComplete: boolean
  /** Whether it was destroyed at the deadline. */
  readonly isLate: boolean
}

/** What {@link openPipeline} returns. */
export interface OpenPipeline {
  /** Resolves once every stream is closed and the checkpoint is saved. Rejects with the pipeline's error; not at a deadline. */
  readonly finished: Promise<PipelineReport>
  /** What became of everything up to now. */
  report(): PipelineReport
  /**
   * The source stops reading, what it has read goes on to the end, the sink finishes, the checkpoint is saved. What is not
   * through at the deadline is destroyed. Settles as {@link finished} does. Of two calls the earlier deadline counts.
   *
   * @throws OptionError `BAD_OPTION`
   */
  close(options?: CloseOptions): Promise<PipelineReport>
  /** The same as `close()`. */
  [Symbol.asyncDispose](): Promise<void>
}
