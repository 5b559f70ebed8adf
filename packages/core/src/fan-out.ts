/** `fanOut`: every entry to several branches, each with its own answer to being slow and to failing. */

import type { Duplex, Writable } from 'node:stream'
import type { Batch } from './batch.ts'
import type { ByteBudget } from './byte-budget.ts'
import type { Entries, LogEntry } from './entry.ts'
import { type EntrySink, EntryWritable } from './entry-writable.ts'
import { LogwispError, OptionError } from './errors.ts'
import { type QueueBounds, queueDefaults, queueRules, type WhenFull } from './internal/bounded-queue.ts'
import { BranchAcknowledgements } from './internal/branch-acknowledgements.ts'
import { budgetRule } from './internal/budget/budget-rule.ts'
import { FanOutBranch } from './internal/fan-out-branch.ts'
import { checkArgument, checkOptions, type OptionRule, option } from './options.ts'
import type { StageStats } from './stats.ts'

/** A stage within a branch: a stream, or a function as `stream.pipeline` takes it. */
export type BranchStage = Writable | Duplex | ((entries: Entries) => AsyncIterable<LogEntry> | Promise<unknown>)

/** A branch: a sink, or the stages that lead to one; `fanOut` joins them with `stream.pipeline`. */
export type Branch = Writable | readonly BranchStage[]

/** What a branch does when it is slow, and what its failure means. */
export interface BranchOptions {
  /**
   * What the books of a source call the branch. No two branches may have the same.
   * @default its place among the branches: '0', '1'
   */
  readonly name?: string | undefined
  /**
   * When the branch does not keep up: `block` makes everything wait for it; `drop-newest` and `drop-oldest` let
   * entries wait in a queue of the branch's own and, once that is full, drop the ones that come or the ones that have
   * waited longest. Dropped entries are counted under `branch-full`.
   * @default 'block'
   */
  readonly whenFull?: WhenFull | undefined
  /**
   * The most entries that wait in the queue of a branch that drops; at least 1. Exact, beside a batch that is just
   * being written entry by entry.
   * @default 10_000
   */
  readonly maxEntries?: number | undefined
  /**
   * The most bytes that wait there; at least 1. A batch counts with the whole read block that it keeps in memory; one
   * that is larger than the queue is let in alone.
   * @default 16_777_216
   */
  readonly maxBytes?: number | undefined
  /**
   * A bound in bytes that this queue shares with other stages, made by `byteBudget`. What that makes it drop is counted
   * under `budget-full`.
   */
  readonly budget?: ByteBudget | undefined
  /**
   * When the branch fails or ends by itself: `fail` destroys the fan-out and so the pipeline; `continue` goes on
   * without it, with a `'warning'`, and counts what it misses under `branch-failed`. What it had not acknowledged then
   * counts as done. When the last branch goes the fan-out fails in any case.
   * @default 'fail'
   */
  readonly whenFailed?: 'fail' | 'continue' | undefined
}

/** The options of {@link fanOut}. */
export interface FanOutOptions {
  /** The same for all branches, or a list with one for each, in their order. */
  readonly perBranch?: BranchOptions | readonly BranchOptions[] | undefined
}

/** The books of {@link fanOut}, and of each branch. */
export interface FanOutStats extends StageStats {
  /** In the order of the branches: what was offered to each, written to it, dropped for it; what waits for it. */
  readonly branches: readonly StageStats[]
}

/** What {@link fanOut} returns. */
export interface FanOut extends EntrySink {
  /** `entriesOut` counts what every branch was given or had dropped by its own choice. */
  readonly stats: FanOutStats
  /** The branches, with the stages that each is made of. Do not write to them, end or destroy them. */
  readonly branches: readonly { readonly name: string; readonly stages: readonly unknown[] }[]
  /** `warning`: a branch failed and the others go on. Code `BRANCH_FAILED`, the failure as `cause`. */
  on(event: 'warning', listener: (warning: LogwispError) => void): this
  on(event: string | symbol, listener: (...args: never[]) => void): this
}

const name = 'fanOut'

const defaults = { whenFull: 'block', whenFailed: 'fail', ...queueDefaults } as const satisfies BranchOptions

const branchRules = {
  ...queueRules,
  name: option.text,
  budget: budgetRule,
  whenFailed: option.oneOf('fail', 'continue'),
} as const

