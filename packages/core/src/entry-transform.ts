/** The base class of filters: a Node `Transform` that takes entries and batches and gives entries and batches. */

import { Transform, type TransformCallback } from 'node:stream'
import { type Batch, isBatch, RunList } from './batch.ts'
import { isLogEntry, type LogEntry } from './entry.ts'
import { noteDrop } from './internal/books/note-drop.ts'
import { entriesOf } from './internal/bounded-queue.ts'
import { Ledger } from './internal/ledger.ts'
import { takeBatches } from './internal/negotiation.ts'
import { notAnEntry } from './internal/not-an-entry.ts'
import { Outlet } from './internal/outlet.ts'
import { readThroughOutlet } from './internal/read-through-outlet.ts'
import type { StageStats } from './stats.ts'

/** What every filter of LogWisp is: a `Transform` that can be looked at. */
export interface EntryFilter extends Transform {
  /** The filter's books at this moment. */
  readonly stats: StageStats
}

/**
 * A stage of your own between two others. Implement {@link handle}: for each item {@link give} what goes on, and
 * {@link discard} what does not; what it keeps for later counts as held. For a plain function over entries {@link entryTransform} is shorter.
 *
 * Rules that keep delivery whole: give in the order taken; a changed entry is spread from the one taken; of many
 * entries made from one, only the last keeps `origin`; one made from many keeps the last one's.
 */
export abstract class EntryTransform extends Transform {
  readonly #ledger = new Ledger()
  readonly #outlet: Outlet
  /** Entries of the item being handled that were neither given nor dropped yet. */
  #inHand = 0
  #item: LogEntry | Batch | undefined
  #afterSend: (() => void) | undefined

  static {
    readThroughOutlet(EntryTransform, (stage) => stage.#outlet)
  }

  constructor() {
    super({ objectMode: true })
    this.#outlet = new Outlet(this, this.#ledger)
    takeBatches(this)
  }

  /**
   * One item came: an entry, or a batch when the stage before gives batches. When it returns a promise the next item
   * waits for it; an error thrown or rejected destroys the stream.
   */
  protected abstract handle(item: LogEntry | Batch): void | Promise<void>

  /** Called after the last item, for what is still to be given. */
  protected finish(): void | Promise<void> {}

  /** Gives an item to the next stage. A batch without lines goes on too: it says how far its source has come. */
  protected give(item: LogEntry | Batch): void {
    this.#inHand -= isBatch(item) ? item.count : 1
    this.#outlet.give(item)
  }

  /**
   * Says that so many entries of the item being handled, or an item that was kept for later, will not be given, and why,
   * e.g. `filtered`. With what is `kept` of a batch the books of its source say exactly which.
   */
  protected discard(reason: string, dropped: number | LogEntry | Batch, kept?: Batch): void {
    const isNumber = typeof dropped === 'number'
    const entries = isNumber ? dropped : entriesOf(dropped)
    if (entries === 0) return
    this.#inHand -= entries
    this.#ledger.dropped(reason, entries)
    const item = isNumber ? this.#item : dropped
    if (item !== undefined) noteDrop(item, reason, entries, kept)
  }

  /** The snapshot that {@link stats} returns, with whatever else the stage counts. */
  protected books<More extends object = object>(more?: More): StageStats & Readonly<More> {
    return this.#ledger.snapshot(this.#outlet.held + this.#inHand, more)
  }

  /** The books at this moment. */
  get stats(): StageStats {
    return this.books()
  }

  override _transform(chunk: unknown, _encoding: BufferEncoding, callback: TransformCallback): void {
    let entries = 1
    if (isBatch(chunk)) entries = chunk.count
    else if (!isLogEntry(chunk)) return callback(notAnEntry(chunk))
    this.#ledger.took(entries)
    this.#inHand += entries
    this.#item = chunk as LogEntry | Batch
    this.#run(() => this.handle(chunk as LogEntry | Batch), callback)
  }

  override _flush(callback: TransformCallback): void {
    this.#run(() => this.finish(), callback)
  }

  /** Runs one hook, and calls back once everything that it gave has left. */
  #run(hook: () => void | Promise<void>, callback: TransformCallback): void {
    let done: void | Promise<void>
    try {
      done = hook()
    } catch (error) {
      return callback(error as Error)
    }
    if (done === undefined) this.#whenSent(callback)
    else done.then(() => this.#whenSent(callback), callback)
  }

  #whenSent(callback: () => void): void {
    this.#item = undefined
    if (this.#outlet.idle) callback()
    else this.#afterSend = callback
  }

  override _read(size: number): void {
    const callback = this.#afterSend
    if (callback !== undefined) {
      this.#outlet.resume()
      if (!this.#outlet.idle) return
      this.#afterSend = undefined
      callback()
    }
    // Transform may have put off the next write until it is read from: that is now.
    super._read(size)
  }
}

/** What {@link entryTransform} is made of. */
export interface EntryTransformFunctions {
  /** What goes on for an entry: itself, one spread from it, or undefined to drop it. */
  readonly entry: (entry: LogEntry) => LogEntry | undefined
  /**
   * The same for a whole batch, for stages that only select lines: it must select exactly the lines for which
   * `entry` returns its argument. Without it each line of a batch is made an entry for `entry`.
   */
  readonly batch?: ((batch: Batch) => Batch) | undefined
  /** The reason under which dropped entries are counted. @default 'filtered' */
  readonly dropReason?: string | undefined
}

class FunctionTransform extends EntryTransform {
  readonly #functions: EntryTransformFunctions
  readonly #reason: string

  constructor(functions: EntryTransformFunctions) {
    super()
    this.#functions = functions
    this.#reason = functions.dropReason ?? 'filtered'
  }

  protected override handle(item: LogEntry | Batch): void {
    if (!isBatch(item)) return this.#handleEntry(item)
    if (this.#functions.batch !== undefined) {
      const kept = this.#functions.batch(item)
      this.discard(this.#reason, item.count - kept.count, kept)
      return this.give(kept)
    }
    this.#handleLines(item)
  }

  /** Entry by entry; as long as nothing is changed, only selected, what goes on is a batch still. */
  #handleLines(batch: Batch): void {
    const results: LogEntry[] = []
    const runs = new RunList()
    let changed = false
    batch.forEachLine((start, end, next) => {
      const entry = batch.entry(start, end, next)
      const result = this.#functions.entry(entry)
      if (result === undefined) return
      changed ||= result !== entry
      results.push(result)
      runs.add(start, next)
    })
    const kept = batch.withRuns(runs)
    this.discard(this.#reason, batch.count - runs.count, kept)
    if (!changed) return this.give(kept)
    for (const result of results) this.give(result)
    // Its end covers the lines that were dropped after the last one that goes on.
    this.give(batch.withoutLines())
  }

  #handleEntry(entry: LogEntry): void {
    const result = this.#functions.entry(entry)
    if (result === undefined) this.discard(this.#reason, 1)
    else this.give(result)
  }
}

/**
 * A stage from a pure function over an entry and, where it pays, one over a batch. Order is kept.
 *
 * @example
 * ```ts
 * import { entryTransform } from '@logwisp/core'
 *
 * const host = 'web-1'
 * const addHost = entryTransform({ entry: (entry) => ({ ...entry, fields: { ...entry.fields, host } }) })
 * ```
 */
export function entryTransform(functions: EntryTransformFunctions): EntryFilter {
  return new FunctionTransform(functions)
}
