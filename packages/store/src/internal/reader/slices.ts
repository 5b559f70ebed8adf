/** Long questions as short calls, so that each can be ended between two, and others have their turn. */

import type { CountAnswer, CountRequest } from './count.ts'
import type { LookAnswer, LookRequest } from './look.ts'
import type { Slice } from './reader-calls.ts'
import type { LaneCallOptions } from './reader-lane.ts'

/** Asks a reader; in a test perhaps at once, without a thread. */
export interface SliceReader {
  look(slice: Slice<LookRequest>, options: LaneCallOptions): Promise<LookAnswer>
  count(slice: Slice<CountRequest>, options: LaneCallOptions): Promise<CountAnswer>
}

/** A reader is busy with one question for this long at most; then the next one has its turn. Unit: ms. */
export const maxSliceMs = 50

/** The end of a question's time. */
export interface Deadline {
  /** What is left for the next slice: more than nothing, so that every slice brings something. Unit: ms. */
  readonly sliceMs: number
  readonly isOver: boolean
}

/** @param ms from now; may be Infinity. */
export function deadlineIn(ms: number): Deadline {
  const end = performance.now() + ms
  return {
    get sliceMs() {
      return Math.min(maxSliceMs, Math.max(1, end - performance.now()))
    },
    get isOver() {
      return performance.now() >= end
    },
  }
}
