/** A source's side of the acknowledgements, for tests: makes lines with origins and writes down what comes back. */

import { Batch } from '../batch.ts'
import type { LogEntry } from '../entry.ts'
import type { Origin, OriginTracker } from '../origin.ts'

/** When the blocks of a {@link RecordingTracker} were read: 2026-11-21 12:00 UTC. */
export const sampleTime = Date.UTC(2026, 10, 21, 12)

/**
 * Gives lines origins as a source that can read again does, and remembers every acknowledgement.
 *
 * Several of them are several sources. The `sequence` of a line is the place after its end, in bytes.
 */
export class RecordingTracker implements OriginTracker {
  /** The `source` of its lines. */
  readonly source: string
  /** Every origin that was acknowledged, in the order of the calls. */
  readonly acknowledged: Origin[] = []
  #length = 0

  constructor(source = 'sample.log') {
    this.source = source
  }

  acknowledge(origin: Origin): void {
    this.acknowledged.push(origin)
  }

  /** The greatest sequence that was acknowledged; 0 before the first. */
  get mark(): number {
    return this.acknowledged.reduce((greatest, { sequence }) => Math.max(greatest, sequence), 0)
  }

  /** The sequence of the last line made; what {@link mark} is once all is safe. */
  get end(): number {
    return this.#length
  }

  /** The next lines of this source, as a batch read at `time`. A line may be empty; it must not contain line endings. */
  batch(lines: readonly string[], time: number = sampleTime): Batch {
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
    const from = this.#length
    this.#length += bytes.length
    const at = (start: number, end: number): Origin => ({
      tracker: this,
      sequence: from + end,
      id: `${this.source}:${from + start}`,
    })
    return Batch.of({ bytes, source: this.source, time, origins: { at } })
  }

  /** The next lines of this source, as entries. */
  entries(lines: readonly string[]): LogEntry[] {
    return [...this.batch(lines)]
  }
}
