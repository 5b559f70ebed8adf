/** The way back of what came over all connections of one source: one sequence, and the ids that came along. */

import { randomBytes } from 'node:crypto'
import {
  AccountingTracker,
  type BatchOrigins,
  type Origin,
  type OriginTracker,
  type SourceAccount,
} from '@logwisp/core'
import { takenLedger } from './taken-ledger.ts'

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
  readonly #tracker: AccountingTracker
  /** Ids that are made here: no other run has the same. */
  readonly #prefix = `tcp-${randomBytes(9).toString('base64url')}`
  #last = 0
  /** Entries that got an origin since the books heard of some. */
  #unread = 0

  /** `onAdvance` hears up to which place of the sequence all is safe; `source` is what the account is called. */
  constructor(source: string, onAdvance: (sequence: number) => void) {
    this.#tracker = new AccountingTracker({ source, onAdvance: ({ sequence }) => onAdvance(sequence) })
  }

  /** What became of all that got an origin; none as long as nothing did. */
  get ledger(): readonly SourceAccount[] {
    return takenLedger(this.#tracker)
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
    this.#unread++
    return new ReceivedOrigin(this.#tracker, sequence, id ?? `${this.#prefix}:${sequence}`)
  }

  /** The origins of the lines of the next batch, which has so many bytes and so many lines. */
  nextBatch(bytes: number, lines: number): BatchOrigins {
    const base = this.#last
    this.#last += bytes
    this.#unread += lines
    return {
      ids: { prefix: `${this.#prefix}:`, base },
      at: (start, end) => new ReceivedOrigin(this.#tracker, base + end, `${this.#prefix}:${base + start}`),
    }
  }

  /** What got an origin until now goes into the books, before any of it is given. */
  read(): void {
    if (this.#unread > 0) this.#tracker.read(this.#last, this.#unread)
    this.#unread = 0
  }

  /** The place behind everything so far: for a batch without lines, which says that nothing of it was held back. */
  here(): BatchOrigins {
    const sequence = this.#last
    return { at: () => new ReceivedOrigin(this.#tracker, sequence, `${this.#prefix}:${sequence}`) }
  }
}
