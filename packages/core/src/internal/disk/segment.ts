/** What is known of a segment while its file exists. */

import { join } from 'node:path'
import type { QueuePlace } from './record-format.ts'
import { segmentHeadBytes, segmentName } from './segment-format.ts'

export class Segment {
  readonly path: string
  /** Where its first record begins. */
  readonly from: number
  /** Behind its last sound record; while it is being written, behind what was written whole. */
  end: QueuePlace
  /** Whether nothing more will be written to it. */
  isSealed: boolean
  /** Whether its entries are not to be given any more. */
  isDropped = false

  constructor(directory: string, from: number, end: QueuePlace, isSealed: boolean) {
    this.path = join(directory, segmentName(from))
    this.from = from
    this.end = end
    this.isSealed = isSealed
  }

  /** Whether it has no record. */
  get isEmpty(): boolean {
    return this.end.position === this.from
  }

  /** How long its file is. */
  get bytes(): number {
    return segmentHeadBytes + this.end.position - this.from
  }

  /** Where in the file a position is. */
  offsetOf(position: number): number {
    return segmentHeadBytes + position - this.from
  }
}
