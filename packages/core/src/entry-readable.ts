/** The base class of sources: a Node `Readable` of entries that hands batches to stages that take them. */

import { Readable } from 'node:stream'
import type { SourceAccount } from './account.ts'
import type { Batch } from './batch.ts'
import type { LogEntry } from './entry.ts'
import { Ledger } from './internal/ledger.ts'
import { Outlet } from './internal/outlet.ts'
import { readThroughOutlet } from './internal/read-through-outlet.ts'
import type { StageStats } from './stats.ts'

/** What every source of LogWisp is: a `Readable` of entries that can be stopped and looked at. */
export interface EntrySource extends Readable {
  /** Stops reading, gives out what was read, and ends. */
  stop(): void
  /** The source's books at this moment. */
  readonly stats: StageStats
  /**
   * What became of everything that was read: an account for each thing that it reads, a file with its rotations, say.
   * Empty for a source whose entries have no origin: the stages' own `stats` are all there is then.
   */
  readonly ledger: readonly SourceAccount[]
  [Symbol.asyncIterator](): NodeJS.AsyncIterator<LogEntry>
}

const noAccounts: readonly SourceAccount[] = Object.freeze([])

/**
 * A source of your own: implement {@link pull}, answer with {@link give}, finish with {@link finish}.
 *
 * Give a {@link Batch} wherever lines come in blocks: the next stage gets it as it is when it can use it, and
 * entries when it can't. Open in `_construct`, close in `_destroy`, as with any `Readable`.
 */
export abstract class EntryReadable extends Readable {
  readonly #ledger = new Ledger()
  readonly #outlet: Outlet
  #pushes = 0
  #wanted = false
  #pulling = false
  #gave = false
  #finished = false

  static {
    readThroughOutlet(EntryReadable, (stage) => stage.#outlet)
  }

  constructor() {
    super({ objectMode: true })
    this.#outlet = new Outlet(this, this.#ledger)
  }

  /**
   * Asked for more: call {@link give} at least once, now or later, or {@link finish}; go on giving for as long as
   * `give` returns true. When it returns a promise, it is not asked again before that settles. An error thrown or
   * rejected destroys the stream.
   */
  protected abstract pull(): void | Promise<void>

  /** Gives an entry or a batch to the next stage. False: hold back until {@link pull} is called again. */
  protected give(item: LogEntry | Batch): boolean {
    const before = this.#pushes
    this.#gave = true
    this.#wanted = this.#outlet.give(item)
    // Nothing reached Node (a batch without lines, say), so Node will not ask again by itself.
    if (this.#wanted && this.#pushes === before) queueMicrotask(() => this.#pullIfWanted())
    return this.#wanted
  }

  #pullIfWanted(): void {
    if (!this.#wanted || this.#pulling || this.#finished || this.destroyed) return
    this.#gave = false
    let pulled: void | Promise<void>
    try {
      pulled = this.pull()
    } catch (error) {
      this.destroy(error as Error)
      return
    }
    if (pulled === undefined) return
    this.#pulling = true
    pulled.then(
      () => {
        this.#pulling = false
        // Nothing given yet: it comes later, and asking again at once would never let the event loop bring it.
        if (this.#gave) this.#pullIfWanted()
      },
      (error: Error) => this.destroy(error),
    )
  }

  /** Nothing more will be given: the stream ends once everything given was taken. */
  protected finish(): void {
    this.#finished = true
    this.#outlet.end()
  }

  /** Counts entries that were read. */
  protected took(entries: number): void {
    this.#ledger.took(entries)
  }

  /** Says that `entries` of what was read will not be given, and why. */
  protected discard(reason: string, entries: number): void {
    this.#ledger.dropped(reason, entries)
  }

  /** The snapshot that {@link stats} returns; `ahead` entries were read and not given to {@link give} yet. */
  protected books<More extends object = object>(ahead = 0, more?: More): StageStats & Readonly<More> {
    return this.#ledger.snapshot(this.#outlet.held + ahead, more)
  }

  /** Stops reading, gives out what was read, and ends. A subclass that reads ahead overrides it. */
  stop(): void {
    this.finish()
  }

  /** The books at this moment. */
  get stats(): StageStats {
    return this.books()
  }

  /** The accounts of what is read: none, unless a subclass has a tracker that keeps them. */
  get ledger(): readonly SourceAccount[] {
    return noAccounts
  }

  override _read(): void {
    this.#wanted = this.#outlet.resume()
    this.#pullIfWanted()
  }

  override push(chunk: unknown): boolean {
    this.#pushes++
    return super.push(chunk)
  }
}
