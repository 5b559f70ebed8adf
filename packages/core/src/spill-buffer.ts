/** `spillBuffer`: entries pass through memory while there is room, and over the disk while there is none. */

import type { Duplex } from 'node:stream'
import type { BudgetShare, ByteBudget } from './byte-budget.ts'
import type { DiskBufferEvents, DiskBufferOptions, DiskBufferStats } from './disk-buffer.ts'
import { queueDefaults, queueRules } from './internal/bounded-queue.ts'
import { budgetRule } from './internal/budget/budget-rule.ts'
import type { DiskQueue } from './internal/disk/disk-queue.ts'
import { type DiskQueueSettings, diskQueueRules, diskQueueSettings } from './internal/disk/disk-queue-settings.ts'
import { DiskStage } from './internal/disk/disk-stage.ts'
import { SpillQueue } from './internal/disk/spill-queue.ts'
import type { QueueHooks, StageQueue } from './internal/disk/stage-queue.ts'
import { checkArgument, checkOptions, option } from './options.ts'

/** The options of {@link spillBuffer}: those of a disk buffer, for its disk, and the bounds of its memory. */
export interface SpillBufferOptions extends DiskBufferOptions {
  /**
   * The most entries it holds in memory; at least 1. With more, all go to the disk.
   * @default 10_000
   */
  readonly maxMemoryEntries?: number | undefined
  /**
   * The most bytes it holds in memory; at least 1, counted as `memoryBuffer` does. With more, all go to the disk.
   * @default 16_777_216
   */
  readonly maxMemoryBytes?: number | undefined
  /** A bound in bytes that it shares with other stages, made by `byteBudget`. What that denies it goes to the disk. */
  readonly budget?: ByteBudget | undefined
}

/** The books of a spill buffer. What it found on the disk when it was opened counts as taken then. */
export interface SpillBufferStats extends DiskBufferStats {
  /** Of the entries held, those in memory. */
  readonly entriesInMemory: number
  /** What they take of it. */
  readonly bytesInMemory: number
}

/** What {@link spillBuffer} returns. */
export interface SpillBuffer extends Duplex {
  /** Where its segments are. */
  readonly directory: string
  /** The books at this moment. */
  readonly stats: SpillBufferStats
  /** Gives no more; what it holds goes to the disk, for the next one to open the directory. See `DiskBuffer.stop`. */
  stop(): void
  on<E extends keyof DiskBufferEvents>(event: E, listener: (...args: DiskBufferEvents[E]) => void): this
  on(event: string | symbol, listener: (...args: never[]) => void): this
}

const name = 'spillBuffer'

interface Memory {
  readonly maxEntries: number
  readonly maxBytes: number
  readonly budget: ByteBudget | undefined
}

class SpillBufferStream extends DiskStage implements SpillBuffer {
  readonly #memory: Memory
  #queue: SpillQueue | undefined

  constructor(directory: string, settings: DiskQueueSettings, memory: Memory) {
    super(directory, settings)
    this.#memory = memory
  }

  override get stats(): SpillBufferStats {
    const entriesInMemory = this.#queue?.entriesInMemory ?? 0
    const bytesInMemory = this.#queue?.bytesInMemory ?? 0
    return Object.freeze({ ...super.stats, entriesInMemory, bytesInMemory })
  }

  protected override queueOver(disk: DiskQueue, { written }: QueueHooks): StageQueue {
    const { budget, ...bounds } = this.#memory
    const share: BudgetShare | undefined = budget?.join({ name, giveBack: () => this.#queue?.spill() })
    this.#queue = new SpillQueue({ disk, bounds, share, written, sendsBatches: () => this.sendsBatches })
    return this.#queue
  }
}

/**
 * A buffer in memory that goes over the disk when what comes after it is slow: fast while all goes well, and large when
 * it does not.
 *
 * - **Order** is kept: once memory is full, everything goes to the disk, what is in memory first; and past the disk again once that
 *   is empty. **Ends** once all that it holds was given. **Dropped** is nothing, unless `whenFull` says so and the disk is full too.
 * - **Acknowledged** to what comes before is an entry that passes through memory when what comes after acknowledges it; one that went
 *   to the disk, once it is as safe there as `fsync` says, and all before it are done. So a source that can read again loses
 *   nothing, wherever its entries are; one that cannot loses what is in memory when the program crashes. There take `diskBuffer`.
 * - On the disk everything is as with `diskBuffer`: its files, what it does after a crash and on a full disk, its warnings and errors.
 *
 * @throws OptionError `BAD_OPTION`.
 * `'error'`: `FILE_IN_USE`, `BUFFER_FAILED`, `BUFFER_NEWER`, `NOT_AN_ENTRY`.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { spillBuffer } from '@logwisp/core'
 * import { directorySource } from '@logwisp/sources'
 * import { httpClientSink } from '@logwisp/sinks'
 *
 * const buffer = spillBuffer('./spool', { maxMemoryBytes: 64 * 1024 ** 2, maxBytes: 10 * 1024 ** 3 })
 * await pipeline(directorySource('/var/log/app'), buffer, httpClientSink('https://logs.example.com/ingest'))
 * ```
 */
export function spillBuffer(directory: string, options: SpillBufferOptions = {}): SpillBuffer {
  checkArgument(name, 'directory', directory, option.text)
  checkOptions(name, options, {
    ...diskQueueRules,
    maxMemoryEntries: queueRules.maxEntries,
    maxMemoryBytes: queueRules.maxBytes,
    budget: budgetRule,
  })
  return new SpillBufferStream(directory, diskQueueSettings(name, options), {
    maxEntries: options.maxMemoryEntries ?? queueDefaults.maxEntries,
    maxBytes: options.maxMemoryBytes ?? queueDefaults.maxBytes,
    budget: options.budget,
  })
}
