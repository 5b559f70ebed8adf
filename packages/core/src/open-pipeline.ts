/** `openPipeline`: `stream.pipeline` that can be closed within a time, and says what became of everything. */

import type { Duplex, Readable, Writable } from 'node:stream'
import type { SourceAccount } from './account.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Entries, LogEntry } from './entry.ts'
import { PipelineRun } from './internal/open-pipeline/pipeline-run.ts'
import { checkArgument, checkOptions, type OptionRule, option } from './options.ts'
import type { StageStats } from './stats.ts'

/** What stands between a source and a sink: a stream, or a function as `stream.pipeline` takes it. */
export type MiddleStage = Duplex | ((entries: Entries) => AsyncIterable<LogEntry>)

/** A source, what stands between, and a sink. */
export type PipelineStages = readonly [source: Readable, ...between: MiddleStage[], sink: Writable]

/** The options of {@link openPipeline}. */
export interface OpenPipelineOptions {
  /** Saved once the pipeline has come to its end, whichever. It stays open: close it yourself. */
  readonly checkpoint?: Pick<Checkpoint, 'save'> | undefined
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

/** What became of the entries in one branch of a `fanOut`. */
export interface BranchReport {
  /** The branch's name. */
  readonly branch: string
  /** What the branch's own queue holds. */
  readonly queue: StageStats
  /** Its stages, in order. */
  readonly stages: readonly StageReport[]
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
  /** The stages in each branch of a `fanOut`; none at other stages. */
  readonly branches: readonly BranchReport[]
}

/** What became of everything that a pipeline has read, as of one moment; frozen. */
export interface PipelineReport {
  /** `closing`: `close` was called, or the source has ended. `closed`: every stream is closed. */
  readonly state: 'running' | 'closing' | 'closed'
  /** Entries read. */
  readonly entriesRead: number
  /** Entries that the last stage has put where they belong; of a `fanOut`'s branches the least. */
  readonly entriesDelivered: number
  /** Entries dropped in all stages, by reason. */
  readonly dropped: Readonly<Record<string, number>>
  /** Entries that are under way or, once it is closed, left over, by the stages' books; of branches the most. `stages` says where. */
  readonly entriesLeft: number
  /** The stages, in order. */
  readonly stages: readonly StageReport[]
  /** What the source knows of each thing that it reads; empty for a source whose entries have no origin. */
  readonly ledger: readonly SourceAccount[]
  /** Whether it has come to its end with nothing left over, and neither failed nor was late. */
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

const name = 'openPipeline'

const closeDefaults = { deadlineMs: 30_000 } as const satisfies CloseOptions

/** Node's timers can wait no longer. */
const maxTimerMs = 2 ** 31 - 1

const closeRules = { deadlineMs: option.integer({ min: 0, max: maxTimerMs, orInfinity: true }) } as const

const rules = {
  checkpoint: option.having('a checkpoint', 'save'),
  signal: { expected: 'an AbortSignal', accepts: (value) => value instanceof AbortSignal } satisfies OptionRule,
} as const

/**
 * Joins a source, stages and a sink with Node's `stream.pipeline`, which begins at once, and gives what it takes to close
 * them in good order and to know what became of everything that was read.
 *
 * - **Ends** as `stream.pipeline` does: with its source, at a failure of any stage, when `signal` is aborted. And by
 *   {@link OpenPipeline.close}, which stops the source (one without a `stop()` is destroyed, and the stages behind it end).
 * - **Left over** is no error: at the deadline all stages are destroyed, and the report says what was not delivered and
 *   where it is. A source that can read again gives it again at the next start.
 * - A stage that does not even close once it is destroyed is waited for 5 to 10 s.
 *
 * @throws OptionError `BAD_OPTION`
 * `finished` and `close()` reject with the error of the stage that failed, or `CHECKPOINT_FAILED` when the last save does.
 *
 * @example
 * ```ts
 * import { openCheckpoint, openPipeline } from '@logwisp/core'
 * import { fileSource } from '@logwisp/sources'
 * import { include } from '@logwisp/filters'
 * import { fileSink } from '@logwisp/sinks'
 *
 * const checkpoint = await openCheckpoint('./positions.json')
 * const source = fileSource('/var/log/app.log', { checkpoint })
 * const running = openPipeline([source, include(/ERROR/), fileSink('./errors', { name: 'app' })], { checkpoint })
 * process.once('SIGTERM', async () => {
 *   const { isComplete, entriesLeft } = await running.close({ deadlineMs: 5_000 })
 *   console.log(isComplete ? 'all delivered' : `${entriesLeft} entries are left for the next start`)
 *   await checkpoint.close()
 * })
 * ```
 */
export function openPipeline(stages: PipelineStages, options: OpenPipelineOptions = {}): OpenPipeline {
  checkArgument(name, 'stages', stages, { expected: 'an array of a source, stages and a sink', accepts: isLongEnough })
  const last = stages.length - 1
  for (const [index, stage] of stages.entries()) {
    checkArgument(name, `stages[${index}]`, stage, index === 0 ? sourceRule : index === last ? sinkRule : betweenRule)
  }
  checkOptions(name, options, rules)
  const run = new PipelineRun(stages, options)
  const close = (given: CloseOptions = {}): Promise<PipelineReport> => {
    checkOptions(`${name}.close`, given, closeRules)
    return run.close(given.deadlineMs ?? closeDefaults.deadlineMs)
  }
  return Object.freeze({
    finished: run.finished,
    report: () => run.report(),
    close,
    [Symbol.asyncDispose]: async () => {
      await close()
    },
  })
}

const isLongEnough = (value: unknown): boolean => Array.isArray(value) && value.length >= 2

const sourceRule: OptionRule = {
  expected: 'an object-mode Readable',
  accepts: (value) => has(value, 'pipe') && (value as Readable).readableObjectMode,
}

const betweenRule: OptionRule = {
  expected: 'a Duplex, or a function',
  accepts: (value) => typeof value === 'function' || (has(value, 'pipe') && has(value, 'write')),
}

const sinkRule: OptionRule = {
  expected: 'an object-mode Writable',
  accepts: (value) => has(value, 'write') && (value as Writable).writableObjectMode,
}

function has(value: unknown, method: string): boolean {
  return typeof (value as Record<string, unknown> | null | undefined)?.[method] === 'function'
}
