/** The base class of sinks: a Node `Writable` that takes entries and batches, and acknowledges what is safe. */

import { Writable } from 'node:stream'
import { type Batch, isBatch } from './batch.ts'
import { isLogEntry, type LogEntry } from './entry.ts'
import { entriesOf } from './internal/bounded-queue.ts'
import { Ledger } from './internal/ledger.ts'
import { takeBatches } from './internal/negotiation.ts'
import { notAnEntry } from './internal/not-an-entry.ts'
import { acknowledge } from './origin.ts'
import type { StageStats } from './stats.ts'

/** What every sink of LogWisp is: a `Writable` that can be looked at. */
export interface EntrySink extends Writable {
  /** The sink's books at this moment. */
  readonly stats: StageStats
}

/** How a sink of your own wants to be driven. */
export interface EntryWritableOptions {
  /**
   * Who says that items are safe. `when-consumed`: the base class, once {@link EntryWritable.consume} is done with
   * them. `by-hand`: the subclass, by calling {@link EntryWritable.delivered} in order, later. `downstream`: others that
   * the subclass hands them to; what is consumed counts as given. `relayed`: the subclass, by hand, as it hears it from
   * others that it handed them to with origins of its own; those say in the books of the source what they delivered.
   * @default 'when-consumed'
   */
  readonly acknowledge?: 'when-consumed' | 'by-hand' | 'downstream' | 'relayed' | undefined
}

/**
 * A sink of your own: implement {@link consume}.
 *
 * After the first error nothing is consumed and nothing is acknowledged any more, even though Node goes on handing
 * over what it had buffered: so what is not safe is given again by a source that can.
 */
export abstract class EntryWritable extends Writable {
  readonly #ledger = new Ledger()
  readonly #acknowledge: NonNullable<EntryWritableOptions['acknowledge']>
  #inHand = 0
  #failure: Error | undefined

  constructor(options: EntryWritableOptions = {}) {
    super({ objectMode: true })
    this.#acknowledge = options.acknowledge ?? 'when-consumed'
    takeBatches(this)
  }

  /**
   * Puts the items where they belong, in order: everything that waited since the last call, at most 16 of them.
   * A batch may be without lines: there is nothing to write then, but it may be acknowledged. The next call waits for
   * the promise; an error thrown or rejected means that the sink is dead.
   */
  protected abstract consume(items: readonly (LogEntry | Batch)[]): void | Promise<void>

  /** Called after the last item: finish what is under way. An error thrown or rejected means that the sink is dead. */
  protected finish(): void | Promise<void> {}

  /** Says that an item is safe. In order, and only with `acknowledge: 'by-hand'` or `'relayed'`. Ignored after a failure. */
  protected delivered(item: LogEntry | Batch): void {
    if (this.#failure !== undefined) return
    const entries = isBatch(item) ? item.count : 1
    this.#inHand -= entries
    this.#ledger.gave(entries)
    if (this.#acknowledge === 'relayed') item.origin?.tracker.acknowledge(item.origin)
    else if (this.#acknowledge !== 'downstream') acknowledge(item)
  }

  /** Says that an item that was taken is dropped, and why; so many entries, when it is not known which. */
  protected discard(reason: string, dropped: number | LogEntry | Batch): void {
    const isNumber = typeof dropped === 'number'
    const entries = isNumber ? dropped : entriesOf(dropped)
    this.#inHand -= entries
    if (isNumber) this.#ledger.dropped(reason, entries)
    else this.#ledger.droppedItem(reason, dropped)
  }

  /** The sink is dead: nothing more is consumed or acknowledged, and the stream is destroyed. */
  protected fail(error: Error): void {
    this.#failure ??= error
    this.destroy(error)
  }

  /** Entries taken and not yet safe. */
  protected get entriesInHand(): number {
    return this.#inHand
  }

  /** The snapshot that {@link stats} returns, with whatever else the stage counts. */
  protected books<More extends object = object>(more?: More): StageStats & Readonly<More> {
    return this.#ledger.snapshot(this.#inHand, more)
  }

  /** The books at this moment. */
  get stats(): StageStats {
    return this.books()
  }

  override _write(chunk: unknown, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#take([chunk], callback)
  }

  override _writev(chunks: { chunk: unknown }[], callback: (error?: Error | null) => void): void {
    this.#take(
      chunks.map(({ chunk }) => chunk),
      callback,
    )
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (this.#failure !== undefined) return callback(this.#failure)
    this.#run(() => this.finish(), callback)
  }

  get #isByHand(): boolean {
    return this.#acknowledge === 'by-hand' || this.#acknowledge === 'relayed'
  }

  #take(chunks: readonly unknown[], callback: (error?: Error | null) => void): void {
    // Node calls on for the chunks it had buffered after a first error; taking them would acknowledge past a loss.
    if (this.#failure !== undefined) return callback(this.#failure)
    let entries = 0
    for (const chunk of chunks) {
      if (isBatch(chunk)) entries += chunk.count
      else if (isLogEntry(chunk)) entries++
      else return this.#latch(notAnEntry(chunk), callback)
    }
    const items = chunks as readonly (LogEntry | Batch)[]
    this.#ledger.took(entries)
    this.#inHand += entries
    this.#run(
      () => this.consume(items),
      (error) => {
        if (error == null && !this.#isByHand) for (const item of items) this.delivered(item)
        callback(error)
      },
    )
  }

  #run(hook: () => void | Promise<void>, callback: (error?: Error | null) => void): void {
    let done: void | Promise<void>
    try {
      done = hook()
    } catch (error) {
      return this.#latch(error as Error, callback)
    }
    if (done === undefined) callback()
    else
      done.then(
        () => callback(),
        (error: Error) => this.#latch(error, callback),
      )
  }

  #latch(error: Error, callback: (error?: Error | null) => void): void {
    this.#failure ??= error
    callback(error)
  }
}
