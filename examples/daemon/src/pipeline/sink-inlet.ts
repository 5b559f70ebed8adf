/**
 * The way into a sink that outlives it: a branch of the fan-out that ends without ending the sink, so that what stands
 * before the sinks can be made anew.
 */

import { type Batch, type EntrySink, EntryWritable, isBatch, type LogEntry } from '@logwisp/core'

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

  protected override async consume(items: readonly (LogEntry | Batch)[]): Promise<void> {
    const sink = this.#sink
    for (const item of items) {
      if (!sink.writable) throw new Error('the sink has closed before what it should take had ended')
      this.#written += isBatch(item) ? item.count : 1
      if (!sink.write(item)) await roomIn(sink)
    }
  }
}

/** Until it wants more, or wants nothing any more. */
function roomIn(sink: EntrySink): Promise<void> {
  if (!sink.writableNeedDrain || !sink.writable) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      sink.off('drain', done).off('close', done)
      resolve()
    }
    sink.on('drain', done).on('close', done)
  })
}
