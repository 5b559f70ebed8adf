/** A sink of your own: it says that entries are safe by returning, and is not called again before. */

import { setTimeout as wait } from 'node:timers/promises'
import { type Batch, type EntrySink, EntryWritable, isBatch, type LogEntry } from '@logwisp/core'

class SlowStore extends EntryWritable {
  readonly #rows: string[]

  constructor(rows: string[]) {
    super()
    this.#rows = rows
  }

  protected override async consume(items: readonly (LogEntry | Batch)[]): Promise<void> {
    const entries = items.flatMap((item) => (isBatch(item) ? [...item] : [item]))
    await wait(1) // A round trip to wherever rows are kept; while it lasts, the source is not asked for more.
    for (const { level = 'none', message } of entries) this.#rows.push(`${level} ${message}`)
  }
}

/** Keeps `level message` of every entry in `rows`. */
export function slowStore(rows: string[]): EntrySink {
  return new SlowStore(rows)
}
