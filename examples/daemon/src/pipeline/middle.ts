/** What stands between sources and sinks: intake, limits, filters, and the fan-out. Made anew as a whole. */

import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  type BranchOptions,
  type ByteBudget,
  type EntryFilter,
  entryTransform,
  type FanOut,
  fanOut,
  memoryBuffer,
  type StageStats,
} from '@logwisp/core'
import { bufferOf } from '../config/checks/check-buffers.ts'
import type { PipelineConfig, SinkConfig } from '../config/schema.ts'
import { branchNames } from './branch-names.ts'
import { DropCounts } from './drop-counts.ts'
import { sinkBudget } from './sink-budget.ts'
import { SinkInlet } from './sink-inlet.ts'
import type { SinkSlot } from './sink-slot.ts'

/** What is known of the branch to one sink. */
export interface BranchBooks {
  /** Entries that came to it. */
  readonly offered: number
  /** Entries that it dropped on the way to the sink. */
  readonly dropped: Readonly<Record<string, number>>
  /** Entries that the sink has got. */
  readonly written: number
}

/** What is known of the whole. */
export interface MiddleBooks {
  /** Entries that came in. */
  readonly entriesIn: number
  readonly limits: readonly StageStats[]
  readonly filters: readonly StageStats[]
  readonly droppedByLimits: DropCounts
  readonly droppedByFilters: DropCounts
  /** Entries that came in and neither were dropped nor got to the fan-out yet. */
  readonly entriesHeld: number
}

export class Middle {
  /** Where sources are piped to. */
  readonly intake: EntryFilter
  /** What it was made of. */
  readonly key: string
  /** In the order of its branches. */
  readonly sinks: readonly SinkSlot[]
  /** Resolves when it has ended, with the reason if it failed. */
  readonly done: Promise<Error | undefined>
  readonly #limits: readonly EntryFilter[]
  readonly #filters: readonly EntryFilter[]
  readonly #inlets: readonly SinkInlet[]
  readonly #fanOut: FanOut
  #isEnding = false

  /** `stages`: limits, then one for each filter of the configuration. */
  constructor(
    key: string,
    config: PipelineConfig,
    stages: readonly Duplex[],
    sinks: readonly SinkSlot[],
    budget?: ByteBudget | undefined,
  ) {
    this.key = key
    this.sinks = sinks
    this.intake = entryTransform({ entry: (entry) => entry, batch: (batch) => batch })
    // As many sources as one likes are piped into it.
    this.intake.setMaxListeners(0)
    this.#limits = stages.slice(0, stages.length - config.filters.length) as EntryFilter[]
    this.#filters = stages.slice(stages.length - config.filters.length) as EntryFilter[]
    this.#inlets = sinks.map(({ sink }) => new SinkInlet(sink))
    const names = branchNames(config.sinks)
    const budgets = config.sinks.map((_, index) => sinkBudget(budget, config, index))
    this.#fanOut = fanOut(
      this.#inlets.map((inlet, index) => behindMemory(config.sinks[index] as SinkConfig, inlet, budgets[index])),
      {
        perBranch: config.sinks.map((sink, index) => ({ name: names[index], ...branchOptions(sink, budgets[index]) })),
      },
    )
    this.done = pipeline([this.intake, ...stages, this.#fanOut]).then(
      () => undefined,
      (error: Error) => error,
    )
  }

  /** Whether it was told to end: nothing can be piped into it any more. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  /** Nothing more comes; {@link done} once what came has got to the sinks. */
  end(): Promise<Error | undefined> {
    this.#isEnding = true
    this.intake.end()
    return this.done
  }

  async destroy(): Promise<void> {
    this.#isEnding = true
    this.intake.destroy()
    await this.done
  }

  branch(slot: SinkSlot): BranchBooks | undefined {
    const index = this.sinks.indexOf(slot)
    const books = this.#fanOut.stats.branches[index]
    const inlet = this.#inlets[index]
    if (books === undefined || inlet === undefined) return undefined
    return { offered: books.entriesIn, dropped: books.dropped, written: inlet.entriesWritten }
  }

  books(): MiddleBooks {
    const limits = this.#limits.map(({ stats }) => stats)
    const filters = this.#filters.map(({ stats }) => stats)
    const droppedByLimits = new DropCounts().with(...limits.map(({ dropped }) => dropped))
    const droppedByFilters = new DropCounts().with(...filters.map(({ dropped }) => dropped))
    const { entriesIn } = this.intake.stats
    return {
      entriesIn,
      limits,
      filters,
      droppedByLimits,
      droppedByFilters,
      entriesHeld: entriesIn - droppedByLimits.total - droppedByFilters.total - this.#fanOut.stats.entriesIn,
    }
  }
}

/** A memory buffer that drops is the queue of the branch itself; one that makes the pipeline wait stands in it. */
function branchOptions(sink: SinkConfig, budget: ByteBudget | undefined): BranchOptions {
  const buffer = bufferOf(sink)
  if (buffer?.type === 'memory') {
    const { when_full, max_entries, max_bytes } = buffer
    return when_full === 'block' ? {} : { whenFull: when_full, maxEntries: max_entries, maxBytes: max_bytes, budget }
  }
  const { when_full, buffer_size, buffer_bytes } = sink.options
  if (when_full === 'block') return {}
  return { whenFull: when_full, maxEntries: buffer_size, maxBytes: buffer_bytes, budget }
}

function behindMemory(
  sink: SinkConfig,
  inlet: SinkInlet,
  budget: ByteBudget | undefined,
): SinkInlet | readonly [Duplex, SinkInlet] {
  const buffer = bufferOf(sink)
  if (buffer?.type !== 'memory' || buffer.when_full !== 'block') return inlet
  return [memoryBuffer({ maxEntries: buffer.max_entries, maxBytes: buffer.max_bytes, budget }), inlet]
}
