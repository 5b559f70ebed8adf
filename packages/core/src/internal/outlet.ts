/**
 * A stage's readable side: holds what was given until Node wants it, and decides between batches and entries.
 *
 * Batches go out only while the one consumer is a stage that takes them. A consumer that joins later finds batches
 * that Node has buffered already; `unpack` turns those into entries on their way out.
 */

import type { Readable, Writable } from 'node:stream'
import { type Batch, isBatch } from '../batch.ts'
import type { LogEntry } from '../entry.ts'
import type { Ledger } from './ledger.ts'

export class Outlet {
  readonly #stream: Readable
  readonly #ledger: Ledger
  readonly #consumers = new Set<Writable>()
  #queue: (LogEntry | Batch)[] = []
  #lines: Iterator<LogEntry> | undefined
  #held = 0
  #ended = false
  #endSent = false

  constructor(stream: Readable, ledger: Ledger) {
    this.#stream = stream
    this.#ledger = ledger
  }

  /** Entries given to the outlet that Node did not want yet. */
  get held(): number {
    return this.#held
  }

  /** Whether nothing is held. */
  get idle(): boolean {
    return this.#queue.length === 0 && this.#lines === undefined
  }

  accept(consumer: Writable): void {
    this.#consumers.add(consumer)
  }

  refuse(consumer: Writable): void {
    this.#consumers.delete(consumer)
  }

  /** The stages of LogWisp that read it. */
  get consumers(): readonly Writable[] {
    return [...this.#consumers]
  }

  /** Whether a batch may go out as it is: its only reader is one consumer that takes batches. */
  get sendsBatches(): boolean {
    return (
      this.#consumers.size === 1 &&
      this.#stream.listenerCount('data') === 1 &&
      this.#stream.listenerCount('readable') === 0
    )
  }

  /** Sends an item, or holds it behind what is held. True while Node wants more. */
  give(item: LogEntry | Batch): boolean {
    this.#held += isBatch(item) ? item.count : 1
    this.#queue.push(item)
    if (this.#queue.length > 1 || this.#lines !== undefined) return false
    return this.resume()
  }

  /** Sends what is held for as long as Node wants it. True when nothing is held any more and Node wants more. */
  resume(): boolean {
    let wanted = true
    while (wanted) {
      if (this.#lines !== undefined) {
        wanted = this.#sendLines(this.#lines)
        continue
      }
      const item = this.#queue.shift()
      if (item === undefined) break
      if (!isBatch(item)) wanted = this.#send(item, 1)
      else if (this.sendsBatches)
        wanted = item.count > 0 || item.origin !== undefined ? this.#send(item, item.count) : true
      else if (item.count > 0) this.#lines = item[Symbol.iterator]()
    }
    if (this.#ended) {
      this.#endWhenIdle()
      return false
    }
    return wanted && this.idle
  }

  #sendLines(lines: Iterator<LogEntry>): boolean {
    for (let next = lines.next(); !next.done; next = lines.next()) {
      if (!this.#send(next.value, 1)) return false
    }
    this.#lines = undefined
    return true
  }

  #send(item: LogEntry | Batch, count: number): boolean {
    this.#held -= count
    this.#ledger.gave(count)
    return this.#stream.push(item)
  }

  /** Ends the stream once everything held was sent. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#endWhenIdle()
  }

  #endWhenIdle(): void {
    if (!this.idle || this.#endSent) return
    this.#endSent = true
    this.#stream.push(null)
  }

  /** A batch that Node buffered for a consumer that does not take them: its entries; undefined for anything else. */
  unpack(chunk: unknown): LogEntry[] | undefined {
    return isBatch(chunk) && !this.sendsBatches ? [...chunk] : undefined
  }

  /** What `read()` may return for a chunk: of such a batch the first entry, the others going back to Node's buffer. */
  unpackRead(chunk: unknown): unknown {
    const entries = this.unpack(chunk)
    // With a `data` listener the entries have left as events, and nobody looks at what `read()` returns.
    if (entries === undefined || this.#stream.listenerCount('data') > 0) return chunk
    for (let i = entries.length - 1; i > 0; i--) this.#stream.unshift(entries[i])
    return entries.length > 0 ? entries[0] : this.#stream.read()
  }
}
