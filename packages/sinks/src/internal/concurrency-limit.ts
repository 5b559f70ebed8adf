/**
 * How many requests may be under way, found out from how long they take: additive increase, multiplicative decrease.
 *
 * A receiver that can do more answers more requests in the same time; one that cannot lets them queue, and each takes
 * longer. So the limit grows by one while the time stays what it was, and shrinks when it rises, or when the receiver
 * says that it is overloaded.
 */

/** A round that took this much longer than usual had to queue. */
const slowRatio = 1.5

/** Differences below this are noise. Unit: ms. */
const slowFloorMs = 5

/** How much of its limit is left after a slow round. */
const slowBackoff = 0.9

/** How much is left after an overload that the receiver told of, or that timed out. */
const overloadBackoff = 0.5

/** How much one round counts in the usual time: quick rounds much, slow ones little, since they are what is looked for. */
const quickWeight = 0.3
const slowWeight = 0.05

export class ConcurrencyLimit {
  readonly #max: number
  #limit: number
  #usualMs: number | undefined
  #roundMs = 0
  #roundRequests = 0
  #roundWasFull = false
  #roundSize: number

  /** Adapts between 1 and `max`; starts at 1 when it adapts, else stays at `max`. */
  constructor(max: number, adapts: boolean) {
    this.#max = max
    this.#limit = adapts ? 1 : max
    this.#roundSize = adapts ? 1 : Infinity
  }

  /** Requests that may be under way now; at least 1. */
  get limit(): number {
    return Math.floor(this.#limit)
  }

  /** A request was answered after `latencyMs`; `underWay` is how many were, itself counted. */
  answered(latencyMs: number, underWay: number): void {
    if (this.#roundSize === Infinity) return
    this.#roundMs += latencyMs
    this.#roundRequests++
    this.#roundWasFull ||= underWay >= this.limit
    if (this.#roundRequests >= this.#roundSize) this.#endRound()
  }

  /** The receiver is overloaded: it said so, or did not answer in time. */
  overloaded(): void {
    if (this.#roundSize === Infinity) return
    this.#limit = Math.max(1, this.#limit * overloadBackoff)
    this.#startRound()
  }

  #endRound(): void {
    const roundMs = this.#roundMs / this.#roundRequests
    const usualMs = this.#usualMs ?? roundMs
    const isSlow = roundMs > usualMs * slowRatio + slowFloorMs
    this.#usualMs = usualMs + (roundMs - usualMs) * (isSlow ? slowWeight : quickWeight)
    if (isSlow) this.#limit = Math.max(1, this.#limit * slowBackoff)
    else if (this.#roundWasFull) this.#limit = Math.min(this.#max, this.limit + 1)
    this.#startRound()
  }

  #startRound(): void {
    this.#roundMs = 0
    this.#roundRequests = 0
    this.#roundWasFull = false
    // Once every request that was under way with the old limit has been answered.
    this.#roundSize = this.limit
  }
}