class FanOutSink extends EntryWritable implements FanOut {
  readonly #branches: readonly FanOutBranch[]
  readonly #acknowledgements: BranchAcknowledgements
  readonly #whenFailed: readonly BranchOptions['whenFailed'][]
  /**
   * In the order in which they are offered an item: those that have failed first. They only count it as dropped, and that is
   * to be in the books of its source before another branch acknowledges it.
   */
  #offered: readonly FanOutBranch[]
  /** The branches that have not failed. */
  readonly #alive: Set<number>
  /** Looks again at what is waited for. */
  #changed: () => void = () => {}

  constructor(branches: readonly (readonly unknown[])[], options: readonly BranchOptions[]) {
    super({ acknowledge: 'downstream' })
    this.#whenFailed = options.map(({ whenFailed }) => whenFailed ?? defaults.whenFailed)
    this.#alive = new Set(branches.keys())
    const names = options.map((branch, index) => branch.name ?? String(index))
    this.#acknowledgements = new BranchAcknowledgements(names)
    this.#branches = branches.map(
      (stages, index) =>
        new FanOutBranch({
          index,
          name: names[index] as string,
          stages,
          bounds: boundsOf(options[index]),
          budget: options[index]?.budget,
          acknowledgements: this.#acknowledgements,
          onIdle: () => this.#changed(),
          onClosed: (error) => this.#closed(index, error),
        }),
    )
    this.#offered = this.#branches
  }

  get branches(): FanOut['branches'] {
    return Object.freeze(this.#branches.map(({ name, stages }) => Object.freeze({ name, stages })))
  }

  override get stats(): FanOutStats {
    return this.books({ branches: Object.freeze(this.#branches.map((branch) => branch.stats)) })
  }

  protected override consume(items: readonly (LogEntry | Batch)[]): void | Promise<void> {
    for (const item of items) {
      this.#acknowledgements.enter(item)
      for (const branch of this.#offered) branch.offer(item)
    }
    return this.#until(() => !this.#branches.some((branch) => branch.blocks))
  }

  protected override finish(): void | Promise<void> {
    for (const branch of this.#branches) branch.end()
    return this.#until(() => this.#branches.every((branch) => branch.closed))
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    let left = this.#branches.length
    for (const branch of this.#branches) {
      branch.destroy(error, () => {
        if (--left === 0) callback(error)
      })
    }
  }

  #until(done: () => boolean): void | Promise<void> {
    if (done()) return
    return new Promise((resolve) => {
      this.#changed = () => {
        if (!done()) return
        this.#changed = () => {}
        resolve()
      }
    })
  }

  #closed(index: number, error: Error | undefined): void {
    const branch = this.#branches[index] as FanOutBranch
    if (this.destroyed || (error === undefined && branch.ending)) return this.#changed()
    const failure = error ?? endedEarly(index)
    if (this.#whenFailed[index] === 'fail' || this.#alive.size === 1) return this.fail(failure)
    this.#alive.delete(index)
    this.#offered = [branch, ...this.#offered.filter((other) => other !== branch)]
    this.#acknowledgements.remove(index)
    branch.abandon()
    this.#changed()
    const message = `branch ${index} failed and the others go on without it: ${failure.message}`
    this.emit('warning', new LogwispError('BRANCH_FAILED', message, { cause: failure }))
  }
}

function boundsOf(options: BranchOptions = {}): QueueBounds | undefined {
  const { whenFull, maxEntries, maxBytes } = options
  if (whenFull === undefined || whenFull === 'block') return undefined
  return { whenFull, maxEntries: maxEntries ?? defaults.maxEntries, maxBytes: maxBytes ?? defaults.maxBytes }
}

function endedEarly(index: number): LogwispError {
  return new LogwispError(
    'BRANCH_FAILED',
    `branch ${index} ended before its input did: let it take all it is given, or set whenFailed to 'continue' for it`,
  )
}

/**
 * A sink that gives every entry to each of several branches, in order.
 *
 * A branch that makes it wait (`whenFull: 'block'`) slows everything before the fan-out, and so the other branches; one
 * that drops slows nobody. Batches go as they are to stages of LogWisp, and as entries to other streams.
 *
 * Ends once every branch has finished. Destroys its branches when it is destroyed or fails.
 *
 * A source that can read again hears that an entry is safe once all branches have acknowledged it; what a branch drops
 * from its queue or leaves out by a filter of LogWisp holds nothing back. A stream of your own must acknowledge, or
 * hand on to a sink that does; what a function of yours leaves out is acknowledged with the next entry it lets through.
 *
 * @param branches At least one: object-mode `Writable`s, or lists of stages of which the first may be a function.
 * @throws OptionError `BAD_OPTION`
 *
 * @example
 * ```ts
 * import { fanOut } from '@logwisp/core'
 * import { include } from '@logwisp/filters'
 * import { fileSink, sseSink } from '@logwisp/sinks'
 *
 * const all = fileSink('./logs', { name: 'all' })
 * const errors = fileSink('./logs', { name: 'errors' })
 * const everywhere = fanOut([all, [include(/ERROR/), errors], sseSink({ port: 8080 })], {
 *   perBranch: [{}, {}, { whenFull: 'drop-oldest', maxEntries: 1000, whenFailed: 'continue' }],
 * })
 * ```
 */
export function fanOut(branches: readonly Branch[], options: FanOutOptions = {}): FanOut {
  checkArgument(name, 'branches', branches, { expected: 'an array of at least one branch', accepts: isFilledArray })
  const chains = branches.map((branch): readonly unknown[] => (Array.isArray(branch) ? branch : [branch]))
  for (const [index, chain] of chains.entries()) checkChain(`branches[${index}]`, chain)
  const stages = chains.flat()
  if (new Set(stages).size < stages.length) {
    throw new OptionError(name, 'branches', '`branches` must not have the same stage twice: make one for each branch')
  }
  checkOptions(name, options, { perBranch: perBranchRule })
  return new FanOutSink(chains, checkPerBranch(options.perBranch ?? {}, branches.length))
}

const isFilledArray = (value: unknown): boolean => Array.isArray(value) && value.length > 0

const perBranchRule: OptionRule = {
  expected: 'an object, or an array of objects',
  accepts: (value) => typeof value === 'object' && value !== null,
}

const headRule: OptionRule = {
  expected: 'an object-mode Writable, or a list of stages that begins with one or with a function',
  accepts: (value) => typeof value === 'function' || (isWritable(value) && value.writableObjectMode),
}

const stageRule: OptionRule = {
  expected: 'a stream that can be written to, or a function',
  accepts: (value) => typeof value === 'function' || isWritable(value),
}

function isWritable(value: unknown): value is Writable {
  const { write, on } = (value ?? {}) as Partial<Writable>
  return typeof write === 'function' && typeof on === 'function'
}

function checkChain(option: string, chain: readonly unknown[]): void {
  checkArgument(name, option, chain, { expected: 'a branch with at least one stage', accepts: isFilledArray })
  checkArgument(name, option, chain[0], headRule)
  for (const stage of chain.slice(1)) checkArgument(name, option, stage, stageRule)
}

/** One options object for each branch. */
function checkPerBranch(perBranch: BranchOptions | readonly BranchOptions[], count: number): readonly BranchOptions[] {
  const each = Array.isArray(perBranch) ? (perBranch as readonly BranchOptions[]) : Array(count).fill(perBranch)
  if (each.length !== count) {
    throw new OptionError(
      name,
      'perBranch',
      `\`perBranch\` must be one for each of ${count} branches, got ${each.length}`,
    )
  }
  for (const options of each) {
    checkOptions(name, options, branchRules)
    const { whenFull = defaults.whenFull, maxEntries, maxBytes, budget } = options
    const given = Object.entries({ maxEntries, maxBytes, budget }).find(([, value]) => value !== undefined)?.[0]
    if (whenFull === 'block' && given !== undefined) {
      const way = "set whenFull to 'drop-newest' or 'drop-oldest', or put memoryBuffer() first in the branch"
      throw new OptionError(name, given, `\`${given}\` means nothing to a branch that blocks: ${way}`)
    }
  }
  checkNames(each)
  return each
}

/** Two branches of one name would have their books in one. */
function checkNames(each: readonly BranchOptions[]): void {
  const names = each.map((branch, index) => branch.name ?? String(index))
  const twice = names.find((branch, index) => names.indexOf(branch) !== index)
  if (twice === undefined) return
  throw new OptionError(name, 'name', `\`name\` must be another for each branch, got ${JSON.stringify(twice)} twice`)
}
