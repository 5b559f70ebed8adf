/**
 * A buffer on the disk and the sink behind it, as one sink: what is written is done once the buffer has it safe, whatever
 * becomes of the sink.
 */

import { type Batch, EntryWritable, type LogEntry, type ReplaceableSink } from '@logwisp/core'
import type { BuiltBuffer } from '../build/buffer.ts'
import { writeItems } from './write-items.ts'

export class BufferedSink extends EntryWritable {
  readonly buffer: BuiltBuffer
  readonly sink: ReplaceableSink

  /** `buffer` is open. Both belong to it from now on. */
  constructor(buffer: BuiltBuffer, sink: ReplaceableSink) {
    // Whether it is safe the buffer says, of the same entries.
    super({ acknowledge: 'downstream' })
    this.buffer = buffer
    this.sink = sink
    buffer.on('warning', (warning) => this.emit('warning', warning))
    buffer.on('error', (error: Error) => this.destroy(error))
    // It makes itself anew when the sink inside fails: it closes only at its end.
    sink.on('error', (error: Error) => this.destroy(error))
    buffer.once('end', () => sink.end())
    buffer.pipe(sink, { end: false })
  }

  /**
   * Gives the sink no more than it has: the rest stays on the disk for the next one that opens the directory. What comes is
   * still taken, until the end.
   */
  leaveRest(): void {
    this.buffer.stop()
  }

  protected override consume(items: readonly (LogEntry | Batch)[]): Promise<void> {
    return writeItems(this.buffer, items)
  }

  /** The end: all that was written is on the disk, what the buffer gives is delivered, and its directory is free. */
  protected override finish(): Promise<void> {
    this.buffer.end()
    return closed(this.buffer)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    // The sink first: what it acknowledges until it has closed the buffer keeps.
    this.sink.destroy()
    this.buffer.destroy()
    Promise.all([closed(this.sink), closed(this.buffer)]).then(
      () => callback(error),
      () => callback(error),
    )
  }
}

/** Resolves when the stream has closed; rejects when it failed. */
function closed(stream: BuiltBuffer | ReplaceableSink): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stream.closed) resolve()
    else stream.once('close', () => (stream.errored == null ? resolve() : reject(stream.errored)))
  })
}
