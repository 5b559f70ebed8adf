/**
 * Whether an endpoint may be asked, as a machine without a clock: a circuit breaker whose pauses grow.
 *
 * ```
 *               a failure                     its pause is over
 *   healthy ─────────────────────> failing ───────────────────────> due
 *      ^                            ^   ^                            │ one attempt, nobody else meanwhile
 *      │ success                    │   └─── failure, longer pause ──┤
 *      └────────────────────────────┼──────────────── success ───────┘
 *                                   └─ a failure of an attempt that began earlier changes nothing
 * ```
 */

/** How long the pauses are. */
export interface PauseLimits {
  /** The bound of the first pause; each further one may be twice as long. Unit: ms. */
  readonly minRetryDelayMs: number
  /** No pause is drawn longer than this. Unit: ms. */
  readonly maxRetryDelayMs: number
  /** A server that asks for a longer pause than this gets this one. Unit: ms. */
  readonly maxRetryAfterMs: number
}

/** One attempt; tells apart what it says of the endpoint now from what it says of before. */
export interface Attempt {
  readonly epoch: number
}

/** What is known of an endpoint. */
export type HealthState = 'healthy' | 'failing' | 'probing'

/** 2^31 times the first pause is beyond any bound; a greater exponent would only overflow. */
const maxDoublings = 31

export class EndpointHealth {
  readonly #limits: PauseLimits
  readonly #random: () => number
  /** Failures in a row; attempts that were under way together fail as one. */
  #failures = 0
  /** Attempts begun before the last failure are of an earlier epoch. */
  #epoch = 0
  #readyAt = -Infinity
  #probe: Attempt | undefined

  constructor(limits: PauseLimits, random: () => number = Math.random) {
    this.#limits = limits
    this.#random = random
  }

  get state(): HealthState {
    if (this.#failures === 0) return 'healthy'
    return this.#probe === undefined ? 'failing' : 'probing'
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures
  }

  /** From when on it may be asked; `Infinity` while somebody finds out. */
  get readyAt(): number {
    if (this.#failures === 0) return -Infinity
    return this.#probe === undefined ? this.#readyAt : Infinity
  }

  /** An attempt begins; only when it is ready. */
  begin(): Attempt {
    const attempt = { epoch: this.#epoch }
    if (this.#failures > 0) this.#probe = attempt
    return attempt
  }

  /** It answered as it should. True when it was failing until now. */
  succeeded(attempt: Attempt): boolean {
    // An answer to a question from before the failure says nothing of after it, nor does it end a pause that was asked for.
    if (attempt.epoch !== this.#epoch || this.#failures === 0) return false
    this.#failures = 0
    this.#probe = undefined
    return true
  }

  /** It failed; `retryAfterMs` is the pause that it asked for. Returns for how long it is left alone from `now` on. */
  failed(attempt: Attempt, now: number, retryAfterMs?: number): number {
    if (attempt.epoch === this.#epoch) {
      this.#epoch++
      this.#failures++
      this.#probe = undefined
      const { minRetryDelayMs, maxRetryDelayMs } = this.#limits
      const bound = Math.min(maxRetryDelayMs, minRetryDelayMs * 2 ** Math.min(this.#failures - 1, maxDoublings))
      // Full jitter: senders that failed together come back apart.
      this.#readyAt = now + this.#random() * bound
    }
    if (retryAfterMs !== undefined) {
      const { minRetryDelayMs, maxRetryAfterMs } = this.#limits
      const asked = Math.min(retryAfterMs, maxRetryAfterMs) + this.#random() * minRetryDelayMs
      this.#readyAt = Math.max(this.#readyAt, now + asked)
    }
    return Math.max(0, this.#readyAt - now)
  }

  /** It was seen to be alive, by a question that proves no more than that: it may be asked in earnest at once. */
  seenAlive(attempt: Attempt, now: number): void {
    if (attempt !== this.#probe) return
    this.#probe = undefined
    this.#readyAt = now
  }

  /** The attempt was given up for reasons of our own. */
  cancelled(attempt: Attempt): void {
    if (attempt === this.#probe) this.#probe = undefined
  }
}
