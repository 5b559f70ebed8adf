/** The sink inside a replaceable one: written to as it can take it, and watched until it has closed. */

import { finished } from 'node:stream'
import { type Batch, isBatch } from '../batch.ts'
import type { LogEntry } from '../entry.ts'
import type { EntrySink } from '../entry-writable.ts'
import type { LogwispError } from '../errors.ts'
import { takesBatches } from './negotiation.ts'

/** How long a sink may take to close after it failed, finished or was destroyed; it is not waited for any longer. */
const closeTimeoutMs = 5_000

/** Whom an inner sink tells. */
export interface InnerSinkListeners {
  /** It wants more. */
  readonly onWanted: () => void
  /** It has closed: finished after {@link InnerSink.end} when there is no error. Told once. */
  readonly onClosed: (error: Error | undefined) => void
  readonly onWarning: (warning: LogwispError) => void
}

export class InnerSink {
  readonly sink: EntrySink
  readonly #takesBatches: boolean
  readonly #listeners: InnerSinkListeners
  readonly #onDrain: () => void
  #wanted: boolean
  #ended = false
  #over = false
  /** The batch that is being written entry by entry. */
  #lines: Iterator<LogEntry> | undefined

  constructor(sink: EntrySink, listeners: InnerSinkListeners) {
    this.sink = sink
    this.#listeners = listeners
    this.#takesBatches = takesBatches(sink)
    this.#wanted = !sink.writableNeedDrain
    this.#onDrain = () => {
      this.#wanted = true
      listeners.onWanted()
    }
    sink.on('drain', this.#onDrain)
    sink.on('warning', listeners.onWarning)
    // It may emit an error still when it is not watched any more.
    sink.on('error', () => {})
    finished(sink, { readable: false }, (error) => this.#finished(error ?? undefined))
  }

  /** Whether it can be written to now. */
  get wants(): boolean {
    return this.#wanted && !this.#ended && this.sink.writable
  }

  /** Whether the item that was written last has lines left to write. */
  get isMidBatch(): boolean {
    return this.#lines !== undefined
  }

  /** Writes an item, or the first line of it: {@link writeOn} until it is no longer mid-batch. */
  write(item: LogEntry | Batch): void {
    if (isBatch(item) && !this.#takesBatches) {
      this.#lines = item[Symbol.iterator]()
      this.writeOn()
    } else this.#wanted = this.sink.write(item)
  }

  /** Writes the lines that are left, for as long as they are wanted. */
  writeOn(): void {
    const lines = this.#lines as Iterator<LogEntry>
    for (let next = lines.next(); !next.done; next = lines.next()) {
      this.#wanted = this.sink.write(next.value)
      if (!this.wants) return
    }
    this.#lines = undefined
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.sink.end()
  }

  /** Ends it at once. */
  destroy(): void {
    this.sink.destroy()
  }

  /** Node takes a stream that is destroyed after `end()`, before it has finished, for one that has. */
  get #earlyEnd(): Error | undefined {
    if (this.#ended && this.sink.writableFinished) return undefined
    return new Error(this.#ended ? 'it was closed before it had delivered everything' : 'it ended by itself')
  }

  #finished(error: Error | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#wanted = false
    this.sink.off('drain', this.#onDrain)
    const failure = error ?? this.#earlyEnd
    if (this.sink.closed) return this.#listeners.onClosed(failure)
    // What it holds (a file, a port) is free for the next one only then.
    let told = false
    const tell = (): void => {
      if (told) return
      told = true
      clearTimeout(timer)
      this.#listeners.onClosed(failure)
    }
    const timer = setTimeout(tell, closeTimeoutMs)
    this.sink.once('close', tell)
  }
}
