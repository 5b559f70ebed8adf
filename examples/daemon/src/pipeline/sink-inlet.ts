/**
 * The way into a sink that outlives it: a branch of the fan-out that ends without ending the sink, so that what stands
 * before the sinks can be made anew.
 */

import { type Batch, type EntrySink, EntryWritable, type LogEntry } from '@logwisp/core'
import { writeItems } from './write-items.ts'

export class SinkInlet extends EntryWritable {
  readonly #sink: EntrySink
  #written = 0

  constructor(sink: EntrySink) {
    // Whether it is safe the sink says, of the same entries.
    super({ acknowledge: 'downstream' })
    this.#sink = sink
  }

  /** Entries that the sink has got from here. */
  get entriesWritten(): number {
    return this.#written
  }

  protected override consume(items: readonly (LogEntry | Batch)[]): Promise<void> {
    return writeItems(this.#sink, items, (entries) => {
      this.#written += entries
    })
  }
}
