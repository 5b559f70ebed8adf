/** A sink that keeps what it is given, as slow or as broken as a test needs it. */

import { Writable } from 'node:stream'
import { type Batch, isBatch } from '../batch.ts'
import { isLogEntry, type LogEntry } from '../entry.ts'
import { entriesOf } from '../internal/bounded-queue.ts'
import { takeBatches } from '../internal/negotiation.ts'
import { notAnEntry } from '../internal/not-an-entry.ts'
import { checkOptions, option } from '../options.ts'
import { acknowledge } from '../origin.ts'
import { entriesIn } from './sample-lines.ts'

/** The options of {@link collectingSink}. */
export interface CollectingSinkOptions {
  /**
   * `batches`: as the sinks of LogWisp. `entries`: as a `Writable` that knows nothing of batches.
   * @default 'batches'
   */
  readonly takes?: 'batches' | 'entries' | undefined
  /** Takes its first item and then waits for {@link CollectingSink.release}. @default false */
  readonly held?: boolean | undefined
  /** Fails with this once it has taken `failAfterEntries`. @default no failure */
  readonly failWith?: Error | undefined
  /** @default 0 */
  readonly failAfterEntries?: number | undefined
  /** Called after each item that was taken. */
  readonly onItem?: ((item: LogEntry | Batch) => void) | undefined
}

/** What {@link collectingSink} returns. */
export interface CollectingSink extends Writable {
  /** What was taken, as it came; it was acknowledged too. */
  readonly items: readonly (LogEntry | Batch)[]
  /** The entries that were taken. */
  readonly entries: readonly LogEntry[]
  /** Their messages. */
  readonly messages: readonly string[]
  /** Makes it wait before it takes the next item. */
  hold(): void
  /** Ends the waiting. */
  release(): void
}

class CollectingStream extends Writable implements CollectingSink {
  readonly items: (LogEntry | Batch)[] = []
  readonly #options: CollectingSinkOptions
  #taken = 0
  #held: boolean
  #failure: Error | undefined
  #continue: (() => void) | undefined

  constructor(options: CollectingSinkOptions) {
    super({ objectMode: true })
    this.#options = options
    this.#held = options.held ?? false
    if (options.takes !== 'entries') takeBatches(this)
  }

  override _write(item: unknown, _encoding: BufferEncoding, callback: (error?: Error) => void): void {
    const { failWith, failAfterEntries = 0 } = this.#options
    if (!isBatch(item) && !isLogEntry(item)) this.#failure ??= notAnEntry(item)
    else if (this.#taken >= failAfterEntries) this.#failure ??= failWith
    // Node hands over what it has buffered even after a first error.
    if (this.#failure !== undefined) return callback(this.#failure)
    this.#take(item as LogEntry | Batch, callback)
  }

  #take(item: LogEntry | Batch, callback: () => void): void {
    this.#taken += entriesOf(item)
    this.items.push(item)
    acknowledge(item)
    this.#options.onItem?.(item)
    if (this.#held) this.#continue = callback
    else callback()
  }

  get entries(): readonly LogEntry[] {
    return entriesIn(this.items)
  }

  get messages(): readonly string[] {
    return this.entries.map(({ message }) => message)
  }

  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    const resume = this.#continue
    this.#continue = undefined
    resume?.()
  }
}

/**
 * A sink that keeps every item and acknowledges it, for looking at what a stage gives.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { collectingSink, givingSource, RecordingTracker } from '@logwisp/core/testing'
 * import { include } from '@logwisp/filters'
 *
 * const tracker = new RecordingTracker()
 * const sink = collectingSink()
 * await pipeline(givingSource([tracker.batch(['INFO a', 'ERROR b'])]), include(/ERROR/), sink)
 * console.log(sink.messages, tracker.mark === tracker.end) // [ 'ERROR b' ] true
 * ```
 */
export function collectingSink(options: CollectingSinkOptions = {}): CollectingSink {
  checkOptions('collectingSink', options, {
    takes: option.oneOf('batches', 'entries'),
    held: option.boolean,
    failWith: { expected: 'an error', accepts: (value) => value instanceof Error },
    failAfterEntries: option.integer({ min: 0 }),
    onItem: option.function,
  })
  return new CollectingStream(options)
}
