/** All that is done beside the storing of entries, in turn. */

import type Database from 'better-sqlite3'
import { FreePages } from './free-pages.ts'
import { RetentionSteps, reservedBytes } from './retention-steps.ts'
import { Sweep } from './sweep.ts'
import type { UpkeepTask } from './upkeep-task.ts'
import { WalCheckpoints } from './wal-checkpoints.ts'
import { WordIndexer } from './word-indexer.ts'
import { WordMerger } from './word-merger.ts'
import type { WriterSettings } from './writer-calls.ts'

export interface UpkeepOptions {
  readonly database: Database.Database
  readonly settings: WriterSettings
  /** Has another thread work off the write-ahead log. */
  readonly onLogGrown: () => void
  /** Rows of sources went. */
  readonly onSourcesRemoved: () => void
}

/** What is to be done now, if anything; else in how many ms there may be something. */
export interface NextUpkeep {
  readonly task: UpkeepTask | undefined
  readonly waitMs: number
}

export class Upkeep {
  readonly checkpoints: WalCheckpoints
  readonly retention: RetentionSteps
  readonly indexer: WordIndexer | undefined
  readonly #merger: WordMerger | undefined
  readonly #sweep: Sweep
  readonly #tasks: readonly UpkeepTask[]
  #turn = 0

  constructor({ database, settings, onLogGrown, onSourcesRemoved }: UpkeepOptions) {
    const { maxBytes } = settings.retention
    this.checkpoints = new WalCheckpoints({ database, maxBytes: reservedBytes(maxBytes) / 2, ask: onLogGrown })
    if (settings.fullText) {
      this.indexer = new WordIndexer(database)
      this.#merger = new WordMerger(database)
    }
    this.#sweep = new Sweep({
      database,
      neededAfterSeq: () => this.indexer?.indexedSeq ?? Infinity,
      onSourcesRemoved,
    })
    this.retention = new RetentionSteps({
      database,
      limits: settings.retention,
      hasWords: settings.fullText,
      onRemoved: (entries) => {
        this.#sweep.removed(entries)
        this.indexer?.removed()
        this.#merger?.changed()
      },
    })
    this.#tasks = [
      this.checkpoints,
      this.retention,
      ...(this.indexer === undefined ? [] : [this.indexer]),
      ...(this.#merger === undefined ? [] : [this.#merger]),
      this.#sweep,
      new FreePages(database, maxBytes - reservedBytes(maxBytes) / 2),
    ]
  }

  /** So many entries were stored. */
  stored(entries: number, now: number): void {
    this.retention.stored(entries)
    this.indexer?.stored(entries, now)
    this.#sweep.stored(entries)
  }

  /**
   * Each in its turn, so that none keeps another one waiting for ever.
   *
   * @param isBusy whether entries wait: then only what must not wait is done.
   */
  next(now: number, isBusy: boolean): NextUpkeep {
    let waitMs = Infinity
    for (let offset = 1; offset <= this.#tasks.length; offset++) {
      const turn = (this.#turn + offset) % this.#tasks.length
      const task = this.#tasks[turn] as UpkeepTask
      const need = task.need(now)
      if (need === 'now' || (need === 'idle' && !isBusy)) {
        this.#turn = turn
        return { task, waitMs: 0 }
      }
      if (typeof need === 'number') waitMs = Math.min(waitMs, need)
    }
    return { task: undefined, waitMs }
  }

  /** A step of this task was done. */
  did(task: UpkeepTask): void {
    if (task !== this.indexer) return
    this.#merger?.changed()
    this.#sweep.indexed()
  }
}
