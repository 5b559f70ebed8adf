/** Writes to a stream as it can take it. */

import type { Writable } from 'node:stream'
import { type Batch, isBatch, type LogEntry } from '@logwisp/core'

/**
 * Writes one item after the other; `written` hears how many entries each has.
 *
 * @throws Error (rejects) when the stream has closed before all of it is written.
 */
export async function writeItems(
  stream: Writable,
  items: readonly (LogEntry | Batch)[],
  written: (entries: number) => void = () => {},
): Promise<void> {
  for (const item of items) {
    if (!stream.writable) throw new Error('the sink has closed before what it should take had ended')
    written(isBatch(item) ? item.count : 1)
    if (!stream.write(item)) await roomIn(stream)
  }
}

/** Until it wants more, or wants nothing any more. */
function roomIn(stream: Writable): Promise<void> {
  if (!stream.writableNeedDrain || !stream.writable) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('close', done)
      resolve()
    }
    stream.on('drain', done).on('close', done)
  })
}
