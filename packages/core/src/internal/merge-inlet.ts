/** Where one of several merged sources flows in: it holds one item, and its source back, until its turn comes. */

import { pipeline, type Readable, Writable } from 'node:stream'
import type { SourceAccount } from '../account.ts'
import { type Batch, isBatch } from '../batch.ts'
import { isLogEntry, type LogEntry } from '../entry.ts'
import type { EntrySource } from '../entry-readable.ts'
import { entriesOf } from './bounded-queue.ts'
import { destroyAll } from './destroy-all.ts'
import { takeBatches } from './negotiation.ts'
import { notAnEntry } from './not-an-entry.ts'

export class MergeInlet extends Writable {
  readonly #stages: readonly unknown[]
  readonly #onReady: (inlet: MergeInlet) => void
  #item: LogEntry | Batch | undefined
  #release: () => void = () => {}
  #cutOff = false

  /**
   * @param stages A source and what is behind it.
   * @param onReady There is an item to take.
   * @param onClosed All these streams are closed; with an error unless they ended or were told to stop.
   */
  constructor(
    stages: readonly unknown[],
    onReady: (inlet: MergeInlet) => void,
    onClosed: (error: Error | undefined) => void,
  ) {
    // Hold the source back as soon as one item waits here.
    super({ objectMode: true, highWaterMark: 1 })
    this.#stages = stages
    this.#onReady = onReady
    takeBatches(this)
    pipeline([...stages, this] as unknown as readonly NodeJS.ReadWriteStream[], (error) => {
      const expected = this.#cutOff && error?.code === 'ERR_STREAM_PREMATURE_CLOSE'
      onClosed(expected ? undefined : (error ?? undefined))
    })
  }

  /** Entries of the item that waits. */
  get entries(): number {
    return this.#item === undefined ? 0 : entriesOf(this.#item)
  }

  /** The accounts of its source. */
  get ledger(): readonly SourceAccount[] {
    return (this.#stages[0] as Partial<EntrySource>).ledger ?? []
  }

  /** The item that waits; its source may go on. */
  take(): LogEntry | Batch {
    const item = this.#item as LogEntry | Batch
    this.#item = undefined
    this.#release()
    return item
  }

  /** Makes the source end: by its own `stop`, or, when it has none, by destroying it. */
  stop(): void {
    const source = this.#stages[0] as Readable & { stop?(): void }
    if (typeof source.stop === 'function') return source.stop()
    this.#cutOff = true
    source.destroy()
  }

  /** Destroys itself and all before it; calls back when all have closed. */
  destroyChain(error: Error | null, callback: () => void): void {
    destroyAll([...this.#stages, this], error, callback)
  }

  override _write(chunk: unknown, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (!isBatch(chunk) && !isLogEntry(chunk)) return callback(notAnEntry(chunk))
    this.#item = chunk
    this.#release = callback
    this.#onReady(this)
  }
}
