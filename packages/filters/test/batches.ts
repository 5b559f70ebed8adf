/** What the tests of filters are driven with: a source of given items, and a sink that keeps what it gets. */

import { pipeline } from 'node:stream/promises'
import {
  Batch,
  type EntryFilter,
  EntryReadable,
  EntryWritable,
  isBatch,
  type LogEntry,
  type Origin,
} from '@logwisp/core'

/** Gives these items, one at a time. */
export class Given extends EntryReadable {
  readonly #items: (LogEntry | Batch)[]

  constructor(items: readonly (LogEntry | Batch)[]) {
    super()
    this.#items = [...items]
  }

  protected override pull(): void {
    const item = this.#items.shift()
    if (item === undefined) return this.finish()
    this.took(isBatch(item) ? item.count : 1)
    this.give(item)
  }
}

/** Keeps what it gets. */
export class Kept extends EntryWritable {
  readonly items: (LogEntry | Batch)[] = []

  protected override consume(items: readonly (LogEntry | Batch)[]): void {
    this.items.push(...items)
  }

  get entries(): LogEntry[] {
    return this.items.flatMap((item) => (isBatch(item) ? [...item] : [item]))
  }

  get messages(): string[] {
    return this.entries.map((entry) => entry.message)
  }
}

/** A batch of a text, read at a fixed time from `app.log`. */
export function batchOf(text: string | Buffer, origins?: { at(start: number, end: number): Origin }): Batch {
  return Batch.of({ bytes: Buffer.from(text as string), source: 'app.log', time: 1, origins })
}

/** What goes through a filter. */
export async function through(filter: EntryFilter, items: readonly (LogEntry | Batch)[]): Promise<Kept> {
  const kept = new Kept()
  await pipeline(new Given(items), filter, kept)
  return kept
}
