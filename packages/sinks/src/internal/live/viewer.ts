/**
 * One viewer: a place in the ring, and what it is to be sent next. Plain state, no streams and no timers.
 *
 * It holds no entries. When it is so slow that the ring has moved past its place, it goes on at the oldest entry that
 * there is, and is told how many it missed.
 */

import type { EncodedSpan, SpanEncoder } from './encoded-span.ts'
import type { ReplayRing } from './replay-ring.ts'
import type { ViewerFilter } from './viewer-filter.ts'
import type { ViewerIdentity } from './viewer-identity.ts'

/** Entries that a viewer does not get. */
export interface ViewerGap {
  /** How many; undefined when nobody can tell. For a viewer with a filter: how many it was not asked about. */
  readonly entries: number | undefined
  /**
   * `too-slow`: it did not read fast enough. `not-kept`: it was away for too long. `restarted`: what it saw last is from
   * before the sink was started; all that came since then follows, and whether anything came in between is not known here.
   */
  readonly reason: 'too-slow' | 'not-kept' | 'restarted'
}

/** Where a viewer goes on that is so slow that the ring has moved past its place. */
export type WhenBehind = 'drop-oldest' | 'drop-all'

/** Where a viewer begins, and what it wants. */
export interface ViewerStart {
  /** The sequence of the first entry to send. */
  readonly position: number
  /** What lies before `position` and was missed. */
  readonly gap?: ViewerGap | undefined
  readonly filter?: ViewerFilter | undefined
  /** Only when it comes: a viewer that wants something else stays who it is. */
  readonly who?: ViewerIdentity | undefined
}

/** What to send: first the gap, then the span. */
export interface ViewerTurn {
  readonly gap: ViewerGap | undefined
  /** How many entries it was too slow for since its last turn. */
  readonly missed: number
  readonly span: EncodedSpan
}

export class Viewer {
  readonly #ring: ReplayRing
  readonly #spans: SpanEncoder
  #filter: ViewerFilter | undefined
  #position: number
  #gap: ViewerGap | undefined
  #told: number
  readonly who: ViewerIdentity
  /** When it came, in ms since the epoch. */
  readonly connectedAt = Date.now()
  /** Entries that it was sent, and that it missed because it was too slow. */
  entriesSent = 0
  entriesMissed = 0
  /** Whether its connection takes no more until it has drained. */
  full = false
  /** The span that its connection has not taken yet, while it is full. */
  untaken: EncodedSpan | undefined
  /** How often in a row it was found full. */
  timesFoundFull = 0
  /** Whether it was told that nothing more will come. */
  ended = false
  /** When it was last sent anything, in ms. */
  sentAt: number
  /** When it was last sent an entry or came, in ms. */
  entryAt: number
  /** When its connection was last asked for a sign of life, in ms. */
  probedAt: number
  /** How often in a row it was asked without answering. */
  unanswered = 0

  constructor(ring: ReplayRing, spans: SpanEncoder, { position, gap, filter, who = {} }: ViewerStart, now: number) {
    this.#ring = ring
    this.#spans = spans
    this.#filter = filter
    this.#position = position
    this.#told = position
    this.#gap = gap
    this.who = who
    this.sentAt = now
    this.entryAt = now
    this.probedAt = now
  }

  /** From here on it is another viewer: with this filter, from this place. */
  restart({ position, gap, filter }: ViewerStart): void {
    this.#filter = filter
    this.#position = position
    this.#told = position
    this.#gap = gap
  }

  /** What it wants to see. */
  get filter(): ViewerFilter | undefined {
    return this.#filter
  }

  /** The sequence of the entry that it is sent next. */
  get position(): number {
    return this.#position
  }

  /** Entries that it was not sent yet, those that its filter will pass over too. */
  get lag(): number {
    return this.#ring.next - this.#position
  }

  /** Whether the ring has moved past its place. */
  get behind(): boolean {
    return this.#position < this.#ring.first
  }

  /** Whether it has everything there is. */
  get upToDate(): boolean {
    return this.#position >= this.#ring.next && this.#gap === undefined
  }

  /** Whether there is something to send and its connection takes it. */
  get ready(): boolean {
    return !this.full && !this.upToDate
  }

  /** What it is sent next; asked only when it is {@link ready}. The span may be empty: nothing in it passed the filter. */
  next(whenBehind: WhenBehind = 'drop-oldest'): ViewerTurn {
    let gap = this.#gap
    let missed = 0
    this.#gap = undefined
    if (this.behind) {
      const position = whenBehind === 'drop-all' ? this.#ring.next : this.#ring.first
      missed = position - this.#position
      gap = addedGap(gap, missed)
      this.#position = position
    }
    if (this.#position === this.#ring.next) {
      this.entriesMissed += missed
      return { gap, missed, span: { next: this.#position, entries: 0, bytes: nothing } }
    }
    const span = this.#spans.at(this.#position, this.#filter)
    this.#position = span.next
    if (span.entries > 0) this.#told = span.next
    this.entriesMissed += missed
    this.entriesSent += span.entries
    return { gap, missed, span }
  }

  /**
   * The id to remember when entries were passed over since the last one sent: without it a viewer whose filter lets
   * little pass would come back with an id that the ring has long forgotten.
   */
  idPassedOver(): string | undefined {
    if (this.#told === this.#position) return undefined
    this.#told = this.#position
    return this.#ring.idBefore(this.#position)
  }
}

/** A gap at its start that it was not told yet is part of the one that has come since. */
function addedGap(earlier: ViewerGap | undefined, missed: number): ViewerGap {
  if (earlier === undefined) return { entries: missed, reason: 'too-slow' }
  const entries = earlier.entries === undefined ? undefined : earlier.entries + missed
  return { entries, reason: earlier.reason === 'restarted' ? 'not-kept' : earlier.reason }
}

const nothing = Buffer.alloc(0)
