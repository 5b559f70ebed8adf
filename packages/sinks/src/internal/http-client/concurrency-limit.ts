/**
 * How many requests may be under way, found out from how long they take: additive increase, multiplicative decrease.
 *
 * A receiver that can do more answers more requests in the same time; one that cannot lets them queue, and each takes
 * longer. So the limit grows by one each round while the time stays near the shortest, and shrinks when it rises, or when
 * the receiver says that it is overloaded. A round is as many answers as the limit is.
 *
 * The shortest time is measured anew once in a while, with half of the requests for two rounds: an average that follows
 * would follow the queue up, and a minimum for good would never allow for a receiver that has become slower.
 */

/** A round that took this much longer than the shortest had to queue. */
const slowRatio = 1.5

/** Differences below this are noise. Unit: ms. */
const slowFloorMs = 5

/** How much of its limit is left after a slow round. */
const slowBackoff = 0.9

/** How much is left after an overload that the receiver told of, or that timed out. */
const overloadBackoff = 0.5

/** After so many rounds the shortest time is measured anew. */
const roundsUntilMeasured = 50

/** Requests from before are still being answered in the first of these. */
const measuredRounds = 2

export class ConcurrencyLimit {
  readonly #max: number
  readonly #adapts: boolean
  #limit: number
  #shortestMs = Infinity
  #rounds = 0
  /** Rounds left of a measurement. */
  #measuring = 0
  #roundMs = 0
  #roundRequests = 0
  #roundWasFull = false
  #roundSize = 1

  /** Adapts between 1 and `max`; starts at 1 when it adapts, else stays at `max`. */
  constructor(max: number, adapts: boolean) {
    this.#max = max
    this.#adapts = adapts
    this.#limit = adapts ? 1 : max
  }

  /** Requests that may be under way now; at least 1. */
  get limit(): number {
    return Math.max(1, Math.floor(this.#measuring > 0 ? this.#limit / 2 : this.#limit))
  }

  /** A request was answered after `latencyMs`; `underWay` is how many were, itself counted. */
  answered(latencyMs: number, underWay: number): void {
    if (!this.#adapts) return
    this.#roundMs += latencyMs
    this.#roundRequests++
    this.#roundWasFull ||= underWay >= this.limit
    if (this.#roundRequests >= this.#roundSize) this.#endRound(this.#roundMs / this.#roundRequests)
  }

  /** The receiver is overloaded: it said so, or did not answer in time. */
  overloaded(): void {
    if (!this.#adapts) return
    this.#limit = Math.max(1, this.#limit * overloadBackoff)
    this.#startRound()
  }

  #endRound(roundMs: number): void {
    this.#rounds++
    if (this.#measuring > 0) {
      this.#measuring--
      this.#shortestMs = roundMs
    } else {
      this.#shortestMs = Math.min(this.#shortestMs, roundMs)
      if (roundMs > this.#shortestMs * slowRatio + slowFloorMs) this.#limit = Math.max(1, this.#limit * slowBackoff)
      else if (this.#roundWasFull) this.#limit = Math.min(this.#max, Math.floor(this.#limit) + 1)
      if (this.#rounds % roundsUntilMeasured === 0) this.#measuring = measuredRounds
    }
    this.#startRound()
  }

  #startRound(): void {
    this.#roundMs = 0
    this.#roundRequests = 0
    this.#roundWasFull = false
    this.#roundSize = this.limit
  }
}
