/** What all producers are. */

import type { Stream } from '../debts.ts'

/** Draws ids, writes them somewhere, and hears what is promised. */
export interface Producer {
  readonly stream: Stream
  /** Begins, at a rate. */
  start(linesPerSecond: number): void
  /** Draws no more; resolves once it has heard of all that it wrote, or has given up on it. */
  stop(): Promise<void>
  /** After `stop`: one more line. Its id, once it is promised, where there is such a promise. */
  last(): number | Promise<number>
  /** Leaves nothing behind, at once; more than once, too. */
  abandon(): void
}

/** How long a producer that stops goes on trying to hear a promise. */
export const settleMs = 60_000
