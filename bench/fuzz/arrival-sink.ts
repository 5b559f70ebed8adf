/** Notes what arrives, as shortly as it can be told to another process. */

import type { LogEntry } from '@logwisp/core'
import { markOf } from './marks.ts'

/** What has arrived. */
export interface Arrivals {
  take(entry: LogEntry): void
  /** What has arrived since the last call: marks as pairs of numbers, and texts that are none. */
  drain(): { marks: number[]; strays: string[] }
}

/** A stray text is told up to here. */
const toldChars = 40_000

/** Makes one. */
export function arrivalSink(): Arrivals {
  let marks: number[] = []
  let strays: string[] = []
  return {
    take({ message }) {
      const mark = markOf(message)
      if (mark === undefined) strays.push(message.slice(0, toldChars))
      else marks.push(mark.session, mark.entry)
    },
    drain() {
      const drained = { marks, strays }
      marks = []
      strays = []
      return drained
    },
  }
}
