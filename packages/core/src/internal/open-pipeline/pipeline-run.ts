/** A pipeline from its beginning to the moment when every stream of it is closed. */

import type { Readable, Stream, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { EntrySource } from '../../entry-readable.ts'
import { merge } from '../../merge.ts'
import type { OpenPipelineOptions, PipelineReport, PipelineStages } from '../../open-pipeline.ts'
import { stageReports, sumReports } from './stage-reports.ts'

/** How long a stage may take to close after the end, or after it was destroyed. */
const closeTimeoutMs = 5_000

export class PipelineRun {
  readonly finished: Promise<PipelineReport>
  readonly #stages: readonly unknown[]
  readonly #named: readonly unknown[]
  readonly #source: EntrySource
  readonly #options: OpenPipelineOptions
  /** Aborted at the deadline. */
  readonly #late = new AbortController()
  #state: PipelineReport['state'] = 'running'
  #isWhole = false
  #deadline = Infinity
  #timer: NodeJS.Timeout | undefined

  constructor(stages: PipelineStages, options: OpenPipelineOptions) {
    const [source, ...others] = stages
    this.#source = stoppable(source)
    this.#named = stages
    this.#stages = [this.#source, ...others]
    this.#options = options
    this.#source.once('end', () => this.#closing())
    this.finished = this.#run()
  }

  close(deadlineMs: number): Promise<PipelineReport> {
    if (this.#state === 'closed') return this.finished
    this.#closing()
    this.#source.stop()
    this.#closeBy(deadlineMs)
    return this.finished
  }

  report(): PipelineReport {
    const stages = stageReports(this.#stages, this.#named)
    const sums = sumReports(stages)
    return Object.freeze({
      state: this.#state,
      ...sums,
      stages,
      ledger: this.#source.ledger ?? [],
      isComplete: this.#isWhole && sums.entriesLeft === 0,
      isLate: this.#late.signal.aborted,
    })
  }

  #closing(): void {
    if (this.#state === 'running') this.#state = 'closing'
  }

  /** Of several deadlines the earliest counts. */
  #closeBy(deadlineMs: number): void {
    const deadline = performance.now() + deadlineMs
    if (deadline >= this.#deadline) return
    this.#deadline = deadline
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#late.abort(), deadlineMs)
  }

  async #run(): Promise<PipelineReport> {
    const { signal, checkpoint } = this.#options
    const any = AbortSignal.any(signal === undefined ? [this.#late.signal] : [this.#late.signal, signal])
    const streams = this.#stages.filter((stage) => typeof stage === 'object') as Stream[]
    const patience = new Patience(streams, any)
    let failure: unknown
    try {
      const over = pipeline(this.#stages as readonly NodeJS.ReadWriteStream[], { signal: any })
      await Promise.race([over, patience.over])
      this.#isWhole = true
    } catch (error) {
      // What is left over at the deadline is told by the report.
      if (!this.#late.signal.aborted) failure = error
    }
    clearTimeout(this.#timer)
    patience.end()
    await closed(streams)
    try {
      await checkpoint?.save()
    } catch (error) {
      failure ??= error
    }
    this.#state = 'closed'
    if (failure !== undefined) throw failure
    return this.report()
  }
}

/** A source of the user's own may know no `stop()`. */
function stoppable(source: Readable): EntrySource {
  return typeof (source as EntrySource).stop === 'function' ? (source as EntrySource) : merge([source])
}

/**
 * How long a pipeline that failed or was aborted may take: `stream.pipeline` waits for each of its streams, and a stream may
 * never say that it is destroyed.
 */
class Patience {
  /** Rejects with what the pipeline failed for when that was long enough ago. */
  readonly over: Promise<never>
  readonly #streams: readonly Stream[]
  readonly #signal: AbortSignal
  readonly #onError: (error: Error) => void
  readonly #onAbort: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(streams: readonly Stream[], signal: AbortSignal) {
    this.#streams = streams
    this.#signal = signal
    let reject: (error: unknown) => void = () => {}
    this.over = new Promise((_resolve, rejectIt) => {
      reject = rejectIt
    })
    this.over.catch(() => {})
    this.#onError = (error) => {
      this.#timer ??= setTimeout(() => reject(error), closeTimeoutMs)
    }
    this.#onAbort = () => this.#onError(signal.reason as Error)
    for (const stream of streams) stream.on('error', this.#onError)
    signal.addEventListener('abort', this.#onAbort)
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#signal.removeEventListener('abort', this.#onAbort)
    // An error that comes after the end has no other listener, and is nobody's any more.
    for (const stream of this.#streams) if ((stream as Writable).closed) stream.off('error', this.#onError)
  }
}

/** Until all have closed that are going to: `pipeline` resolves before, and leaves some streams open (process.stdout). */
async function closed(streams: readonly Stream[]): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  const open = (streams as readonly (Readable | Writable)[]).filter((stream) => stream.destroyed && !stream.closed)
  if (open.length === 0) return
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, closeTimeoutMs)
  })
  const all = open.map((stream) => new Promise((resolve) => stream.once('close', resolve)))
  await Promise.race([late, Promise.all(all)])
  clearTimeout(timer)
}
