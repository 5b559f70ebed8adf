/** The way back of what came over all connections of one source: one sequence, and the ids that came along. */

import { randomBytes } from 'node:crypto'
import { type BatchOrigins, type Origin, type OriginTracker, Tracker } from '@logwisp/core'

class ReceivedOrigin implements Origin {
  readonly tracker: OriginTracker
  readonly sequence: number
  readonly id: string

  constructor(tracker: OriginTracker, sequence: number, id: string) {
    this.tracker = tracker
    this.sequence = sequence
    this.id = id
  }
}

export class ReceivedOrigins {
  readonly #tracker: Tracker
  /** Ids that are made here: no other run has the same. */
  readonly #prefix = `tcp-${randomBytes(9).toString('base64url')}`
  #last = 0

  /** `onAdvance` hears up to which place of the sequence all is safe. */
  constructor(onAdvance: (sequence: number) => void) {
    this.#tracker = new Tracker(({ sequence }) => onAdvance(sequence))
  }

  /** The place of what was given last. */
  get last(): number {
    return this.#last
  }

  /** Up to where all is acknowledged. */
  get acknowledged(): number {
    return this.#tracker.acknowledged?.sequence ?? 0
  }

  /** The origin of the next entry; one without an id gets one. */
  next(id: string | undefined): Origin {
    const sequence = ++this.#last
    return new ReceivedOrigin(this.#tracker, sequence, id ?? `${this.#prefix}:${sequence}`)
  }

  /** The origins of the lines of the next batch, which has so many bytes. */
  nextBatch(bytes: number): BatchOrigins {
    const base = this.#last
    this.#last += bytes
    return {
      ids: { prefix: `${this.#prefix}:`, base },
      at: (start, end) => new ReceivedOrigin(this.#tracker, base + end, `${this.#prefix}:${base + start}`),
    }
  }

  /** The place behind everything so far: for a batch without lines, which says that nothing of it was held back. */
  here(): BatchOrigins {
    const sequence = this.#last
    return { at: () => new ReceivedOrigin(this.#tracker, sequence, `${this.#prefix}:${sequence}`) }
  }
}
