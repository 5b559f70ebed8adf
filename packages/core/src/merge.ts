/** `merge`: several sources as one. */

import type { Duplex, Readable } from 'node:stream'
import type { SourceAccount } from './account.ts'
import type { Entries, LogEntry } from './entry.ts'
import { EntryReadable, type EntrySource } from './entry-readable.ts'
import { LogwispError, OptionError } from './errors.ts'
import { MergeInlet } from './internal/merge-inlet.ts'
import { checkArgument, checkOptions, type OptionRule, option } from './options.ts'
import type { StageStats } from './stats.ts'

/** A source with stages of its own behind it, joined by `stream.pipeline`. */
export type MergedStages = readonly [Readable, ...(Duplex | ((entries: Entries) => AsyncIterable<LogEntry>))[]]

/** The options of {@link merge}. */
export interface MergeOptions {
  /**
   * When one of the sources fails: `fail` destroys all, with its error; `continue` goes on without it, with a
   * `'warning'`. When the last one still running fails, the merged source fails in any case.
   * @default 'fail'
   */
  readonly whenFailed?: 'fail' | 'continue' | undefined
}

/** What {@link merge} returns. */
export interface MergedSource extends EntrySource {
  /** `warning`: a source failed and the others go on. Code `SOURCE_FAILED`, the failure as `cause`. */
  on(event: 'warning', listener: (warning: LogwispError) => void): this
  on(event: string | symbol, listener: (...args: never[]) => void): this
}

const name = 'merge'

class Merge extends EntryReadable implements MergedSource {
  readonly #whenFailed: MergeOptions['whenFailed']
  readonly #inlets: readonly MergeInlet[]
  /** Those that have something to give, in the order of their turns: each has one item at a time, so that is fair. */
  readonly #turns: MergeInlet[] = []
  #running: number
  #failed = 0
  #wanted = false
  #giving = false
  #scheduled = false
  #stopping = false

  constructor(chains: readonly (readonly unknown[])[], whenFailed: MergeOptions['whenFailed']) {
    super()
    this.#whenFailed = whenFailed
    this.#running = chains.length
    this.#inlets = chains.map(
      (stages, index) =>
        new MergeInlet(
          stages,
          (inlet) => this.#ready(inlet),
          (error) => this.#closed(index, error),
        ),
    )
  }

  override get stats(): StageStats {
    return this.books(this.#turns.reduce((sum, inlet) => sum + inlet.entries, 0))
  }

  override get ledger(): readonly SourceAccount[] {
    return Object.freeze(this.#inlets.flatMap((inlet) => inlet.ledger))
  }

  override stop(): void {
    if (this.#stopping) return
    this.#stopping = true
    for (const inlet of this.#inlets) inlet.stop()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    let left = this.#inlets.length
    for (const inlet of this.#inlets) {
      inlet.destroyChain(error, () => {
        if (--left === 0) callback(error)
      })
    }
  }

  protected override pull(): void {
    this.#wanted = true
    this.#giveInTurn()
  }

  #ready(inlet: MergeInlet): void {
    this.took(inlet.entries)
    this.#turns.push(inlet)
    if (this.#scheduled || this.#giving || !this.#wanted) return
    this.#scheduled = true
    // Not at once: its source would go on as long as items are wanted, before the others get to give theirs.
    process.nextTick(() => {
      this.#scheduled = false
      this.#giveInTurn()
    })
  }

  #giveInTurn(): void {
    // An inlet that was taken from may get its next item at once: it gets in line.
    if (this.#giving) return
    this.#giving = true
    while (this.#wanted && !this.destroyed) {
      const inlet = this.#turns.shift()
      if (inlet === undefined) break
      this.#wanted = false
      if (this.give(inlet.take())) this.#wanted = true
    }
    this.#giving = false
    if (this.#running === 0 && this.#turns.length === 0) this.finish()
  }

  /** A source and all stages behind it are closed; `error` says why, unless it ended or was told to stop. */
  #closed(index: number, error: Error | undefined): void {
    this.#running--
    if (this.destroyed) return
    if (error !== undefined) {
      this.#failed++
      if (this.#whenFailed !== 'continue' || this.#failed === this.#inlets.length) {
        this.destroy(error)
        return
      }
      const message = `source ${index} failed and the others go on without it: ${error.message}`
      this.emit('warning', new LogwispError('SOURCE_FAILED', message, { cause: error }))
    }
    this.#giveInTurn()
  }
}

/**
 * Several sources as one. The order of each source is kept; between them it is fair: those that have something to give
 * take turns, an entry or a batch at a time.
 *
 * Each source runs on until one item of it waits for its turn, so a slow reader slows them all. Ends once all have
 * ended. `stop()` stops them all; one that has no `stop()` (a plain `Readable`) is destroyed. Destroying the merged
 * source destroys them all. It takes the sources over: read and destroy them through it only.
 *
 * @param sources At least one: object-mode `Readable`s of entries, or lists of a source and the stages behind it.
 * @throws OptionError `BAD_OPTION`
 *
 * @example
 * ```ts
 * import { merge } from '@logwisp/core'
 * import { include } from '@logwisp/filters'
 * import { fileSource, stdinSource } from '@logwisp/sources'
 *
 * const both = merge([stdinSource(), [fileSource('./app.log'), include(/ERROR/)]])
 * ```
 */
export function merge(sources: readonly (Readable | MergedStages)[], options: MergeOptions = {}): MergedSource {
  checkArgument(name, 'sources', sources, { expected: 'an array of at least one source', accepts: isFilledArray })
  const chains = sources.map((source): readonly unknown[] => (Array.isArray(source) ? source : [source]))
  for (const [index, chain] of chains.entries()) checkChain(`sources[${index}]`, chain)
  const stages = chains.flat()
  if (new Set(stages).size < stages.length) {
    throw new OptionError(name, 'sources', '`sources` must not have the same stage twice: make one for each place')
  }
  checkOptions(name, options, { whenFailed: option.oneOf('fail', 'continue') })
  return new Merge(chains, options.whenFailed)
}

const isFilledArray = (value: unknown): boolean => Array.isArray(value) && value.length > 0

const sourceRule: OptionRule = {
  expected: 'an object-mode Readable, or a list of stages that begins with one',
  accepts: (value) => isReadable(value) && value.readableObjectMode,
}

const stageRule: OptionRule = {
  expected: 'a stream that can be read from, or a function',
  accepts: (value) => typeof value === 'function' || isReadable(value),
}

function isReadable(value: unknown): value is Readable {
  const { pipe, on } = (value ?? {}) as Partial<Readable>
  return typeof pipe === 'function' && typeof on === 'function'
}

function checkChain(place: string, chain: readonly unknown[]): void {
  checkArgument(name, place, chain, { expected: 'a source with the stages behind it', accepts: isFilledArray })
  checkArgument(name, place, chain[0], sourceRule)
  for (const stage of chain.slice(1)) checkArgument(name, place, stage, stageRule)
}
